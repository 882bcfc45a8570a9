"""The items of a loss, read from the JSON of `victim.items`. Odd items are left out; they never refuse a killmail."""

from typing import Annotated, Any, Final

from msgspec import DecodeError, Meta, Raw, Struct, UnsetType, ValidationError
from msgspec.json import Decoder

MAX_ITEMS: Final = 20_000  # with nested ones; ESI gives at most 10,000 at the top and the same in one container
MAX_DEPTH: Final = 8  # the game nests two levels: a container in a ship in a hangar
MAX_QUANTITY: Final = 10**12  # units of an entry; the largest hold takes 10^9 of the smallest

_Quantity = Annotated[int, Meta(ge=0, le=MAX_QUANTITY)]


class Item(Struct, gc=False, rename={"type_id": "item_type_id", "dropped": "quantity_dropped",
                                     "destroyed": "quantity_destroyed"}):  # fmt: skip
    """One entry: some units of a type at one place of the ship, with what they contain.

    flag: the place, as the game numbers it. singleton: 2 for a copy of a blueprint.
    """

    type_id: Annotated[int, Meta(ge=0, le=2**63 - 1)]
    flag: int = -1
    dropped: _Quantity | None = None
    destroyed: _Quantity | None = None
    singleton: int = 0
    items: "list[Item] | None" = None

    @property
    def count(self) -> int:
        """Units, dropped and destroyed."""
        return (self.dropped or 0) + (self.destroyed or 0)


_ITEMS: Final = 20_000  # with nested ones; ESI gives at most 10,000 at the top and the same in one container
MAX_DEPTH: Final = 8  # the game nests two levels: a container in a ship in a hangar
MAX_QUANTITY: Final = 10**12  # units of an entry; the largest hold takes 10^9 of the smallest

_Quantity = Annotated[int, Meta(ge=0, le=MAX_QUANTITY)]


class Item(Struct, gc=False, rename={"type_id": "item_type_id", "dropped": "quantity_dropped",
                                     "destroyed": "quantity_destroyed"}):  # fmt: skip
    """One entry: some units of a type at one place of the ship, with what they contain.

    flag: the place, as the game numbers it. singleton: 2 for a copy of a blueprint.
    """

    type_id: Annotated[int, Meta(ge=0, le=2**63 - 1)]
    flag: int = -1
    dropped: _Quantity | None = None
    destroyed: _Quantity | None = None
    singleton: int = 0
    items: "list[Item] | None" = None

    @property
    def count(self) -> int:
        """Units, dropped and destroyed."""
        return (self.dropped or 0) + (self.destroyed or 0)


class _LenientItem(Struct):
    item_type_id: Any = None
    flag: Any = None
    quantity_dropped: Any = None
    quantity_destroyed: Any = None
    singleton: Any = None
    items: Any = None


_ITEMS: Final = Decoder(list[Item] | None)
_ANY: Final = Decoder(Any)


def read_items(text: Raw | UnsetType) -> list[Item]:
    """The items at the top, each with its contents; none where the killmail states none.

    An entry without a valid type is left out with its contents, and so is what lies deeper than `MAX_DEPTH` or after
    `MAX_ITEMS`. A quantity, a flag or contents of another type count as missing.
    """
    if not isinstance(text, Raw):
        return []
    try:
        items = _ITEMS.decode(text) or []
    except (DecodeError, ValidationError, RecursionError):
        return _bounded(_leniently(text))
    return _bounded(items) if any(item.items for item in items) or len(items) > MAX_ITEMS else items


def _leniently(text: Raw) -> list[Item]:
    try:
        entries = _ANY.decode(text)
    except (DecodeError, RecursionError):
        return []
    return _items_of(entries, 1)


def _items_of(entries: Any, depth: int) -> list[Item]:
    if not isinstance(entries, list) or depth > MAX_DEPTH:
        return []
    return [item for entry in entries if (item := _item_of(entry, depth)) is not None]


def _item_of(entry: Any, depth: int) -> Item | None:
    if not isinstance(entry, dict):
        return None
    type_id = entry.get("item_type_id")
    if not _is_whole(type_id) or not 0 <= type_id < 2**63:
        return None
    flag, singleton = entry.get("flag"), entry.get("singleton")
    return Item(
        type_id,
        flag if _is_whole(flag) else -1,
        _quantity(entry.get("quantity_dropped")),
        _quantity(entry.get("quantity_destroyed")),
        singleton if _is_whole(singleton) else 0,
        _items_of(entry.get("items"), depth + 1) or None,
    )


def _quantity(value: Any) -> int | None:
    return value if _is_whole(value) and 0 <= value <= MAX_QUANTITY else None


def _is_whole(value: Any) -> bool:
    return type(value) is int


def _bounded(items: list[Item]) -> list[Item]:
    """The items without what lies deeper than `MAX_DEPTH` or after the first `MAX_ITEMS`, counted level by level."""
    top, left = items[:MAX_ITEMS], MAX_ITEMS
    level, depth = top, 1
    while level:
        left -= len(level)
        depth += 1
        below: list[Item] = []
        for item in level:
            if item.items:
                room = max(left - len(below), 0) if depth <= MAX_DEPTH else 0
                item.items = item.items[:room] or None
                below += item.items or ()
        level = below
    return top
