"""Grouping a range anew: by the same rules nothing changes, by others what must; ids survive, a dry run shows it."""

import random
from collections.abc import Callable, Iterable
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from deciding import NOW, job, rows
from made_up_battles import START, evening, mail
from psycopg_pool import AsyncConnectionPool
from test_edit_handler import battles
from test_handler import everything

from battle_cluster import gathering, recluster_handler
from battle_cluster.gathering import MANY
from battle_cluster.handler import file, file_all, handle
from battle_cluster.memory import Memory
from battle_cluster.reading import heard
from battle_cluster.store import Connection, Store
from battlescope_events.catalog import BATTLE_RECLUSTER_REQUESTED
from battlescope_events.faults import Permanent
from battlescope_events.publish import Recorder
from battlescope_events.wire import Event
from battlescope_local.testing.databases import Database
from battlescope_schemas.battle import ReclusterRequested
from battlescope_schemas.enriched import EnrichedKillmail

pytestmark = pytest.mark.postgres
END = START + timedelta(hours=6)


async def hear(store: Store, mails: Iterable[EnrichedKillmail]) -> None:
    for one in mails:
        await file(heard(one), store, NOW)
    await store.deliver_said(Recorder())


async def run(store: Store, job_id: str, most: int = 50) -> list[str]:
    """Hear each part that is asked for, as the Broker would deliver it; gives everything else that was told."""
    told: list[str] = []
    parts = [0]
    while parts and most:
        recorder, most = Recorder(), most - 1
        wanted = ReclusterRequested(job_id=job_id, part=parts.pop())
        event: Event[Any] = Event(BATTLE_RECLUSTER_REQUESTED, "1", "battle-api", wanted, {})
        await handle(event, store=store, publish=recorder, archive=None, clock=lambda: NOW)  # pyright: ignore[reportArgumentType]
        for message in recorder.messages:
            if message.headers["ce-type"] == BATTLE_RECLUSTER_REQUESTED.name:
                parts.append(ReclusterRequested.model_validate_json(message.body).part)
            else:
                told.append(message.headers["ce-type"].split(".")[-2])
    return told


def state(database: str, job_id: str) -> tuple[Any, ...]:
    query = "SELECT status, killmails_total, killmails_processed, killmails_moved FROM reclustering_jobs WHERE id = %s"
    return rows(database, query, job_id)[0]


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recluster_handler, "PART", 7)


@pytest.mark.parametrize("seed", range(3))
async def test_by_the_same_rules_nothing_changes(store: Store, database: str, seed: int) -> None:
    await hear(store, evening(seed))
    before = everything(database), battles(database)
    job_id = job(database, START, END)
    assert await run(store, job_id) == []
    assert (everything(database), battles(database)) == before
    assert state(database, job_id) == ("completed", 30, 30, 0)
    assert rows(database, "SELECT count(*) FROM reclustering_changes") == [(0,)]


async def test_admin_recluster_by_other_rules_changes_what_must_and_keeps_ids(store: Store, database: str) -> None:
    pair = [mail(1, 0, (1, 1), [(11, 2)]), mail(2, 10, (2, 1), [(11, 2)])]
    await hear(store, [*pair, mail(3, 20, (3, 1), [(11, 2)])])
    (battle,) = battles(database)
    told = await run(store, job(database, START, END, window_minutes=5, gap_max_minutes=5))
    assert battles(database) == {}
    assert told == ["deleted"]
    assert await run(store, job(database, START, END)) == ["created"]
    assert battles(database) == {battle: [1, 2, 3]}


async def test_a_dry_run_shows_the_difference_and_changes_nothing(store: Store, database: str) -> None:
    await hear(store, [mail(at, 10 * at, (at, 1), [(11, 2)]) for at in (1, 2, 3)])
    before = everything(database)
    job_id = job(database, START, END, dry_run=True, window_minutes=5, gap_max_minutes=5)
    assert await run(store, job_id) == []
    assert everything(database) == before
    ((battle, *_),) = [battles(database)]
    changes = rows(database, "SELECT battle_id::text, change, removed FROM reclustering_changes")
    assert changes == [(battle, "deleted", [1, 2, 3])]
    assert state(database, job_id)[0] == "completed"


async def test_minimum_of_kills_publishes_and_withdraws(store: Store, database: str) -> None:
    await hear(store, [mail(1, 0, (1, 1), [(11, 2)]), mail(2, 2, (2, 1), [(11, 2)])])
    before = battles(database)
    assert await run(store, job(database, START, END, min_kills=3)) == ["deleted"]
    assert battles(database) == {}
    assert await run(store, job(database, START, END, min_kills=2)) == ["created"]
    assert battles(database) == before


async def test_battles_across_midnight_and_the_edge_of_the_range_stay_whole(store: Store, database: str) -> None:
    await hear(store, [mail(at, 3 * at, (at, 1), [(11, 2)]) for at in range(1, 9)])
    before = everything(database)
    assert await run(store, job(database, START + timedelta(minutes=10), START + timedelta(minutes=14))) == []
    assert everything(database) == before


async def test_a_redelivered_part_is_done_once(store: Store, database: str) -> None:
    await hear(store, evening(1))
    job_id = job(database, START, END)
    await run(store, job_id)
    before = state(database, job_id)
    assert await run(store, job_id) == []
    assert state(database, job_id) == before


async def test_a_cancelled_job_stops_before_its_next_part(store: Store, database: str) -> None:
    await hear(store, evening(1))
    job_id = job(database, START, END)
    await run(store, job_id, most=2)
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE reclustering_jobs SET status = 'cancelled' WHERE id = %s", [job_id])
    assert await run(store, job_id) == []
    assert state(database, job_id)[:3] == ("cancelled", 30, 14)


async def test_a_job_nobody_knows_is_refused_for_good(store: Store) -> None:
    with pytest.raises(Permanent):
        await run(store, "00000000-0000-4000-8000-000000000000")


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("many", [4, MANY])
async def test_live_late_shuffled_and_in_chunks_give_the_same(
    new_database: Callable[[], Database], seed: int, many: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Live equals backfill, and a file split over two runs equals one run; `many` ask for all around them."""
    monkeypatch.setattr(gathering, "MANY", many)
    mails = evening(seed, size=60)
    ordered = sorted(mails, key=lambda one: one.killmail_time)
    results = []
    for way in ("live", "one chunk", "two shuffled chunks", "half and half", "chunks in order"):
        database = new_database().owner
        options = {"connection_class": Connection, "kwargs": {"autocommit": True}, "open": False}
        async with AsyncConnectionPool(database, **options) as pool:
            store = Store(pool, Memory())
            shuffled = random.Random(seed).sample(mails, len(mails))
            chunks = {
                "one chunk": [mails],
                "two shuffled chunks": [shuffled[:25], shuffled[25:]],
                "half and half": [shuffled[:30]],
                "chunks in order": [ordered[start : start + 7] for start in range(0, len(ordered), 7)],
            }.get(way, [])
            for chunk in chunks:
                await file_all(map(heard, chunk), store, NOW)
            await hear(store, mails)
        results.append(everything(database))
    assert all(result == results[0] for result in results[1:])


async def test_without_auto_clustering_mails_wait_for_a_job(store: Store, database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE clustering_configuration SET auto_clustering = false")
    await hear(store, [mail(1, 0, (1, 1), [(11, 2)]), mail(2, 2, (2, 1), [(11, 2)])])
    assert battles(database) == {}
    await run(store, job(database, START, END))
    assert list(battles(database).values()) == [[1, 2]]
