"""Database access of battle-close: battles that are over, the outbox and event deduplication."""

import json
from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, LiteralString

from psycopg import AsyncConnection, OperationalError
from psycopg.rows import class_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from battlescope_events.consumer import DeliveryAttempt
from battlescope_events.errors import TransientError
from battlescope_events.messages import Message
from battlescope_events.publisher import Publish

CLOSE_BATCH: Final = 500
# The watermark is the last entry of the index of live killmails; a backfilled one does not show how far the feed is.
# When battle-cluster commits a battle while this statement runs, PostgreSQL evaluates the inner WHERE again on the
# newest version of the row before it locks it, and the outer statement only sees locked rows. A row that battle-cluster
# still holds is skipped, so that neither waits for the other; the next timer event sees it.
CLOSE_BATTLES: Final[LiteralString] = """
UPDATE battles SET status = 'closed', updated_at = now()
WHERE id = ANY(ARRAY(
    SELECT id FROM battles
    WHERE status = 'open' AND deleted_at IS NULL
        AND last_killmail_at + make_interval(secs => quiet_seconds + %(feed_delay)s::integer)
            < (SELECT occurred_at FROM mails WHERE NOT historical ORDER BY occurred_at DESC LIMIT 1)
    ORDER BY last_killmail_at LIMIT 500 FOR NO KEY UPDATE SKIP LOCKED
))
RETURNING id::text, revision, end_time, total_kills, total_isk_destroyed, total_participants, updated_at AS closed_at
"""
INSERT_OUTBOX: Final[LiteralString] = """
INSERT INTO outbox (headers, body) SELECT headers, convert_to(body, 'UTF8')
FROM json_to_recordset(%(messages)s::json) AS message (headers jsonb, body text)
"""
OUTBOX_BATCH: Final = 100
DEQUEUE_OUTBOX: Final[LiteralString] = """
DELETE FROM outbox WHERE seq = ANY(ARRAY(SELECT seq FROM outbox ORDER BY seq LIMIT 100 FOR UPDATE SKIP LOCKED))
RETURNING seq, headers, body
"""
# Losing this commit only publishes the same events again.
ASYNC_COMMIT: Final[LiteralString] = "SET LOCAL synchronous_commit = off"
COUNT_ATTEMPT: Final[LiteralString] = """
INSERT INTO event_attempts (source, id, attempts) VALUES (%(source)s, %(id)s, 1)
ON CONFLICT (source, id) DO UPDATE SET attempts = event_attempts.attempts + 1, last_at = now()
RETURNING attempts, handled
"""
MARK_PROCESSED: Final[LiteralString] = """
UPDATE event_attempts SET handled = true WHERE source = %(source)s AND id = %(id)s
"""
Connection = AsyncConnection[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class ClosedBattle:
    """A battle that was just closed."""

    id: str
    revision: int
    end_time: datetime
    total_kills: int
    total_isk_destroyed: Decimal
    total_participants: int
    closed_at: datetime


class Database:
    def __init__(self, pool: AsyncConnectionPool[Connection]) -> None:
        self._pool = pool

    @asynccontextmanager
    async def _connection(self) -> AsyncGenerator[Connection]:
        """Turns errors of the database into `TransientError`."""
        try:
            async with self._pool.connection() as connection:
                yield connection
        except (OperationalError, PoolTimeout) as error:
            raise TransientError(f"The battle database does not answer: {type(error).__name__}.") from error

    @asynccontextmanager
    async def unit_of_work(self) -> AsyncGenerator["UnitOfWork"]:
        """A transaction; it is committed at the end of the `async with` block."""
        async with self._connection() as connection, connection.transaction():
            yield UnitOfWork(connection)

    async def ready(self) -> None:
        async with self._connection() as connection:
            await connection.execute("SELECT 1")

    async def flush_outbox(self, publish: Publish) -> None:
        """Publish all messages of the outbox, also those of other functions.

        Rows are deleted once the Broker has accepted their events.
        """
        while await self._publish_outbox_batch(publish):
            pass

    async def _publish_outbox_batch(self, publish: Publish) -> bool:
        """Whether the outbox may hold more."""
        async with self._connection() as connection, connection.transaction():
            async with connection.pipeline():
                await connection.execute(ASYNC_COMMIT)
                cursor = await connection.execute(DEQUEUE_OUTBOX)
            rows = sorted(await cursor.fetchall())
            await publish([Message(headers, bytes(body)) for _, headers, body in rows])
            return len(rows) == OUTBOX_BATCH

    async def attempt(self, source: str, event_id: str) -> DeliveryAttempt:
        """See `Deduplicator`."""
        async with self._connection() as connection:
            cursor = await connection.execute(COUNT_ATTEMPT, {"source": source, "id": event_id})
            row = await cursor.fetchone()
        assert row is not None  # noqa: S101  # an upsert with RETURNING always returns its row
        return DeliveryAttempt(*row)

    async def mark_processed(self, source: str, event_id: str) -> None:
        """See `Deduplicator`."""
        async with self._connection() as connection:
            await connection.execute(MARK_PROCESSED, {"source": source, "id": event_id})


class UnitOfWork:
    """Closed battles and their messages in one transaction, which `Database.unit_of_work` commits."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def close_battles(self, feed_delay: int) -> list[ClosedBattle]:
        """Close up to `CLOSE_BATCH` battles that are over; `feed_delay` is in seconds."""
        cursor = self._connection.cursor(row_factory=class_row(ClosedBattle))
        await cursor.execute(CLOSE_BATTLES, {"feed_delay": feed_delay})
        return await cursor.fetchall()

    async def enqueue(self, messages: Sequence[Message]) -> None:
        """Write messages into the outbox; they are published after the commit."""
        rows = [{"headers": dict(message.headers), "body": message.body.decode()} for message in messages]
        if rows:
            await self._connection.execute(INSERT_OUTBOX, {"messages": json.dumps(rows)})
