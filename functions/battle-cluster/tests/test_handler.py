import asyncio
import json
import random
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import psycopg
import pytest
from made_up_battles import evening, mail
from psycopg_pool import AsyncConnectionPool

from battle_cluster.clustering import cluster
from battle_cluster.handler import file, handle
from battle_cluster.memory import Memory
from battle_cluster.reading import heard, mail_of
from battle_cluster.rules import Rules
from battle_cluster.store import Connection, Store
from battlescope_events.catalog import ENTITY_UPDATED, KILLMAIL_ENRICHED
from battlescope_events.faults import Transient
from battlescope_events.publish import Recorder
from battlescope_events.wire import Event
from battlescope_local.testing.databases import Database
from battlescope_schemas.enriched import EnrichedKillmail
from battlescope_schemas.entity import EntityType, EntityUpdated

pytestmark = pytest.mark.postgres
NOW = datetime(2026, 3, 2, tzinfo=UTC)
FIRST = [mail(1, 0, (1, 1), [(11, 2)]), mail(2, 2, (2, 1), [(11, 2)]), mail(3, 4, (12, 2), [(2, 1), (3, 1)])]
LAST = [mail(7, 24, (4, 1), [(13, 2)]), mail(8, 26, (5, 1), [(13, 2)]), mail(9, 27, (6, 1), [(13, 2), (14, 2)])]


async def hear(store: Store, mails: Iterable[EnrichedKillmail]) -> list[dict[str, Any]]:
    recorder = Recorder()
    for one in mails:
        await file(heard(one), store, NOW)
        await store.deliver_said(recorder)
    return [{"type": m.headers["ce-type"].split(".")[-2], "id": m.id, **json.loads(m.body)} for m in recorder.messages]


def everything(database: str) -> dict[str, list[Any]]:
    """The battles with sides, members and pilots, without ids: what any order of arrival must agree on."""
    members = "(SELECT array_agg(killmail_id ORDER BY killmail_id) FROM battle_killmails k WHERE k.battle_id = b.id)"
    with psycopg.connect(database) as connection:
        battles = connection.execute(
            f"SELECT {members}, system_id, start_time, end_time, total_kills, total_participants, total_isk_destroyed,"
            " tier, is_decisive, winning_side, zkill_related_url FROM battles b WHERE deleted_at IS NULL ORDER BY 1"
        ).fetchall()
        found: dict[str, list[Any]] = {"battles": battles}
        for table in ("battle_sides", "battle_side_parties", "battle_participants", "battle_participant_ships"):
            rows = connection.execute(
                f"SELECT {members}, to_jsonb(t) - 'battle_id' FROM {table} t JOIN battles b ON b.id = t.battle_id"
            ).fetchall()
            found[table] = sorted(rows, key=repr)
        sides = "SELECT killmail_id, side_id FROM battle_killmails ORDER BY 1"
        found["victims"] = connection.execute(sides).fetchall()
    return found


@pytest.mark.parametrize("seed", range(4))
async def test_any_order_of_arrival_gives_the_same_battles(new_database: Callable[[], Database], seed: int) -> None:
    mails = evening(seed)
    results = []
    for order in range(3):
        arrival = sorted(mails, key=lambda m: m.killmail_time) if order == 0 else random.Random(order).sample(mails, 30)
        database = new_database().owner
        options = {"connection_class": Connection, "kwargs": {"autocommit": True}, "open": False}
        async with AsyncConnectionPool(database, **options) as pool:
            # Every other run forgets what the process knew: memory must not matter.
            await hear(Store(pool, Memory()), arrival[:15])
            await hear(Store(pool, Memory()), arrival[15:])
        results.append(everything(database))
    assert results[0] == results[1] == results[2]
    batch = cluster([mail_of(one) for one in mails], Rules())
    expected = sorted(sorted(c.killmail_ids) for c in batch if c.published)
    assert [battle[0] for battle in results[0]["battles"]] == expected


async def test_a_battle_is_created_then_updated_with_what_came(store: Store) -> None:
    created, updated = await hear(store, FIRST)
    assert (created["type"], created["killmailIds"]) == ("created", ["1", "2"])
    assert (updated["addedKillmails"], updated["updateReason"]) == (["3"], "new_killmail")
    assert (updated["previous"]["totalKills"], updated["totalKills"], updated["revision"]) == (2, 3, 2)
    assert updated["totalIskDestroyed"] == "3000006.75"
    assert [side["pilots"] for side in updated["sides"]] == [3, 2]


async def test_redelivery_changes_nothing(store: Store, database: str) -> None:
    await hear(store, FIRST)
    before = everything(database)
    assert await hear(store, FIRST) == []
    assert everything(database) == before


async def test_a_late_mail_moves_the_start(store: Store) -> None:
    await hear(store, [mail(50, 40, (1, 1), [(11, 2)]), mail(51, 42, (2, 1), [(11, 2)])])
    (told,) = await hear(store, [mail(49, 26, (3, 1), [(11, 2)])])
    assert told["startTime"] == "2026-03-01T18:26:00Z"
    assert told["updateReason"] == "retroactive_attribution"


async def test_a_bridge_merges_and_leaves_an_alias(store: Store, database: str) -> None:
    first = await hear(store, FIRST)
    second = await hear(store, LAST)
    bridge = mail(5, 14, (3, 1), [(11, 2), (13, 2), (14, 2)])
    told = await hear(store, [bridge, mail(6, 15, (2, 1), [(11, 2), (13, 2)])])
    gone = next(one for one in told if one["type"] == "deleted")
    survivor = next(one for one in told if one.get("updateReason") == "merge")
    assert {survivor["battleId"], gone["battleId"]} == {first[0]["battleId"], second[0]["battleId"]}
    assert (gone["reason"], gone["mergedInto"]) == ("merged", survivor["battleId"])
    with psycopg.connect(database) as connection:
        aliases = connection.execute("SELECT alias_id::text, battle_id::text FROM battle_aliases").fetchall()
        orphans = connection.execute(
            "SELECT count(*) FROM battle_participants p JOIN battles b ON b.id = p.battle_id"
            " WHERE b.deleted_at IS NOT NULL"
        ).fetchone()
    assert aliases == [(gone["battleId"], survivor["battleId"])]
    assert orphans == (0,)


async def test_names_that_come_later_are_filled_in(store: Store, database: str) -> None:
    await hear(store, [mail(1, 0, (1, 1), [(11, 2)], named=False)])
    news = EntityUpdated(entity_type=EntityType.CHARACTER, entity_id=90_000_001, entity_name="Known", updated_at=NOW)
    event: Event[Any] = Event(ENTITY_UPDATED, "1", "killmail-enrich", news, {})
    await handle(event, store=store, publish=Recorder(), archive=None, clock=lambda: NOW)
    with psycopg.connect(database) as connection:
        name = connection.execute("SELECT name FROM entity_names WHERE id = 90000001").fetchone()
    assert name == ("Known",)


async def test_two_systems_at_once_by_real_connections(store: Store, database: str) -> None:
    mails = evening(7, size=40)
    by_system: dict[int, list[EnrichedKillmail]] = {}
    for one in mails:
        by_system.setdefault(one.system_id, []).append(one)
    await asyncio.gather(*(hear(store, part) for part in by_system.values()))
    expected = sorted(sorted(c.killmail_ids) for c in cluster([mail_of(m) for m in mails], Rules()) if c.published)
    assert [battle[0] for battle in everything(database)["battles"]] == expected


async def test_what_the_broker_did_not_take_is_said_with_the_next_event(store: Store) -> None:
    class Deaf:
        async def __call__(self, _: object) -> None:
            raise Transient("nobody listens")

    events = [Event(KILLMAIL_ENRICHED, str(m.killmail_id), "e", m, {}) for m in FIRST[:2]]
    given: dict[str, Any] = {"store": store, "archive": None, "clock": lambda: NOW}
    await handle(events[0], publish=Recorder(), **given)
    with pytest.raises(Transient):
        await handle(events[1], publish=Deaf(), **given)
    recorder = Recorder()
    await handle(events[1], publish=recorder, **given)
    assert [message.headers["ce-type"] for message in recorder.messages] == ["com.battlescope.battle.created.v1"]


async def test_attempts_are_counted_and_finished_events_known(store: Store) -> None:
    assert (await store.attempt("s", "1")).number == 1
    await store.handled("s", "1")
    again = await store.attempt("s", "1")
    assert (again.number, again.handled) == (2, True)


async def test_a_rhythm_that_shows_later_splits_what_one_pilot_held(store: Store, database: str) -> None:
    first, second = [(11, 2), (12, 2)], [(41, 4), (42, 4)]
    alone = [mail(4, 3, (1, 1), first), mail(5, 14, (31, 3), [*second, (11, 2)])]
    (created,) = await hear(store, alone)
    early = [mail(at, at - 1, (at + 1, 1), first) for at in (1, 2, 3)]
    late = [mail(at, at + 9, (at + 30, 3), second) for at in (6, 7, 8)]
    told = await hear(store, [*early, *late])
    split = next(one for one in told if one.get("updateReason") == "split")
    new = [one for one in told if one["type"] == "created"]
    assert created["killmailIds"] == ["4", "5"]
    assert split["battleId"] == created["battleId"]
    assert split["removedKillmails"]
    assert len(new) == 1
    assert {battle[0][0]: battle[0] for battle in everything(database)["battles"]} == {1: [1, 2, 3, 4], 5: [5, 6, 7, 8]}
