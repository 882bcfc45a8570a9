"""Models, JSON Schemas and examples agree, none is an orphan, and no released schema is broken."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic.alias_generators import to_camel

from battlescope_schemas.base import Schema, camel_case
from battlescope_schemas.export import SCHEMAS, VERSION, file_name, schema_text

FOLDER = Path(__file__).parents[1]
COMPARED = ("type", "$ref", "enum", "pattern", "items", "anyOf")
EXAMPLES = sorted((FOLDER / "examples").glob("*/*.json"))


@pytest.mark.parametrize("noun", SCHEMAS)
def test_committed_schema_is_fresh(noun: str) -> None:
    committed = (FOLDER / "json" / file_name(noun)).read_text()
    assert committed == schema_text(noun), f"run `make generate`: {file_name(noun)} is stale"


def test_names_in_json_are_those_of_pydantic() -> None:
    names = {name for model in subclasses(Schema) for name in model.model_fields} - {"from_"}  # has an alias of its own
    assert len(names) > 100
    assert {name: camel_case(name) for name in names} == {name: to_camel(name) for name in names}


def subclasses(model: type[Schema]) -> Iterator[type[Schema]]:
    for child in model.__subclasses__():
        yield child
        yield from subclasses(child)


def test_no_schema_or_example_is_an_orphan() -> None:
    assert {path.name for path in (FOLDER / "json").iterdir()} == {file_name(noun) for noun in SCHEMAS}
    assert {path.parent.name for path in EXAMPLES} == set(SCHEMAS), (
        "each schema has examples, and no other folder exists"
    )


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_example_matches_model_and_schema_and_survives_a_round_trip(path: Path) -> None:
    noun, text = path.parent.name, path.read_text()
    Draft202012Validator(json.loads((FOLDER / "json" / file_name(noun)).read_text())).validate(json.loads(text))
    value = SCHEMAS[noun].model_validate_json(text)
    again = SCHEMAS[noun].model_validate_json(value.model_dump_json())
    assert again == value


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_readers_ignore_unknown_fields(path: Path) -> None:
    document = json.loads(path.read_text()) | {"addedInTheFuture": {"x": 1}}
    assert SCHEMAS[path.parent.name].model_validate(document) == SCHEMAS[path.parent.name].model_validate_json(
        path.read_text()
    )


def breaking(before: dict[str, Any], after: dict[str, Any], path: str = "") -> list[str]:
    """Changes from `before` to `after` that break a reader or writer: removed, newly required or retyped fields."""
    problems = [
        f"{path}/{name} was removed" for name in before.get("properties", {}) if name not in after.get("properties", {})
    ]
    problems += [
        f"{path}/{name} became required" for name in after.get("required", []) if name not in before.get("required", [])
    ]
    for name, old in before.get("properties", {}).items():
        new = after.get("properties", {}).get(name, old)
        if {k: old.get(k) for k in COMPARED} != {k: new.get(k) for k in COMPARED}:
            problems.append(f"{path}/{name} changed its type")
    for name, old in before.get("$defs", {}).items():
        problems += breaking(old, after.get("$defs", {}).get(name, {}), f"{path}/$defs/{name}")
    return problems


def test_comparison_detects_each_kind_of_breaking_change() -> None:
    before = {"properties": {"a": {"type": "string"}, "b": {"type": "string"}}, "required": ["a"]}
    after = {"properties": {"a": {"type": "integer"}, "c": {}}, "required": ["a", "c"]}
    assert breaking(before, after) == ["/b was removed", "/c became required", "/a changed its type"]


@pytest.mark.parametrize("noun", SCHEMAS)
def test_no_released_schema_is_broken(noun: str) -> None:
    """`released/` holds the schemas as first released. A version never breaks them; a new version is a new file."""
    released = FOLDER / "released" / file_name(noun)
    if released.exists():
        assert breaking(json.loads(released.read_text()), json.loads(schema_text(noun))) == []
    assert VERSION in file_name(noun)
