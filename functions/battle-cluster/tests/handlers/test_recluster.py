"""Reclustering: equal rules change nothing, other rules change what they must; ids survive; a dry run only reports."""

import os
import random
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from edit_builders import NOW, query_rows, store_recluster_job
from enriched_builders import START, enriched_killmail, random_killmails
from event_processing import END, process_all, run_recluster_job
from pydantic import SecretStr
from stored_battles import battle_contents, killmails_by_battle

from battle_cluster.detection import neighbourhood_strategies
from battle_cluster.detection.neighbourhood_strategies import BATCH_THRESHOLD
from battle_cluster.handlers import recluster
from battle_cluster.handlers.killmails import process
from battle_cluster.messaging.enriched_killmail import from_event
from battle_cluster.persistence.process_cache import ProcessCache
from battle_cluster.persistence.unit_of_work import Database
from battlescope_events.errors import PermanentError
from battlescope_events.postgres.database import open_pool
from battlescope_local.testing.databases import Database as Clone

pytestmark = pytest.mark.postgres


def state(database: str, job_id: str) -> tuple[Any, ...]:
    query = "SELECT status, killmails_total, killmails_processed, killmails_moved FROM reclustering_jobs WHERE id = %s"
    return query_rows(database, query, job_id)[0]


@pytest.fixture(autouse=True)
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recluster, "PART_SIZE", 7)


@pytest.mark.parametrize("seed", range(3))
async def test_recluster_with_equal_rules_changes_nothing(store: Database, database: str, seed: int) -> None:
    await process_all(store, random_killmails(seed))
    before = battle_contents(database), killmails_by_battle(database)
    job_id = store_recluster_job(database, START, END)
    assert await run_recluster_job(store, job_id) == []
    assert (battle_contents(database), killmails_by_battle(database)) == before
    assert state(database, job_id) == ("completed", 30, 30, 0)
    assert query_rows(database, "SELECT count(*) FROM reclustering_changes") == [(0,)]


async def test_recluster_with_other_rules_deletes_and_restores_battles(store: Database, database: str) -> None:
    pair = [enriched_killmail(1, 0, (1, 1), [(11, 2)]), enriched_killmail(2, 10, (2, 1), [(11, 2)])]
    await process_all(store, [*pair, enriched_killmail(3, 20, (3, 1), [(11, 2)])])
    (battle,) = killmails_by_battle(database)
    events = await run_recluster_job(
        store, store_recluster_job(database, START, END, window_minutes=5, gap_max_minutes=5)
    )
    assert killmails_by_battle(database) == {}
    assert events == ["deleted"]
    assert await run_recluster_job(store, store_recluster_job(database, START, END)) == ["created"]
    assert killmails_by_battle(database) == {battle: [1, 2, 3]}


async def test_dry_run_records_the_difference_and_changes_nothing(store: Database, database: str) -> None:
    await process_all(store, [enriched_killmail(at, 10 * at, (at, 1), [(11, 2)]) for at in (1, 2, 3)])
    before = battle_contents(database)
    job_id = store_recluster_job(database, START, END, dry_run=True, window_minutes=5, gap_max_minutes=5)
    assert await run_recluster_job(store, job_id) == []
    assert battle_contents(database) == before
    ((battle, *_),) = [killmails_by_battle(database)]
    changes = query_rows(database, "SELECT battle_id::text, change, removed FROM reclustering_changes")
    assert changes == [(battle, "deleted", [1, 2, 3])]
    assert state(database, job_id)[0] == "completed"


async def test_min_kills_of_a_job_deletes_and_restores_battles(store: Database, database: str) -> None:
    await process_all(store, [enriched_killmail(1, 0, (1, 1), [(11, 2)]), enriched_killmail(2, 2, (2, 1), [(11, 2)])])
    before = killmails_by_battle(database)
    assert await run_recluster_job(store, store_recluster_job(database, START, END, min_kills=3)) == ["deleted"]
    assert killmails_by_battle(database) == {}
    assert await run_recluster_job(store, store_recluster_job(database, START, END, min_kills=2)) == ["created"]
    assert killmails_by_battle(database) == before


async def test_battles_across_the_edge_of_the_range_stay_whole(store: Database, database: str) -> None:
    await process_all(store, [enriched_killmail(at, 3 * at, (at, 1), [(11, 2)]) for at in range(1, 9)])
    before = battle_contents(database)
    assert (
        await run_recluster_job(
            store, store_recluster_job(database, START + timedelta(minutes=10), START + timedelta(minutes=14))
        )
        == []
    )
    assert battle_contents(database) == before


async def test_redelivered_part_is_processed_once(store: Database, database: str) -> None:
    await process_all(store, random_killmails(1))
    job_id = store_recluster_job(database, START, END)
    await run_recluster_job(store, job_id)
    before = state(database, job_id)
    assert await run_recluster_job(store, job_id) == []
    assert state(database, job_id) == before


async def test_cancelled_job_stops_before_its_next_part(store: Database, database: str) -> None:
    await process_all(store, random_killmails(1))
    job_id = store_recluster_job(database, START, END)
    await run_recluster_job(store, job_id, max_parts=2)
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE reclustering_jobs SET status = 'cancelled' WHERE id = %s", [job_id])
    assert await run_recluster_job(store, job_id) == []
    assert state(database, job_id)[:3] == ("cancelled", 30, 14)


async def test_unknown_job_is_rejected_permanently(store: Database) -> None:
    with pytest.raises(PermanentError):
        await run_recluster_job(store, "00000000-0000-4000-8000-000000000000")


@pytest.mark.parametrize("seed", range(int(os.environ.get("BATTLESCOPE_SEEDS", "2"))))
@pytest.mark.parametrize("threshold", [4, BATCH_THRESHOLD])
async def test_live_late_shuffled_and_batched_killmails_give_the_same_battles(
    new_database: Callable[[], Clone], seed: int, threshold: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Live equals backfill, in any batches; batches of `threshold` killmails load a time window."""
    monkeypatch.setattr(neighbourhood_strategies, "BATCH_THRESHOLD", threshold)
    killmails = random_killmails(seed, size=60)
    ordered = sorted(killmails, key=lambda killmail: killmail.killmail_time)
    results = []
    for method in ("live", "one batch", "two shuffled batches", "half and half", "batches in order"):
        database = new_database().owner
        async with open_pool(SecretStr(database), "test", max_size=4) as pool:
            store = Database(pool, ProcessCache())
            shuffled = random.Random(seed).sample(killmails, len(killmails))
            batches = {
                "one batch": [killmails],
                "two shuffled batches": [shuffled[:25], shuffled[25:]],
                "half and half": [shuffled[:30]],
                "batches in order": [ordered[start : start + 7] for start in range(0, len(ordered), 7)],
            }.get(method, [])
            for batch in batches:
                await process(map(from_event, batch), store, NOW)
            await process_all(store, killmails)
        results.append(battle_contents(database))
    assert all(result == results[0] for result in results[1:])


async def test_without_auto_clustering_killmails_wait_for_a_job(store: Database, database: str) -> None:
    with psycopg.connect(database) as connection:
        connection.execute("UPDATE clustering_configuration SET auto_clustering = false")
    await process_all(store, [enriched_killmail(1, 0, (1, 1), [(11, 2)]), enriched_killmail(2, 2, (2, 1), [(11, 2)])])
    assert killmails_by_battle(database) == {}
    await run_recluster_job(store, store_recluster_job(database, START, END))
    assert list(killmails_by_battle(database).values()) == [[1, 2]]
