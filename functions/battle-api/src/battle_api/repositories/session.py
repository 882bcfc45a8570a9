"""Connections to the database of the battle context."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, LiteralString, TypeVar

from psycopg import AsyncConnection, DataError, OperationalError
from psycopg.errors import QueryCanceled
from psycopg.rows import class_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from battle_api.domain.pagination import InvalidCursor
from battlescope_events.errors import TransientError

PING: Final[LiteralString] = "SELECT 1"
Connection = AsyncConnection[tuple[Any, ...]]
T = TypeVar("T")


class Database:
    """The database, whose owner is battle-cluster."""

    def __init__(self, pool: AsyncConnectionPool[Connection]) -> None:
        self._pool = pool

    @asynccontextmanager
    async def session(self) -> AsyncGenerator["Session"]:
        try:
            async with self._connection() as connection:
                yield Session(connection)
        except DataError as error:  # all other values were checked before
            raise InvalidCursor("The cursor is not one that this service gave.") from error

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator["Session"]:
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
        async with self.session() as session:
            await session.scalar(PING, {})


class Session:
    """One request's questions, and in a transaction also its orders."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def plain(self, statement: LiteralString, params: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        cursor = await self._connection.execute(statement, params)
        return await cursor.fetchall() if cursor.description else []

    async def row(self, row_type: type[T], statement: LiteralString, params: Mapping[str, Any]) -> T | None:
        return next(iter(await self.rows(row_type, statement, params)), None)

    async def scalar(self, statement: LiteralString, params: Mapping[str, Any]) -> Any:
        row = await (await self._connection.execute(statement, params)).fetchone()
        return row[0] if row else None

    async def rows(self, row_type: type[T], statement: LiteralString, params: Mapping[str, Any]) -> list[T]:
        cursor = self._connection.cursor(row_factory=class_row(row_type))
        await cursor.execute(statement, params)
        return await cursor.fetchall()
