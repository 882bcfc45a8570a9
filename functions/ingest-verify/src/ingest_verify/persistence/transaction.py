"""The ingestion database: transactions, the deduplication of consumed events, and the outbox."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, LiteralString, TypeVar

from psycopg import OperationalError
from psycopg.rows import class_row
from psycopg.types.json import Jsonb
from psycopg_pool import AsyncConnectionPool, PoolTimeout

from battlescope_events.consumer import DeliveryAttempt
from battlescope_events.errors import TransientError
from battlescope_events.messages import Message
from battlescope_events.postgres.database import Connection
from battlescope_events.publisher import Publish

PING: Final[LiteralString] = "SELECT 1"
# A waiting statement also blocks those behind it, ingest-poll's too, so it gives up soon.
LOCK_TIMEOUT: Final[LiteralString] = "SET LOCAL lock_timeout = '5s'"
ENQUEUE: Final[LiteralString] = "INSERT INTO outbox (headers, body) VALUES (%(headers)s::jsonb, %(body)s::bytea)"
OUTBOX_BATCH: Final = 20
# Only this function's messages: those of other functions may be for another Broker.
DEQUEUE: Final[LiteralString] = """
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
MARK_PROCESSED: Final[LiteralString] = """
UPDATE event_attempts SET handled = true WHERE source = %(source)s AND id = %(id)s
"""
# The Broker keeps events for seven days, so none is redelivered after eight.
FORGET_OLD_EVENTS: Final[LiteralString] = """
DELETE FROM event_attempts WHERE (source, id) IN (
    SELECT source, id FROM event_attempts WHERE last_at < now() - interval '8 days' LIMIT 20000)
"""
T = TypeVar("T")


class Store:
    def __init__(self, pool: AsyncConnectionPool[Connection]) -> None:
        self._pool = pool

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator["Transaction"]:
        """One transaction, committed at the end of the caller's `async with`.

        Raises:
            TransientError: the database does not respond.
        """
        try:
            async with self._pool.connection() as connection, connection.transaction():
                await connection.execute(LOCK_TIMEOUT)
                yield Transaction(connection)
        except (OperationalError, PoolTimeout) as error:
            raise TransientError(f"The ingestion database does not respond: {type(error).__name__}.") from error

    async def execute(self, statement: LiteralString, params: Mapping[str, Any]) -> int:
        """One statement in its own transaction; returns the number of affected rows."""
        async with self.transaction() as transaction:
            return await transaction.execute(statement, params)

    async def ping(self) -> None:
        await self.execute(PING, {})

    async def attempt(self, source: str, event_id: str) -> DeliveryAttempt:
        """Count a delivery of an event."""
        async with self.transaction() as transaction:
            (row,) = await transaction.fetch_rows(ATTEMPT, {"source": source, "id": event_id})
        return DeliveryAttempt(*row)

    async def mark_processed(self, source: str, event_id: str) -> None:
        await self.execute(MARK_PROCESSED, {"source": source, "id": event_id})

    async def flush_outbox(self, publish: Publish, source: str) -> None:
        """Publish the outbox messages of `source`; a row is deleted only once the Broker has its event."""
        while await self._flush_batch(publish, source) == OUTBOX_BATCH:
            pass

    async def _flush_batch(self, publish: Publish, source: str) -> int:
        async with self.transaction() as transaction:
            rows = sorted(await transaction.fetch_rows(DEQUEUE, {"source": source}))
            await publish([Message(headers, bytes(body)) for _, headers, body in rows])
        return len(rows)


class Transaction:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def execute(self, statement: LiteralString, params: Mapping[str, Any]) -> int:
        """Returns the number of affected rows."""
        return (await self._connection.execute(statement, params)).rowcount

    async def fetch_rows(self, statement: LiteralString, params: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        return await (await self._connection.execute(statement, params)).fetchall()

    async def fetch_objects(self, row_type: type[T], statement: LiteralString, params: Mapping[str, Any]) -> list[T]:
        """Rows as instances of `row_type`, whose fields are the statement's columns."""
        cursor = self._connection.cursor(row_factory=class_row(row_type))
        await cursor.execute(statement, params)
        return await cursor.fetchall()

    async def enqueue(self, message: Message) -> None:
        """Add a message to the outbox."""
        await self.execute(ENQUEUE, {"headers": Jsonb(dict(message.headers)), "body": message.body})
