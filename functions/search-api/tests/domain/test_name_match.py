"""How well names fit, and which of their characters are marked."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from battlescope_schemas.search.folding import compact
from search_api.domain.name_match import Match, MatchedField, MatchKind, match
from search_api.domain.search_text import read_search_text


def found(typed: str, name: str, ticker: str | None = None) -> Match:
    result = match(read_search_text(typed), name, ticker)
    assert result is not None
    return result


def marked(typed: str, name: str, ticker: str | None = None) -> list[str]:
    result = found(typed, name, ticker)
    text = name if result.field is MatchedField.NAME else ticker or ""
    return [text[span.start : span.end] for span in result.spans]


@pytest.mark.parametrize(
    ("typed", "name", "kind", "marks"),
    [
        ("hedgp", "HED-GP", MatchKind.EXACT, ["HED-GP"]),
        ("j115422", "J115422", MatchKind.EXACT, ["J115422"]),
        ("pan", "Pandemic Horde", MatchKind.PREFIX, ["Pan"]),
        ("pandemich", "Pandemic Horde", MatchKind.PREFIX, ["Pandemic H"]),
        ("horde", "Pandemic Horde", MatchKind.WORD_PREFIX, ["Horde"]),
        ("hor pan", "Pandemic Horde", MatchKind.WORD_PREFIX, ["Pan", "Hor"]),
        ("oneil", "Shaq O'Neil", MatchKind.WORD_PREFIX, ["O'Neil"]),
        ("o'neil", "Shaq O\u2019Neil", MatchKind.WORD_PREFIX, ["O\u2019Neil"]),
        ("bjorn", "Bj\u00f6rn Borg", MatchKind.PREFIX, ["Bj\u00f6rn"]),
        ("ИМПЕРИЯ", "Империя Зла", MatchKind.PREFIX, ["Империя"]),
        ("зла", "Империя Зла", MatchKind.WORD_PREFIX, ["Зла"]),
        ("银", "银河联盟", MatchKind.PREFIX, ["银"]),
        ("-.-", "-.-", MatchKind.EXACT, ["-.-"]),
        ("pandmic", "Pandemic Horde", MatchKind.TYPO, ["Pandemic"]),
        ("hordr", "Pandemic Horde", MatchKind.TYPO, ["Horde"]),
        ("fratrenity", "Fraternity.", MatchKind.TYPO, ["Fraternity"]),
        ("империт", "Империя Зла", MatchKind.TYPO, ["Империя"]),
    ],
)
def test_name_is_matched_and_marked(typed: str, name: str, kind: MatchKind, marks: list[str]) -> None:
    assert found(typed, name).kind is kind
    assert marked(typed, name) == marks


@pytest.mark.parametrize(
    ("typed", "name", "ticker"),
    [
        ("pnd", "Pandemic Horde", None),  # too short for an edit
        ("pandxyic", "Goonswarm", None),
        ("demic", "Pandemic Horde", None),  # in the middle of a word
        ("[pan]", "Pandemic Horde", "REKTD"),
        ("...", "Pandemic Horde", None),
    ],
)
def test_other_names_are_not_matched(typed: str, name: str, ticker: str | None) -> None:
    assert match(read_search_text(typed), name, ticker) is None


def test_ticker_is_matched_with_and_without_brackets() -> None:
    for typed in ("rektd", "[REKTD]"):
        result = found(typed, "Pandemic Horde", "REKTD")
        assert (result.kind, result.field) == (MatchKind.EXACT, MatchedField.TICKER)
    assert marked("[rek]", "Pandemic Horde", "REKTD") == ["REK"]


def test_ranks_are_exact_prefix_word_typo_and_fewer_edits_first() -> None:
    ranks = [
        found("horde", "Horde").rank,
        found("horde", "Horde of Bees").rank,
        found("horde", "Pandemic Horde").rank,
        found("horde", "Hordes").rank,
        found("hordee", "Horde").rank,
        found("pandmcihorde", "Pandemic Horde").rank,
    ]
    exact, prefix, word, longer, one, two = ranks
    assert exact < prefix == longer < word < one < two


@given(st.text(min_size=1, max_size=12), st.text(max_size=20))
def test_marks_are_ranges_of_the_name(typed: str, name: str) -> None:
    result = match(read_search_text(typed), name, None)
    for span in result.spans if result else ():
        assert 0 <= span.start < span.end <= len(name)


@given(st.text("abcdefg 'х银", min_size=1, max_size=12))
def test_every_name_finds_itself(name: str) -> None:
    if compact(name):
        result = match(read_search_text(name), name, None)
        assert result is not None
        assert result.kind is MatchKind.EXACT
