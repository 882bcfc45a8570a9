import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import psycopg
import pytest
from pydantic import SecretStr, ValidationError

from battlescope_events.errors import PermanentError, TransientError
from battlescope_events.postgres.database import Database, open_pool
from battlescope_events.postgres.outbox import Outbox
from battlescope_events.postgres.settings import DatabaseSettings
from battlescope_local.devtools.project import ROOT
from battlescope_local.manifest_generator.reading import newest_migration
from battlescope_local.testing import databases as test_databases

NOBODY_LISTENS = SecretStr("postgresql://nobody@127.0.0.1:1/nothing")


@dataclass(frozen=True)
class Pair:
    number: int
    text: str


class NamedPair(NamedTuple):
    """The columns in another order."""

    text: str
    number: int


async def test_rows_become_objects(database: Database) -> None:
    statement = "SELECT number, 'n' || number AS text FROM generate_series(1, %(last)s::integer) AS number"
    async with database.connection() as connection:
        assert await connection.rows(Pair, statement, {"last": 2}) == [Pair(1, "n1"), Pair(2, "n2")]
        assert await connection.row(Pair, statement, {"last": 2}) == Pair(1, "n1")
        assert await connection.rows(NamedPair, statement, {"last": 2}) == [NamedPair("n1", 1), NamedPair("n2", 2)]
        with pytest.raises(TypeError, match=r"The columns \['number'\] are not the fields of NamedPair\."):
            await connection.rows(NamedPair, "SELECT 1 AS number")
        assert await connection.row(Pair, statement, {"last": 0}) is None
        assert await connection.column(statement, {"last": 3}) == [1, 2, 3]
        assert await connection.scalar(statement, {"last": 3}) == 1
        assert await connection.scalar(statement, {"last": 0}) is None


async def test_a_transaction_is_committed_as_a_whole_or_not_at_all(database: Database) -> None:
    async with database.connection() as connection:
        await connection.execute("CREATE TABLE numbers (number integer)")

    async def insert_and_fail() -> None:
        async with database.transaction() as connection:
            await connection.execute("INSERT INTO numbers VALUES (1)")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await insert_and_fail()
    async with database.transaction() as connection:
        await connection.execute("INSERT INTO numbers VALUES (2)")
    async with database.connection() as connection:
        assert await connection.column("SELECT number FROM numbers") == [2]


async def test_a_pool_opens_although_the_database_does_not_answer() -> None:
    async with open_pool(NOBODY_LISTENS, "test", max_size=1, timeout_seconds=0.1) as pool:
        with pytest.raises(TransientError, match=r"^The sample database does not answer: PoolTimeout\.$"):
            await Database(pool, "sample").ready()


async def test_a_pool_sets_name_and_options_of_its_connections(url: str) -> None:
    async with (
        open_pool(SecretStr(url), "battle-test", max_size=1, options="-c jit=off -c work_mem=77kB") as pool,
        Database(pool, "sample").connection() as connection,
    ):
        assert await connection.scalar("SHOW application_name") == "battle-test"
        assert await connection.scalar("SHOW work_mem") == "77kB"


async def test_only_one_of_all_blocks_with_a_lock_is_the_single_flight(database: Database) -> None:
    async with (
        database.single_flight(1) as first,
        database.single_flight(1) as second,
        database.single_flight(2) as with_another_lock,
    ):
        assert (first, second, with_another_lock) == (True, False, True)
    async with database.single_flight(1) as afterwards:
        assert afterwards


async def test_a_lost_connection_is_transient(database: Database, url: str) -> None:
    async def lose_the_connection() -> None:
        async with database.connection() as connection:
            pid = await connection.scalar("SELECT pg_backend_pid()")
            with psycopg.connect(url) as killer:
                killer.execute("SELECT pg_terminate_backend(%s)", [pid])
            await connection.execute("SELECT 1")

    with pytest.raises(TransientError, match="The sample database does not answer: AdminShutdown"):
        await lose_the_connection()
    await database.ready()


async def test_a_deadlock_is_transient_for_its_loser(database: Database) -> None:
    barrier = asyncio.Barrier(2)

    async def lock(first: int, second: int) -> None:
        async with database.transaction() as connection:
            await connection.execute("SELECT pg_advisory_xact_lock(%(key)s)", {"key": first})
            await barrier.wait()
            await connection.execute("SELECT pg_advisory_xact_lock(%(key)s)", {"key": second})

    outcomes = await asyncio.gather(lock(1, 2), lock(2, 1), return_exceptions=True)
    losers = [outcome for outcome in outcomes if outcome is not None]
    assert [type(loser) for loser in losers] == [TransientError]
    assert "DeadlockDetected" in str(losers[0])


@pytest.mark.parametrize("way", [Database.connection, Database.transaction])
async def test_a_value_that_fits_no_column_is_permanent(database: Database, way: Callable[[Database], object]) -> None:
    with pytest.raises(PermanentError, match="The sample database cannot hold a value: smallint out of range"):
        async with way(database) as connection:
            await connection.execute("SELECT %(value)s::smallint", {"value": 70_000})


NEWEST = newest_migration(ROOT, "battle-cluster")
MISSING = rf"^The sample database has no migration {NEWEST} yet; its migration Job has not completed\.$"


async def test_a_database_is_ready_once_its_schema_version_is_applied(
    empty: test_databases.Database, dbmate: Callable[..., None]
) -> None:
    async with open_pool(SecretStr(empty.url("battle-close")), "test", max_size=1) as pool:
        database = Database(pool, "sample", NEWEST)
        outbox = Outbox(database, "battles")
        for ready in (database.ready, outbox.ready):
            with pytest.raises(TransientError, match=MISSING):
                await ready()  # not even the table of dbmate exists
        dbmate(empty.owner, "battle-cluster", "up")
        with psycopg.connect(empty.owner) as connection:
            connection.execute('REVOKE SELECT ON schema_migrations FROM "battle-close"')
            connection.execute("DELETE FROM schema_migrations WHERE version = %s", [NEWEST])
        with pytest.raises(TransientError, match=MISSING):
            await database.ready()  # the grant is missing too
        with psycopg.connect(empty.owner) as connection:
            connection.execute('GRANT SELECT ON schema_migrations TO "battle-close"')
        with pytest.raises(TransientError, match=MISSING):
            await database.ready()  # only this migration is missing
        with psycopg.connect(empty.owner) as connection:
            connection.execute("INSERT INTO schema_migrations VALUES (%s), ('20991231235959')", [NEWEST])
        await database.ready()
        assert await outbox.ready() == {"parkedMessages": 0}


async def test_an_applied_schema_version_is_not_looked_up_again(url: str) -> None:
    async with open_pool(SecretStr(url), "test", max_size=1) as pool:
        database = Database(pool, "sample", NEWEST)
        await database.ready()
        with psycopg.connect(url) as connection:
            connection.execute("TRUNCATE schema_migrations")
        await database.ready()
        with pytest.raises(TransientError, match=MISSING):
            await Database(pool, "sample", NEWEST).ready()


async def test_without_a_schema_version_nothing_is_checked(empty: test_databases.Database) -> None:
    async with open_pool(SecretStr(empty.owner), "test", max_size=1) as pool:
        await Database(pool, "sample").ready()


@pytest.mark.parametrize("version", ["", "newest", "2026-11-29", "20261129220000 ", "\u0662"])
def test_schema_version_is_digits(monkeypatch: pytest.MonkeyPatch, version: str) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/nothing")
    monkeypatch.setenv("SCHEMA_VERSION", version)
    with pytest.raises(ValidationError, match="schema_version"):
        DatabaseSettings()
    monkeypatch.setenv("SCHEMA_VERSION", NEWEST)
    assert DatabaseSettings().schema_version == NEWEST
