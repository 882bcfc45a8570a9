"""Killmails become battles, in every order of arrival; events follow each change."""

import asyncio
import random
from collections import defaultdict
from collections.abc import Callable, Collection, Sequence
from datetime import timedelta
from typing import Any
from unittest.mock import patch

import psycopg
import pytest
from edit_builders import NOW
from enriched_builders import enriched_killmail, random_killmails
from event_processing import UnavailableBroker, process_each, process_event
from pydantic import SecretStr
from stored_battles import battle_contents, killmail_contents

from battle_cluster.detection import neighbourhood_strategies
from battle_cluster.detection.clustering import cluster
from battle_cluster.detection.rules import DetectionRules
from battle_cluster.domain.killmail import Killmail
from battle_cluster.domain.lock_keys import BATCH_LOCK_KEY
from battle_cluster.handlers.killmails import process
from battle_cluster.messaging.enriched_killmail import from_event, killmail_of
from battle_cluster.persistence import battles
from battle_cluster.persistence.process_cache import ProcessCache
from battle_cluster.persistence.unit_of_work import Database, UnitOfWork
from battlescope_events.catalog import ENTITY_UPDATED, KILLMAIL_ENRICHED
from battlescope_events.errors import TransientError
from battlescope_events.messages import Event
from battlescope_events.postgres.database import open_pool
from battlescope_events.publisher import RecordingPublisher
from battlescope_local.testing.databases import Database as Clone
from battlescope_schemas.enriched import EnrichedKillmail
from battlescope_schemas.entity import EntityType, EntityUpdated

pytestmark = pytest.mark.postgres
FIRST = [
    enriched_killmail(1, 0, (1, 1), [(11, 2)]),
    enriched_killmail(2, 2, (2, 1), [(11, 2)]),
    enriched_killmail(3, 4, (12, 2), [(2, 1), (3, 1)]),
]
LAST = [
    enriched_killmail(7, 24, (4, 1), [(13, 2)]),
    enriched_killmail(8, 26, (5, 1), [(13, 2)]),
    enriched_killmail(9, 27, (6, 1), [(13, 2), (14, 2)]),
]


@pytest.mark.parametrize("seed", range(4))
async def test_any_order_of_arrival_gives_the_same_battles(new_database: Callable[[], Clone], seed: int) -> None:
    killmails = random_killmails(seed)
    results = []
    for order in range(3):
        arrival = (
            sorted(killmails, key=lambda m: m.killmail_time)
            if order == 0
            else random.Random(order).sample(killmails, 30)
        )
        database = new_database().owner
        async with open_pool(SecretStr(database), "test", max_size=4) as pool:
            # Each half has a process cache of its own: the cache must not matter.
            await process_each(Database(pool, ProcessCache()), arrival[:15])
            await process_each(Database(pool, ProcessCache()), arrival[15:])
        results.append(battle_contents(database))
    assert results[0] == results[1] == results[2]
    batch = cluster([killmail_of(killmail) for killmail in killmails], DetectionRules())
    expected = sorted(sorted(c.killmail_ids) for c in batch if c.is_battle)
    assert [battle[0] for battle in results[0]["battles"]] == expected


async def test_battle_is_created_then_updated_with_the_next_killmail(store: Database) -> None:
    created, updated = await process_each(store, FIRST)
    assert (created["type"], created["killmailIds"]) == ("created", ["1", "2"])
    assert (updated["addedKillmails"], updated["updateReason"]) == (["3"], "new_killmail")
    assert (updated["previous"]["totalKills"], updated["totalKills"], updated["revision"]) == (2, 3, 2)
    assert updated["totalIskDestroyed"] == "3000006.75"
    assert [side["pilots"] for side in updated["sides"]] == [3, 2]


async def test_late_killmail_of_a_batch_is_processed_apart(store: Database, database: str) -> None:
    """A batch loads and locks all of its time, which would be months."""
    late = [enriched_killmail(at, at - 300_000, (at, 1), [(11, 2)]) for at in (21, 22)]
    locked: list[set[int]] = []
    original = UnitOfWork.lock_and_find_stored

    async def spying(uow: UnitOfWork, killmails: Sequence[Killmail], more: Collection[int] = ()) -> Any:
        locked.append({killmail.killmail_id for killmail in killmails})
        return await original(uow, killmails, more)

    with patch.object(UnitOfWork, "lock_and_find_stored", spying):
        await process(map(from_event, [*FIRST, *late]), store, NOW)
    assert {frozenset(ids) for ids in locked} == {frozenset({21, 22}), frozenset({1, 2, 3})}
    assert [battle[0] for battle in battle_contents(database)["battles"]] == [[1, 2, 3], [21, 22]]


async def test_facts_of_ships_and_systems_are_stored_and_follow_the_static_data(
    new_database: Callable[[], Clone],
) -> None:
    database = new_database().owner
    for group, security, killmails in ((25, 0.4, FIRST[:2]), (26, 0.5, FIRST[2:])):
        async with open_pool(SecretStr(database), "test", max_size=4) as pool:
            await process_each(
                Database(pool, ProcessCache()),
                [
                    killmail.model_copy(
                        update={
                            "security_status": security,
                            "attackers": tuple(
                                a.model_copy(update={"ship_group_id": group}) for a in killmail.attackers
                            ),
                        }
                    )
                    for killmail in killmails
                ],
            )
        with psycopg.connect(database) as connection:
            assert connection.execute("SELECT * FROM ship_types").fetchall() == [(587, group)]
            systems = connection.execute(
                "SELECT system_id, constellation_id, security_status::text FROM solar_systems"
            ).fetchall()
            assert systems == [(30_000_142, 20_000_020, str(security))]


async def test_batch_with_two_groups_of_one_ship_type_stores_one(store: Database, database: str) -> None:
    """The static data changed between them; one statement cannot write a row twice."""
    killmails = [
        killmail.model_copy(update={"victim": killmail.victim.model_copy(update={"ship_group_id": group})})
        for group, killmail in zip((25, 26, 25), FIRST, strict=True)
    ]
    await process(map(from_event, killmails), store, NOW)
    with psycopg.connect(database) as connection:
        ((ship_type_id, group_id),) = connection.execute("SELECT * FROM ship_types").fetchall()
    assert ship_type_id == 587
    assert group_id in {25, 26}


@pytest.mark.parametrize("seed", range(3))
async def test_copied_rows_are_those_that_one_statement_writes(
    new_database: Callable[[], Clone], monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Of three batches, so that rows of changed battles are there too."""
    killmails = [from_event(killmail) for killmail in random_killmails(seed, size=60)]
    contents = []
    for min_copied in (1, 10**6):
        monkeypatch.setattr(battles, "MIN_COPIED", min_copied)
        database = new_database().owner
        async with open_pool(SecretStr(database), "test", max_size=4) as pool:
            store = Database(pool, ProcessCache())
            for start in range(3):
                await process(killmails[start::3], store, NOW)
        contents.append((battle_contents(database), killmail_contents(database)))
    assert contents[0] == contents[1]


async def test_names_of_a_batch_are_stored_while_it_waits_for_its_locks(
    store: Database, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that a killmail with the same names does not wait for all that the batch writes."""
    monkeypatch.setattr(neighbourhood_strategies, "BATCH_THRESHOLD", 2)
    with psycopg.connect(database, autocommit=True) as connection:
        async with store.unit_of_work() as uow:
            await uow.lock({BATCH_LOCK_KEY})
            batch = asyncio.create_task(process(map(from_event, FIRST), store, NOW))
            while connection.execute("SELECT FROM entity_names").fetchone() is None:
                await asyncio.sleep(0.01)
            assert connection.execute("SELECT FROM mails").fetchone() is None
        await batch
        assert connection.execute("SELECT count(*) FROM mails").fetchone() == (len(FIRST),)


async def test_effect_and_neighbours_of_a_system_outlast_events_of_an_older_release(
    new_database: Callable[[], Clone],
) -> None:
    database = new_database().owner
    current = {"system_effect": "Pulsar", "adjacent_system_ids": (7,), "nearby_system_ids": (7, 8)}
    updates: list[dict[str, Any]] = [current, {}, {**current, "system_effect": "Magnetar"}]
    for killmail, update in zip(FIRST, updates, strict=True):
        async with open_pool(SecretStr(database), "test", max_size=4) as pool:
            await process_each(Database(pool, ProcessCache()), [killmail.model_copy(update=update)])
        with psycopg.connect(database) as connection:
            rows = connection.execute(
                "SELECT system_effect, adjacent_system_ids, nearby_system_ids FROM solar_systems"
            ).fetchall()
        assert rows == [(update.get("system_effect", "Pulsar"), [7], [7, 8])]


async def test_commit_notifies_of_the_battles_that_it_changes_and_of_those_that_show_a_new_name(
    store: Database, database: str
) -> None:
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("LISTEN battle_changes")
        created, _ = await process_each(store, FIRST)
        payload = EntityUpdated(
            entity_type=EntityType.CHARACTER, entity_id=90_000_011, entity_name="Renamed", updated_at=NOW
        )
        for name_id in ("n1", "n2"):  # the second one changes nothing
            await process_event(
                store, Event(ENTITY_UPDATED, name_id, "killmail-enrich", payload, {}), RecordingPublisher()
            )
        payloads = [notification.payload for notification in connection.notifies(timeout=1, stop_after=4)]
    assert payloads == [created["battleId"]] * 3


async def test_redelivery_changes_nothing(store: Database, database: str) -> None:
    await process_each(store, FIRST)
    before = battle_contents(database)
    assert await process_each(store, FIRST) == []
    assert battle_contents(database) == before


async def test_late_killmail_moves_the_start(store: Database) -> None:
    await process_each(
        store, [enriched_killmail(50, 40, (1, 1), [(11, 2)]), enriched_killmail(51, 42, (2, 1), [(11, 2)])]
    )
    (event,) = await process_each(store, [enriched_killmail(49, 26, (3, 1), [(11, 2)])])
    assert event["startTime"] == "2026-03-01T18:26:00Z"
    assert event["updateReason"] == "retroactive_attribution"


async def test_connecting_killmails_merge_two_battles_and_leave_an_alias(store: Database, database: str) -> None:
    first = await process_each(store, FIRST)
    second = await process_each(store, LAST)
    bridge = enriched_killmail(5, 14, (3, 1), [(11, 2), (13, 2), (14, 2)])
    events = await process_each(store, [bridge, enriched_killmail(6, 15, (2, 1), [(11, 2), (13, 2)])])
    deleted = next(event for event in events if event["type"] == "deleted")
    survivor = next(event for event in events if event.get("updateReason") == "merge")
    assert {survivor["battleId"], deleted["battleId"]} == {first[0]["battleId"], second[0]["battleId"]}
    assert (deleted["reason"], deleted["mergedInto"]) == ("merged", survivor["battleId"])
    with psycopg.connect(database) as connection:
        aliases = connection.execute("SELECT alias_id::text, battle_id::text FROM battle_aliases").fetchall()
        orphans = connection.execute(
            "SELECT count(*) FROM battle_participants p JOIN battles b ON b.id = p.battle_id"
            " WHERE b.deleted_at IS NOT NULL"
        ).fetchone()
    assert aliases == [(deleted["battleId"], survivor["battleId"])]
    assert orphans == (0,)


async def test_entity_update_stores_a_missing_name(store: Database, database: str) -> None:
    await process_each(store, [enriched_killmail(1, 0, (1, 1), [(11, 2)], named=False)])
    payload = EntityUpdated(entity_type=EntityType.CHARACTER, entity_id=90_000_001, entity_name="Known", updated_at=NOW)
    await process_event(store, Event(ENTITY_UPDATED, "1", "killmail-enrich", payload, {}), RecordingPublisher())
    with psycopg.connect(database) as connection:
        name = connection.execute("SELECT name FROM entity_names WHERE id = 90000001").fetchone()
    assert name == ("Known",)


async def test_ticker_is_stored_and_kept_by_events_without_one(store: Database, database: str) -> None:
    await process_each(store, [enriched_killmail(1, 0, (1, 1), [(11, 2)])])
    for number, (name, ticker) in enumerate([("Pact", "PACT"), ("Renamed Pact", None), ("Renamed Pact", "NEW")]):
        payload = EntityUpdated(
            entity_type=EntityType.ALLIANCE, entity_id=99_000_077, entity_name=name, ticker=ticker, updated_at=NOW
        )
        event = Event(ENTITY_UPDATED, str(number), "killmail-enrich", payload, {})
        await process_event(store, event, RecordingPublisher())
        with psycopg.connect(database) as connection:
            stored = connection.execute("SELECT name, ticker FROM entity_names WHERE id = 99000077").fetchone()
        assert stored == (name, ticker or "PACT")


async def test_concurrent_systems_give_the_same_battles_as_one_batch(store: Database, database: str) -> None:
    killmails = random_killmails(7, size=40)
    by_system = defaultdict[int, list[EnrichedKillmail]](list)
    for killmail in killmails:
        by_system[killmail.system_id].append(killmail)
    await asyncio.gather(*(process_each(store, part) for part in by_system.values()))
    expected = sorted(
        sorted(c.killmail_ids) for c in cluster([killmail_of(m) for m in killmails], DetectionRules()) if c.is_battle
    )
    assert [battle[0] for battle in battle_contents(database)["battles"]] == expected


@pytest.mark.parametrize("seed", range(3))
async def test_concurrent_batches_and_single_killmails_give_the_same_battles_as_one_batch(
    store: Database, database: str, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Two batches of one evening, one of the next morning, and single killmails, all at once."""
    monkeypatch.setattr(neighbourhood_strategies, "BATCH_THRESHOLD", 2)
    evening = random_killmails(seed, size=40)
    morning = [
        m.model_copy(
            update={"killmail_id": m.killmail_id + 100, "killmail_time": m.killmail_time + timedelta(hours=11)}
        )
        for m in random_killmails(seed + 10, size=20)
    ]
    batches = [evening[:15], evening[15:30], morning]
    await asyncio.gather(
        *(process(map(from_event, batch), store, NOW) for batch in batches),
        *(process([from_event(killmail)], store, NOW) for killmail in evening[30:]),
    )
    everything = [killmail_of(m) for m in (*evening, *morning)]
    expected = sorted(sorted(c.killmail_ids) for c in cluster(everything, DetectionRules()) if c.is_battle)
    assert [battle[0] for battle in battle_contents(database)["battles"]] == expected


@pytest.mark.parametrize("seed", range(3))
async def test_two_processes_cluster_both_halves_of_a_day_as_one_batch(
    new_database: Callable[[], Clone], monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """The batches of each half follow each other; those in the middle share battles with the other half."""
    monkeypatch.setattr(neighbourhood_strategies, "BATCH_THRESHOLD", 2)
    fights = [
        m.model_copy(update={"killmail_id": m.killmail_id + 100 * part, "killmail_time": m.killmail_time + later})
        for part in range(6)
        for later in [part * timedelta(minutes=90)]
        for m in random_killmails(seed + 10 * part, size=20)
    ]
    killmails = sorted(fights, key=lambda m: (m.killmail_time, m.killmail_id))
    batches = [killmails[start : start + 15] for start in range(0, len(killmails), 15)]

    async def one_process(database: str, half: list[list[EnrichedKillmail]]) -> None:
        async with open_pool(SecretStr(database), "test", max_size=2) as pool:
            store = Database(pool, ProcessCache())
            for batch in half:
                await process(map(from_event, batch), store, NOW)

    together, apart = new_database().owner, new_database().owner
    await one_process(together, [killmails])
    await asyncio.gather(one_process(apart, batches[:4]), one_process(apart, batches[4:]))
    assert battle_contents(apart) == battle_contents(together)


async def test_batches_at_both_ends_of_one_long_battle_do_not_miss_each_other(
    store: Database, database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Their own hours are far apart, but the battle that both change reaches from one to the other."""
    monkeypatch.setattr(neighbourhood_strategies, "BATCH_THRESHOLD", 2)
    fight = [enriched_killmail(n, 5 * n, (n % 5 + 1, 1), [(11, 2), (12, 2)]) for n in range(1, 133)]
    await process(map(from_event, fight[6:-6]), store, NOW)
    await asyncio.gather(*(process(map(from_event, part), store, NOW) for part in (fight[:6], fight[-6:])))
    assert [battle[0] for battle in battle_contents(database)["battles"]] == [list(range(1, 133))]


async def test_message_the_broker_did_not_accept_is_published_with_the_next_event(store: Database) -> None:
    events = [Event(KILLMAIL_ENRICHED, str(m.killmail_id), "e", m, {}) for m in FIRST[:2]]
    await process_event(store, events[0], RecordingPublisher())
    with pytest.raises(TransientError):
        await process_event(store, events[1], UnavailableBroker())
    recorder = RecordingPublisher()
    await process_event(store, events[1], recorder)
    assert [message.headers["ce-type"] for message in recorder.messages] == ["com.battlescope.battle.created.v1"]


async def test_shorter_inactivity_gap_splits_a_battle_that_one_pilot_linked(store: Database, database: str) -> None:
    first, second = [(11, 2), (12, 2)], [(41, 4), (42, 4)]
    alone = [enriched_killmail(4, 3, (1, 1), first), enriched_killmail(5, 14, (31, 3), [*second, (11, 2)])]
    (created,) = await process_each(store, alone)
    early = [enriched_killmail(at, at - 1, (at + 1, 1), first) for at in (1, 2, 3)]
    late = [enriched_killmail(at, at + 9, (at + 30, 3), second) for at in (6, 7, 8)]
    events = await process_each(store, [*early, *late])
    split = next(event for event in events if event.get("updateReason") == "split")
    new = [event for event in events if event["type"] == "created"]
    assert created["killmailIds"] == ["4", "5"]
    assert split["battleId"] == created["battleId"]
    assert split["removedKillmails"]
    assert len(new) == 1
    assert {battle[0][0]: battle[0] for battle in battle_contents(database)["battles"]} == {
        1: [1, 2, 3, 4],
        5: [5, 6, 7, 8],
    }
