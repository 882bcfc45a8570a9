"""The simulated universe as a zip in exactly the layout of CCP's static data export."""

import io
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo
from zlib import crc32

from battlescope_upstream.catalogue import catalogue
from battlescope_upstream.content.market import BUILT_GROUPS, MINERALS
from battlescope_upstream.simulation.universe import Area, Universe

BUILD_NUMBER: Final = 3_400_000  # lowest build of a simulated universe
RELEASE_DATE: Final = "2026-06-02T11:08:57Z"
_ZIP_TIMESTAMP: Final = (
    2026,
    6,
    2,
    11,
    8,
    56,
)  # constant, so that a universe always gives the same bytes
_STARGATE_TYPE: Final = 16
_FIRST_CELESTIAL: Final = 40_000_000
_SYSTEMS_BY_SUN: Final = 5  # two of five wormhole systems have a secondary sun, as in the game
_FIRST_BLUEPRINT: Final = 10_000_000  # blueprints have no names here, so they need no types of the game


def latest_build_line(build: int, released: str = RELEASE_DATE) -> str:
    return json.dumps({"_key": "sde", "buildNumber": build, "releaseDate": released}, separators=(",", ":")) + "\r\n"


def build_number(universe: Universe) -> int:
    """Differs between sets of systems, so that a consumer imports the invented systems of other files too."""
    return BUILD_NUMBER + crc32(repr(sorted(system.system_id for system in universe.systems)).encode()) % 100_000


def build_sde(universe: Universe) -> bytes:
    tables: dict[str, Iterable[Mapping[str, Any]]] = {
        "_sde": [{"_key": "sde", "buildNumber": build_number(universe), "releaseDate": RELEASE_DATE}],
        "blueprints": _blueprints(),
        "categories": _categories(),
        "groups": _groups(),
        "mapConstellations": _constellations(universe),
        "mapRegions": _regions(universe),
        "mapSecondarySuns": _secondary_suns(universe),
        "mapSolarSystems": _systems(universe),
        "mapStargates": _stargates(universe),
        "types": _types(),
    }
    buffer = io.BytesIO()
    with ZipFile(buffer, "w", ZIP_DEFLATED) as archive:
        for name, rows in tables.items():
            text = "".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows)
            archive.writestr(ZipInfo(f"{name}.jsonl", _ZIP_TIMESTAMP), text, ZIP_DEFLATED)
    return buffer.getvalue()


def _localized(name: str) -> dict[str, str]:
    return {"en": name}


def _categories() -> Iterator[dict[str, Any]]:
    for key, name in catalogue().category_names.items():
        yield {"_key": key, "name": _localized(name), "published": True}


def _blueprints() -> Iterator[dict[str, Any]]:
    """Of what no market sells: minerals whose prices add up to the estimate of the hull."""
    for item in sorted(catalogue().types.values(), key=lambda item: item.type_id):
        if item.group_id in BUILT_GROUPS:
            share = max(1, item.price // len(MINERALS))
            materials = [{"quantity": int(share / price), "typeID": mineral} for mineral, price in MINERALS.items()]
            products = [{"quantity": 1, "typeID": item.type_id}]
            manufacturing = {"materials": materials, "products": products, "time": 100_000}
            yield {
                "_key": _FIRST_BLUEPRINT + item.type_id,
                "activities": {"copying": {"time": 80_000}, "manufacturing": manufacturing},
                "blueprintTypeID": _FIRST_BLUEPRINT + item.type_id,
                "maxProductionLimit": 1,
            }


def _groups() -> Iterator[dict[str, Any]]:
    items = catalogue()
    for key, name in items.group_names.items():
        yield {"_key": key, "categoryID": items.group_category[key], "name": _localized(name), "published": True}


def _types() -> Iterator[dict[str, Any]]:
    for item in sorted(catalogue().types.values(), key=lambda item: item.type_id):
        yield {
            "_key": item.type_id,
            "groupID": item.group_id,
            "name": _localized(item.name),
            "published": item.role not in {"npc", "sun"},
        }


def _regions(universe: Universe) -> Iterator[dict[str, Any]]:
    for region in universe.regions:
        constellation_ids = [c.area_id for c in universe.constellations if c.parent_id == region.area_id]
        row = {"_key": region.area_id, "constellationIDs": constellation_ids, "name": _localized(region.name)}
        yield row | _wormhole_class(_wormhole_classes(universe, region))


def _wormhole_classes(universe: Universe, region: Area) -> set[int]:
    """The wormhole classes of a region. CCP names a single class on the region, several on the systems."""
    by_space = {"highsec": 7, "lowsec": 8, "nullsec": 9}
    return {s.wormhole_class or by_space[s.space] for s in universe.systems if s.region_id == region.area_id}


def _wormhole_class(classes: set[int]) -> dict[str, int]:
    return {"wormholeClassID": next(iter(classes))} if len(classes) == 1 else {}


def _constellations(universe: Universe) -> Iterator[dict[str, Any]]:
    for constellation in universe.constellations:
        system_ids = [s.system_id for s in universe.systems if s.constellation_id == constellation.area_id]
        yield {
            "_key": constellation.area_id,
            "name": _localized(constellation.name),
            "regionID": constellation.parent_id,
            "solarSystemIDs": system_ids,
        }


def _systems(universe: Universe) -> Iterator[dict[str, Any]]:
    gates: dict[int, list[int]] = {}
    for gate in universe.gates:
        gates.setdefault(gate.system_id, []).append(gate.gate_id)
    for system in sorted(universe.systems, key=lambda system: system.system_id):
        row: dict[str, Any] = {
            "_key": system.system_id,
            "constellationID": system.constellation_id,
            "name": _localized(system.name),
            "position": dict(zip("xyz", system.position, strict=True)),
            "regionID": system.region_id,
            "securityStatus": system.security,
        }
        if system.system_id in gates:
            row["stargateIDs"] = gates[system.system_id]
        if system.space == "wormhole":
            row["wormholeClassID"] = system.wormhole_class
        yield row


def _secondary_suns(universe: Universe) -> Iterator[dict[str, Any]]:
    suns = catalogue().with_role("sun")
    for system in sorted(universe.systems, key=lambda system: system.system_id):
        turn, rest = divmod(system.system_id, _SYSTEMS_BY_SUN)
        if system.space == "wormhole" and rest < 2:  # noqa: PLR2004  # two of five
            yield {
                "_key": _FIRST_CELESTIAL + system.system_id % 1_000_000,
                "position": {"x": 0.0, "y": 0.0, "z": 0.0},
                "solarSystemID": system.system_id,
                "typeID": suns[turn % len(suns)].type_id,
            }


def _stargates(universe: Universe) -> Iterator[dict[str, Any]]:
    for gate in universe.gates:
        yield {
            "_key": gate.gate_id,
            "destination": {"solarSystemID": gate.to_system_id, "stargateID": gate.to_gate_id},
            "position": {"x": 0.0, "y": 0.0, "z": 0.0},
            "solarSystemID": gate.system_id,
            "typeID": _STARGATE_TYPE,
        }
