"""The name that responses show for an id, also while nobody knows it: one rule for every API, and no bare id."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final, LiteralString, overload


class NamedKind(StrEnum):
    """What an id stands for. Values are those of the columns `entity_type`, and `item_type`."""

    CHARACTER = "character"
    CORPORATION = "corporation"
    ALLIANCE = "alliance"
    FACTION = "faction"
    SHIP_TYPE = "ship_type"
    SHIP_GROUP = "ship_group"
    ITEM_TYPE = "item_type"
    SYSTEM = "system"
    CONSTELLATION = "constellation"
    REGION = "region"


UNKNOWN: Final[Mapping[str, LiteralString]] = {
    NamedKind.CHARACTER: "Unknown Character #",
    NamedKind.CORPORATION: "Unknown Corporation #",
    NamedKind.ALLIANCE: "Unknown Alliance #",
    NamedKind.FACTION: "Unknown Faction #",
    NamedKind.SHIP_TYPE: "Unknown Ship #",
    NamedKind.SHIP_GROUP: "Unknown Ship Group #",
    NamedKind.ITEM_TYPE: "Unknown Item #",
    NamedKind.SYSTEM: "Unknown System #",
    NamedKind.CONSTELLATION: "Unknown Constellation #",
    NamedKind.REGION: "Unknown Region #",
}
"""What stands before the id, by kind; repositories write it into their statements."""


def unknown_name(kind: str, entity_id: int | str) -> str:
    """What stands for a name that nobody knows, such as `Unknown Character #90000001`.

    Raises:
        KeyError: `kind` is no `NamedKind`.
    """
    return f"{UNKNOWN[kind]}{entity_id}"


@overload
def shown_name(kind: str, entity_id: int | str, name: str | None) -> str: ...
@overload
def shown_name(kind: str, entity_id: int | str | None, name: str | None) -> str | None: ...
def shown_name(kind: str, entity_id: int | str | None, name: str | None) -> str | None:
    """The name, else what stands for it; None where there is no id.

    Raises:
        KeyError: `kind` is no `NamedKind`.
    """
    return None if entity_id is None else name or unknown_name(kind, entity_id)
