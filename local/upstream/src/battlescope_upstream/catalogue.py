"""Types that simulated pilots fly, fit and shoot: ids, groups and names of EVE; prices are estimates."""

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Final

CAPSULE: Final = 670
CAPSULE_GROUP: Final = 29
SHUTTLE_GROUP: Final = 31
ROOKIE_GROUP: Final = 237
SHIP_CATEGORY: Final = 6
STRUCTURE_CATEGORY: Final = 65


@dataclass(frozen=True, slots=True)
class ItemType:
    type_id: int
    group_id: int
    role: str
    price: int
    name: str


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Types by id, the category of each group, and the names of groups, categories, factions and NPC corporations."""

    types: Mapping[int, ItemType]
    group_category: Mapping[int, int]
    group_names: Mapping[int, str]
    category_names: Mapping[int, str]
    npc_names: Mapping[int, str]

    def with_role(self, *roles: str) -> tuple[ItemType, ...]:
        return tuple(item for item in self.types.values() if item.role in roles)


def _read_table(table: str) -> list[dict[str, str]]:
    text = (files("battlescope_upstream") / "data" / f"{table}.csv").read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


@cache
def catalogue() -> Catalogue:
    """The tables in `data/`."""
    types = [
        ItemType(int(row["type_id"]), int(row["group_id"]), row["role"], int(row["price"]), row["name"])
        for row in _read_table("types")
    ]
    groups = _read_table("groups")
    return Catalogue(
        types={item.type_id: item for item in types},
        group_category={int(row["group_id"]): int(row["category_id"]) for row in groups},
        group_names={int(row["group_id"]): row["name"] for row in groups},
        category_names={int(row["category_id"]): row["name"] for row in _read_table("categories")},
        npc_names={int(row["id"]): row["name"] for row in _read_table("npcs")},
    )
