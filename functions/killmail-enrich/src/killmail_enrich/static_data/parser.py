"""Reads the lines of the static data export into rows; the order of fields is that of the tables' columns."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from killmail_enrich.errors import Unusable

Row = tuple[Any, ...]
Adjacency = Mapping[int, frozenset[int]]


@dataclass(frozen=True, slots=True)
class Member:
    """One file of the export and the table it fills."""

    file_name: str
    table: str
    row: Callable[[Mapping[str, Any]], Row]


def _english(entry: Mapping[str, Any]) -> str:
    name = entry.get("name") or ""
    return str(name.get("en", "")) if isinstance(name, dict) else str(name)  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]  # JSON of others


def _system(entry: Mapping[str, Any]) -> Row:
    places = (entry["constellationID"], entry["regionID"], float(entry["securityStatus"]))
    return (entry["_key"], _english(entry), *places, entry.get("wormholeClassID"))


def _constellation(entry: Mapping[str, Any]) -> Row:
    return (entry["_key"], _english(entry), entry["regionID"], entry.get("wormholeClassID"))


MEMBERS: Final = (
    Member("categories.jsonl", "categories", lambda e: (e["_key"], _english(e))),
    Member("groups.jsonl", "groups", lambda e: (e["_key"], _english(e), e["categoryID"])),
    Member("types.jsonl", "types", lambda e: (e["_key"], _english(e), e["groupID"])),
    Member("mapRegions.jsonl", "regions", lambda e: (e["_key"], _english(e), e.get("wormholeClassID"))),
    Member("mapConstellations.jsonl", "constellations", _constellation),
    Member("mapSolarSystems.jsonl", "systems", _system),
)
STARGATES: Final = "mapStargates.jsonl"


def entries(lines: Iterable[bytes], file_name: str) -> Iterator[Mapping[str, Any]]:
    """The JSON object of each line; the first of two with the same key counts.

    Raises:
        Unusable: a line is no JSON object with a key.
    """
    seen: set[Any] = set()
    for line in lines:
        if not line.strip():
            continue
        try:
            entry: Mapping[str, Any] = json.loads(line)
            key = entry["_key"]
        except (ValueError, TypeError, KeyError) as error:
            raise Unusable(f"{file_name} of the static data holds a line that is no entry: {error!r}.") from error
        if key not in seen:
            seen.add(key)
            yield entry


def rows(member: Member, lines: Iterable[bytes]) -> Iterator[Row]:
    for entry in entries(lines, member.file_name):
        try:
            yield member.row(entry)
        except (KeyError, TypeError, ValueError) as error:
            raise Unusable(f"Entry {entry['_key']} of {member.file_name} lacks or spoils {error}.") from error


def adjacency(lines: Iterable[bytes]) -> Adjacency:
    """Which systems a gate connects, both ways, whichever end the export lists."""
    linked: dict[int, set[int]] = {}
    for gate in entries(lines, STARGATES):
        here, there = gate["solarSystemID"], gate["destination"]["solarSystemID"]
        linked.setdefault(here, set()).add(there)
        linked.setdefault(there, set()).add(here)
    return {system: frozenset(neighbours) for system, neighbours in linked.items()}


def nearby(system_id: int, linked: Adjacency) -> list[int]:
    """Systems within two gate jumps, itself excluded, in order of id: as far as a fight moves in minutes."""
    one = linked.get(system_id, frozenset())
    two = one.union(*(linked.get(neighbour, frozenset()) for neighbour in one))
    return sorted(two - {system_id})
