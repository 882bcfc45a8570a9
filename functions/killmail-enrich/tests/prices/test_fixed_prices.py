"""The data file of fixed prices."""

import tomllib
from datetime import date, timedelta
from importlib.resources import files
from itertools import pairwise

from killmail_enrich.prices.fixed_prices import load_fixed_prices, price_on

DOCUMENT = tomllib.loads((files("killmail_enrich.prices") / "fixed_prices.toml").read_text())


def test_every_entry_has_a_reason() -> None:
    lists = [entries for entries in DOCUMENT.values() if isinstance(entries, list) and isinstance(entries[0], dict)]
    assert len(lists) == 5
    assert all(len(entry["reason"]) > 10 for entries in lists for entry in entries)


def test_bands_of_a_type_follow_each_other_without_overlap() -> None:
    fixed = load_fixed_prices()
    banded = {key: bands for table in (fixed.types, fixed.groups) for key, bands in table.items()}
    assert sum(len(bands) for bands in banded.values()) == 65
    for bands in banded.values():
        assert bands[0].first is None
        assert all(before.until == after.first for before, after in pairwise(bands))


def test_dated_prices_change_on_their_day() -> None:
    fixed = load_fixed_prices()
    for type_id, day, before, after in (
        (3514, date(2023, 12, 1), 100, 250),
        (42241, date(2019, 7, 1), 350, 650),
        (11940, date(2020, 1, 25), 500, 3_400),
        (88001, date(2025, 6, 1), 10, None),
    ):
        assert price_on(fixed.types, type_id, day - timedelta(days=1)) == before * 10**11
        assert price_on(fixed.types, type_id, day) == (None if after is None else after * 10**11)
