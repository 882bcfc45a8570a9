"""Names are equal for search where players mean the same."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from battlescope_local.testing.examples import examples
from battlescope_schemas.search.folding import compact, folded

CASES = [
    ("Pandemic Horde", "pandemic horde", "pandemichorde"),
    ("  PANDEMIC   HORDE ", "pandemic horde", "pandemichorde"),
    ("HED-GP", "hed gp", "hedgp"),
    ("hed gp", "hed gp", "hedgp"),
    ("HEDGP", "hedgp", "hedgp"),
    ("J115422", "j115422", "j115422"),
    ("[PILS.]", "pils", "pils"),
    ("-V-", "v", "v"),
    ("O'Neil", "oneil", "oneil"),
    ("O’Neil", "oneil", "oneil"),  # noqa: RUF001  # the quote is the case
    ('"Quoted" Pilot', "quoted pilot", "quotedpilot"),
    ("Björn Ünser", "bjorn unser", "bjornunser"),
    ("\uff22\uff4a\uff4f\uff52\uff4e", "bjorn", "bjorn"),
    ("Straße", "strasse", "strasse"),
    ("ЙЕТИ", "йети", "йети"),
    ("Ёжик", "ёжик", "ёжик"),
    ("银河 联盟", "银河 联盟", "银河联盟"),
    ("ガンダム", "ガンダム", "ガンダム"),
    ("ｶﾞﾝﾀﾞﾑ", "ガンダム", "ガンダム"),
    ("Zero\u200bWidth\u2060", "zerowidth", "zerowidth"),
    ("\u202eTurned", "turned", "turned"),
    ("İstanbul", "istanbul", "istanbul"),
    ("-.-", "-.-", "-.-"),
    ("...", "...", "..."),
    ("ﬁne", "fine", "fine"),
    ("Tau Ceti Federation / TCF", "tau ceti federation tcf", "taucetifederationtcf"),
]


@pytest.mark.parametrize(("text", "words", "word"), CASES)
def test_folded_and_compact(text: str, words: str, word: str) -> None:
    assert (folded(text), compact(text)) == (words, word)


@settings(max_examples=examples(500))
@given(text=st.text(max_size=40))
def test_folding_twice_changes_nothing_more(text: str) -> None:
    assert folded(folded(text)) == folded(text)
    assert compact(folded(text)) == compact(text)


@settings(max_examples=examples(500))
@given(text=st.text(st.characters(exclude_categories=["Sk", "Cs"]), max_size=40))  # accents that stand alone are quotes
def test_form_and_space_do_not_matter(text: str) -> None:
    text = f"x{text}"
    assert folded(unicodedata.normalize("NFKC", text)) == folded(text)
    assert folded(f"  {text}\t") == folded(text)
    assert "  " not in folded(text)
    assert " " not in compact(text)


@settings(max_examples=examples(500))
@given(text=st.text(st.characters(codec="ascii"), max_size=40))
def test_case_does_not_matter(text: str) -> None:
    assert folded(text.upper()) == folded(text.lower())


@settings(max_examples=examples(300))
@given(text=st.text(min_size=1, max_size=20).filter(lambda text: text.strip()))
def test_a_name_is_never_lost(text: str) -> None:
    assert folded(text)
