"""What people decide is applied before anything is computed, and survives whatever comes after."""

from collections.abc import Iterable
from typing import Any

import pytest
from edit_builders import NOW, decide, rows, take_back
from invented_battles import mail

from battle_cluster.handlers.killmails import handle, process_batch, process_killmail
from battle_cluster.messaging.enriched_killmail import from_event
from battle_cluster.persistence.process_cache import ProcessCache
from battle_cluster.persistence.unit_of_work import Database
from battlescope_events.catalog import BATTLE_EDIT_REQUESTED
from battlescope_events.errors import PermanentError
from battlescope_events.messages import Event
from battlescope_events.publisher import RecordingPublisher
from battlescope_schemas.battle import BattleEditRequested
from battlescope_schemas.enriched import EnrichedKillmail

pytestmark = pytest.mark.postgres
FIRST = [mail(1, 0, (1, 1), [(11, 2)]), mail(2, 2, (2, 1), [(11, 2)]), mail(3, 4, (12, 2), [(2, 1), (3, 1)])]
LATER = [mail(7, 94, (4, 1), [(13, 2)]), mail(8, 96, (5, 1), [(13, 2)]), mail(9, 97, (6, 1), [(13, 2), (14, 2)])]


async def hear(store: Database, mails: Iterable[EnrichedKillmail]) -> None:
    for one in mails:
        await process_killmail(from_event(one), store, NOW)
    await store.flush_outbox(RecordingPublisher())


async def follow(store: Database, edit: tuple[str, int], battle_id: str) -> list[str]:
    """Apply it; gives what was told."""
    recorder = RecordingPublisher()
    wanted = BattleEditRequested(edit_id=edit[0], battle_id=battle_id, version=edit[1])
    event: Event[Any] = Event(BATTLE_EDIT_REQUESTED, edit[0], "battle-api", wanted, {})
    await handle(event, store=store, publish=recorder, archive=None, clock=lambda: NOW)  # pyright: ignore[reportArgumentType]
    return [f"{m.headers['ce-type'].split('.')[-2]} {m.headers['ce-subject']}" for m in recorder.messages]


def battles(database: str) -> dict[str, list[int]]:
    found = rows(
        database,
        "SELECT b.id::text, array_agg(killmail_id ORDER BY killmail_id) FROM battles b JOIN battle_killmails k"
        " ON k.battle_id = b.id WHERE deleted_at IS NULL GROUP BY b.id ORDER BY min(k.killmail_id)",
    )
    return dict(found)


async def test_a_tag_holds_two_battles_together_and_undoing_it_gives_both_their_ids_back(
    store: Database, database: str
) -> None:
    await hear(store, [*FIRST, *LATER])
    before = battles(database)
    first, second = before
    edit = decide(database, first, "tag", [1, 7])
    told = await follow(store, edit, first)
    assert battles(database) == {first: [1, 2, 3, 7, 8, 9]}
    assert sorted(told) == sorted([f"updated {first}", f"deleted {second}"])
    assert rows(database, "SELECT battle_id::text FROM battle_aliases WHERE alias_id = %s", second) == [(first,)]
    take_back(database, edit[0])
    await follow(store, edit, first)
    assert battles(database) == before
    assert rows(database, "SELECT count(*) FROM battle_aliases") == [(0,)]


async def test_a_split_stays_whatever_arrives_later(store: Database, database: str) -> None:
    await hear(store, FIRST)
    (battle,) = battles(database)
    await follow(store, decide(database, battle, "split", [1, 2, 3], groups=[[1, 2], [3]]), battle)
    assert list(battles(database).values()) == [[1, 2]]
    await hear(store, [mail(4, 5, (13, 2), [(3, 1), (2, 1)]), mail(5, 5.5, (4, 1), [(11, 2), (14, 2)])])
    together = list(battles(database).values())
    assert all(not {1, 3} <= set(mails) for mails in together)
    assert sorted(one for mails in together for one in mails) == [1, 2, 3, 4, 5]


async def test_an_excluded_mail_is_in_no_battle_and_comes_back_when_undone(store: Database, database: str) -> None:
    await hear(store, FIRST)
    (battle,) = battles(database)
    edit = decide(database, battle, "exclude", [2])
    await follow(store, edit, battle)
    assert 2 not in {one for mails in battles(database).values() for one in mails}
    take_back(database, edit[0])
    await follow(store, edit, battle)
    assert battles(database) == {battle: [1, 2, 3]}


async def test_a_scrubbed_pilot_is_on_no_side(store: Database, database: str) -> None:
    await hear(store, FIRST)
    (battle,) = battles(database)
    await follow(store, decide(database, battle, "scrub", [3], characterId=90_000_003), battle)
    pilots = rows(database, "SELECT character_id FROM battle_participants ORDER BY 1")
    assert (90_000_003,) not in pilots
    assert (90_000_002,) in pilots


async def test_a_pin_puts_a_party_on_the_side_that_people_say(store: Database, database: str) -> None:
    await hear(store, FIRST)
    (battle,) = battles(database)
    edit = decide(database, battle, "pin", [1, 2, 3], partyType="alliance", partyId=99_000_002, sideId=3)
    await follow(store, edit, battle)
    sides = "SELECT side_id, confidence::float8 FROM battle_side_parties WHERE party_id = 99000002"
    assert rows(database, sides) == [(3, 1.0)]
    await hear(store, [mail(4, 5, (3, 1), [(11, 2), (12, 2)])])
    assert rows(database, sides) == [(3, 1.0)]
    take_back(database, edit[0])
    await follow(store, edit, battle)
    assert rows(database, sides)[0][0] in {1, 2}


async def test_a_name_stays_with_its_battle_also_when_that_is_merged(store: Database, database: str) -> None:
    await hear(store, [*FIRST, *LATER])
    first, second = battles(database)
    await follow(store, decide(database, second, "rename", [7], name="The second wave"), second)
    await follow(store, decide(database, first, "tag", [1, 7]), first)
    assert rows(database, "SELECT name FROM battles WHERE deleted_at IS NULL") == [("The second wave",)]


async def test_the_revision_says_who_changed_what_and_why(store: Database, database: str) -> None:
    await hear(store, [*FIRST, *LATER])
    first, second = battles(database)
    edit_id, _ = edit = decide(database, first, "tag", [1, 7])
    await follow(store, edit, first)
    last = rows(
        database,
        "SELECT reason, cause, added, removed, absorbed::text[], total_kills FROM battle_revisions"
        " WHERE battle_id = %s ORDER BY revision DESC LIMIT 1",
        first,
    )
    assert last == [("edit", f"edit:{edit_id}", [7, 8, 9], [], [second], 6)]
    gone = rows(
        database,
        "SELECT reason, removed FROM battle_revisions WHERE battle_id = %s ORDER BY revision DESC LIMIT 1",
        second,
    )
    assert gone == [("merged", [7, 8, 9])]


async def test_an_edit_followed_already_changes_nothing(store: Database, database: str) -> None:
    await hear(store, FIRST)
    (battle,) = battles(database)
    edit = decide(database, battle, "rename", [1], name="Ours")
    assert await follow(store, edit, battle) == [f"updated {battle}"]
    assert await follow(store, edit, battle) == []
    assert rows(database, "SELECT applied_version FROM battle_edits") == [(edit[1],)]


async def test_an_edit_nobody_knows_is_refused_for_good(store: Database) -> None:
    with pytest.raises(PermanentError):
        await follow(store, ("00000000-0000-4000-8000-000000000000", 1), "x")


async def test_a_process_that_knows_older_edits_reads_them_anew(store: Database, database: str) -> None:
    await hear(store, FIRST[:2])
    (battle,) = battles(database)
    decide(database, battle, "exclude", [3])  # in force as soon as it is stored, also before its event is heard
    await hear(store, FIRST[2:])
    assert battles(database) == {battle: [1, 2]}


async def test_edits_hold_for_mails_told_in_chunks(store: Database, database: str) -> None:
    decide(database, "00000000-0000-4000-8000-000000000000", "exclude", [2])
    store.memory = ProcessCache()
    await process_batch(map(from_event, FIRST), store, NOW)
    assert 2 not in {one for mails in battles(database).values() for one in mails}
