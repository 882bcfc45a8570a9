"""The store and its tables on real PostgreSQL."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg_pool import AsyncConnectionPool

from battlescope_local.testing.databases import Database
from ingest_poll import store as statements
from ingest_poll.filing import Filing, filing, packed, sort_out
from ingest_poll.following import Position
from ingest_poll.outcomes import LeaseLost
from ingest_poll.reading import File, Mail, read
from ingest_poll.ruleset import Ruleset
from ingest_poll.store import Store

pytestmark = pytest.mark.postgres
NOW = datetime(2026, 10, 3, 13, tzinfo=UTC)
RULES = Ruleset(UUID(int=1), min_pilots=2)


@pytest.fixture
async def store(database: str) -> AsyncIterator[Store]:
    async with AsyncConnectionPool(database, min_size=0, max_size=4, kwargs={"autocommit": True}) as pool:
        yield Store(pool)


def batch(mails: Any, *numbered: tuple[int, datetime], value: float = 5.0) -> Filing:
    entries = list[Mail]()
    for number, at in numbered:
        file = read(9, mails.envelope(9, mails.killmail(number, at=at), value=value), NOW)
        assert isinstance(file, File)
        assert isinstance(file.entry, Mail)
        entries.append(file.entry)
    return filing(packed(entries, date(2026, 10, 3))[1], RULES, "http://feed")


async def file(store: Store, holder: UUID, made: Filing) -> int:
    async with store.transaction(holder, Position(cursor=1), made.last_killmail_id) as tx:
        found = sort_out(made.judged, await tx.claim(made.judged))
        await tx.add(found.accepted)
        await tx.revalue(found.known)
        await tx.count(found.counts(made.received, 0))
    return len(found.accepted)


async def test_the_lease_is_one_holders_until_it_runs_out(store: Store, database: str) -> None:
    first, second = uuid4(), uuid4()
    assert await store.take_lease(first) == Position()
    assert await store.take_lease(second) is None
    await store.keep_lease(first)
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("UPDATE ingestion_status SET lease_until = now() - interval '1 ms'")
    assert await store.take_lease(second) == Position()
    with pytest.raises(LeaseLost):
        await store.keep_lease(first)
    await store.free_lease(first)  # no longer his to free
    assert await store.take_lease(first) is None
    await store.free_lease(second)
    assert await store.take_lease(first) == Position()


async def test_a_position_survives_whole(store: Store) -> None:
    holder = uuid4()
    await store.take_lease(holder)
    position = Position(5, 9, NOW, NOW + timedelta(1), NOW + timedelta(2), NOW - timedelta(1), 1, 2, 3, 4)
    async with store.transaction(holder, position, 17):
        pass
    await store.free_lease(holder)
    assert await store.take_lease(uuid4()) == position


async def test_whoever_lost_the_lease_writes_nothing(store: Store, database: str, mails: Any) -> None:
    await store.take_lease(uuid4())
    with pytest.raises(LeaseLost):
        await file(store, uuid4(), batch(mails, (1, NOW)))
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM killmail_ids").fetchone() == (0,)


async def test_every_month_of_the_game_has_its_partition_when_needed(store: Store, database: str, mails: Any) -> None:
    holder = uuid4()
    await store.take_lease(holder)
    ends = [datetime(2026, 9, 30, 23, 59, 59, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC)]
    times = [datetime(2007, 12, 5, tzinfo=UTC), *ends, NOW + timedelta(hours=23)]
    assert await file(store, holder, batch(mails, *enumerate(times, 1))) == 4
    with psycopg.connect(database) as connection:
        tables = connection.execute(
            "SELECT tableoid::regclass::text FROM killmail_events ORDER BY occurred_at"
        ).fetchall()
    months = ["2007_12", "2026_09", "2026_10", "2026_10"]
    assert [name for (name,) in tables] == [f"killmail_events_{month}" for month in months]


async def test_an_id_is_filed_once_even_in_another_month(store: Store, database: str, mails: Any) -> None:
    holder = uuid4()
    await store.take_lease(holder)
    assert await file(store, holder, batch(mails, (1, NOW))) == 1
    assert await file(store, holder, batch(mails, (1, NOW), value=7.5)) == 0
    assert await file(store, holder, batch(mails, (1, NOW - timedelta(days=60)))) == 0
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT isk_value::text FROM killmail_events").fetchall() == [("7.50",)]
        counted = connection.execute("SELECT received, accepted, duplicate FROM ingestion_stats_hourly").fetchall()
    assert counted == [(3, 1, 2)]


async def test_the_default_ruleset_and_its_history(store: Store, database: str) -> None:
    rules = await store.ruleset()
    assert rules == replace(Ruleset(rules.id, min_pilots=2))
    with psycopg.connect(database, autocommit=True) as connection:
        connection.execute("UPDATE rulesets SET min_pilots = 5, tracked_system_ids = '{30000142}'")
        history = connection.execute("SELECT version->>'min_pilots' FROM ruleset_history ORDER BY id").fetchall()
    assert history == [("2",), ("5",)]
    changed = await store.ruleset()
    assert (changed.min_pilots, changed.tracked_system_ids) == (5, frozenset({30000142}))


@pytest.mark.parametrize(
    "change",
    ["min_pilots = 0", "min_pilots = 501", "tracked_security_types = '{space}'", "ignore_unlisted = true"],
)
def test_a_ruleset_that_makes_no_sense_is_not_stored(database: str, change: Any) -> None:
    with psycopg.connect(database) as connection, pytest.raises(psycopg.errors.CheckViolation):
        connection.execute("UPDATE rulesets SET " + change)


def test_every_statement_fits_the_tables(database: str) -> None:
    named = {name: text for name, text in vars(statements).items() if name.isupper() and isinstance(text, str)}
    assert len(named) > 15
    with psycopg.connect(database) as connection:
        for text in named.values():
            parts = text.split("%(")[1:]
            connection.execute("EXPLAIN " + text, {part.split(")s")[0]: None for part in parts})


def test_the_migration_goes_down_and_up_again(empty: Database, dbmate: Any) -> None:
    for command in ("up", "down", "up"):
        dbmate(empty.owner, "ingest-poll", command)
    with psycopg.connect(empty.owner) as connection:
        assert connection.execute("SELECT count(*) FROM rulesets WHERE is_active").fetchone() == (1,)
