"""Parses the lines of the static data export into rows; the order of fields is that of the tables' columns."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final, cast

from battlescope_events.errors import PermanentError
from battlescope_schemas.foreign_text import clean_name, parse_json
from battlescope_schemas.killmail import MAX_ID

Row = tuple[Any, ...]
Adjacency = Mapping[int, frozenset[int]]
_MAX_SECURITY: Final = 10.0  # the game's own lie between -1 and 1
_MAX_SMALLINT: Final = 2**15 - 1


@dataclass(frozen=True, slots=True)
class Member:
    """One file of the export's zip, and the table that it fills."""

    file_name: str
    table: str
    row: Callable[[Mapping[str, Any]], Row]


def _english_name(entry: Mapping[str, Any]) -> str:
    """Empty where there is none."""
    name = entry.get("name")
    return clean_name(cast("Mapping[str, Any]", name).get("en") if isinstance(name, Mapping) else name) or ""


def _id(entry: Mapping[str, Any], field: str) -> int:
    value = entry[field]
    if type(value) is not int or not 0 <= value <= MAX_ID:
        raise ValueError(f"{field} is no id")
    return value


def _security_status(entry: Mapping[str, Any]) -> float:
    value = entry["securityStatus"]
    if type(value) not in (int, float) or not -_MAX_SECURITY <= value <= _MAX_SECURITY:  # NaN is outside too
        raise ValueError("securityStatus is no security status")
    return float(value)


def _wormhole_class(entry: Mapping[str, Any]) -> int | None:
    """None where there is none, or an odd one: nothing depends on it."""
    value = entry.get("wormholeClassID")
    return value if type(value) is int and 0 <= value <= _MAX_SMALLINT else None


def _system(entry: Mapping[str, Any]) -> Row:
    location = (_id(entry, "constellationID"), _id(entry, "regionID"), _security_status(entry))
    return (entry["_key"], _english_name(entry), *location, _wormhole_class(entry))


def _constellation(entry: Mapping[str, Any]) -> Row:
    return (entry["_key"], _english_name(entry), _id(entry, "regionID"), _wormhole_class(entry))


MEMBERS: Final = (
    Member("categories.jsonl", "categories", lambda e: (e["_key"], _english_name(e))),
    Member("groups.jsonl", "groups", lambda e: (e["_key"], _english_name(e), _id(e, "categoryID"))),
    Member("types.jsonl", "types", lambda e: (e["_key"], _english_name(e), _id(e, "groupID"))),
    Member("mapRegions.jsonl", "regions", lambda e: (e["_key"], _english_name(e), _wormhole_class(e))),
    Member("mapConstellations.jsonl", "constellations", _constellation),
    Member("mapSolarSystems.jsonl", "systems", _system),
)
STARGATES: Final = "mapStargates.jsonl"
SECONDARY_SUNS: Final = "mapSecondarySuns.jsonl"
BLUEPRINTS: Final = "blueprints.jsonl"
_MAX_MATERIALS: Final = 1_000
_MAX_QUANTITY: Final = 2**31 - 1


def entries(lines: Iterable[bytes], file_name: str) -> Iterator[Mapping[str, Any]]:
    """The JSON object of each line; of two objects with the same key the first counts.

    Raises:
        PermanentError: a line is not a JSON object with a key.
    """
    seen: set[int] = set()
    for line in lines:
        if not line.strip():
            continue
        try:
            entry: Mapping[str, Any] = parse_json(line)
            key = _id(entry, "_key")
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


def blueprint_rows(lines: Iterable[bytes]) -> list[Row]:
    """Product, blueprint, units per run, materials and their quantities; of several blueprints that with the lowest id.

    A blueprint that manufactures nothing, or out of nothing, has no row.
    """
    by_product: dict[int, Row] = {}
    for entry in entries(lines, BLUEPRINTS):
        try:
            row = _blueprint(entry)
        except (KeyError, TypeError, ValueError) as error:
            message = f"Entry {entry['_key']} of {BLUEPRINTS} has a missing or invalid field: {error}."
            raise PermanentError(message) from error
        if row is not None and (row[0] not in by_product or row[1] < by_product[row[0]][1]):
            by_product[row[0]] = row
    return [by_product[product] for product in sorted(by_product)]


def _blueprint(entry: Mapping[str, Any]) -> Row | None:
    manufacturing = entry["activities"].get("manufacturing", {})
    products, materials = manufacturing.get("products", ()), manufacturing.get("materials", ())
    if not products or not materials:
        return None
    if len(materials) > _MAX_MATERIALS:
        raise ValueError("there are too many materials")
    quantities = {_id(material, "typeID"): _quantity(material) for material in materials}
    return (_id(products[0], "typeID"), entry["_key"], _quantity(products[0]), list(quantities), [*quantities.values()])


def _quantity(entry: Mapping[str, Any]) -> int:
    value = entry["quantity"]
    if type(value) is not int or not 0 < value <= _MAX_QUANTITY:
        raise ValueError("quantity is no number of units")
    return value


def adjacency(lines: Iterable[bytes]) -> Adjacency:
    """The systems that stargates connect, in both directions, whichever end the export lists."""
    neighbours: dict[int, set[int]] = {}
    for gate in entries(lines, STARGATES):
        try:
            origin, destination = _id(gate, "solarSystemID"), _id(gate["destination"], "solarSystemID")
        except (KeyError, TypeError, ValueError) as error:
            raise PermanentError(f"Entry {gate['_key']} of {STARGATES} connects no two systems: {error}.") from error
        neighbours.setdefault(origin, set()).add(destination)
        neighbours.setdefault(destination, set()).add(origin)
    return {system_id: frozenset(system_ids) for system_id, system_ids in neighbours.items()}


def secondary_suns(lines: Iterable[bytes]) -> dict[int, int]:
    """The type of the secondary sun of each system that has one; its effect holds in the whole system."""
    suns: dict[int, int] = {}
    for sun in entries(lines, SECONDARY_SUNS):
        try:
            suns.setdefault(_id(sun, "solarSystemID"), _id(sun, "typeID"))
        except (KeyError, TypeError, ValueError) as error:
            message = f"Entry {sun['_key']} of {SECONDARY_SUNS} has a missing or invalid field: {error}."
            raise PermanentError(message) from error
    return suns


def adjacent(system_id: int, neighbours: Adjacency) -> list[int]:
    """Systems within one gate jump, itself excluded, in order of id."""
    return sorted(neighbours.get(system_id, frozenset()) - {system_id})


def nearby(system_id: int, neighbours: Adjacency) -> list[int]:
    """Systems within two gate jumps, itself excluded, in order of id: as far as a battle moves within minutes."""
    within_one = neighbours.get(system_id, frozenset())
    within_two = within_one.union(*(neighbours.get(neighbour, frozenset()) for neighbour in within_one))
    return sorted(within_two - {system_id})
