import asyncio

import pytest

from battlescope_events.errors import PermanentError
from battlescope_events.postgres.database import Connection, Database
from battlescope_events.postgres.pipelines import pipelined_transaction

INSERT = "INSERT INTO outbox_messages (broker, headers, body) VALUES (%(broker)s, '{}', '')"
TRY_LOCK = "SELECT pg_try_advisory_xact_lock(1)"


async def brokers(database: Database) -> list[str]:
    async with database.connection() as connection:
        return await connection.column("SELECT broker FROM outbox_messages ORDER BY id")


async def insert(connection: Connection, broker: str) -> None:
    await connection.execute(INSERT, {"broker": broker})


async def test_all_statements_are_committed_together(database: Database) -> None:
    async with pipelined_transaction(database) as connection:
        await insert(connection, "first")
        assert await connection.column("SELECT broker FROM outbox_messages") == ["first"]
        assert await brokers(database) == []  # read by another connection
        await insert(connection, "second")
    assert await brokers(database) == ["first", "second"]


async def insert_and_divide(database: Database, divisor: int) -> None:
    async with pipelined_transaction(database) as connection:
        await insert(connection, "first")
        await connection.execute("SELECT 1 / %(divisor)s::integer", {"divisor": divisor})
        await insert(connection, "second")


async def insert_and_raise(database: Database, error: type[BaseException]) -> None:
    async with pipelined_transaction(database) as connection:
        await insert(connection, "first")
        raise error


async def test_a_statement_that_fails_takes_the_others_with_it(database: Database) -> None:
    with pytest.raises(PermanentError):
        await insert_and_divide(database, 0)
    assert await brokers(database) == []


@pytest.mark.parametrize("error", [ValueError, asyncio.CancelledError])
async def test_a_block_that_fails_writes_nothing(database: Database, error: type[BaseException]) -> None:
    with pytest.raises(error):
        await insert_and_raise(database, error)
    assert await brokers(database) == []
    async with pipelined_transaction(database) as connection:
        await insert(connection, "next")
    assert await brokers(database) == ["next"]


async def test_a_lock_of_the_transaction_is_held_until_its_end(database: Database) -> None:
    async with pipelined_transaction(database) as connection:
        assert await connection.scalar(TRY_LOCK)
        await insert(connection, "first")
        async with database.connection() as other:
            assert not await other.scalar(TRY_LOCK)
    async with database.connection() as other:
        assert await other.scalar(TRY_LOCK)


async def test_each_statement_sees_what_others_have_committed_meanwhile(database: Database) -> None:
    async with pipelined_transaction(database) as connection:
        assert await connection.column("SELECT broker FROM outbox_messages") == []
        async with database.connection() as other:
            await insert(other, "other")
        assert await connection.column("SELECT broker FROM outbox_messages") == ["other"]
