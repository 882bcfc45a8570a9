"""The ingestion context's database as ingest-verify uses it: transactions, its events' attempts, its outbox."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, LiteralString, TypeVar

from psycopg import AsyncConnection, OperationalError
from psycopg.rows import class_row
from psycopg.types.json import Jsonb
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from battlescope_events.consumer import DeliveryAttempt
from battlescope_events.errors import TransientError
from battlescope_events.messages import Message
from battlescope_events.publisher import Publish

PING: Final[LiteralString] = "SELECT 1"
# A statement here may wait behind the poller, but nobody behind a statement here.
LOCK_TIMEOUT: Final[LiteralString] = "SET LOCAL lock_timeout = '5s'"
SAY: Final[LiteralString] = "INSERT INTO outbox (headers, body) VALUES (%(headers)s::jsonb, %(body)s::bytea)"
SAID_AT_ONCE: Final = 20
# Only our own: other rows may be meant for another Broker than ours.
TAKE_SAID: Final[LiteralString] = """
DELETE FROM outbox WHERE id = ANY(ARRAY(
    SELECT id FROM outbox WHERE headers ->> 'ce-source' = %(source)s::text AND failure IS NULL
    ORDER BY id LIMIT 20 FOR UPDATE SKIP LOCKED
))
RETURNING id, headers, body
"""
ATTEMPT: Final[LiteralString] = """
INSERT INTO event_attempts (source, id, attempts) VALUES (%(source)s, %(id)s, 1)
ON CONFLICT (source, id) DO UPDATE SET attempts = event_attempts.attempts + 1, last_at = now()
RETURNING attempts AS number, handled
"""
HANDLED: Final[LiteralString] = """
UPDATE event_attempts SET handled = true WHERE source = %(source)s AND id = %(id)s
"""
# The Broker keeps events for seven days, so none comes again after eight.
FORGET_OLD_EVENTS: Final[LiteralString] = """
DELETE FROM event_attempts WHERE (source, id) IN (
    SELECT source, id FROM event_attempts WHERE last_at < now() - interval '8 days' LIMIT 20000)
"""
Connection = AsyncConnection[tuple[Any, ...]]
T = TypeVar("T")


class Store:
    def __init__(self, pool: AsyncConnectionPool[Connection]) -> None:
        self._pool = pool

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator["Transaction"]:
        """One transaction; the caller's `async with` commits it."""
        try:
            async with self._pool.connection() as connection, connection.transaction():
                await connection.execute(LOCK_TIMEOUT)
                yield Transaction(connection)
        except (OperationalError, PoolTimeout) as error:
            raise TransientError(f"The ingestion database does not answer: {type(error).__name__}.") from error

    async def execute(self, statement: LiteralString, given: Mapping[str, Any]) -> int:
        """One statement alone; how many rows it touched."""
        async with self.transaction() as session:
            return await session.execute(statement, given)

    async def ping(self) -> None:
        await self.execute(PING, {})

    async def attempt(self, source: str, event_id: str) -> DeliveryAttempt:
        async with self.transaction() as session:
            (attempt,) = await session.fetch_objects(DeliveryAttempt, ATTEMPT, {"source": source, "id": event_id})
        return attempt

    async def mark_processed(self, source: str, event_id: str) -> None:
        await self.execute(HANDLED, {"source": source, "id": event_id})

    async def flush_outbox(self, publish: Publish, source: str) -> None:
        """Say what waits; rows go only when the Broker has their events."""
        while await self._deliver_some(publish, source) == SAID_AT_ONCE:
            pass

    async def _deliver_some(self, publish: Publish, source: str) -> int:
        async with self.transaction() as session:
            fetch_objects = sorted(await session.fetch_rows(TAKE_SAID, {"source": source}))
            await publish([Message(headers, bytes(body)) for _, headers, body in fetch_objects])
        return len(fetch_objects)


class Transaction:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def execute(self, statement: LiteralString, given: Mapping[str, Any]) -> int:
        return (await self._connection.execute(statement, given)).rowcount

    async def fetch_rows(self, statement: LiteralString, given: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        return await (await self._connection.execute(statement, given)).fetchall()

    async def fetch_objects(self, kind: type[T], statement: LiteralString, given: Mapping[str, Any]) -> list[T]:
        cursor = self._connection.cursor(row_factory=class_row(kind))
        await cursor.execute(statement, given)
        return await cursor.fetchall()

    async def enqueue(self, message: Message) -> None:
        await self.execute(SAY, {"headers": Jsonb(dict(message.headers)), "body": message.body})
