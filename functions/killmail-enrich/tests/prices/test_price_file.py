"""Files of the market history, sound and broken."""

import bz2
import io
from collections.abc import Callable
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st
from market_files import COLUMNS, FORGE, OLD_COLUMNS, csv_text, price_file, row

from killmail_enrich.prices.day_pricing import DOMAIN, PLEX, PLEX_REGION
from killmail_enrich.prices.price_file import MarketDay, UnusablePriceFile, read_price_file

DAY = date(2026, 7, 1)
ROWS = [row(34, 4.005), row(35, "12.5"), row(36, 7, DOMAIN), row(34, 9, DOMAIN), row(PLEX, 5e6, PLEX_REGION)]


def read(content: bytes, day: date = DAY) -> MarketDay:
    return read_price_file(io.BytesIO(content), day)


@pytest.mark.parametrize("columns", [COLUMNS, OLD_COLUMNS, COLUMNS[::-1], (*COLUMNS[:6], *COLUMNS[7:])])
def test_columns_are_read_by_name(columns: tuple[str, ...]) -> None:
    day = read(price_file(DAY, ROWS, columns))
    prices = {(34, FORGE): 400, (35, FORGE): 1250, (36, DOMAIN): 700, (PLEX, PLEX_REGION): 500_000_000}
    assert (day.rows, dict(day.prices)) == (5, prices)


def test_rows_without_trade_or_price_are_dropped_and_counted() -> None:
    odd = [
        row(1, 0),
        row(2, -5),
        row(3, 1, volume=0),
        row(4, 1, volume=-2),
        row(5, 2.0),
        row(5, 9.0),
        row(6, 3, 10000001),
    ]
    day = read(price_file(DAY, odd))
    assert (day.rows, dict(day.prices)) == (7, {(5, FORGE): 200})


def test_a_few_invalid_rows_are_left_out() -> None:
    good = [row(type_id, 1.0) for type_id in range(1, 801)]
    bad = [row(5000, value) for value in ("", "nan", "inf", "1e300", "-")]
    bad += [row("x", 1.0), row(2**31, 1.0), row(0, 1.0)]
    assert len(read(price_file(DAY, [*good, *bad])).prices) == 800
    with pytest.raises(UnusablePriceFile, match=r"8 of 607 rows .* are invalid"):
        read(price_file(DAY, [*good[:599], *bad]))


@pytest.mark.parametrize(
    ("make_content", "reason"),
    [
        (lambda: price_file(DAY, ROWS, tuple(c for c in COLUMNS if c != "average")), "no column average"),
        (lambda: price_file(DAY, [{**entry, "date": "2026-07-02"} for entry in ROWS]), "holds another day"),
        (lambda: price_file(DAY, ROWS)[:-20], "cannot be read"),
        (lambda: b"<html></html>", "cannot be read"),
        (lambda: b"", "cannot be read"),
        (lambda: bz2.compress(b"\xff\xfe\n"), "cannot be read"),
        (lambda: bz2.compress(b"x" * 10_000), "larger than any day"),
        (lambda: bz2.compress(csv_text(DAY, ROWS).encode() + b"1,2,3,4\n" * 600_000), "more than 500000 rows"),
        (lambda: bz2.compress(b"\n" * (70 * 2**20)), "no column date"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_unusable_file_is_refused_with_a_reason(make_content: Callable[[], bytes], reason: str) -> None:
    with pytest.raises(UnusablePriceFile, match=reason):
        read(make_content())


def test_several_streams_are_one_file() -> None:
    """As parallel compressors write them."""
    text = csv_text(DAY, ROWS).encode()
    assert read(bz2.compress(text[:100]) + bz2.compress(text[100:])) == read(price_file(DAY, ROWS))


@given(st.data())
def test_damaged_files_are_refused_or_read_but_never_crash(data: st.DataObject) -> None:
    content = bytearray(csv_text(DAY, ROWS).encode())
    for _ in range(data.draw(st.integers(1, 5))):
        content[data.draw(st.integers(0, len(content) - 1))] = data.draw(st.integers(0, 255))
    try:
        day = read(bz2.compress(bytes(content), 1))
    except UnusablePriceFile:
        return
    assert all(cents > 0 for cents in day.prices.values())
