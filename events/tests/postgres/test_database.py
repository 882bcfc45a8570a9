import asyncio
from collections.abc import Callable
from dataclasses import dataclass

import psycopg
import pytest
from pydantic import SecretStr

from battlescope_events.errors import PermanentError, TransientError
from battlescope_events.postgres.database import Database, open_pool

NOBODY_LISTENS = SecretStr("postgresql://nobody@127.0.0.1:1/nothing")


@dataclass(frozen=True)
class Pair:
    number: int
    text: str


async def test_rows_become_objects(database: Database) -> None:
    statement = "SELECT number, 'n' || number AS text FROM generate_series(1, %(last)s::integer) AS number"
    async with database.connection() as connection:
        assert await connection.rows(Pair, statement, {"last": 2}) == [Pair(1, "n1"), Pair(2, "n2")]
        assert await connection.row(Pair, statement, {"last": 2}) == Pair(1, "n1")
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
            await connection.execute("SELECT pg_advisory_xact_lock(%s)", [first])
            await barrier.wait()
            await connection.execute("SELECT pg_advisory_xact_lock(%s)", [second])

    outcomes = await asyncio.gather(lock(1, 2), lock(2, 1), return_exceptions=True)
    losers = [outcome for outcome in outcomes if outcome is not None]
    assert [type(loser) for loser in losers] == [TransientError]
    assert "DeadlockDetected" in str(losers[0])


@pytest.mark.parametrize("way", [Database.connection, Database.transaction])
async def test_a_value_that_fits_no_column_is_permanent(database: Database, way: Callable[[Database], object]) -> None:
    with pytest.raises(PermanentError, match="The sample database cannot hold a value: smallint out of range"):
        async with way(database) as connection:  # type: ignore[attr-defined]
            await connection.execute("SELECT %s::smallint", [70_000])
