"""The price of a type from its recorded days on the market: a trimmed mean of a window."""

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Final

from battlescope_schemas.prices import PriceRule
from killmail_enrich.prices.price_vector import MIN_CENTS, TypePrice
from killmail_enrich.prices.year_series import newest_records

WINDOW_RECORDS: Final = 34  # as zKillboard; a month of trade, however thin
WINDOW_DAYS: Final = 365  # a price older than that says nothing
FULL_WINDOW_DAYS: Final = 90  # within which a full window counts as sure
TRIMMED_OF_FULL_WINDOW: Final = 2  # at each end
TRIMMED_HIGHEST: Final = 2  # of a window that is not full: sales at absurd prices are high, hardly ever low
MIN_TRIMMED_RECORDS: Final = 7  # fewer are too few to leave any out


def market_price(years: Mapping[int, bytes], day: date, price_day: date, rule: PriceRule) -> TypePrice | None:
    """The price from the newest records in the year before `day`, up to `price_day`; None where there is none."""
    first = day - timedelta(days=WINDOW_DAYS)
    records = newest_records(years, first, price_day, WINDOW_RECORDS)
    if records is None:
        return None
    count = len(records.cents)
    is_recent = records.first_day >= day - timedelta(days=FULL_WINDOW_DAYS)
    is_full = count == WINDOW_RECORDS and is_recent
    return TypePrice(mean_price(records.cents), rule, count, records.first_day, records.last_day, is_full)


def mean_price(cents: Sequence[int]) -> int:
    """The mean of a window's prices without the extreme ones, rounded half up to a cent."""
    kept = sorted(cents)
    if len(kept) >= WINDOW_RECORDS:
        kept = kept[TRIMMED_OF_FULL_WINDOW:-TRIMMED_OF_FULL_WINDOW]
    elif len(kept) >= MIN_TRIMMED_RECORDS:
        kept = kept[:-TRIMMED_HIGHEST]
    return max(MIN_CENTS, rounded_ratio(sum(kept), len(kept)))


def rounded_ratio(numerator: int, denominator: int) -> int:
    """Rounded half up, without a float."""
    return (2 * numerator + denominator) // (2 * denominator)
