"""The way to a function's database: a pool of connections, transactions, and the meaning of the driver's errors."""

import logging
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager, nullcontext
from functools import partial
from typing import Any, Final, LiteralString, TypeVar

from psycopg import AsyncConnection, AsyncCursor, DataError, InterfaceError, OperationalError
from psycopg.errors import InsufficientPrivilege, UndefinedTable
from psycopg.rows import AsyncRowFactory, RowMaker, class_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout
from pydantic import SecretStr

from battlescope_events.errors import PermanentError, TransientError
from battlescope_events.postgres.statements import NumberingCursor
from battlescope_events.postgres.waiting_line import WaitingLine

T = TypeVar("T")
Params = Mapping[str, Any]

PING: Final[LiteralString] = "SELECT 1"
IS_MIGRATED: Final[LiteralString] = """
SELECT EXISTS (SELECT FROM schema_migrations WHERE version = %(version)s::text)"""
TRY_LOCK: Final[LiteralString] = "SELECT pg_try_advisory_xact_lock(%(lock)s::bigint)"
NO_PARAMS: Final[Params] = {}
_log = logging.getLogger(__name__)


class Connection(AsyncConnection[tuple[Any, ...]]):
    """A connection on which repositories run their statements, and read rows as objects."""

    async def rows(self, row_type: type[T], statement: LiteralString, params: Params = NO_PARAMS) -> list[T]:
        """All result rows; the column names are the field names of `row_type`."""
        cursor = self.cursor(row_factory=_rows_of(row_type))
        await cursor.execute(statement, params)
        return await cursor.fetchall()

    async def row(self, row_type: type[T], statement: LiteralString, params: Params = NO_PARAMS) -> T | None:
        """The first result row; None when there is none."""
        cursor = self.cursor(row_factory=class_row(row_type))
        await cursor.execute(statement, params)
        return await cursor.fetchone()

    async def column(self, statement: LiteralString, params: Params = NO_PARAMS) -> list[Any]:
        """The first column of all result rows."""
        return [row[0] for row in await (await self.execute(statement, params)).fetchall()]

    async def scalar(self, statement: LiteralString, params: Params = NO_PARAMS) -> Any:
        """The first column of the first result row; None when there is no row."""
        row = await (await self.execute(statement, params)).fetchone()
        return row[0] if row else None


def _rows_of(row_type: type[T]) -> AsyncRowFactory[T]:
    """A named tuple is made by position: by keywords its rows would take three times as long."""
    fields: tuple[str, ...] | None = getattr(row_type, "_fields", None)
    return class_row(row_type) if fields is None else partial(_named_tuples, row_type, fields)


def _named_tuples(row_type: Any, fields: tuple[str, ...], cursor: AsyncCursor[Any]) -> RowMaker[Any]:
    if cursor.description is None:
        return row_type._make  # a statement without rows
    columns = [column.name for column in cursor.description]
    if sorted(columns) != sorted(fields):
        raise TypeError(f"The columns {columns} are not the fields of {row_type.__name__}.")
    positions = [columns.index(name) for name in fields]
    if positions == sorted(positions):
        return row_type._make
    return lambda values: row_type._make([values[position] for position in positions])


Pool = AsyncConnectionPool[Connection]


@asynccontextmanager
async def open_pool(
    url: SecretStr,
    application_name: str,
    *,
    max_size: int,
    max_idle_seconds: float = 600,
    timeout_seconds: float = 10,
    options: str = "",
) -> AsyncGenerator[Pool]:
    """A pool of connections, closed at the end of the `async with` block.

    It is opened without waiting: a pod that starts from zero answers health checks before PostgreSQL does.

    Args:
        url: of the database, with the role of the function.
        application_name: what PostgreSQL shows for these connections.
        max_size: the largest number of connections.
        max_idle_seconds: how long an unused connection stays open.
        timeout_seconds: how long a caller waits for a connection.
        options: server settings of each connection, as `-c name=value`.
    """
    connection_settings = {
        "autocommit": True,
        "application_name": application_name,
        "cursor_factory": NumberingCursor,
    }
    pool = AsyncConnectionPool(
        url.get_secret_value(),
        connection_class=Connection,
        kwargs=connection_settings | ({"options": options} if options else {}),
        min_size=0,
        max_size=max_size,
        max_idle=max_idle_seconds,
        timeout=timeout_seconds,
        open=False,
    )
    async with pool:
        yield pool


class Database:
    """The database of a context, whose `name` errors and logs show."""

    def __init__(
        self, pool: Pool, name: str, schema_version: str | None = None, line: WaitingLine | None = None
    ) -> None:
        """Make the database of a pool.

        Args:
            pool: of its connections.
            name: what errors and logs call it.
            schema_version: the migration without which the function is not ready; None checks nothing.
            line: where callers wait before they ask the pool, whose timeout then only means that PostgreSQL does not
                answer; None where the concurrency of the function bounds how many ask.
        """
        self._pool = pool
        self._name = name
        self._missing_migration = schema_version
        self._line = line

    @asynccontextmanager
    async def connection(self) -> AsyncGenerator[Connection]:
        """A connection on which each statement is its own transaction.

        Raises:
            OverloadedError: too many wait for a connection.
            TransientError: the database does not answer, or it cancelled a statement, as it does with deadlocks.
            PermanentError: a value does not fit its column.
        """
        slot = nullcontext() if self._line is None else self._line.slot()
        async with slot, self._pooled_connection() as connection:
            yield connection

    @asynccontextmanager
    async def _pooled_connection(self) -> AsyncGenerator[Connection]:
        try:
            async with self._pool.connection() as connection:
                yield connection
        except (OperationalError, InterfaceError, PoolTimeout) as error:
            _log.warning("The %s database failed: %s", self._name, error)  # the sentence below is also for clients
            message = f"The {self._name} database does not answer: {type(error).__name__}."
            raise TransientError(message) from error
        except DataError as error:
            raise PermanentError(f"The {self._name} database cannot hold a value: {error}.") from error

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[Connection]:
        """A connection whose statements are one transaction, committed at the end of the block.

        Raises:
            TransientError, PermanentError: as `connection` does; nothing was written.
        """
        async with self.connection() as connection, connection.transaction():
            yield connection

    @asynccontextmanager
    async def single_flight(self, lock: int) -> AsyncGenerator[bool]:
        """True for the only process that is in a block with this lock, False for all others, which do not wait.

        `lock` is any number that no other lock of this database has.
        """
        async with self.transaction() as connection:
            yield await connection.scalar(TRY_LOCK, {"lock": lock})

    async def ready(self) -> None:
        """Raises `TransientError` while the database does not answer or lacks the schema version."""
        async with self.connection() as connection:
            await connection.execute(PING)
            await self.require_schema(connection)

    async def require_schema(self, connection: Connection) -> None:
        """Check that the migration of the schema version is applied; once it is, no statement runs any more.

        A schema with later migrations is accepted too, so that the previous release goes on beside the next one.

        Raises:
            TransientError: the migration is not applied yet, or this role cannot read which ones are.
        """
        if self._missing_migration is None:
            return
        try:
            is_migrated = await connection.scalar(IS_MIGRATED, {"version": self._missing_migration})
        except (UndefinedTable, InsufficientPrivilege):  # before the first migration, and before the one that grants it
            is_migrated = False
        if not is_migrated:
            raise TransientError(
                f"The {self._name} database has no migration {self._missing_migration} yet; "
                "its migration Job has not completed."
            )
        self._missing_migration = None
