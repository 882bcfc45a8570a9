"""The deduplication of consumed events: how often the processing of each was begun, and whether it was finished.

Attempts are counted at once, so that a crash counts too. Finished events are recorded together a moment later, which
halves the cost of deduplication: this process knows them at once, others after the delay, and a crash forgets them,
which costs work only.
"""

import asyncio
import logging
from collections import OrderedDict
from typing import Final, LiteralString

from battlescope_events.background import start_in_background
from battlescope_events.consumer import DeliveryAttempt
from battlescope_events.errors import TransientError
from battlescope_events.postgres.database import Database
from battlescope_events.postgres.outbox import COMMIT_ASYNCHRONOUSLY, DELETE_PUBLISHED, Outbox
from battlescope_events.postgres.pipelines import pipelined_transaction

WRITE_DELAY_SECONDS: Final = 0.5
DELETE_BATCH: Final = 20_000  # the LIMIT of DELETE_OLD
COUNT_ATTEMPT: Final[LiteralString] = """
INSERT INTO delivery_attempts AS existing (source, event_id) VALUES (%(source)s, %(event_id)s)
ON CONFLICT (source, event_id) DO UPDATE SET attempts = existing.attempts + 1, last_at = now()
RETURNING attempts, is_processed
"""
MARK_PROCESSED: Final[LiteralString] = """
UPDATE delivery_attempts AS existing SET is_processed = true
FROM unnest(%(sources)s::text[], %(event_ids)s::text[]) AS processed (source, event_id)
WHERE existing.source = processed.source AND existing.event_id = processed.event_id
"""
# The Broker keeps events for seven days, so none is delivered after eight.
DELETE_OLD: Final[LiteralString] = """
DELETE FROM delivery_attempts WHERE (source, event_id) IN (
    SELECT source, event_id FROM delivery_attempts WHERE last_at < now() - interval '8 days' LIMIT 20000)
"""
_MAX_CACHED: Final = 10_000  # events, 2 MB; a sender that missed the response delivers again within seconds
_log = logging.getLogger(__name__)


class PostgresDeduplicator:
    """A `Deduplicator` with one row per event, identified by source and id.

    The table is unlogged: after a crash of the database events are processed again, which is idempotent.
    """

    def __init__(
        self, database: Database, outbox: Outbox | None = None, *, write_delay_seconds: float = WRITE_DELAY_SECONDS
    ) -> None:
        """`outbox`: rows that its `publish_committed` has published are deleted together with the records of events."""
        self._database = database
        self._outbox = outbox
        self._write_delay = write_delay_seconds
        self._cached: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._unsaved: list[tuple[str, str]] = []
        self._writer: asyncio.Task[None] | None = None

    async def attempt(self, source: str, event_id: str) -> DeliveryAttempt:
        """See `Deduplicator`. Raises `TransientError`."""
        if (source, event_id) in self._cached:
            return DeliveryAttempt(1, is_processed=True)
        async with self._database.connection() as connection:
            cursor = await connection.execute(COUNT_ATTEMPT, {"source": source, "event_id": event_id})
            row = await cursor.fetchone()
        assert row is not None  # noqa: S101  # an upsert with RETURNING always returns its row
        return DeliveryAttempt(*row)

    async def mark_processed(self, source: str, event_id: str) -> None:
        """See `Deduplicator`."""
        self._cached[source, event_id] = None
        if len(self._cached) > _MAX_CACHED:
            self._cached.popitem(last=False)
        self._unsaved.append((source, event_id))
        if self._writer is None:
            self._writer = start_in_background(self._write_later(), "record of processed events")

    async def delete_old(self) -> None:
        """Delete the records of events that nobody delivers any more. Raises `TransientError`."""
        deleted = DELETE_BATCH
        while deleted == DELETE_BATCH:
            async with self._database.connection() as connection:
                deleted = (await connection.execute(DELETE_OLD)).rowcount

    async def close(self) -> None:
        """Record the events that are not recorded yet."""
        if self._writer:
            self._writer.cancel()
        await self._write_unsaved()

    async def _write_later(self) -> None:
        await asyncio.sleep(self._write_delay)
        self._writer = None
        await self._write_unsaved()

    async def _write_unsaved(self) -> None:
        events, self._unsaved = self._unsaved, []
        try:
            if events:
                await self._write(events)
        except TransientError as error:
            _log.warning("%d processed events are not recorded: %s", len(events), error)

    async def _write(self, events: list[tuple[str, str]]) -> None:
        params = {"sources": [source for source, _ in events], "event_ids": [event_id for _, event_id in events]}
        async with pipelined_transaction(self._database) as connection:
            if outbox_ids := self._outbox.take_published_ids() if self._outbox else []:
                await connection.execute(COMMIT_ASYNCHRONOUSLY)
                await connection.execute(DELETE_PUBLISHED, {"ids": outbox_ids})
            await connection.execute(MARK_PROCESSED, params)
