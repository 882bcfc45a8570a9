"""What is known about types, groups and places: from the invented world, or from a zip in CCP's layout."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from battlescope_upstream.catalogue import catalogue
from battlescope_upstream.simulation.universe import Universe


@dataclass(frozen=True, slots=True)
class KnownSystem:
    name: str
    security: float
    constellation_id: int
    region_id: int
    position: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class Reference:
    """Groups of types, categories of groups, systems, and every name that is no player's, with its ESI category."""

    type_groups: Mapping[int, int]
    group_categories: Mapping[int, int]
    systems: Mapping[int, KnownSystem]
    names: Mapping[int, tuple[str, str]]

    def category_of(self, type_id: int) -> int:
        return self.group_categories.get(self.type_groups.get(type_id, 0), 0)


def reference_of_world(universe: Universe) -> Reference:
    table = catalogue()
    names = {type_id: ("inventory_type", item.name) for type_id, item in table.types.items()}
    names |= {place.place_id: ("region", place.name) for place in universe.regions}
    names |= {place.place_id: ("constellation", place.name) for place in universe.constellations}
    names |= {system.system_id: ("solar_system", system.name) for system in universe.systems}
    return Reference(
        type_groups={type_id: item.group_id for type_id, item in table.types.items()},
        group_categories=table.group_category,
        systems={
            s.system_id: KnownSystem(s.name, s.security, s.constellation_id, s.region_id, s.position)
            for s in universe.systems
        },
        names=names,
    )


def _entries(archive: ZipFile, name: str) -> Iterator[dict[str, Any]]:
    with archive.open(f"{name}.jsonl") as lines:
        yield from map(json.loads, lines)


def _names(archive: ZipFile, name: str, category: str) -> dict[int, tuple[str, str]]:
    return {entry["_key"]: (category, entry["name"]["en"]) for entry in _entries(archive, name)}


def reference_of_zip(path: Path) -> Reference:
    with ZipFile(path) as archive:
        return Reference(
            type_groups={entry["_key"]: entry["groupID"] for entry in _entries(archive, "types")},
            group_categories={entry["_key"]: entry["categoryID"] for entry in _entries(archive, "groups")},
            systems={entry["_key"]: _system(entry) for entry in _entries(archive, "mapSolarSystems")},
            names={
                **_names(archive, "types", "inventory_type"),
                **_names(archive, "mapRegions", "region"),
                **_names(archive, "mapConstellations", "constellation"),
                **_names(archive, "mapSolarSystems", "solar_system"),
            },
        )


def _system(entry: Mapping[str, Any]) -> KnownSystem:
    position = entry.get("position", {})
    return KnownSystem(
        name=entry["name"]["en"],
        security=entry.get("securityStatus", 0.0),
        constellation_id=entry["constellationID"],
        region_id=entry["regionID"],
        position=(position.get("x", 0.0), position.get("y", 0.0), position.get("z", 0.0)),
    )
