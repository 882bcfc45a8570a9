"""The items of a loss as the raw killmail states them. Odd entries are left out; they never refuse a killmail."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any, Final, cast

from battlescope_schemas.prices import PriceRule
from battlescope_schemas.ships.item_places import BLUEPRINT_COPY, is_worthless_at
from killmail_api.schemas.items import Item, Slot, UnitPrice

MAX_ITEMS: Final = 20_000  # with nested ones; ESI gives at most 10,000 at the top and the same in one container
MAX_DEPTH: Final = 8  # the game nests two levels: a container in a ship in a hangar
MAX_NUMBER: Final = 2**63 - 1
MAX_QUANTITY: Final = 10**12  # as the valuation counts
# Flags of the game by slot; another flag is `other`.
_FLAGS: Final = {
    Slot.CARGO: (5,),
    Slot.LOW: range(11, 19),
    Slot.MID: range(19, 27),
    Slot.HIGH: range(27, 35),
    Slot.DRONE_BAY: (87,),
    Slot.IMPLANT: (89,),
    Slot.SHIP_HANGAR: (90,),
    Slot.RIG: range(92, 99),
    Slot.SUBSYSTEM: range(125, 133),
    Slot.SPECIALIZED_HOLD: (*range(133, 144), 148, 149, 151, 176, 177, 181, 182, 183),
    Slot.FLEET_HANGAR: (155,),
    Slot.FIGHTER_BAY: (158,),
    Slot.FIGHTER_TUBE: range(159, 164),
    Slot.SERVICE: range(164, 172),
    Slot.FUEL: (172,),
    Slot.ESCAPE_BAY: (179,),
}
_SLOTS: Final = {flag: slot for slot, flags in _FLAGS.items() for flag in flags}


@dataclass(frozen=True, slots=True)
class Entry:
    """One entry: units of a type at one place. flag: the place, as the game numbers it; None where it states none."""

    type_id: int
    flag: int | None
    dropped: int
    destroyed: int
    is_copy: bool
    items: tuple["Entry", ...]


def read_entries(items: bytes) -> tuple[Entry, ...]:
    """The entries of the JSON of `victim.items`; none where it is no list."""
    try:
        entries = json.loads(items)
    except (ValueError, RecursionError):
        return ()
    return tuple(_entries(entries, 1, iter(range(MAX_ITEMS))))


def _entries(entries: Any, depth: int, room: Iterator[int]) -> Iterator[Entry]:
    if not isinstance(entries, list) or depth > MAX_DEPTH:
        return
    for fields in cast("list[Any]", entries):
        if isinstance(fields, dict):
            entry = cast("dict[str, Any]", fields)
            type_id = _number(entry.get("item_type_id"))
            if type_id is not None and next(room, None) is not None:
                yield Entry(
                    type_id,
                    _number(entry.get("flag")),
                    _number(entry.get("quantity_dropped"), MAX_QUANTITY) or 0,
                    _number(entry.get("quantity_destroyed"), MAX_QUANTITY) or 0,
                    entry.get("singleton") == BLUEPRINT_COPY,
                    tuple(_entries(entry.get("items"), depth + 1, room)),
                )


def _number(value: Any, largest: int = MAX_NUMBER) -> int | None:
    return value if type(value) is int and 0 <= value <= largest else None


def type_ids(entries: Iterable[Entry]) -> Iterator[int]:
    """The types of entries and of what they contain."""
    for entry in entries:
        yield entry.type_id
        yield from type_ids(entry.items)


UnitPrices = Mapping[int, UnitPrice]
"""By type."""
_WORTHLESS: Final = UnitPrice(isk=Decimal("0.01"), rule=PriceRule.WORTHLESS, records=0, last_day=None)


def read_unit_prices(rows: Iterable[tuple[int, int, str, int, str | None]]) -> UnitPrices:
    """From the column `type_prices`."""
    return {
        type_id: UnitPrice(
            isk=Decimal(cents).scaleb(-2),
            rule=PriceRule(rule),
            records=records,
            last_day=None if last_day is None else date.fromisoformat(last_day),
        )
        for type_id, cents, rule, records, last_day in rows
    }


def _unit_price(entry: Entry, prices: UnitPrices) -> UnitPrice | None:
    """As the computed value counts it; type 0 is no type."""
    if not prices or not entry.type_id:
        return None
    worthless = is_worthless_at(entry.type_id, entry.flag, is_copy=entry.is_copy)
    return _WORTHLESS if worthless else prices.get(entry.type_id)


def present(entries: Iterable[Entry], names: Mapping[int, str], prices: UnitPrices) -> tuple[Item, ...]:
    """The entries as responses have them. Without prices they have no value."""
    return tuple(_item(entry, names, prices) for entry in entries)


def _item(entry: Entry, names: Mapping[int, str], prices: UnitPrices) -> Item:
    price = _unit_price(entry, prices)
    return Item(
        type_id=entry.type_id,
        type_name=names.get(entry.type_id),
        flag=entry.flag,
        slot=Slot.OTHER if entry.flag is None else _SLOTS.get(entry.flag, Slot.OTHER),
        quantity_dropped=entry.dropped,
        quantity_destroyed=entry.destroyed,
        is_blueprint_copy=entry.is_copy,
        unit_price=price,
        value=None if price is None else price.isk * (entry.dropped + entry.destroyed),
        items=present(entry.items, names, prices),
    )
