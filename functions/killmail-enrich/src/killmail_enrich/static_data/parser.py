"""Parses the lines of the static data export into rows; the order of fields is that of the tables' columns."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from battlescope_events.errors import PermanentError

Row = tuple[Any, ...]
Adjacency = Mapping[int, frozenset[int]]


@dataclass(frozen=True, slots=True)
class Member:
    """One file of the export's zip, and the table that it fills."""

    file_name: str
    table: str
    row: Callable[[Mapping[str, Any]], Row]


def _english_name(entry: Mapping[str, Any]) -> str:
    name = entry.get("name") or ""
    return str(name.get("en", "")) if isinstance(name, dict) else str(name)  # pyright: ignore[reportUnknownMemberType, reportUnknownArgumentType]  # JSON of others


def _system(entry: Mapping[str, Any]) -> Row:
    location = (entry["constellationID"], entry["regionID"], float(entry["securityStatus"]))
    return (entry["_key"], _english_name(entry), *location, entry.get("wormholeClassID"))


def _constellation(entry: Mapping[str, Any]) -> Row:
    return (entry["_key"], _english_name(entry), entry["regionID"], entry.get("wormholeClassID"))


MEMBERS: Final = (
    Member("categories.jsonl", "categories", lambda e: (e["_key"], _english_name(e))),
    Member("groups.jsonl", "groups", lambda e: (e["_key"], _english_name(e), e["categoryID"])),
    Member("types.jsonl", "types", lambda e: (e["_key"], _english_name(e), e["groupID"])),
    Member("mapRegions.jsonl", "regions", lambda e: (e["_key"], _english_name(e), e.get("wormholeClassID"))),
    Member("mapConstellations.jsonl", "constellations", _constellation),
    Member("mapSolarSystems.jsonl", "systems", _system),
)
STARGATES: Final = "mapStargates.jsonl"


def entries(lines: Iterable[bytes], file_name: str) -> Iterator[Mapping[str, Any]]:
    """The JSON object of each line; of two objects with the same key the first counts.

    Raises:
        PermanentError: a line is not a JSON object with a key.
    """
    seen: set[Any] = set()
    for line in lines:
        if not line.strip():
            continue
        try:
            entry: Mapping[str, Any] = json.loads(line)
            key = entry["_key"]
        except (ValueError, TypeError, KeyError) as error:
            raise PermanentError(f"{file_name} of the static data has an invalid line: {error!r}.") from error
        if key not in seen:
            seen.add(key)
            yield entry


def rows(member: Member, lines: Iterable[bytes]) -> Iterator[Row]:
    for entry in entries(lines, member.file_name):
        try:
            yield member.row(entry)
        except (KeyError, TypeError, ValueError) as error:
            message = f"Entry {entry['_key']} of {member.file_name} has a missing or invalid field: {error}."
            raise PermanentError(message) from error


def adjacency(lines: Iterable[bytes]) -> Adjacency:
    """The systems that stargates connect, in both directions, whichever end the export lists."""
    neighbours: dict[int, set[int]] = {}
    for gate in entries(lines, STARGATES):
        origin, destination = gate["solarSystemID"], gate["destination"]["solarSystemID"]
        neighbours.setdefault(origin, set()).add(destination)
        neighbours.setdefault(destination, set()).add(origin)
    return {system_id: frozenset(system_ids) for system_id, system_ids in neighbours.items()}


def nearby(system_id: int, neighbours: Adjacency) -> list[int]:
    """Systems within two gate jumps, itself excluded, in order of id: as far as a battle moves within minutes."""
    within_one = neighbours.get(system_id, frozenset())
    within_two = within_one.union(*(neighbours.get(neighbour, frozenset()) for neighbour in within_one))
    return sorted(within_two - {system_id})
