"""Connections to the database of the battle context."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, LiteralString, TypeVar

from psycopg import AsyncConnection, DataError, OperationalError
from psycopg.errors import QueryCanceled
from psycopg.rows import class_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from battle_api.domain.pagination import BadCursor
from battlescope_events.errors import TransientError

READY: Final[LiteralString] = "SELECT 1"
Connection = AsyncConnection[tuple[Any, ...]]
T = TypeVar("T")


class Store:
    """The database, whose owner is battle-cluster."""

    def __init__(self, pool: AsyncConnectionPool[Connection]) -> None:
        self._pool = pool

    @asynccontextmanager
    async def reading(self) -> AsyncGenerator["Session"]:
        try:
            async with self._connection() as connection:
                yield Session(connection)
        except DataError as error:  # all other values were checked before
            raise BadCursor("The cursor is not one that this service gave.") from error

    @asynccontextmanager
    async def writing(self) -> AsyncGenerator["Session"]:
        """One transaction; the caller's `async with` commits it."""
        async with self._connection() as connection, connection.transaction():
            yield Session(connection)

    @asynccontextmanager
    async def _connection(self) -> AsyncGenerator[Connection]:
        try:
            async with self._pool.connection() as connection:
                yield connection
        except (OperationalError, PoolTimeout, QueryCanceled) as error:
            raise TransientError(f"The battle database does not answer: {type(error).__name__}.") from error

    async def ready(self) -> None:
        async with self.reading() as reading:
            await reading.scalar(READY, {})


class Session:
    """One request's questions, and in a transaction also its orders."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def plain(self, statement: LiteralString, given: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        cursor = await self._connection.execute(statement, given)
        return await cursor.fetchall() if cursor.description else []

    async def row(self, kind: type[T], statement: LiteralString, given: Mapping[str, Any]) -> T | None:
        return next(iter(await self.rows(kind, statement, given)), None)

    async def scalar(self, statement: LiteralString, given: Mapping[str, Any]) -> Any:
        row = await (await self._connection.execute(statement, given)).fetchone()
        return row[0] if row else None

    async def rows(self, kind: type[T], statement: LiteralString, given: Mapping[str, Any]) -> list[T]:
        cursor = self._connection.cursor(row_factory=class_row(kind))
        await cursor.execute(statement, given)
        return await cursor.fetchall()
