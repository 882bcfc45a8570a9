"""The invented world as a zip in exactly the layout of CCP's static data export."""

import io
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from battlescope_upstream.catalogue import catalogue
from battlescope_upstream.simulation.universe import Place, Universe

BUILD: Final = 3_400_000
RELEASED: Final = "2026-06-02T11:08:57Z"
_STAMP: Final = (2026, 6, 2, 11, 8, 56)  # in the zip's directory: the same world gives the same bytes
_STARGATE_TYPE: Final = 16


def latest_line(build: int = BUILD, released: str = RELEASED) -> str:
    return json.dumps({"_key": "sde", "buildNumber": build, "releaseDate": released}, separators=(",", ":")) + "\r\n"


def make_sde(universe: Universe) -> bytes:
    tables: dict[str, Iterable[Mapping[str, Any]]] = {
        "_sde": [{"_key": "sde", "buildNumber": BUILD, "releaseDate": RELEASED}],
        "categories": _categories(),
        "groups": _groups(),
        "mapConstellations": _constellations(universe),
        "mapRegions": _regions(universe),
        "mapSolarSystems": _systems(universe),
        "mapStargates": _gates(universe),
        "types": _types(),
    }
    buffer = io.BytesIO()
    with ZipFile(buffer, "w", ZIP_DEFLATED) as archive:
        for name, rows in tables.items():
            text = "".join(json.dumps(row, separators=(",", ":")) + "\n" for row in rows)
            archive.writestr(ZipInfo(f"{name}.jsonl", _STAMP), text, ZIP_DEFLATED)
    return buffer.getvalue()


def _english(name: str) -> dict[str, str]:
    return {"en": name}


def _categories() -> Iterator[dict[str, Any]]:
    for key, name in catalogue().category_names.items():
        yield {"_key": key, "name": _english(name), "published": True}


def _groups() -> Iterator[dict[str, Any]]:
    table = catalogue()
    for key, name in table.group_names.items():
        yield {"_key": key, "categoryID": table.group_category[key], "name": _english(name), "published": True}


def _types() -> Iterator[dict[str, Any]]:
    for item in sorted(catalogue().types.values(), key=lambda item: item.type_id):
        yield {
            "_key": item.type_id,
            "groupID": item.group_id,
            "name": _english(item.name),
            "published": item.role != "npc",
        }


def _regions(universe: Universe) -> Iterator[dict[str, Any]]:
    for region in universe.regions:
        inside = [c.place_id for c in universe.constellations if c.parent_id == region.place_id]
        row = {"_key": region.place_id, "constellationIDs": inside, "name": _english(region.name)}
        yield row | _class(_classes(universe, region))


def _classes(universe: Universe, region: Place) -> set[int]:
    """The wormhole classes of a region: one stands on the region, several on the systems."""
    of_space = {"highsec": 7, "lowsec": 8, "nullsec": 9}
    inside = [s for s in universe.systems if s.region_id == region.place_id]
    return {s.wormhole_class or of_space[s.space] for s in inside}


def _class(classes: set[int]) -> dict[str, int]:
    return {"wormholeClassID": next(iter(classes))} if len(classes) == 1 else {}


def _constellations(universe: Universe) -> Iterator[dict[str, Any]]:
    for place in universe.constellations:
        inside = [s.system_id for s in universe.systems if s.constellation_id == place.place_id]
        yield {
            "_key": place.place_id,
            "name": _english(place.name),
            "regionID": place.parent_id,
            "solarSystemIDs": inside,
        }


def _systems(universe: Universe) -> Iterator[dict[str, Any]]:
    gates: dict[int, list[int]] = {}
    for gate in universe.gates:
        gates.setdefault(gate.system_id, []).append(gate.gate_id)
    for system in sorted(universe.systems, key=lambda system: system.system_id):
        row: dict[str, Any] = {
            "_key": system.system_id,
            "constellationID": system.constellation_id,
            "name": _english(system.name),
            "position": dict(zip("xyz", system.position, strict=True)),
            "regionID": system.region_id,
            "securityStatus": system.security,
        }
        if system.system_id in gates:
            row["stargateIDs"] = gates[system.system_id]
        if system.space == "wormhole":
            row["wormholeClassID"] = system.wormhole_class
        yield row


def _gates(universe: Universe) -> Iterator[dict[str, Any]]:
    for gate in universe.gates:
        yield {
            "_key": gate.gate_id,
            "destination": {"solarSystemID": gate.to_system_id, "stargateID": gate.to_gate_id},
            "position": {"x": 0.0, "y": 0.0, "z": 0.0},
            "solarSystemID": gate.system_id,
            "typeID": _STARGATE_TYPE,
        }
