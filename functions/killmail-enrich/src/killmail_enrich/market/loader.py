"""Loads market days from the source into the database; an unusable file costs its day, a silent source only time."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final

from battlescope_events.upstream.errors import UpstreamUnavailable
from killmail_enrich.market.source import MarketHistory, UnusableListing
from killmail_enrich.persistence.market_days import MarketDays
from killmail_enrich.prices.loading_plan import incomplete_reason
from killmail_enrich.prices.price_file import MarketDay, UnusablePriceFile

DAYS_PER_WRITE: Final = 8  # each series is written once for all of them; 15 MB
MAX_LOADING: Final = timedelta(seconds=30)  # an event has 60 seconds, and the last file may take twenty
LIST_AGE: Final = timedelta(hours=1)  # the source fills files every half an hour
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class MarketLoader:
    source: MarketHistory
    days: MarketDays
    now: Callable[[], datetime]

    async def refresh_listing(self) -> None:
        """Read the list of the source, unless it was read within the last hour. A failure is stored."""
        listed_at, now = await self.days.listed_at(), self.now()
        if listed_at is not None and now - listed_at < LIST_AGE:
            return
        try:
            listing = await self.source.listing()
        except (UnusableListing, UpstreamUnavailable) as error:
            await self._save_failure(error)
            return
        async with self.days.transaction() as transaction:
            await transaction.save_listing(listing, now)

    async def load(self, days: Sequence[date]) -> int:
        """Load these days, and return how many are stored.

        The rest was unusable, or would take longer than `MAX_LOADING`, or the source became silent.
        """
        began = self.now()
        loaded: list[MarketDay] = []
        count = 0
        for day in days:
            if self.now() - began > MAX_LOADING:
                break
            try:
                loaded.append(await self._load_day(day))
            except UnusablePriceFile as error:
                await self._save_refusal(day, error)
            except UpstreamUnavailable as error:
                await self._save_failure(error)
                break
            if len(loaded) == DAYS_PER_WRITE:
                count += await self._save(loaded)
                loaded = []
        return count + await self._save(loaded)

    async def _load_day(self, day: date) -> MarketDay:
        market_day = await self.source.load(day)
        if reason := incomplete_reason(day, market_day.rows, await self.days.listed_rows(day)):
            raise UnusablePriceFile(reason)
        return market_day

    async def _save(self, loaded: Sequence[MarketDay]) -> int:
        if loaded:
            async with self.days.transaction() as transaction:
                await transaction.save_days(loaded, self.now())
        return len(loaded)

    async def _save_refusal(self, day: date, error: UnusablePriceFile) -> None:
        _log.warning("Prices of %s are not loaded: %s", day, error)
        async with self.days.transaction() as transaction:
            await transaction.save_refusal(day, str(error), self.now())

    async def _save_failure(self, error: Exception) -> None:
        _log.warning("The market history cannot be read now: %s", error)
        async with self.days.transaction() as transaction:
            await transaction.save_failure_of_source(str(error), self.now())
