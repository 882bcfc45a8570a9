"""Connections to the ingestion database with its errors translated, and the outbox of the Broker `backfill`."""

import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, LiteralString

from psycopg import OperationalError
from psycopg_pool import PoolTimeout

from battlescope_events.messages import Message
from battlescope_events.postgres import database
from battlescope_events.publisher import Publish
from ingest_backfill.errors import UnavailableError

Connection = database.Connection
Pool = database.Pool

ENQUEUE: Final[LiteralString] = """
INSERT INTO backfill_outbox (headers, body) SELECT headers, convert_to(body, 'UTF8')
FROM json_to_recordset(%(rows)s::json) AS message (headers jsonb, body text)"""
OUTBOX_BATCH: Final = 100
DEQUEUE: Final[LiteralString] = """
DELETE FROM backfill_outbox
WHERE id = ANY(ARRAY(SELECT id FROM backfill_outbox ORDER BY id LIMIT 100 FOR UPDATE SKIP LOCKED))
RETURNING id, headers, body"""
# If this commit is lost, the same events are published again under the same ids.
COMMIT_ASYNCHRONOUSLY: Final[LiteralString] = "SET LOCAL synchronous_commit = off"


@asynccontextmanager
async def connected(pool: Pool) -> AsyncGenerator[Connection]:
    """A pooled connection; raises UnavailableError if the database does not respond."""
    try:
        async with pool.connection() as connection:
            yield connection
    except (OperationalError, PoolTimeout) as error:
        raise UnavailableError(f"The ingestion database does not respond: {type(error).__name__}: {error}.") from error


async def execute(pool: Pool, statement: LiteralString, params: Mapping[str, Any]) -> None:
    async with connected(pool) as connection:
        await connection.execute(statement, params)


async def enqueue(connection: Connection, messages: Sequence[Message]) -> None:
    """Add messages to the outbox in the caller's transaction, so they commit together with its changes."""
    if messages:
        rows = [{"headers": dict(message.headers), "body": message.body.decode()} for message in messages]
        await connection.execute(ENQUEUE, {"rows": json.dumps(rows)})


async def flush_outbox(pool: Pool, publish: Publish) -> None:
    """Publish every outbox message, those of dead workers too; a row is deleted only once the Broker has its event."""
    while await _flush_batch(pool, publish) == OUTBOX_BATCH:
        pass


async def _flush_batch(pool: Pool, publish: Publish) -> int:
    async with connected(pool) as connection, connection.transaction():
        await connection.execute(COMMIT_ASYNCHRONOUSLY)
        rows = sorted(await (await connection.execute(DEQUEUE)).fetchall())
        await publish([Message(headers, bytes(body)) for _, headers, body in rows])
        return len(rows)
