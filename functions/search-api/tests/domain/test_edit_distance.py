"""Edits against the whole table of the textbook, for any texts."""

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search_api.domain.edit_distance import near_beginnings, prefix_distance, tolerated_edits

WORDS = st.text("abcд", max_size=9)


def every_distance(text: str, name: str) -> list[int]:
    """The edits from the text to each beginning of the name, by the definition, with swaps of neighbours."""
    table = {(i, 0): i for i in range(len(text) + 1)} | {(0, j): j for j in range(len(name) + 1)}
    for i, j in product(range(1, len(text) + 1), range(1, len(name) + 1)):
        is_other = text[i - 1] != name[j - 1]
        table[i, j] = min(table[i - 1, j] + 1, table[i, j - 1] + 1, table[i - 1, j - 1] + is_other)
        if i > 1 and j > 1 and text[i - 2 : i] == name[j - 1] + name[j - 2]:
            table[i, j] = min(table[i, j], table[i - 2, j - 2] + 1)
    return [table[len(text), j] for j in range(len(name) + 1)]


@given(WORDS, WORDS, st.integers(0, 2))
def test_least_edits_are_those_of_the_definition(text: str, name: str, most: int) -> None:
    distances = every_distance(text, name)
    found = prefix_distance(text, name, most)
    if min(distances) > most:
        assert found is None
        return
    assert found is not None
    assert found.edits == min(distances)
    assert distances[found.length] == found.edits
    assert found.is_whole == (distances[-1] == found.edits)


@pytest.mark.parametrize(
    ("text", "name", "edits", "length"),
    [
        ("pandmic", "pandemichorde", 1, 8),
        ("pnademic", "pandemichorde", 1, 8),
        ("goonswram", "goonswarmfederation", 1, 9),
        ("fratrenity", "fraternity", 1, 10),
        ("фоли", "фалинт", 1, 4),
    ],
)
def test_beginning_with_the_nearest_length_is_chosen(text: str, name: str, edits: int, length: int) -> None:
    found = prefix_distance(text, name, 2)
    assert found is not None
    assert (found.edits, found.length) == (edits, length)


@pytest.mark.parametrize(("text", "edits"), [("abc", 0), ("abcd", 1), ("abcdefg", 1), ("abcdefgh", 2), ("a" * 40, 2)])
def test_longer_texts_tolerate_more_edits(text: str, edits: int) -> None:
    assert tolerated_edits(text) == edits


@given(st.text("abcdж1", min_size=4, max_size=9), st.text("abcdж1", max_size=12), st.integers(3, 6))
def test_beginnings_of_all_names_within_one_edit_are_near(text: str, name: str, length: int) -> None:
    found = prefix_distance(text[: length + 1], name, 1)
    beginnings = near_beginnings(text, length)
    if found is not None and len(text) <= length:
        assert any(name.startswith(beginning) for beginning in beginnings)
    assert all(len(beginning) <= length for beginning in beginnings)


@pytest.mark.parametrize("typed", ["cror", "crour", "xruor", "rcuor", "cruxor", "truor", "crruor"])
def test_misspelled_beginning_leads_to_the_name(typed: str) -> None:
    beginnings = near_beginnings(typed, 5)
    assert any("cruor".startswith(beginning) for beginning in beginnings)
    assert len(beginnings) < 450
