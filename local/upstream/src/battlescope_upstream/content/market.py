"""The market history of the simulated types: one CSV per day, invented from type id and day alone.

A type costs its estimate, within a tenth that changes from day to day. Most types trade in The Forge, a few in Domain
only, PLEX in the region of its own; capital ships trade nowhere, but blueprints say what they are made of.
"""

import bz2
from collections.abc import Collection, Iterator, Mapping
from datetime import date
from typing import Any, Final
from zlib import crc32

from battlescope_upstream.catalogue import catalogue
from battlescope_upstream.content.reference_data import ReferenceData
from battlescope_upstream.content.zkb import estimate_price
from battlescope_upstream.killmail import Killmail

THE_FORGE: Final = 10000002
DOMAIN: Final = 10000043
PLEX: Final = 44992
PLEX_REGION: Final = 19000001
BUILT_GROUPS: Final = frozenset({30, 485, 547, 659, 883, 1538})  # capital ships
MINERALS: Final[Mapping[int, float]] = {34: 4.5, 35: 21.0, 36: 75.0, 37: 190.0, 38: 1050.0, 39: 1700.0, 40: 2900.0}
_PLEX_PRICE: Final = 5_000_000.0
_LAST_OLD_YEAR: Final = 2018
_OLD_COLUMNS: Final = ("date", "region_id", "type_id", "average", "highest", "lowest", "volume", "order_count")
_COLUMNS: Final = (
    "average", "date", "highest", "lowest", "order_count", "volume", "http_last_modified", "region_id", "type_id",
)  # fmt: skip
_ELSEWHERE: Final = 17  # every 17th type trades in Domain only
_UNTRADED: Final = 5  # one of five days without trade, for every third type
Row = dict[str, Any]


def market_types(killmails: Collection[Killmail]) -> frozenset[int]:
    """Everything that trades: the catalogue, minerals, PLEX, and what the killmails have."""
    types = {*catalogue().types, *MINERALS, PLEX}
    for killmail in killmails:
        victim = killmail.body()["victim"]
        types.add(victim["ship_type_id"])
        types.update(_item_types(victim.get("items", ())))
    return frozenset(types)


def _item_types(items: Collection[Mapping[str, Any]]) -> Iterator[int]:
    for item in items:
        yield item["item_type_id"]
        yield from _item_types(item.get("items", ()))


def market_rows(day: date, types: Collection[int], reference: ReferenceData) -> list[Row]:
    return [
        _row(day, type_id, region_id, price)
        for type_id in sorted(types)
        if (price := _price(day, type_id, reference)) is not None
        for region_id in _regions(type_id)
    ]


def market_file(day: date, rows: Collection[Row], *, without: str = "") -> bytes:
    """The file of a day, in the layout of its year. without: a column to leave out."""
    all_columns = _OLD_COLUMNS if day.year <= _LAST_OLD_YEAR else _COLUMNS
    columns = [column for column in all_columns if column != without]
    lines = [",".join(columns), *(",".join(str(row[column]) for column in columns) for row in rows)]
    return bz2.compress("\n".join([*lines, ""]).encode())


def _price(day: date, type_id: int, reference: ReferenceData) -> float | None:
    """None where the type does not trade on this day."""
    draw = crc32(f"{type_id}:{day}".encode())
    is_rare = type_id % 3 == 0 and type_id not in MINERALS and type_id != PLEX
    if reference.type_groups.get(type_id) in BUILT_GROUPS or (is_rare and draw % _UNTRADED == 0):
        return None
    usual = _PLEX_PRICE if type_id == PLEX else MINERALS.get(type_id) or estimate_price(reference, type_id)
    return max(0.01, round(usual * (0.95 + draw % 1000 / 10_000), 2))


def _regions(type_id: int) -> tuple[int, ...]:
    if type_id == PLEX:
        return (PLEX_REGION,)
    return (DOMAIN,) if type_id % _ELSEWHERE == 0 else (THE_FORGE, DOMAIN)


def _row(day: date, type_id: int, region_id: int, price: float) -> Row:
    cents = f"{price if region_id == THE_FORGE else price * 1.1:.2f}"
    return {
        "date": day.isoformat(), "region_id": region_id, "type_id": type_id, "average": cents, "highest": cents,
        "lowest": cents, "volume": 1 + type_id % 500, "order_count": 1 + type_id % 50, "http_last_modified": "",
    }  # fmt: skip
