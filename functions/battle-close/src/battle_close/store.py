"""The battle context's database as battle-close uses it: battles that are over, and what is to be said of them."""

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

MOST_AT_ONCE: Final = 500
# The watermark is the last entry of the index of live mails; a back-filled mail says nothing about how far the feed is.
# A battle that battle-cluster commits while this runs is judged again as it then is: PostgreSQL repeats the inner WHERE
# on the newest version of a row before it locks it, and the outer statement can only meet rows that are locked. One
# that battle-cluster still holds is passed over, so that neither waits for the other; the next tick sees it.
CLOSE: Final[LiteralString] = """
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
SAY: Final[LiteralString] = """
INSERT INTO outbox (headers, body) SELECT headers, convert_to(body, 'UTF8')
FROM json_to_recordset(%(rows)s::json) AS said (headers jsonb, body text)
"""
SAID_AT_ONCE: Final = 100
TAKE_SAID: Final[LiteralString] = """
DELETE FROM outbox WHERE seq = ANY(ARRAY(SELECT seq FROM outbox ORDER BY seq LIMIT 100 FOR UPDATE SKIP LOCKED))
RETURNING seq, headers, body
"""
# The loss of this commit would only say the same events again.
WITHOUT_WAITING: Final[LiteralString] = "SET LOCAL synchronous_commit = off"
ATTEMPT: Final[LiteralString] = """
INSERT INTO event_attempts (source, id, attempts) VALUES (%(source)s, %(id)s, 1)
ON CONFLICT (source, id) DO UPDATE SET attempts = event_attempts.attempts + 1, last_at = now()
RETURNING attempts AS number, handled
"""
HANDLED: Final[LiteralString] = """
UPDATE event_attempts SET handled = true WHERE source = %(source)s AND id = %(id)s
"""
Connection = AsyncConnection[tuple[Any, ...]]


@dataclass(frozen=True, slots=True)
class Closed:
    """A battle at the moment of its closing."""

    id: str
    revision: int
    end_time: datetime
    total_kills: int
    total_isk_destroyed: Decimal
    total_participants: int
    closed_at: datetime


class Store:
    def __init__(self, pool: AsyncConnectionPool[Connection]) -> None:
        self._pool = pool

    @asynccontextmanager
    async def _connection(self) -> AsyncGenerator[Connection]:
        """The one place where faults of the database become ours."""
        try:
            async with self._pool.connection() as connection:
                yield connection
        except (OperationalError, PoolTimeout) as error:
            raise TransientError(f"The battle database does not answer: {type(error).__name__}.") from error

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator["Transaction"]:
        async with self._connection() as connection, connection.transaction():
            yield Transaction(connection)

    async def ready(self) -> None:
        async with self._connection() as connection:
            await connection.execute("SELECT 1")

    async def flush_outbox(self, publish: Publish) -> None:
        """Say what waits in the outbox, whoever left it there; rows go only when the Broker has their events."""
        while await self._deliver_some(publish):
            pass

    async def _deliver_some(self, publish: Publish) -> bool:
        async with self._connection() as connection, connection.transaction():
            async with connection.pipeline():
                await connection.execute(WITHOUT_WAITING)
                cursor = await connection.execute(TAKE_SAID)
            rows = sorted(await cursor.fetchall())
            await publish([Message(headers, bytes(body)) for _, headers, body in rows])
            return len(rows) == SAID_AT_ONCE

    async def attempt(self, source: str, event_id: str) -> DeliveryAttempt:
        async with self._connection() as connection:
            cursor = connection.cursor(row_factory=class_row(DeliveryAttempt))
            await cursor.execute(ATTEMPT, {"source": source, "id": event_id})
            attempt = await cursor.fetchone()
        assert attempt is not None  # noqa: S101  # an upsert that returns always returns
        return attempt

    async def mark_processed(self, source: str, event_id: str) -> None:
        async with self._connection() as connection:
            await connection.execute(HANDLED, {"source": source, "id": event_id})


class Transaction:
    """Some battles closed together with what is said of them; the caller's `async with` commits it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def close(self, feed_delay: int) -> list[Closed]:
        cursor = self._connection.cursor(row_factory=class_row(Closed))
        await cursor.execute(CLOSE, {"feed_delay": feed_delay})
        return await cursor.fetchall()

    async def say(self, messages: Sequence[Message]) -> None:
        said = [{"headers": dict(message.headers), "body": message.body.decode()} for message in messages]
        if said:
            await self._connection.execute(SAY, {"rows": json.dumps(said)})
