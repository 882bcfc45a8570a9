"""Prices from a folder of market history files, without a database: for `battlescope replay` and for measurements."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import groupby
from pathlib import Path

from killmail_enrich.market.source import folder_days, read_folder_day
from killmail_enrich.prices.build_cost import Blueprints, without_cycles
from killmail_enrich.prices.day_pricing import DayPricing, RegionYears, TypeGroup
from killmail_enrich.prices.fixed_prices import load_fixed_prices
from killmail_enrich.prices.market_price import WINDOW_DAYS
from killmail_enrich.prices.price_file import MarketDay, UnusablePriceFile
from killmail_enrich.prices.price_vector import PriceVector
from killmail_enrich.prices.year_series import encode


@dataclass(frozen=True, slots=True)
class PriceHistory:
    """Market prices in memory, three bytes each.

    days: those that were read, in order. problems: a sentence for each file that could not be used.
    """

    days: tuple[date, ...]
    series: Mapping[int, RegionYears]
    problems: tuple[str, ...] = ()
    _pricings: dict[date, DayPricing] = field(default_factory=dict[date, DayPricing])

    def price_day(self, day: date) -> date | None:
        """The last read day of the window of a day; None where the window has none."""
        first = day - timedelta(days=WINDOW_DAYS)
        return max((other for other in self.days if first <= other < day), default=None)

    def vector(
        self, day: date, type_ids: Collection[int], groups: Mapping[int, TypeGroup], blueprints: Blueprints
    ) -> PriceVector | None:
        """The prices of types on a day; None where the folder has no day of its window.

        groups, blueprints: from static data; the same at every call. Types without a group are priced by the market.
        """
        price_day = self.price_day(day)
        if price_day is None:
            return None
        if day not in self._pricings:
            fixed = load_fixed_prices()
            built = without_cycles({**blueprints, **fixed.assembled})
            self._pricings[day] = DayPricing(day, price_day, self.series, groups, built, fixed)
        return self._pricings[day].vector(type_ids)


def read_price_folder(path: Path) -> PriceHistory:
    """All market history files of a folder, in EVE Ref's layout or side by side; unusable ones are problems."""
    days, problems = folder_days(path), list[str]()
    series: dict[int, dict[int, dict[int, bytes]]] = {}
    read: list[date] = []
    for year, dates in groupby(days, key=lambda day: day.year):
        prices_of_year = _by_type_and_region(_read(path, dates, read, problems))
        for (type_id, region_id), prices in prices_of_year.items():
            series.setdefault(type_id, {}).setdefault(region_id, {})[year] = encode(prices)
    return PriceHistory(tuple(read), series, tuple(problems))


def _read(path: Path, days: Iterable[date], read: list[date], problems: list[str]) -> Iterable[MarketDay]:
    """One day at a time, so that a year does not lie in memory twice; fills `read` and `problems`."""
    for day in days:
        try:
            yield read_folder_day(path, day)
        except UnusablePriceFile as error:
            problems.append(str(error))
        else:
            read.append(day)


def _by_type_and_region(market_days: Iterable[MarketDay]) -> dict[tuple[int, int], dict[int, int]]:
    by_key: dict[tuple[int, int], dict[int, int]] = {}
    for market_day in market_days:
        position = market_day.day.timetuple().tm_yday - 1
        for key, cents in market_day.prices.items():
            by_key.setdefault(key, {})[position] = cents
    return by_key
