"""ESI's names: one odd entry costs no other entry its name."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from battlescope_schemas.names.esi_names import EsiName, InvalidNames, read_names

GOOD = {"id": 1, "category": "character", "name": "Chribba"}
ODD_ENTRIES: list[Any] = [
    *(None, 7, "x", [], [7], {}, {"id": 2}, {"id": 2, "category": "character"}),
    *({"id": odd, "category": "character", "name": "n"} for odd in (None, "2", 2.0, True, 3, -2, 2**70, [2], {})),
    *({"id": 2, "category": odd, "name": "n"} for odd in (None, 7, ["character"], {})),
    *({"id": 2, "category": "character", "name": odd} for odd in (None, "", "  ", "\x00", "\ud800", 7, [], {})),
]


@pytest.mark.parametrize("odd", ODD_ENTRIES)
def test_odd_entry_is_left_out_and_its_neighbours_are_named(odd: Any) -> None:
    body = json.dumps([odd, GOOD, odd]).encode()
    assert read_names(body, {1, 2}) == {1: EsiName("character", "Chribba")}


def test_name_of_half_a_surrogate_pair_or_nul_is_cleaned() -> None:
    entries = [GOOD, GOOD | {"id": 2, "name": "a\ud800b"}, GOOD | {"id": 3, "name": "a\x00b"}]
    names = read_names(json.dumps(entries).encode(), {1, 2, 3})
    assert [names[i].name for i in (1, 2, 3)] == ["Chribba", "a�b", "a�b"]


def test_bytes_that_are_no_utf8_cost_only_their_own_name() -> None:
    body = json.dumps([GOOD | {"name": "N@me"}, GOOD | {"id": 2}]).encode().replace(b"@", b"\xe9")
    assert read_names(body, {1, 2}) == {1: EsiName("character", "N�me"), 2: EsiName("character", "Chribba")}


def test_first_of_two_entries_with_a_name_counts() -> None:
    entries = [GOOD | {"name": ""}, GOOD, GOOD | {"name": "Other"}]
    assert read_names(json.dumps(entries).encode(), {1}) == {1: EsiName("character", "Chribba")}


@pytest.mark.parametrize(
    "body", [b"", b"<html>", b"{}", b"null", b"7", b'"x"', b"[" * 100_000, json.dumps([GOOD]).encode()[:20]]
)
def test_answer_that_is_no_list_is_refused_with_a_sentence(body: bytes) -> None:
    with pytest.raises(InvalidNames, match=r"^The answer is not .*\.$"):
        read_names(body, {1})


@given(st.binary(max_size=100))
def test_any_bytes_give_names_or_a_refusal(body: bytes) -> None:
    try:
        names = read_names(b"[" + body + b"]", {1})
    except InvalidNames:
        return
    assert names.keys() <= {1}
