"""Parsing the lines of the static data export."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from battlescope_events.errors import PermanentError
from killmail_enrich.static_data.parser import (
    MEMBERS,
    adjacency,
    adjacent,
    blueprint_rows,
    nearby,
    rows,
    secondary_suns,
)

gate_pairs = st.lists(st.tuples(st.integers(1, 12), st.integers(1, 12)), max_size=25)


def gate_lines(pairs: list[tuple[int, int]]) -> list[bytes]:
    return [
        json.dumps({"_key": key, "solarSystemID": a, "destination": {"solarSystemID": b, "stargateID": 1}}).encode()
        for key, (a, b) in enumerate(pairs)
    ]


@given(gate_pairs)
def test_nearby_is_mutual_excludes_itself_and_reaches_two_jumps(pairs: list[tuple[int, int]]) -> None:
    neighbours = adjacency(gate_lines(pairs))
    for system in range(1, 13):
        nearby_systems = nearby(system, neighbours)
        assert nearby_systems == sorted(set(nearby_systems) - {system})
        for other in nearby_systems:
            is_one_jump = other in neighbours[system]
            assert is_one_jump or neighbours[system] & neighbours[other]
            assert system in nearby(other, neighbours)
        assert adjacent(system, neighbours) == [other for other in nearby_systems if other in neighbours[system]]


def test_first_of_two_entries_counts_and_names_may_be_empty() -> None:
    types = next(member for member in MEMBERS if member.table == "types")
    lines = [b'{"_key":0,"groupID":1,"name":{"en":"a"}}', b"\r\n", b'{"_key":0,"groupID":2,"name":{"en":"b"}}']
    assert list(rows(types, [*lines, b'{"_key":7,"groupID":2,"name":{}}\r\n'])) == [(0, "a", 1), (7, "", 2)]


ENTRIES: dict[str, dict[str, Any]] = {
    "categories": {"_key": 6, "name": {"en": "Ship"}},
    "groups": {"_key": 25, "name": {"en": "Frigate"}, "categoryID": 6},
    "types": {"_key": 587, "name": {"en": "Rifter"}, "groupID": 25},
    "regions": {"_key": 10000002, "name": {"en": "The Forge"}, "wormholeClassID": 7},
    "constellations": {"_key": 20000020, "name": {"en": "Kimotoro"}, "regionID": 10000002, "wormholeClassID": 7},
    "systems": {
        "_key": 30000142, "name": {"en": "Jita"}, "securityStatus": 0.9, "constellationID": 20000020,
        "regionID": 10000002, "wormholeClassID": 7,
    },
}  # fmt: skip
ODD: list[Any] = [None, "7", 7.5, True, -1, 2**63, 10**40, [7], {"id": 7}]


def row_of(table: str, entry: dict[str, Any]) -> tuple[Any, ...]:
    member = next(member for member in MEMBERS if member.table == table)
    (row,) = rows(member, [json.dumps(entry).encode()])
    return row


@pytest.mark.parametrize(("table", "entry"), ENTRIES.items())
def test_every_id_of_every_table_is_bounded(table: str, entry: dict[str, Any]) -> None:
    assert {member.table for member in MEMBERS} == ENTRIES.keys()
    for field in entry.keys() - {"name", "securityStatus", "wormholeClassID"}:
        assert 2**63 - 1 in row_of(table, entry | {field: 2**63 - 1})
        for odd in ODD:
            with pytest.raises(PermanentError):
                row_of(table, entry | {field: odd})


@pytest.mark.parametrize("odd", [None, "0.9", True, float("nan"), float("inf"), -11, 10**400, [], {}])
def test_odd_security_status_stops_the_import(odd: Any) -> None:
    with pytest.raises(PermanentError):
        row_of("systems", ENTRIES["systems"] | {"securityStatus": odd})


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize("table", ["regions", "constellations", "systems"])
def test_odd_wormhole_class_is_absent(table: str, odd: Any) -> None:
    assert row_of(table, ENTRIES[table] | {"wormholeClassID": odd})[-1] is None


@pytest.mark.parametrize("odd", [None, 7, [], {}, {"en": None}, {"de": "x"}, {"en": "  "}, {"en": "\x00"}, "\ud800"])
@pytest.mark.parametrize("table", ENTRIES)
def test_odd_name_is_empty(table: str, odd: Any) -> None:
    assert row_of(table, ENTRIES[table] | {"name": odd})[1] == ""


@pytest.mark.parametrize(
    "odd",
    [{}, {"destination": None}, {"destination": {}}, {"destination": {"solarSystemID": "7"}}, {"solarSystemID": None}],
)
def test_odd_stargate_stops_the_import(odd: dict[str, Any]) -> None:
    gate = {"_key": 1} | ({"solarSystemID": 1, "destination": {"solarSystemID": 2}} | odd if odd else {})
    with pytest.raises(PermanentError, match="connects no two systems"):
        adjacency([json.dumps(gate).encode()])


@pytest.mark.parametrize(
    "line", [b"<html>", b"[1]", b"{}", b'{"_key":1}', b'{"_key":1,"groupID":', b"null", b"[" * 9_999]
)
def test_invalid_line_stops_the_import(line: bytes) -> None:
    types = next(member for member in MEMBERS if member.table == "types")
    with pytest.raises(PermanentError):
        list(rows(types, [line]))


SUN = {"_key": 40409248, "solarSystemID": 31000006, "typeID": 30574, "effectBeaconTypeID": 30852}


def sun_lines(*suns: dict[str, Any]) -> list[bytes]:
    return [json.dumps(sun).encode() for sun in suns]


def test_system_has_the_first_of_its_suns() -> None:
    second = SUN | {"_key": 40409249, "typeID": 30575}
    elsewhere = SUN | {"_key": 40409250, "solarSystemID": 31000007, "typeID": 30575}
    assert secondary_suns(sun_lines(SUN, second, elsewhere)) == {31000006: 30574, 31000007: 30575}


@pytest.mark.parametrize("field", ["solarSystemID", "typeID"])
@pytest.mark.parametrize("odd", ODD)
def test_odd_sun_stops_the_import(field: str, odd: Any) -> None:
    with pytest.raises(PermanentError, match=r"Entry 40409248 of mapSecondarySuns.jsonl"):
        secondary_suns(sun_lines(SUN | {field: odd}))


def blueprint_line(key: int, **making: Any) -> bytes:
    return json.dumps({"_key": key, "activities": {"manufacturing": making}}).encode()


IRON, BAR = {"typeID": 34, "quantity": 7}, {"typeID": 500, "quantity": 10}


def test_blueprints_that_make_something_have_a_row_and_the_lowest_id_of_a_product_counts() -> None:
    lines = [
        blueprint_line(9, materials=[IRON], products=[BAR]),
        blueprint_line(8, materials=[IRON, {"typeID": 35, "quantity": 1}], products=[BAR], time=60),
        blueprint_line(7, materials=[IRON]),
        blueprint_line(6, products=[BAR]),
        b'{"_key": 5, "activities": {"reaction": {"products": [{"typeID": 501, "quantity": 1}]}}}',
    ]
    assert blueprint_rows(lines) == [(500, 8, 10, [34, 35], [7, 1])]


@pytest.mark.parametrize(
    ("field", "odd"),
    [*(("typeID", odd) for odd in ODD), *(("quantity", odd) for odd in [None, "7", 7.5, True, -1, 0, 2**31, [7]])],
)
def test_blueprint_with_an_odd_field_is_refused(field: str, odd: object) -> None:
    with pytest.raises(PermanentError, match=r"Entry 3 of blueprints.jsonl"):
        blueprint_rows([blueprint_line(3, materials=[{**IRON, field: odd}], products=[BAR])])
