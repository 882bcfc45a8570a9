"""Every kind of error of pydantic has a sentence of ours, which names neither pydantic nor Python."""

import re
from typing import Any

import pytest
from pydantic_core import PydanticKnownError
from pydantic_core._pydantic_core import list_all_errors

from battlescope_events.http_api.validation_messages import validation_message

KINDS: list[dict[str, Any]] = [dict(kind) for kind in list_all_errors() if kind["type"] != "json_invalid"]
INTERNAL = re.compile(
    r"input|valid (dictionary|string|integer)|pydantic|python|instance|extract|parsing|e\.g\.", re.IGNORECASE
)


def error(kind: dict[str, Any], *location: Any) -> dict[str, Any]:
    context = {**(kind.get("example_context") or {})}
    if kind["type"] == "value_error":
        context = {"error": ValueError("must be even")}
    return {"type": kind["type"], "loc": location, "msg": kind["example_message_python"], "ctx": context}


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind["type"])
def test_sentence_is_ours_and_names_the_field(kind: dict[str, Any]) -> None:
    message = validation_message([error(kind, "query", "min_kills")])
    assert message.startswith("min_kills: ")
    assert message.endswith(".")
    assert not INTERNAL.search(message), message
    assert kind["example_message_python"].rstrip(".") not in message or kind["type"] == "value_error"


@pytest.mark.parametrize(
    ("kind", "context", "sentence"),
    [
        ("string_too_short", {"min_length": 1}, "must have at least 1 character"),
        ("string_too_short", {"min_length": 2}, "must have at least 2 characters"),
        ("too_long", {"max_length": 1}, "must have at most 1 entry"),
        ("too_short", {"min_length": 3}, "must have at least 3 entries"),
        ("decimal_whole_digits", {"whole_digits": 1}, "must have at most 1 digit before the point"),
    ],
)
def test_a_noun_agrees_with_its_number(kind: str, context: dict[str, Any], sentence: str) -> None:
    found = {"type": kind, "loc": ("query", "name"), "msg": "", "ctx": context}
    assert validation_message([found]) == f"name: {sentence}."


def test_json_error_names_its_place() -> None:
    message = validation_message(
        [{"type": "json_invalid", "loc": ("body", 12), "msg": "", "ctx": {"error": "Expecting"}}]
    )
    assert message == "The body is not valid JSON; it ends or breaks at character 12."


@pytest.mark.parametrize(
    ("location", "body", "path"),
    [
        (("killmailIds", 0), {"killmailIds": ["x"]}, "killmailIds.0"),
        (("tag", "killmailIds", 0), {"kind": "tag", "killmailIds": ["x"]}, "killmailIds.0"),
        (("rename", "name"), {"kind": "rename"}, "name"),
        (("a", "tag", "b"), {"a": {"kind": "tag"}}, "a.b"),
        (("name",), None, "name"),
    ],
)
def test_path_has_no_tags_of_unions(location: tuple[Any, ...], body: Any, path: str) -> None:
    missing = {"type": "missing", "loc": ("body", *location), "msg": "", "ctx": {}}
    assert validation_message([missing], body) == f"{path}: is required."


def test_name_from_the_request_cannot_disguise_the_sentence() -> None:
    extra = {"type": "extra_forbidden", "loc": ("body", "a\u202e\x1b[2J" + "x" * 500), "msg": "", "ctx": {}}
    message = validation_message([extra], {})
    assert message.startswith("a\\u202e\\u001b[2Jxxx")
    assert len(message) < 200


def test_body_of_another_kind_is_named_as_the_body() -> None:
    assert (
        validation_message([{"type": "model_type", "loc": ("body",), "msg": "", "ctx": {}}])
        == "The body must be an object."
    )


def test_kinds_are_those_of_pydantic() -> None:
    assert len(KINDS) > 100
    assert PydanticKnownError("missing").type == "missing"
