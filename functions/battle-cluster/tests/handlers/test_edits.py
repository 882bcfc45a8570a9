"""Manual edits are applied before anything is computed, and hold for killmails that arrive later."""

import json
from collections.abc import Callable, Sequence
from typing import Any, LiteralString

import pytest
from edit_builders import NOW, query_rows, store_edit, undo_edit
from enriched_builders import enriched_killmail
from event_processing import process_all, process_event
from pydantic import SecretStr
from stored_battles import battle_contents, killmails_by_battle

from battle_cluster.handlers.killmails import process
from battle_cluster.messaging.enriched_killmail import from_event
from battle_cluster.persistence import battles
from battle_cluster.persistence.process_cache import ProcessCache
from battle_cluster.persistence.unit_of_work import Database
from battlescope_events.catalog import BATTLE_EDIT_REQUESTED
from battlescope_events.errors import PermanentError
from battlescope_events.messages import Event, Message
from battlescope_events.postgres.database import open_pool
from battlescope_events.publisher import RecordingPublisher
from battlescope_local.testing.databases import Database as Clone
from battlescope_schemas.battle import BattleEditRequested

pytestmark = pytest.mark.postgres
FIRST = [
    enriched_killmail(1, 0, (1, 1), [(11, 2)]),
    enriched_killmail(2, 2, (2, 1), [(11, 2)]),
    enriched_killmail(3, 4, (12, 2), [(2, 1), (3, 1)]),
]
LATER = [
    enriched_killmail(7, 94, (4, 1), [(13, 2)]),
    enriched_killmail(8, 96, (5, 1), [(13, 2)]),
    enriched_killmail(9, 97, (6, 1), [(13, 2), (14, 2)]),
]


async def apply(store: Database, edit: tuple[str, int], battle_id: str) -> list[str]:
    """Apply an edit; returns kind and battle of each published event."""
    messages = await messages_of(store, edit, battle_id)
    return [f"{m.headers['ce-type'].split('.')[-2]} {m.headers['ce-subject']}" for m in messages]


async def messages_of(store: Database, edit: tuple[str, int], battle_id: str) -> list[Message]:
    recorder = RecordingPublisher()
    payload = BattleEditRequested(edit_id=edit[0], battle_id=battle_id, version=edit[1])
    await process_event(store, Event(BATTLE_EDIT_REQUESTED, edit[0], "battle-api", payload, {}), recorder)
    return recorder.messages


async def test_merge_edit_joins_two_battles_and_its_undo_restores_both_ids(store: Database, database: str) -> None:
    await process_all(store, [*FIRST, *LATER])
    before = killmails_by_battle(database)
    first, second = before
    edit = store_edit(database, first, "tag", [1, 7])
    events = await apply(store, edit, first)
    assert killmails_by_battle(database) == {first: [1, 2, 3, 7, 8, 9]}
    assert sorted(events) == sorted([f"updated {first}", f"deleted {second}"])
    assert query_rows(database, "SELECT battle_id::text FROM battle_aliases WHERE alias_id = %s", second) == [(first,)]
    undo_edit(database, edit[0])
    await apply(store, edit, first)
    assert killmails_by_battle(database) == before
    assert query_rows(database, "SELECT count(*) FROM battle_aliases") == [(0,)]


async def test_split_holds_for_killmails_that_arrive_later(store: Database, database: str) -> None:
    await process_all(store, FIRST)
    (battle,) = killmails_by_battle(database)
    await apply(store, store_edit(database, battle, "split", [1, 2, 3], groups=[[1, 2], [3]]), battle)
    assert list(killmails_by_battle(database).values()) == [[1, 2]]
    await process_all(
        store,
        [enriched_killmail(4, 5, (13, 2), [(3, 1), (2, 1)]), enriched_killmail(5, 5.5, (4, 1), [(11, 2), (14, 2)])],
    )
    clusters = list(killmails_by_battle(database).values())
    assert all(not {1, 3} <= set(killmail_ids) for killmail_ids in clusters)
    assert sorted(killmail_id for killmail_ids in clusters for killmail_id in killmail_ids) == [1, 2, 3, 4, 5]


async def test_excluded_killmail_is_in_no_battle_until_the_edit_is_undone(store: Database, database: str) -> None:
    await process_all(store, FIRST)
    (battle,) = killmails_by_battle(database)
    edit = store_edit(database, battle, "exclude", [2])
    await apply(store, edit, battle)
    assert 2 not in {i for killmail_ids in killmails_by_battle(database).values() for i in killmail_ids}
    undo_edit(database, edit[0])
    await apply(store, edit, battle)
    assert killmails_by_battle(database) == {battle: [1, 2, 3]}


async def test_removed_pilot_is_on_no_side(store: Database, database: str) -> None:
    await process_all(store, FIRST)
    (battle,) = killmails_by_battle(database)
    await apply(store, store_edit(database, battle, "scrub", [3], characterId=90_000_003), battle)
    pilots = query_rows(database, "SELECT character_id FROM battle_participants ORDER BY 1")
    assert (90_000_003,) not in pilots
    assert (90_000_002,) in pilots


async def test_pinned_party_is_on_the_pinned_side_until_the_edit_is_undone(store: Database, database: str) -> None:
    await process_all(store, FIRST)
    (battle,) = killmails_by_battle(database)
    edit = store_edit(database, battle, "pin", [1, 2, 3], partyType="alliance", partyId=99_000_002, sideId=3)
    await apply(store, edit, battle)
    sides = "SELECT side_id, confidence::float8 FROM battle_side_parties WHERE party_id = 99000002"
    assert query_rows(database, sides) == [(3, 1.0)]
    await process_all(store, [enriched_killmail(4, 5, (3, 1), [(11, 2), (12, 2)])])
    assert query_rows(database, sides) == [(3, 1.0)]
    undo_edit(database, edit[0])
    await apply(store, edit, battle)
    assert query_rows(database, sides)[0][0] in {1, 2}


async def test_pin_moves_one_party_and_its_undo_restores_every_side(store: Database, database: str) -> None:
    ally = [enriched_killmail(4, 5, (3, 1), [(11, 2), (21, 4)]), enriched_killmail(5, 6, (21, 4), [(2, 1)])]
    await process_all(store, [*FIRST, *ally])
    (battle,) = killmails_by_battle(database)
    parties = "SELECT party_id, side_id, confidence::float8, pilots, losses FROM battle_side_parties ORDER BY 1"
    losses = "SELECT killmail_id, side_id FROM battle_killmails ORDER BY 1"
    before = query_rows(database, parties), query_rows(database, losses)
    side_of = {party: side for party, side, *_ in before[0]}
    edit = store_edit(
        database, battle, "pin", [4, 5], partyType="alliance", partyId=99_000_004, sideId=side_of[99_000_001]
    )
    await apply(store, edit, battle)
    moved = {party: side for party, side, *_ in query_rows(database, parties)}
    assert moved == {**side_of, 99_000_004: side_of[99_000_001]} != side_of
    undo_edit(database, edit[0])
    await apply(store, edit, battle)
    assert (query_rows(database, parties), query_rows(database, losses)) == before


async def test_pin_holds_beside_its_companion_when_the_larger_side_changes(store: Database, database: str) -> None:
    ally = [enriched_killmail(4, 5, (3, 1), [(11, 2), (21, 4)]), enriched_killmail(5, 6, (21, 4), [(2, 1)])]
    await process_all(store, [*FIRST, *ally])
    (battle,) = killmails_by_battle(database)
    sides = "SELECT party_id, side_id FROM battle_side_parties"
    before = dict(query_rows(database, sides))
    pin = {"partyType": "alliance", "partyId": 99_000_004, "sideId": before[99_000_001]}
    beside = {"partyType": "alliance", "partyId": 99_000_001}
    await apply(store, store_edit(database, battle, "pin", [4, 5], **pin, beside=beside), battle)
    many = [(pilot, 2) for pilot in range(30, 40)]
    await process_all(store, [enriched_killmail(6, 7, (3, 1), [(11, 2), *many])])
    after = dict(query_rows(database, sides))
    assert after[99_000_001] != before[99_000_001]
    assert after[99_000_004] == after[99_000_001]


async def test_name_of_a_battle_survives_its_merge(store: Database, database: str) -> None:
    await process_all(store, [*FIRST, *LATER])
    first, second = killmails_by_battle(database)
    await apply(store, store_edit(database, second, "rename", [7], name="The second wave"), second)
    await apply(store, store_edit(database, first, "tag", [1, 7]), first)
    assert query_rows(database, "SELECT name FROM battles WHERE deleted_at IS NULL") == [("The second wave",)]


async def test_events_count_the_edits_of_a_battle_that_are_not_undone(store: Database, database: str) -> None:
    async def count(edit: tuple[str, int], battle_id: str) -> dict[str, int]:
        payloads = [json.loads(message.body) for message in await messages_of(store, edit, battle_id)]
        return {payload["battleId"]: payload["editCount"] for payload in payloads if "editCount" in payload}

    await process_all(store, [*FIRST, *LATER])
    first, second = killmails_by_battle(database)
    rename = store_edit(database, second, "rename", [7], name="The second wave")
    assert await count(rename, second) == {second: 1}
    assert await count(store_edit(database, second, "exclude", [9]), second) == {second: 2}
    assert await count(store_edit(database, first, "tag", [1, 7]), first) == {first: 3}  # with those of the merged one
    undo_edit(database, rename[0])
    assert await count(rename, second) == {first: 2}


async def test_revision_records_reason_cause_and_changed_killmails(store: Database, database: str) -> None:
    await process_all(store, [*FIRST, *LATER])
    first, second = killmails_by_battle(database)
    edit_id, _ = edit = store_edit(database, first, "tag", [1, 7])
    await apply(store, edit, first)
    last = query_rows(
        database,
        "SELECT reason, cause, added, removed, absorbed::text[], total_kills FROM battle_revisions"
        " WHERE battle_id = %s ORDER BY revision DESC LIMIT 1",
        first,
    )
    assert last == [("edit", f"edit:{edit_id}", [7, 8, 9], [], [second], 6)]
    gone = query_rows(
        database,
        "SELECT reason, removed FROM battle_revisions WHERE battle_id = %s ORDER BY revision DESC LIMIT 1",
        second,
    )
    assert gone == [("merged", [7, 8, 9])]


async def test_edit_applied_before_changes_nothing(store: Database, database: str) -> None:
    await process_all(store, FIRST)
    (battle,) = killmails_by_battle(database)
    edit = store_edit(database, battle, "rename", [1], name="Ours")
    assert await apply(store, edit, battle) == [f"updated {battle}"]
    assert await apply(store, edit, battle) == []
    assert query_rows(database, "SELECT applied_version FROM battle_edits") == [(edit[1],)]


async def test_unknown_edit_is_rejected_permanently(store: Database) -> None:
    with pytest.raises(PermanentError):
        await apply(store, ("00000000-0000-4000-8000-000000000000", 1), "x")


async def test_process_with_older_edits_in_its_cache_reads_them_again(store: Database, database: str) -> None:
    await process_all(store, FIRST[:2])
    (battle,) = killmails_by_battle(database)
    store_edit(database, battle, "exclude", [3])  # in force as soon as it is stored, before its event is processed
    await process_all(store, FIRST[2:])
    assert killmails_by_battle(database) == {battle: [1, 2]}


async def states_of_edited_battles(database: str, *, is_cached: bool) -> list[Any]:
    """All that is stored of battles that are merged, deleted, split, pinned, changed and restored, step by step."""
    async with open_pool(SecretStr(database), "test", max_size=4) as pool:
        store = Database(pool, ProcessCache())
        await process(map(from_event, [*FIRST, *LATER]), store, NOW)
        first, second = killmails_by_battle(database)
        states = [stored_state(database)]
        for kind, killmail_ids, data in (
            ("tag", [1, 7], {}),  # merges the second one into the first one
            ("exclude", [1, 2, 3], {}),  # deletes the first one
            ("exclude", [9], {}),
            ("split", [1, 2, 3], {"groups": [[1, 2], [3]]}),
            ("pin", [1, 2, 3], {"partyType": "alliance", "partyId": 99_000_002, "sideId": 3}),
        ):
            battle = second if killmail_ids == [9] else first
            edit = store_edit(database, battle, kind, killmail_ids, **data)
            for change in (lambda: None, lambda edit=edit: undo_edit(database, edit[0])):
                change()
                store.cache = store.cache if is_cached else ProcessCache()
                await apply(store, edit, battle)
                states.append(stored_state(database))
        await process(map(from_event, [enriched_killmail(4, 5, (3, 1), [(11, 2), (12, 2)])]), store, NOW)
        return [*states, stored_state(database)]


def stored_state(database: str) -> list[Any]:
    return [
        battle_contents(database),
        killmails_by_battle(database),
        query_rows(database, "SELECT id, revision, deletion_reason, merged_into FROM battles ORDER BY id"),
        query_rows(database, "SELECT alias_id, battle_id FROM battle_aliases ORDER BY alias_id"),
        query_rows(database, "SELECT to_jsonb(links) FROM battle_links AS links ORDER BY 1"),
    ]


@pytest.mark.parametrize("is_cached", [True, False])
async def test_copied_rows_of_edited_and_restored_battles_are_those_that_one_statement_writes(
    new_database: Callable[[], Clone], monkeypatch: pytest.MonkeyPatch, *, is_cached: bool
) -> None:
    """Their tables have rows of these battles already, and COPY fails on a row whose key exists.

    Without its report in the cache all rows of a battle are written again.
    """
    copied: list[int] = []
    copy = battles.BattleRepository._copy

    async def counted(self: battles.BattleRepository, statement: LiteralString, rows: Sequence[Any]) -> None:
        copied.append(len(rows))
        await copy(self, statement, rows)

    monkeypatch.setattr(battles.BattleRepository, "_copy", counted)
    monkeypatch.setattr(battles, "MIN_COPIED", 1)
    states = await states_of_edited_battles(new_database().owner, is_cached=is_cached)
    assert len(copied) > len(states)
    copied.clear()
    monkeypatch.setattr(battles, "MIN_COPIED", 10**6)
    assert states == await states_of_edited_battles(new_database().owner, is_cached=is_cached)
    assert not copied


async def test_edits_hold_for_batches(store: Database, database: str) -> None:
    store_edit(database, "00000000-0000-4000-8000-000000000000", "exclude", [2])
    store.cache = ProcessCache()
    await process(map(from_event, FIRST), store, NOW)
    assert 2 not in {i for killmail_ids in killmails_by_battle(database).values() for i in killmail_ids}
