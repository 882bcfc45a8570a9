"""Names and notes reach a client without characters that would disguise them, and are otherwise unchanged."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from battlescope_events.http_api.responses import json_content
from battlescope_schemas.base import Schema

CONTROLS = "".join(
    map(chr, [*(set(range(0x20)) - {8, 9, 10, 12, 13}), *range(0x7F, 0xA0), 0x061C, 0x200E, 0x200F, 0xFEFF])
) + "".join(map(chr, [*range(0x2028, 0x202F), *range(0x2066, 0x206A)]))


class Named(Schema):
    name: str


def shown(name: str) -> str:
    return json.loads(json_content(Named(name=name)))["name"]


@pytest.mark.parametrize("character", CONTROLS, ids=lambda character: f"U+{ord(character):04X}")
def test_character_that_hides_or_turns_text_is_removed(character: str) -> None:
    assert shown(f"Ann{character}a") == "Anna"
    assert shown(f"Änn{character}a") == "Änna"


@pytest.mark.parametrize(
    "name",
    ["Ann", "Łukasz Ñandú", "龍神", "Дракон", "a\nb\tc", 'C:\\u001b "quoted"', "\\\\u0000", "👩\u200d🚀", "É\u0301"],
)
def test_other_text_is_unchanged(name: str) -> None:
    assert shown(name) == name


@given(st.text())
def test_content_is_json_and_only_controls_are_missing(name: str) -> None:
    name = name.encode("utf-8", "ignore").decode()
    assert shown(name) == "".join(character for character in name if character not in CONTROLS)
