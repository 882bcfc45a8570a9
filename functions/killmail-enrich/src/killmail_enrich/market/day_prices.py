"""Prices of the types that killmails of a day need, computed from the stored market and cached."""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Final

from killmail_enrich.persistence.market_days import MarketDays
from killmail_enrich.persistence.market_prices import MarketPrices
from killmail_enrich.prices.build_cost import Blueprints, with_materials
from killmail_enrich.prices.day_pricing import DayPricing, TypeGroup, may_be_built
from killmail_enrich.prices.fixed_prices import load_fixed_prices
from killmail_enrich.prices.market_price import WINDOW_DAYS
from killmail_enrich.prices.price_vector import PriceVector, Quote, TypePrice
from killmail_enrich.static_data.repository import StaticData

CACHED_DAYS: Final = 4  # live killmails need today and yesterday, backfills two days at a time; 2 MB each
_CHECK_SECONDS: Final = 60.0  # for how long a process may not notice that a market day was loaded
_TYPES_AT_ONCE: Final = 200  # 5 ms, after which other events have their turn
_NO_BLUEPRINTS: Final[Blueprints] = {}


@dataclass(slots=True)
class _CachedDay:
    price_day: date
    loaded_at: datetime | None
    checked_until: float
    prices: dict[int, TypePrice] = field(default_factory=dict[int, TypePrice])
    quotes: dict[int, Quote] = field(default_factory=dict[int, Quote])


class DayPrices:
    """Vectors of prices. One killmail and a whole day take the same way: only types that were never asked for cost."""

    def __init__(
        self, market: MarketPrices, days: MarketDays, static_data: StaticData, monotonic: Callable[[], float]
    ) -> None:
        self._market, self._days, self._static_data, self._monotonic = market, days, static_data, monotonic
        self._cached: OrderedDict[date, _CachedDay] = OrderedDict()

    async def vector(self, day: date, type_ids: Collection[int]) -> PriceVector | None:
        """The prices of these types on the UTC day of a killmail; None while its market days are not loaded.

        Raises:
            TransientError: the database does not answer, or has no static data.
        """
        cached = await self._current(day)
        if cached is None:
            return None
        if missing := [type_id for type_id in type_ids if type_id not in cached.prices]:
            cached.prices.update(await self._compute(day, cached.price_day, missing))
        return PriceVector(day, cached.price_day, cached.prices, quotes=cached.quotes)

    async def _current(self, day: date) -> _CachedDay | None:
        """The remembered prices of a day, unless market days were loaded meanwhile."""
        cached, now = self._cached.get(day), self._monotonic()
        if cached is not None and now < cached.checked_until:
            self._cached.move_to_end(day)
            return cached
        window = await self._days.window(day)
        if window.price_day is None:
            return None
        if cached is None or (cached.price_day, cached.loaded_at) != (window.price_day, window.loaded_at):
            cached = _CachedDay(window.price_day, window.loaded_at, 0.0)
        cached.checked_until = now + _CHECK_SECONDS
        self._cached[day] = cached
        self._cached.move_to_end(day)
        while len(self._cached) > CACHED_DAYS:
            self._cached.popitem(last=False)
        return cached

    async def _compute(self, day: date, price_day: date, type_ids: Collection[int]) -> dict[int, TypePrice]:
        pricing = await self._pricing(day, price_day, type_ids, _NO_BLUEPRINTS)
        prices = await _prices_of(pricing, type_ids)
        if built := [type_id for type_id, price in prices.items() if may_be_built(price)]:
            blueprints = await self._static_data.blueprints()
            if products := [type_id for type_id in built if type_id in blueprints]:
                needed = with_materials(products, blueprints)
                pricing = await self._pricing(day, price_day, needed, blueprints)
                prices |= await _prices_of(pricing, products)
        return prices

    async def _pricing(
        self, day: date, price_day: date, type_ids: Collection[int], blueprints: Blueprints
    ) -> DayPricing:
        first_year = (day - timedelta(days=WINDOW_DAYS)).year
        (_, types), series = await asyncio.gather(
            self._static_data.look_up((), type_ids), self._market.series(type_ids, first_year, price_day.year)
        )
        groups = {type_id: TypeGroup(item.group_id, item.category_id) for type_id, item in types.items()}
        return DayPricing(day, price_day, series, groups, blueprints, load_fixed_prices())


async def _prices_of(pricing: DayPricing, type_ids: Collection[int]) -> dict[int, TypePrice]:
    prices: dict[int, TypePrice] = {}
    for position, type_id in enumerate(type_ids, 1):
        prices[type_id] = pricing.price(type_id)
        if position % _TYPES_AT_ONCE == 0:
            await asyncio.sleep(0)
    return prices
