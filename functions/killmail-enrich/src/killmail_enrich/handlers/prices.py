"""Loads the market prices that killmails of a day need, a part per event, and publishes that a day can be valued."""

from collections.abc import Callable, Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from battlescope_events.messages import Event, Message
from battlescope_events.postgres.outbox import Outbox
from battlescope_events.publisher import Publish
from battlescope_schemas.prices import PricesDayLoaded, PricesRequested
from killmail_enrich.events import prices_day_loaded, prices_requested
from killmail_enrich.market.loader import MarketLoader
from killmail_enrich.persistence.market_days import MarketDays, MarketTransaction, WantedDay
from killmail_enrich.prices.loading_plan import Window
from killmail_enrich.prices.price_vector import VALUATION_RULES

FILES_PER_EVENT: Final = 16  # at one file every two seconds they take half a minute
REFRESH_AGE: Final = timedelta(hours=6)  # of the list, after which the newest days are loaded without a request
_SECONDS_PER_HOUR: Final = 3600


@dataclass(frozen=True, slots=True)
class PriceHandler:
    """The Trigger is ordered and its events share a key, so that one process at a time loads."""

    loader: MarketLoader
    days: MarketDays
    outbox: Outbox
    publish: Publish
    now: Callable[[], datetime]

    async def handle(self, event: Event[PricesRequested]) -> None:
        """Load the next missing market days of a day. What the source does not give now is requested again later."""
        day = event.data.date
        await self.loader.refresh_listing()
        loaded = await self._load(day)
        window = await self.days.window(day)
        async with self.days.transaction() as transaction:
            messages = await self._next_messages(transaction, event, window, loaded)
            enqueued = await transaction.enqueue(messages)
        await self.outbox.publish_committed(enqueued, self.publish)

    async def want(self, days: Collection[date]) -> None:
        """Request the prices of days with killmails that wait, unless the days wait; call it after these are stored."""
        new = set(days) - await self.days.waiting(days)
        if not new:
            return
        async with self.days.transaction() as transaction:
            enqueued = await transaction.want(new, self.now())
        await self.outbox.publish_committed(enqueued, self.publish)

    async def request_due(self) -> None:
        """Request the days that still wait, and the newest market days once the list is old."""
        now = self.now()
        refresh = await self._refresh(now)
        async with self.days.transaction() as transaction:
            due = await transaction.request_due(now)
            requests = [prices_requested(wanted.day, 0, wanted.key, now) for wanted in due]
            await transaction.enqueue([*requests, *refresh])
        await self.outbox.flush(self.publish)

    async def ready(self) -> dict[str, int]:
        """What a readiness answer shows: days of killmails without prices, unusable files, and a failing source."""
        figures = await self.days.figures()
        return {
            "unpricedDays": figures.unpriced_days,
            "refusedMarketDays": figures.refused_market_days,
            "failingPriceSources": figures.failing_sources,
        }

    async def _load(self, day: date) -> int:
        """How many market days were loaded: missing ones, and then those that the source has rewritten."""
        resting = await self.days.resting(self.now())
        window = await self.days.window(day)
        missing = [market_day for market_day in window.missing if market_day not in resting][:FILES_PER_EVENT]
        rewritten = await self.days.rewritten(day, FILES_PER_EVENT - len(missing))
        return await self.loader.load([*missing, *rewritten])

    async def _next_messages(
        self, transaction: MarketTransaction, event: Event[PricesRequested], window: Window, loaded: int
    ) -> list[Message]:
        day, part, now = event.data.date, event.data.part + 1, self.now()
        wanted = await transaction.wanted(day)
        if wanted is not None and window.price_day is not None:
            await transaction.end_wait(day)
            return [_day_loaded(wanted, window.price_day, now)]
        if loaded and window.missing:
            progress = await transaction.save_progress(day, now)
            return [prices_requested(day, part, progress.key if progress else event.id, now)]
        if wanted is not None:
            await transaction.save_failure(day, now)
        return []

    async def _refresh(self, now: datetime) -> list[Message]:
        """A request for the newest market days; nothing where prices were never needed."""
        listed_at = await self.days.listed_at()
        if listed_at is None or now - listed_at < REFRESH_AGE:
            return []
        hour = int(now.timestamp()) // _SECONDS_PER_HOUR
        return [prices_requested(now.date(), 0, f"refresh:{hour}", now)]


def _day_loaded(wanted: WantedDay, price_day: date, now: datetime) -> Message:
    payload = PricesDayLoaded(date=wanted.day, price_day=price_day, rules=VALUATION_RULES)
    return prices_day_loaded(payload, wanted.key, now)
