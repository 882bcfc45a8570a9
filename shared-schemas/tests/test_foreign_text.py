"""Names of others: what cannot be stored or shown is replaced, and nothing that shows nothing is a name."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from battlescope_schemas.foreign_text import MAX_NAME, clean_name, parse_json, storable


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Chribba", "Chribba"),
        ("  Chribba \n", "Chribba"),
        ("Ünïcode Ωmega 漢字 🚀", "Ünïcode Ωmega 漢字 🚀"),
        ("a\x00b", "a�b"),
        ("a\ud800b", "a�b"),
        ("a\udfffc", "a�c"),
        ("a\x1b[31mb", "a�[31mb"),
        ("a\x85b\x9fc", "a�b�c"),
        ("a\u2028b", "a�b"),
        ("a\u202eb\u2066c\u200fd", "abcd"),
        ("x" * 500, "x" * MAX_NAME),
        ("", None),
        ("   ", None),
        ("\u3000\u00a0\t", None),
        ("\x00", None),
        ("\ud800", None),
        ("\u202e", None),
        ("\u200b\ufeff", None),
        (None, None),
        (7, None),
        (True, None),
        (["a"], None),
        ({"en": "a"}, None),
    ],
)
def test_name_is_cleaned(text: Any, name: str | None) -> None:
    assert clean_name(text) == name


@given(st.text(alphabet=st.characters(), max_size=300))
def test_any_text_becomes_a_name_that_can_be_stored_or_none(text: str) -> None:
    name = clean_name(text)
    assert clean_name(name) == name
    if name is not None:
        assert 0 < len(name) <= MAX_NAME
        assert name.encode()
        assert not any(ord(character) < 32 for character in name)


@pytest.mark.parametrize("body", [b"", b"<html>", b"[" * 100_000, b"[1", b"\xff\xfe"])
def test_body_that_is_no_json_is_a_value_error(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_json(body)


def test_odd_texts_do_not_hide_the_others() -> None:
    body = b'\xef\xbb\xbf["\\ud800", "a\x00b", "\xff", "\xed\xa0\x80", "whole"]'
    assert [clean_name(text) for text in parse_json(body)] == [None, "a�b", None, None, "whole"]
    assert parse_json(json.dumps({"a": 2**70}).encode()) == {"a": 2**70}


def test_text_is_stored_with_line_feeds_and_without_nul() -> None:
    assert storable("a\nb\x00c\ud800d🚀") == "a\nb�c�d🚀"


@given(st.text(alphabet=st.characters(), max_size=50))
def test_any_text_can_be_stored(text: str) -> None:
    stored = storable(text)
    assert b"\x00" not in stored.encode()
    assert storable(stored) == stored
