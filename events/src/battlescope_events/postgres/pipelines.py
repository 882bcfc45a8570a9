"""Transactions without BEGIN and COMMIT, whose statements do not wait for each other.

A short transaction is mostly waiting and the driver's own work: `transaction` inside of `pipeline` takes more than
twice the CPU of this.
"""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from battlescope_events.postgres.database import Connection, Database


@asynccontextmanager
async def pipelined_transaction(database: Database) -> AsyncGenerator[Connection]:
    """A transaction whose statements are sent before the results of earlier ones are read. Raises as `transaction`.

    PostgreSQL takes everything up to the end of a pipeline as one transaction. Inside of the block do not call
    `pipeline` or `transaction`, which would commit what was sent before.
    """
    async with database.connection() as connection, connection.pipeline():
        try:
            yield connection
        except BaseException:
            await connection.close()  # the end of the pipeline would commit what was sent
            raise
