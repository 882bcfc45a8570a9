"""Access to the database of the ingestion context: connections and transactions. ingest-poll owns its tables."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, LiteralString, TypeVar

from psycopg import OperationalError
from psycopg.errors import QueryCanceled
from psycopg.rows import class_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from battlescope_events.errors import TransientError
from battlescope_events.postgres.database import Connection

PING: Final[LiteralString] = "SELECT 1"
T = TypeVar("T")


class Database:
    """A connection pool.

    Sessions raise TransientError when the database does not respond or a statement exceeds its timeout.
    """

    def __init__(self, pool: AsyncConnectionPool[Connection]) -> None:
        self._pool = pool

    @asynccontextmanager
    async def session(self) -> AsyncGenerator["Session"]:
        """A session for reading; each statement is its own transaction."""
        async with self._connection() as connection:
            yield Session(connection)

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator["Session"]:
        """A session whose statements are one transaction, committed at the end of `async with`."""
        async with self._connection() as connection, connection.transaction():
            yield Session(connection)

    async def ready(self) -> None:
        async with self.session() as session:
            await session.execute(PING, {})

    @asynccontextmanager
    async def _connection(self) -> AsyncGenerator[Connection]:
        try:
            async with self._pool.connection() as connection:
                yield connection
        except (OperationalError, PoolTimeout, QueryCanceled) as error:
            raise TransientError(f"The ingestion database does not respond: {type(error).__name__}.") from error


class Session:
    """Executes statements on one connection."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def execute(self, statement: LiteralString, params: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        """The result rows as tuples; empty for a statement without a result."""
        cursor = await self._connection.execute(statement, params)
        return await cursor.fetchall() if cursor.description else []

    async def rows(self, row_type: type[T], statement: LiteralString, params: Mapping[str, Any]) -> list[T]:
        """All result rows; the column names are the field names of `row_type`."""
        cursor = self._connection.cursor(row_factory=class_row(row_type))
        await cursor.execute(statement, params)
        return await cursor.fetchall()

    async def row(self, row_type: type[T], statement: LiteralString, params: Mapping[str, Any]) -> T | None:
        """The first result row; None when there is none."""
        return next(iter(await self.rows(row_type, statement, params)), None)

    async def scalar(self, statement: LiteralString, params: Mapping[str, Any]) -> Any:
        """The first column of the first result row; None when there is no row."""
        row = await (await self._connection.execute(statement, params)).fetchone()
        return row[0] if row else None
