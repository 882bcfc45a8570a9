"""The items of a loss as the raw killmail states them. Odd entries are left out; they never refuse a killmail."""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from killmail_api.schemas.items import Item, Slot

MAX_ITEMS: Final = 20_000  # with nested ones; ESI gives at most 10,000 at the top and the same in one container
MAX_DEPTH: Final = 8  # the game nests two levels: a container in a ship in a hangar
MAX_NUMBER: Final = 2**63 - 1
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
                    _number(entry.get("quantity_dropped")) or 0,
                    _number(entry.get("quantity_destroyed")) or 0,
                    entry.get("singleton") == 2,  # noqa: PLR2004  # the game's mark of a copied blueprint
                    tuple(_entries(entry.get("items"), depth + 1, room)),
                )


def _number(value: Any) -> int | None:
    return value if type(value) is int and 0 <= value <= MAX_NUMBER else None


def type_ids(entries: Iterable[Entry]) -> Iterator[int]:
    """The types of entries and of what they contain."""
    for entry in entries:
        yield entry.type_id
        yield from type_ids(entry.items)


def present(entries: Iterable[Entry], names: Mapping[int, str]) -> tuple[Item, ...]:
    """The entries as responses have them."""
    return tuple(
        Item(
            type_id=entry.type_id,
            type_name=names.get(entry.type_id),
            flag=entry.flag,
            slot=Slot.OTHER if entry.flag is None else _SLOTS.get(entry.flag, Slot.OTHER),
            quantity_dropped=entry.dropped,
            quantity_destroyed=entry.destroyed,
            is_blueprint_copy=entry.is_copy,
            items=present(entry.items, names),
        )
        for entry in entries
    )
