"""The list of market days, and sources that are folders."""

from datetime import date
from pathlib import Path

import pytest
from market_files import price_file, row

from battlescope_events.upstream.http import external_http
from battlescope_local.testing.upstreams import instant_client
from killmail_enrich.market.folder import read_price_folder
from killmail_enrich.market.source import MarketHistory, UnusableListing, parse_listing
from killmail_enrich.prices.price_file import UnusablePriceFile

DAY = date(2026, 7, 1)


@pytest.mark.parametrize(
    "text", [b"", b"<html>", b"[]", b"{}", b'{"2026-07-01": "5"}', b'{"2026-07-01": 0}', b'{"x": 5}']
)
def test_list_without_a_day_is_unusable(text: bytes) -> None:
    with pytest.raises(UnusableListing):
        parse_listing(text)


def test_odd_entries_of_a_list_are_left_out() -> None:
    text = b'{"2026-07-01": 50, "2026-07-02": true, "2026-07-03": -1, "20260799": 5, "2026-07-04": 1e300}'
    assert parse_listing(text) == {DAY: 50}


@pytest.mark.parametrize("name", ["2026/market-history-2026-07-01.csv.bz2", "market-history-2026-07-01.csv.bz2"])
async def test_folder_without_a_list_has_the_days_of_its_files(tmp_path: Path, name: str) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(price_file(DAY, [row(34, 5.0)]))
    async with external_http("tests") as http:
        history = MarketHistory(tmp_path.as_uri(), instant_client("everef", http))
        assert list(await history.listing()) == [DAY]
        assert (await history.load(DAY)).rows == 1
        with pytest.raises(UnusablePriceFile, match="does not exist"):
            await history.load(date(2026, 7, 2))


async def test_empty_folder_has_no_list(tmp_path: Path) -> None:
    async with external_http("tests") as http:
        with pytest.raises(UnusableListing, match="has no market history"):
            await MarketHistory(tmp_path.as_uri(), instant_client("everef", http)).listing()


def test_folder_names_the_files_that_it_cannot_use(tmp_path: Path) -> None:
    (tmp_path / "market-history-2026-07-01.csv.bz2").write_bytes(price_file(DAY, [row(34, 5.0)]))
    (tmp_path / "market-history-2026-07-02.csv.bz2").write_bytes(b"no archive")
    history = read_price_folder(tmp_path)
    assert history.days == (DAY,)
    assert len(history.problems) == 1
    vector = history.vector(date(2026, 7, 3), [34], {}, {})
    assert vector is not None
    assert (vector.price(34).cents, vector.price_day) == (500, DAY)
    assert history.vector(DAY, [34], {}, {}) is None
