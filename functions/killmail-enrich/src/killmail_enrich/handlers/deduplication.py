"""Deduplication of this function's events: each attempt is counted at once, processed events are recorded together."""

import asyncio
import logging
from collections import OrderedDict
from typing import Final

from battlescope_events.consumer import DeliveryAttempt
from killmail_enrich.errors import Unavailable
from killmail_enrich.handlers.error_translation import translate_errors
from killmail_enrich.persistence.event_attempts import EventAttemptRepository

WRITE_DELAY_SECONDS: Final = 0.5  # events lost in a crash are processed again, which is idempotent
_MAX_CACHED: Final = 10_000  # events, 2 MB; a sender that missed the response redelivers within seconds

_log = logging.getLogger(__name__)


class WriteBehindDeduplicator:
    """This process knows a processed event at once, other processes after `WRITE_DELAY_SECONDS`."""

    def __init__(self, repository: EventAttemptRepository) -> None:
        self._repository = repository
        self._processed: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._unsaved: list[tuple[str, str]] = []
        self._writer: asyncio.Task[None] | None = None

    async def attempt(self, source: str, event_id: str) -> DeliveryAttempt:
        if (source, event_id) in self._processed:
            return DeliveryAttempt(1, is_processed=True)
        async with translate_errors():
            return DeliveryAttempt(*await self._repository.attempt(source, event_id))

    async def mark_processed(self, source: str, event_id: str) -> None:
        self._processed[source, event_id] = None
        if len(self._processed) > _MAX_CACHED:
            self._processed.popitem(last=False)
        self._unsaved.append((source, event_id))
        if self._writer is None:
            self._writer = asyncio.create_task(self._write_later())

    async def ready(self) -> None:
        async with translate_errors():
            await self._repository.check_connection()

    async def close(self) -> None:
        """Record the events that are not recorded yet."""
        if self._writer:
            self._writer.cancel()
        await self._write()

    async def _write_later(self) -> None:
        await asyncio.sleep(WRITE_DELAY_SECONDS)
        self._writer = None
        await self._write()

    async def _write(self) -> None:
        events, self._unsaved = self._unsaved, []
        try:
            if events:
                await self._repository.mark_processed(events)
        except Unavailable as error:
            _log.warning("Failed to record %d processed events: %s", len(events), error)
