"""Connections to the killmail database, and the translation of the driver's errors."""

from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager

from psycopg import AsyncConnection, DataError, InterfaceError, OperationalError
from psycopg.rows import TupleRow
from psycopg_pool import PoolTimeout

from battlescope_events.postgres import database
from killmail_enrich.errors import Unavailable, Unusable

Pool = database.Pool


@asynccontextmanager
async def connected(pool: Pool) -> AsyncGenerator[AsyncConnection[TupleRow]]:
    """A connection of the pool; each statement is a transaction of its own, unless the caller opens one.

    Raises:
        Unavailable: the database does not answer, or cancelled a statement.
        Unusable: a value does not fit its column.
    """
    try:
        async with pool.connection() as connection:
            yield connection
    except (OperationalError, InterfaceError, PoolTimeout) as error:
        raise Unavailable(f"The killmail database does not answer: {error!r}.") from error
    except DataError as error:
        raise Unusable(f"The killmail database cannot hold a value: {error}.") from error


def bigint_array(numbers: Iterable[int]) -> str:
    """A bigint[] as text: the driver takes ten times as long to write a list."""
    return f"{{{','.join(map(str, numbers))}}}"
