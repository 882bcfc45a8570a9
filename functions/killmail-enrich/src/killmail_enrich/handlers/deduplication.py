"""The guard of this function's events: begun ones are counted one by one, finished ones are written down together."""

import asyncio
import logging
from collections import OrderedDict
from typing import Final

from battlescope_events.consumer import DeliveryAttempt
from killmail_enrich.errors import Unavailable
from killmail_enrich.handlers.killmail import translate_errors
from killmail_enrich.persistence.killmails import Store

WRITE_SECONDS: Final = 0.5  # what a crash forgets is handled once more, which does no harm
_MOST_KEPT: Final = 10_000  # ids, 2 MB; a sender that did not hear our answer asks again within seconds

_log = logging.getLogger(__name__)


class WriteBehindDeduplicator:
    """That an event was finished is known here at once, and to other processes a moment later."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._finished: OrderedDict[tuple[str, str], None] = OrderedDict()
        self._unwritten: list[tuple[str, str]] = []
        self._writing: asyncio.Task[None] | None = None

    async def attempt(self, source: str, event_id: str) -> DeliveryAttempt:
        if (source, event_id) in self._finished:
            return DeliveryAttempt(1, mark_processed=True)
        async with translate_errors():
            return DeliveryAttempt(*await self._store.attempt(source, event_id))

    async def mark_processed(self, source: str, event_id: str) -> None:
        self._finished[source, event_id] = None
        if len(self._finished) > _MOST_KEPT:
            self._finished.popitem(last=False)
        self._unwritten.append((source, event_id))
        if self._writing is None:
            self._writing = asyncio.create_task(self._write_soon())

    async def ready(self) -> None:
        async with translate_errors():
            await self._store.ready()

    async def close(self) -> None:
        """Write down what is not yet."""
        if self._writing:
            self._writing.cancel()
        await self._write()

    async def _write_soon(self) -> None:
        await asyncio.sleep(WRITE_SECONDS)
        self._writing = None
        await self._write()

    async def _write(self) -> None:
        events, self._unwritten = self._unwritten, []
        try:
            if events:
                await self._store.handled(events)
        except Unavailable as reason:
            _log.warning("That %d events were handled is not written down: %s", len(events), reason)
