"""Transactions whose statements do not wait for each other: one for a single killmail is mostly waiting."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from battlescope_events.postgres.database import Connection, Database


@asynccontextmanager
async def pipelined_transaction(database: Database) -> AsyncGenerator[Connection]:
    """A transaction whose statements are sent before the results of earlier ones are read. Raises as `transaction`."""
    async with database.connection() as connection, connection.pipeline(), connection.transaction():
        yield connection
