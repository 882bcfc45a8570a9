"""A year of prices as bytes."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from killmail_enrich.prices.year_series import MAX_CENTS, MalformedSeries, decode, encode, merge, newest_records

PRICES = st.dictionaries(st.integers(0, 364), st.integers(1, MAX_CENTS), min_size=1)


@given(PRICES)
def test_prices_survive(prices: dict[int, int]) -> None:
    assert decode(encode(prices)) == prices


@given(PRICES, PRICES, st.integers(0, 364), st.integers(0, 364), st.integers(1, 40))
def test_newest_records_are_those_of_the_days(
    older: dict[int, int], newer: dict[int, int], first: int, last: int, count: int
) -> None:
    """Over two years; the first of them is a leap year, whose last day stays without a price."""
    start, end = date(2024, 1, 1) + timedelta(days=first), date(2025, 1, 1) + timedelta(days=last)
    by_day = {date(year, 1, 1) + timedelta(days=day): cents
              for year, prices in ((2024, older), (2025, newer)) for day, cents in prices.items()}  # fmt: skip
    expected = sorted((day for day in by_day if start <= day <= end), reverse=True)[:count]
    records = newest_records({2024: encode(older), 2025: encode(newer)}, start, end, count)
    if not expected:
        assert records is None
        return
    assert records is not None
    assert list(records.cents) == [by_day[day] for day in expected]
    assert (records.first_day, records.last_day) == (expected[-1], expected[0])


@given(PRICES, st.lists(st.tuples(st.integers(0, 364), st.none() | st.integers(1, MAX_CENTS)), max_size=8))
def test_merged_days_replace_each_other(prices: dict[int, int], changes: list[tuple[int, int | None]]) -> None:
    content: bytes | None = encode(prices)
    expected = dict(prices)
    for day, cents in changes:
        content = merge(content, {} if cents is None else {day: cents}, [day])
        assert merge(content, {} if cents is None else {day: cents}, [day]) == content
        expected = {key: value for key, value in expected.items() if key != day} | ({day: cents} if cents else {})
    assert content == (encode(expected) if expected else None)


@pytest.mark.parametrize("prices", [{}, {-1: 5}, {368: 5}, {0: 0}, {0: -3}, {0: MAX_CENTS + 1}])
def test_what_is_no_year_of_prices_is_refused(prices: dict[int, int]) -> None:
    with pytest.raises(ValueError, match=r"A (year|price) "):
        encode(prices)


@given(st.binary(max_size=60))
def test_other_bytes_are_malformed(content: bytes) -> None:
    try:
        prices = decode(content)
    except MalformedSeries:
        return
    assert prices  # bytes that decode are a series


def test_bytes_cut_short_are_malformed() -> None:
    with pytest.raises(MalformedSeries):
        decode(encode({day: 100 + day for day in range(50)})[:-3])
