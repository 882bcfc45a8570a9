"""The outbox: messages are written in the transaction that they describe, and deleted once the Broker has them.

A message that the Broker refuses for good is parked: it stays in its row with the reason, out of the way of the others,
until an operator retries or deletes it (`battlescope outbox`). Each row names its Broker, because functions that share
a database may publish to different ones.
"""

import asyncio
import logging
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, LiteralString, NamedTuple

from msgspec.json import encode

from battlescope_events.errors import TransientError
from battlescope_events.messages import Message
from battlescope_events.postgres.database import Connection, Database
from battlescope_events.publisher import MessageRefused, Publish, PublishingInterrupted

BATCH_SIZE: Final = 200
"""Messages per transaction: some 50 ms of publishing, and no more than these are published again after a crash."""

INSERT_MESSAGES: Final[LiteralString] = """
INSERT INTO outbox_messages (broker, headers, body) SELECT %(broker)s::text, headers, convert_to(body, 'UTF8')
FROM json_to_recordset(%(messages)s::json) AS message (headers jsonb, body text)
RETURNING id
"""
SELECT_WAITING: Final[LiteralString] = """
SELECT id, headers, body FROM outbox_messages WHERE broker = %(broker)s::text AND parked_at IS NULL
ORDER BY id LIMIT %(batch_size)s::integer FOR UPDATE SKIP LOCKED
"""
DELETE_PUBLISHED: Final[LiteralString] = "DELETE FROM outbox_messages WHERE id = ANY(%(ids)s::bigint[])"
PARK_REFUSED: Final[LiteralString] = """
UPDATE outbox_messages AS message SET parked_at = now(), parked_reason = refused.reason
FROM unnest(%(ids)s::bigint[], %(reasons)s::text[]) AS refused (id, reason) WHERE message.id = refused.id
"""
COUNT_PARKED: Final[LiteralString] = """
SELECT count(*) FROM outbox_messages WHERE broker = %(broker)s::text AND parked_at IS NOT NULL
"""
# Losing this commit only publishes the same messages again, under the same ids.
# No SET LOCAL, which PostgreSQL refuses where nothing but a pipeline makes the transaction.
COMMIT_ASYNCHRONOUSLY: Final[LiteralString] = "SELECT set_config('synchronous_commit', 'off', true)"
_log = logging.getLogger(__name__)


class Enqueued(NamedTuple):
    """Messages of a transaction, and the ids of the outbox rows that hold them."""

    messages: tuple[Message, ...] = ()
    ids: tuple[int, ...] = ()


class _Row(NamedTuple):
    id: int
    message: Message


@dataclass
class _Outcome:
    """What became of some rows. failure: the Broker does not accept the others now."""

    published_ids: list[int] = field(default_factory=list[int])
    refused: dict[int, str] = field(default_factory=dict[int, str])
    failure: TransientError | None = None


class Outbox:
    """The messages of one Broker in one database. Several processes may flush it at once and share the work."""

    def __init__(self, database: Database, broker: str, *, batch_size: int = BATCH_SIZE, lanes: int = 1) -> None:
        """`lanes`: how many calls of `publish` run at once; messages with the same partition key share a lane."""
        self._database = database
        self._broker = broker
        self._batch_size = batch_size
        self._lanes = lanes
        self._published_ids: list[int] = []
        self._may_have_rows = True  # an earlier process may have died before it published
        self._failures = 0

    def insert_params(self, messages: Sequence[Message]) -> dict[str, Any]:
        """The parameters of `INSERT_MESSAGES`, also where it is a part of a larger statement."""
        rows = [{"headers": dict(message.headers), "body": message.body.decode()} for message in messages]
        return {"broker": self._broker, "messages": encode(rows).decode()}

    async def enqueue(self, connection: Connection, messages: Sequence[Message]) -> Enqueued:
        """Write messages in the transaction of `connection`; publish them after its commit."""
        if not messages:
            return Enqueued()
        return Enqueued(tuple(messages), tuple(await connection.column(INSERT_MESSAGES, self.insert_params(messages))))

    async def publish_committed(self, enqueued: Enqueued, publish: Publish) -> None:
        """Publish messages that were just committed, without reading them again.

        Their rows are deleted by `PostgresDeduplicator`, together with its record of the event, or by
        `delete_published` in a later transaction, or by the next flush.

        Raises:
            TransientError: the Broker does not accept a message now; the rows stay for the next flush.
        """
        if self._may_have_rows:
            await self.flush(publish)
            return
        rows = [_Row(row_id, message) for row_id, message in zip(enqueued.ids, enqueued.messages, strict=True)]
        outcomes = await asyncio.gather(*(_publish_lane(lane, publish) for lane in self._in_lanes(rows)))
        failure = next((outcome.failure for outcome in outcomes if outcome.failure), None)
        if failure is not None:
            self._may_have_rows = True
            raise failure
        if any(outcome.refused for outcome in outcomes):
            await self.flush(publish)  # parks what is refused; consumers know the others by their ids
        else:
            self._published_ids += enqueued.ids

    async def delete_published(self, connection: Connection) -> None:
        """Delete the rows that `publish_committed` has published, in a transaction that runs anyway.

        If it is rolled back, the next flush publishes them again, under the same ids.
        """
        ids = self.take_published_ids()
        if ids:
            await connection.execute(DELETE_PUBLISHED, {"ids": ids})

    def take_published_ids(self) -> list[int]:
        """The rows that `publish_committed` has published and nobody has deleted; the caller deletes them."""
        ids, self._published_ids = self._published_ids, []
        return ids

    async def flush(self, publish: Publish) -> None:
        """Publish every waiting message, those of other processes and of dead ones too; park those that are refused.

        Raises:
            TransientError: the Broker or the database does not answer; what is not published stays.
        """
        self._may_have_rows = True
        failures_before, is_finished = self._failures, False
        try:
            while await self._flush_batch(publish):
                pass
            is_finished = True
        finally:
            self._failures += not is_finished
            # Rows that another flush held meanwhile were skipped; if it failed, they still wait.
            self._may_have_rows = self._failures != failures_before

    async def ready(self) -> dict[str, int]:
        """What a readiness answer shows: how many messages are parked. Raises `TransientError` as `Database.ready`."""
        async with self._database.connection() as connection:
            await self._database.require_schema(connection)
            return {"parkedMessages": await connection.scalar(COUNT_PARKED, {"broker": self._broker})}

    async def _flush_batch(self, publish: Publish) -> bool:
        """Whether there may be more."""
        async with self._database.transaction() as connection:
            rows = await self._lock_waiting(connection)
            if not rows:
                return False
            outcomes = await asyncio.gather(*(_publish_lane(lane, publish) for lane in self._in_lanes(rows)))
            await _record(connection, outcomes)
        for outcome in outcomes:
            if outcome.failure:
                raise outcome.failure
        return len(rows) == self._batch_size

    async def _lock_waiting(self, connection: Connection) -> list[_Row]:
        published_ids = self.take_published_ids()  # so that they are not published again
        async with connection.pipeline():
            await connection.execute(COMMIT_ASYNCHRONOUSLY)
            if published_ids:
                await connection.execute(DELETE_PUBLISHED, {"ids": published_ids})
            cursor = await connection.execute(SELECT_WAITING, {"broker": self._broker, "batch_size": self._batch_size})
        return [_Row(row_id, Message(headers, bytes(body))) for row_id, headers, body in await cursor.fetchall()]

    def _in_lanes(self, rows: Sequence[_Row]) -> list[list[_Row]]:
        lanes: list[list[_Row]] = [[] for _ in range(self._lanes)]
        for row in rows:
            key = row.message.headers.get("ce-partitionkey", "")
            lanes[zlib.crc32(key.encode()) % self._lanes].append(row)
        return [lane for lane in lanes if lane]


async def _publish_lane(rows: Sequence[_Row], publish: Publish) -> _Outcome:
    try:
        await publish([row.message for row in rows])
    except MessageRefused as error:
        refused = _refused(rows, error.reasons)
        return _Outcome([row.id for row in rows if row.id not in refused], refused)
    except PublishingInterrupted as error:
        published_ids = [row.id for row in rows if row.message.id in error.durable_ids]
        return _Outcome(published_ids, _refused(rows, error.reasons), error)
    except TransientError as error:
        return _Outcome(failure=error)
    return _Outcome([row.id for row in rows])


def _refused(rows: Sequence[_Row], reasons: Mapping[str, str]) -> dict[int, str]:
    """The reason for each row whose message is refused."""
    refused = {row.id: reasons[row.message.id] for row in rows if row.message.id in reasons}
    for row in rows:
        if row.id in refused:
            context = {"refused_event": row.message.id, "type": row.message.type, "outbox_id": row.id}
            _log.error("A message is parked in the outbox: %s", refused[row.id], extra={"context": context})
    return refused


async def _record(connection: Connection, outcomes: Sequence[_Outcome]) -> None:
    published_ids = [row_id for outcome in outcomes for row_id in outcome.published_ids]
    refused = {row_id: reason for outcome in outcomes for row_id, reason in outcome.refused.items()}
    if published_ids:
        await connection.execute(DELETE_PUBLISHED, {"ids": published_ids})
    if refused:
        await connection.execute(PARK_REFUSED, {"ids": list(refused), "reasons": list(refused.values())})
