"""Removes enriched killmails that are too old, when told of the day's cutoff."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Final

from battlescope_events.messages import Event
from battlescope_schemas.backfill import RetentionDue
from killmail_enrich.handlers.killmail import translate_errors
from killmail_enrich.persistence.retention import BATCH

MOST_BATCHES: Final = 100  # 200,000 killmails, or ten days' worth; what is left goes with the next day's event


@dataclass(frozen=True, slots=True)
class RetentionHandler:
    delete_old: Callable[[datetime], Awaitable[int]]

    async def hear(self, event: Event[RetentionDue]) -> None:
        before = datetime.combine(event.data.cutoff_date, time(), UTC)
        async with translate_errors():
            for _ in range(MOST_BATCHES):
                if await self.delete_old(before) < BATCH:
                    return
