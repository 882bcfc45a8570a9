"""Models, JSON Schemas and examples agree; no orphan; what was once promised is still accepted."""

import json
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from battlescope_schemas.export import NOUNS, VERSION, file_name, schema_text

ROOM = Path(__file__).parents[1]
KEPT = ("type", "$ref", "enum", "pattern", "items", "anyOf")
EXAMPLES = sorted((ROOM / "examples").glob("*/*.json"))


@pytest.mark.parametrize("noun", NOUNS)
def test_the_committed_schema_is_fresh(noun: str) -> None:
    committed = (ROOM / "json" / file_name(noun)).read_text()
    assert committed == schema_text(noun), f"run `make generate`: {file_name(noun)} is stale"


def test_there_is_no_orphan() -> None:
    assert {path.name for path in (ROOM / "json").iterdir()} == {file_name(noun) for noun in NOUNS}
    assert {path.parent.name for path in EXAMPLES} == set(NOUNS), "each noun has examples, and nothing else has"


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_an_example_fits_model_and_schema_and_survives_the_round_trip(path: Path) -> None:
    noun, text = path.parent.name, path.read_text()
    Draft202012Validator(json.loads((ROOM / "json" / file_name(noun)).read_text())).validate(json.loads(text))
    value = NOUNS[noun].model_validate_json(text)
    again = NOUNS[noun].model_validate_json(value.model_dump_json())
    assert again == value


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_readers_ignore_what_they_do_not_know(path: Path) -> None:
    document = json.loads(path.read_text()) | {"addedInTheFuture": {"x": 1}}
    assert NOUNS[path.parent.name].model_validate(document) == NOUNS[path.parent.name].model_validate_json(
        path.read_text()
    )


def breaking(before: dict[str, Any], after: dict[str, Any], path: str = "") -> list[str]:
    """What a reader or writer of `before` could trip over in `after`: fields gone, newly required, of other types."""
    found = [
        f"{path}/{name} is gone" for name in before.get("properties", {}) if name not in after.get("properties", {})
    ]
    found += [
        f"{path}/{name} became required" for name in after.get("required", []) if name not in before.get("required", [])
    ]
    for name, old in before.get("properties", {}).items():
        new = after.get("properties", {}).get(name, old)
        if {k: old.get(k) for k in KEPT} != {k: new.get(k) for k in KEPT}:
            found.append(f"{path}/{name} changed its type")
    for name, old in before.get("$defs", {}).items():
        found += breaking(old, after.get("$defs", {}).get(name, {}), f"{path}/$defs/{name}")
    return found


def test_the_comparison_sees_each_kind_of_break() -> None:
    before = {"properties": {"a": {"type": "string"}, "b": {"type": "string"}}, "required": ["a"]}
    after = {"properties": {"a": {"type": "integer"}, "c": {}}, "required": ["a", "c"]}
    assert breaking(before, after) == ["/b is gone", "/c became required", "/a changed its type"]


@pytest.mark.parametrize("noun", NOUNS)
def test_nothing_promised_was_broken(noun: str) -> None:
    """`released/` holds the schemas as first released; a version never breaks them, a new version stands beside."""
    released = ROOM / "released" / file_name(noun)
    if released.exists():
        assert breaking(json.loads(released.read_text()), json.loads(schema_text(noun))) == []
    assert VERSION in file_name(noun)
