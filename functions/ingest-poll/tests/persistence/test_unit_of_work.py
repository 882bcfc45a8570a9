"""Units of work and the tables that they write, on real PostgreSQL."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from pydantic import SecretStr

from battlescope_events.postgres.database import open_pool
from battlescope_local.testing.databases import Database as Clone
from battlescope_schemas.ruleset import Ruleset
from ingest_poll.errors import LeaseLost
from ingest_poll.feed.batch import FilteredBatch, bundle_files, filter_files, partition_by_known
from ingest_poll.feed.feed_file import FeedFile, parse_file
from ingest_poll.feed.feed_state import FeedPosition
from ingest_poll.persistence.unit_of_work import Database

pytestmark = pytest.mark.postgres
NOW = datetime(2026, 10, 3, 13, tzinfo=UTC)
RULES = Ruleset(UUID(int=1), min_pilots=2)


@pytest.fixture
async def store(database: str) -> AsyncIterator[Database]:
    async with open_pool(SecretStr(database), "test", max_size=4) as pool:
        yield Database(pool)


def batch(factory: Any, *killmails: tuple[int, datetime], value: float = 5.0) -> FilteredBatch:
    files = list[FeedFile]()
    for killmail_id, timestamp in killmails:
        file = parse_file(9, factory.envelope(9, factory.killmail(killmail_id, at=timestamp), value=value), NOW)
        assert isinstance(file, FeedFile)
        files.append(file)
    return filter_files(bundle_files(files, date(2026, 10, 3))[1], RULES, "http://feed")


async def commit(store: Database, holder: UUID, filtered: FilteredBatch) -> int:
    async with store.unit_of_work(holder, FeedPosition(cursor=1), filtered.last_killmail_id) as uow:
        killmails = partition_by_known(filtered.killmails, await uow.killmails.claim_ids(filtered.killmails))
        await uow.killmails.insert_accepted(killmails.accepted)
        await uow.killmails.update_values(killmails.known)
        await uow.killmails.add_counts(killmails.counts(filtered.received, 0))
    return len(killmails.accepted)


async def test_lease_has_one_holder_until_it_expires(store: Database, database: str) -> None:
    first, second = uuid4(), uuid4()
    assert await store.take_lease(first) == FeedPosition()
    assert await store.take_lease(second) is None
    await store.renew_lease(first)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("UPDATE ingestion_status SET lease_until = now() - interval '1 ms'")
    assert await store.take_lease(second) == FeedPosition()
    with pytest.raises(LeaseLost):
        await store.renew_lease(first)
    await store.release_lease(first)  # no effect: the lease is no longer theirs
    assert await store.take_lease(first) is None
    await store.release_lease(second)
    assert await store.take_lease(first) == FeedPosition()


async def test_every_field_of_the_position_is_stored(store: Database) -> None:
    holder = uuid4()
    await store.take_lease(holder)
    position = FeedPosition(5, 9, NOW, NOW + timedelta(1), NOW + timedelta(2), NOW - timedelta(1), 1, 2, 3)
    async with store.unit_of_work(holder, position, 17):
        pass
    await store.release_lease(holder)
    assert await store.take_lease(uuid4()) == position


async def test_run_without_the_lease_writes_nothing(store: Database, database: str, factory: Any) -> None:
    await store.take_lease(uuid4())
    with pytest.raises(LeaseLost):
        await commit(store, uuid4(), batch(factory, (1, NOW)))
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM killmail_ids").fetchone() == (0,)


async def test_partition_of_a_month_is_created_on_demand(store: Database, database: str, factory: Any) -> None:
    holder = uuid4()
    await store.take_lease(holder)
    ends = [datetime(2026, 9, 30, 23, 59, 59, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC)]
    times = [datetime(2007, 12, 5, tzinfo=UTC), *ends, NOW + timedelta(hours=23)]
    assert await commit(store, holder, batch(factory, *enumerate(times, 1))) == 4
    with psycopg.connect(database) as connection:
        tables = connection.execute(
            "SELECT tableoid::regclass::text FROM killmail_events ORDER BY occurred_at"
        ).fetchall()
    months = ["2007_12", "2026_09", "2026_10", "2026_10"]
    assert [name for (name,) in tables] == [f"killmail_events_{month}" for month in months]


async def test_killmail_id_is_stored_once_even_with_another_month(store: Database, database: str, factory: Any) -> None:
    holder = uuid4()
    await store.take_lease(holder)
    assert await commit(store, holder, batch(factory, (1, NOW))) == 1
    assert await commit(store, holder, batch(factory, (1, NOW), value=7.5)) == 0
    assert await commit(store, holder, batch(factory, (1, NOW - timedelta(days=60)))) == 0
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT isk_value::text FROM killmail_events").fetchall() == [("7.50",)]
        counts = connection.execute("SELECT received, accepted, duplicate FROM ingestion_stats_hourly").fetchall()
    assert counts == [(3, 1, 2)]


async def test_default_ruleset_is_active_and_every_version_is_kept(store: Database, database: str) -> None:
    rules = await store.active_ruleset()
    assert rules == replace(Ruleset(rules.id, min_pilots=2))
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("UPDATE rulesets SET min_pilots = 5, tracked_system_ids = '{30000142}'")
        history = connection.execute("SELECT version->>'min_pilots' FROM ruleset_history ORDER BY id").fetchall()
    assert history == [("2",), ("5",)]
    changed = await store.active_ruleset()
    assert (changed.min_pilots, changed.tracked_system_ids) == (5, frozenset({30000142}))


@pytest.mark.parametrize(
    "change",
    ["min_pilots = 0", "min_pilots = 501", "tracked_security_types = '{space}'", "ignore_unlisted = true"],
)
def test_invalid_ruleset_is_rejected_by_the_database(database: str, change: Any) -> None:
    with psycopg.connect(database) as connection, pytest.raises(psycopg.errors.CheckViolation):
        connection.execute("UPDATE rulesets SET " + change)


def test_migration_runs_up_down_and_up_again(empty: Clone, dbmate: Any) -> None:
    for command in ("up", "down", "up"):
        dbmate(empty.owner, "ingest-poll", command)
    with psycopg.connect(empty.owner) as connection:
        assert connection.execute("SELECT count(*) FROM rulesets WHERE is_active").fetchone() == (1,)
