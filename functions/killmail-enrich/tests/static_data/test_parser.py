"""Parsing the lines of the static data export."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from battlescope_events.errors import PermanentError
from killmail_enrich.static_data.parser import MEMBERS, adjacency, nearby, rows

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


def test_first_of_two_entries_counts_and_names_may_be_empty() -> None:
    types = next(member for member in MEMBERS if member.table == "types")
    lines = [b'{"_key":0,"groupID":1,"name":{"en":"a"}}', b"\r\n", b'{"_key":0,"groupID":2,"name":{"en":"b"}}']
    assert list(rows(types, [*lines, b'{"_key":7,"groupID":2,"name":{}}\r\n'])) == [(0, "a", 1), (7, "", 2)]


@pytest.mark.parametrize("line", [b"<html>", b"[1]", b"{}", b'{"_key":1}', b'{"_key":1,"groupID":', b"null"])
def test_invalid_line_stops_the_import(line: bytes) -> None:
    types = next(member for member in MEMBERS if member.table == "types")
    with pytest.raises(PermanentError):
        list(rows(types, [line]))
