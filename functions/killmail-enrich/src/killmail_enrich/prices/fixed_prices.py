"""Prices and parts that no market gives, from `fixed_prices.toml`; each entry there has its reason."""

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Any, Final, NamedTuple

from killmail_enrich.prices.build_cost import Blueprint, Blueprints

CENTS: Final = 100  # of an ISK
_FILE: Final = "fixed_prices.toml"


class Band(NamedTuple):
    """A price in cents from a day until before another; None: without such a limit."""

    cents: int
    first: date | None
    until: date | None

    def holds_on(self, day: date) -> bool:
        return (self.first is None or self.first <= day) and (self.until is None or day < self.until)


Bands = Mapping[int, tuple[Band, ...]]


@dataclass(frozen=True, slots=True)
class FixedPrices:
    """By type or by group; `assembled` holds the parts of assembled types as blueprints."""

    worthless_types: frozenset[int]
    worthless_categories: frozenset[int]
    types: Bands
    groups: Bands
    hulls_without_blueprint: Bands
    assembled: Blueprints


def price_on(bands: Bands, key: int | None, day: date) -> int | None:
    """The price in cents of a type or group on a day; None where none is fixed."""
    return next((band.cents for band in bands.get(key, ()) if band.holds_on(day)), None) if key is not None else None


@cache
def load_fixed_prices() -> FixedPrices:
    """The entries of the data file, read once per process."""
    return parse_fixed_prices(tomllib.loads(files(__package__ or __name__).joinpath(_FILE).read_text()))


def parse_fixed_prices(document: Mapping[str, Any]) -> FixedPrices:
    return FixedPrices(
        worthless_types=frozenset(type_id for entry in document["worthless"] for type_id in entry["types"]),
        worthless_categories=frozenset(document["worthless_categories"]),
        types=_bands(document["types"], "types"),
        groups=_bands(document["groups"], "groups"),
        hulls_without_blueprint=_bands(document["hulls_without_blueprint"], "groups"),
        assembled={
            entry["type"]: Blueprint(1, {int(part): n for part, n in entry["parts"].items()}, is_exact=True)
            for entry in document["assembled"]
        },
    )


def _bands(entries: Iterable[Mapping[str, Any]], keys: str) -> Bands:
    bands: dict[int, tuple[Band, ...]] = {}
    for key, band in _each_band(entries, keys):
        bands[key] = (*bands.get(key, ()), band)
    return bands


def _each_band(entries: Iterable[Mapping[str, Any]], keys: str) -> Iterator[tuple[int, Band]]:
    for entry in entries:
        band = Band(entry["isk"] * CENTS, entry.get("from"), entry.get("until"))
        for key in entry[keys]:
            yield key, band
