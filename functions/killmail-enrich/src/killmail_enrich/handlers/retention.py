"""Deletes enriched killmails before the cutoff date of a `retention.due` event."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Final

from battlescope_events.messages import Event
from battlescope_schemas.backfill import RetentionDue
from killmail_enrich.persistence.retention import BATCH_SIZE

MAX_BATCHES: Final = 100  # 200,000 killmails, or those of ten days; the next day's event continues


@dataclass(frozen=True, slots=True)
class RetentionHandler:
    """`delete_old` deletes one batch and returns the number of killmails in it."""

    delete_old: Callable[[datetime], Awaitable[int]]

    async def handle(self, event: Event[RetentionDue]) -> None:
        cutoff = datetime.combine(event.data.cutoff_date, time(), UTC)
        for _ in range(MAX_BATCHES):
            if await self.delete_old(cutoff) < BATCH_SIZE:
                return
