"""The trimmed mean of a window, at each of its limits."""

import json
from datetime import date, timedelta
from pathlib import Path

import pytest

from battlescope_schemas.prices import PriceRule
from killmail_enrich.prices.market_price import WINDOW_DAYS, market_price, mean_price, rounded_ratio
from killmail_enrich.prices.year_series import encode

DAY = date(2026, 7, 24)


def years(prices: dict[date, int]) -> dict[int, bytes]:
    by_year: dict[int, dict[int, int]] = {}
    for day, cents in prices.items():
        by_year.setdefault(day.year, {})[day.timetuple().tm_yday - 1] = cents
    return {year: encode(by_day) for year, by_day in by_year.items()}


@pytest.mark.parametrize(
    ("cents", "expected"),
    [
        ([1000, 1, 10], 337),  # six or fewer: no price is left out
        ([10, 10, 10, 10, 10, 1000], 175),
        ([10, 10, 10, 10, 10, 1000, 1000], 10),  # seven: the two highest are
        ([1] + [10] * 30 + [1000, 1000], 10),  # 33: a low one counts, (1 + 300) / 31 = 9.7
        ([1, 1] + [10] * 30 + [1000, 1000], 10),  # 34: two at each end
        ([1, 1, 1] + [10] * 29 + [1000, 1000], 10),  # (1 + 290) / 30 = 9.7
        ([1, 2], 2),  # half up
    ],
)
def test_extreme_prices_are_left_out_by_the_number_of_records(cents: list[int], expected: int) -> None:
    assert mean_price(cents) == expected


def test_window_has_the_newest_records_before_the_day() -> None:
    prices = {DAY - timedelta(days=back): 100 + back for back in range(60)}
    price = market_price(years(prices), DAY, DAY - timedelta(days=1), PriceRule.MARKET)
    assert price is not None
    assert (price.records, price.first_day, price.last_day) == (34, DAY - timedelta(days=34), DAY - timedelta(days=1))
    assert (price.cents, price.full_window) == (rounded_ratio(sum(range(103, 133)), 30), True)


@pytest.mark.parametrize(("back", "is_found"), [(WINDOW_DAYS, True), (WINDOW_DAYS + 1, False), (1, True), (0, False)])
def test_window_is_the_year_before_the_day(back: int, is_found: bool) -> None:
    price = market_price(years({DAY - timedelta(days=back): 5}), DAY, DAY - timedelta(days=1), PriceRule.MARKET)
    assert (price is not None) == is_found


@pytest.mark.parametrize(("spacing", "is_full"), [(2, True), (3, False)])
def test_full_window_lies_within_ninety_days(spacing: int, is_full: bool) -> None:
    prices = {DAY - timedelta(days=1 + spacing * n): 7 for n in range(34)}
    price = market_price(years(prices), DAY, DAY - timedelta(days=1), PriceRule.MARKET)
    assert price is not None
    assert (price.records, price.full_window) == (34, is_full)


@pytest.mark.shared
def test_prices_of_the_shared_cases_are_exact(shared: Path) -> None:
    cases = json.loads((shared / "valuation" / "cases.json").read_text())["cases"]
    compared = 0
    for case in cases:
        day = date.fromisoformat(case["day"])
        for type_id, series in case.get("price_series", {}).items():
            prices = {date.fromisoformat(text): round(isk * 100) for text, isk in series.items()}
            price = market_price(years(prices), day, day - timedelta(days=1), PriceRule.MARKET)
            assert price is not None
            assert price.cents == round(case["prices_used"][type_id] * 100), (case["killmail_id"], type_id)
            compared += 1
    assert compared > 40
