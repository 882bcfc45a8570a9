"""The items of a loss, read from the JSON of `victim.items`. Odd items are left out; they never refuse a killmail."""

from typing import Annotated, Any, Final, cast, overload

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


_ITEMS: Final[Decoder[list[Item] | None]] = Decoder(list[Item] | None)
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
        return _items_of(_ANY.decode(text), 1)
    except (DecodeError, RecursionError):
        return []


def _items_of(entries: Any, depth: int) -> list[Item]:
    if not isinstance(entries, list) or depth > MAX_DEPTH:
        return []
    listed = cast("list[Any]", entries)
    return [item for entry in listed if (item := _item_of(entry, depth)) is not None]


def _item_of(entry: Any, depth: int) -> Item | None:
    if not isinstance(entry, dict):
        return None
    fields = cast("dict[str, Any]", entry)
    type_id = _whole(fields.get("item_type_id"), 0, 2**63 - 1)
    if type_id is None:
        return None
    return Item(
        type_id,
        _whole(fields.get("flag"), 0, 2**63 - 1, -1),
        _whole(fields.get("quantity_dropped"), 0, MAX_QUANTITY),
        _whole(fields.get("quantity_destroyed"), 0, MAX_QUANTITY),
        _whole(fields.get("singleton"), 0, 2**63 - 1, 0),
        _items_of(fields.get("items"), depth + 1) or None,
    )


@overload
def _whole(value: Any, smallest: int, largest: int) -> int | None: ...
@overload
def _whole(value: Any, smallest: int, largest: int, default: int) -> int: ...
def _whole(value: Any, smallest: int, largest: int, default: int | None = None) -> int | None:
    """The value where it is a whole number within the bounds."""
    return value if type(value) is int and smallest <= value <= largest else default


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
