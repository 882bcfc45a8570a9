"""Types, groups and locations with their names: from the simulated universe, or from a zip in CCP's layout."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import ZipFile

from battlescope_upstream.catalogue import catalogue
from battlescope_upstream.simulation.universe import Universe


@dataclass(frozen=True, slots=True)
class SolarSystem:
    name: str
    security: float
    constellation_id: int
    region_id: int
    position: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class ReferenceData:
    """Groups of types, categories of groups, systems, and all names except those of players with their category."""

    type_groups: Mapping[int, int]
    group_categories: Mapping[int, int]
    systems: Mapping[int, SolarSystem]
    names: Mapping[int, tuple[str, str]]

    def category_of(self, type_id: int) -> int:
        return self.group_categories.get(self.type_groups.get(type_id, 0), 0)


def reference_from_universe(universe: Universe) -> ReferenceData:
    items = catalogue()
    names = {type_id: ("inventory_type", item.name) for type_id, item in items.types.items()}
    names |= {area.area_id: ("region", area.name) for area in universe.regions}
    names |= {area.area_id: ("constellation", area.name) for area in universe.constellations}
    names |= {system.system_id: ("solar_system", system.name) for system in universe.systems}
    return ReferenceData(
        type_groups={type_id: item.group_id for type_id, item in items.types.items()},
        group_categories=items.group_category,
        systems={
            s.system_id: SolarSystem(s.name, s.security, s.constellation_id, s.region_id, s.position)
            for s in universe.systems
        },
        names=names,
    )


def _rows(archive: ZipFile, name: str) -> Iterator[dict[str, Any]]:
    with archive.open(f"{name}.jsonl") as lines:
        yield from map(json.loads, lines)


def _localized_names(archive: ZipFile, name: str, category: str) -> dict[int, tuple[str, str]]:
    return {row["_key"]: (category, row["name"]["en"]) for row in _rows(archive, name)}


def reference_from_zip(path: Path) -> ReferenceData:
    with ZipFile(path) as archive:
        return ReferenceData(
            type_groups={row["_key"]: row["groupID"] for row in _rows(archive, "types")},
            group_categories={row["_key"]: row["categoryID"] for row in _rows(archive, "groups")},
            systems={row["_key"]: _parse_system(row) for row in _rows(archive, "mapSolarSystems")},
            names={
                **_localized_names(archive, "types", "inventory_type"),
                **_localized_names(archive, "mapRegions", "region"),
                **_localized_names(archive, "mapConstellations", "constellation"),
                **_localized_names(archive, "mapSolarSystems", "solar_system"),
            },
        )


def _parse_system(row: Mapping[str, Any]) -> SolarSystem:
    position = row.get("position", {})
    return SolarSystem(
        name=row["name"]["en"],
        security=row.get("securityStatus", 0.0),
        constellation_id=row["constellationID"],
        region_id=row["regionID"],
        position=(position.get("x", 0.0), position.get("y", 0.0), position.get("z", 0.0)),
    )
