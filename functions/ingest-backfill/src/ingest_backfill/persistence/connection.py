"""The ingestion context's database: one place where its faults become ours, and the outbox of Broker `backfill`."""

import json
from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, LiteralString

from psycopg import AsyncConnection, OperationalError
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from battlescope_events.messages import Message
from battlescope_events.publisher import Publish
from ingest_backfill.errors import UnavailableError

Connection = AsyncConnection[tuple[Any, ...]]
Pool = AsyncConnectionPool[Connection]

SAY: Final[LiteralString] = """
INSERT INTO backfill_outbox (headers, body) SELECT headers, convert_to(body, 'UTF8')
FROM json_to_recordset(%(rows)s::json) AS said (headers jsonb, body text)"""
SAID_AT_ONCE: Final = 100
TAKE_SAID: Final[LiteralString] = """
DELETE FROM backfill_outbox
WHERE id = ANY(ARRAY(SELECT id FROM backfill_outbox ORDER BY id LIMIT 100 FOR UPDATE SKIP LOCKED))
RETURNING id, headers, body"""
# The loss of this commit would only say the same events again.
WITHOUT_WAITING: Final[LiteralString] = "SET LOCAL synchronous_commit = off"


@asynccontextmanager
async def connected(pool: Pool) -> AsyncGenerator[Connection]:
    try:
        async with pool.connection() as connection:
            yield connection
    except (OperationalError, PoolTimeout) as error:
        raise UnavailableError(f"The ingestion database does not answer: {type(error).__name__}: {error}.") from error


async def execute(pool: Pool, statement: LiteralString, values: Mapping[str, Any]) -> None:
    async with connected(pool) as connection:
        await connection.execute(statement, values)


async def enqueue(connection: Connection, messages: Sequence[Message]) -> None:
    """In the caller's transaction: what it decided and what is said of it stand or fall together."""
    if messages:
        rows = [{"headers": dict(message.headers), "body": message.body.decode()} for message in messages]
        await connection.execute(SAY, {"rows": json.dumps(rows)})


async def flush_outbox(pool: Pool, publish: Publish) -> None:
    """Say what waits in the outbox, whoever left it there; rows go only when the Broker has their events."""
    while await _deliver_some(pool, publish) == SAID_AT_ONCE:
        pass


async def _deliver_some(pool: Pool, publish: Publish) -> int:
    async with connected(pool) as connection, connection.transaction():
        await connection.execute(WITHOUT_WAITING)
        rows = sorted(await (await connection.execute(TAKE_SAID)).fetchall())
        await publish([Message(headers, bytes(body)) for _, headers, body in rows])
        return len(rows)
