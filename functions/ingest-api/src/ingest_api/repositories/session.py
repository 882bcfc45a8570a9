"""The ingestion context's database as ingest-api asks it. Every statement is static; every list has a limit."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, LiteralString, TypeVar

from psycopg import AsyncConnection, OperationalError
from psycopg.errors import QueryCanceled
from psycopg.rows import class_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from battlescope_events.errors import TransientError

READY: Final[LiteralString] = "SELECT 1"
Connection = AsyncConnection[tuple[Any, ...]]
T = TypeVar("T")


class Store:
    def __init__(self, pool: AsyncConnectionPool[Connection]) -> None:
        self._pool = pool

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator["Session"]:
        async with self._connection() as connection:
            yield Session(connection)

    @asynccontextmanager
    async def writing(self) -> AsyncGenerator["Session"]:
        """One transaction; the caller's `async with` commits it."""
        async with self._connection() as connection, connection.transaction():
            yield Session(connection)

    async def ready(self) -> None:
        async with self.reading() as session:
            await session.plain(READY, {})

    @asynccontextmanager
    async def _connection(self) -> AsyncGenerator[Connection]:
        try:
            async with self._pool.connection() as connection:
                yield connection
        except (OperationalError, PoolTimeout, QueryCanceled) as error:
            raise TransientError(f"The ingestion database does not answer: {type(error).__name__}.") from error


class Session:
    """One request's questions, and in a transaction also its orders."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def plain(self, statement: LiteralString, given: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        cursor = await self._connection.execute(statement, given)
        return await cursor.fetchall() if cursor.description else []

    async def rows(self, kind: type[T], statement: LiteralString, given: Mapping[str, Any]) -> list[T]:
        cursor = self._connection.cursor(row_factory=class_row(kind))
        await cursor.execute(statement, given)
        return await cursor.fetchall()

    async def row(self, kind: type[T], statement: LiteralString, given: Mapping[str, Any]) -> T | None:
        return next(iter(await self.rows(kind, statement, given)), None)

    async def scalar(self, statement: LiteralString, given: Mapping[str, Any]) -> Any:
        row = await (await self._connection.execute(statement, given)).fetchone()
        return row[0] if row else None
