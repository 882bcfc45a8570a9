"""One document of all functions, which breaks nothing that was released, and the client that the docs show."""

import copy
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

from battlescope_local.devtools.generate import openapi_documents
from battlescope_local.devtools.merged_openapi import breaking_changes, merged, operations
from battlescope_local.devtools.project import ROOT
from battlescope_local.testing.http.documented_client import client_code

RELEASED = ROOT / "docs" / "api" / "released-openapi.json"


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return merged(openapi_documents())


def test_every_operation_of_every_function_is_in_the_document(document: dict[str, Any]) -> None:
    expected = [(m, p) for one in openapi_documents().values() for m, p, _ in operations(one)]
    assert sorted((m, p) for m, p, _ in operations(document)) == sorted(expected)
    assert len(expected) > 70


def test_every_reference_leads_to_a_component(document: dict[str, Any]) -> None:
    references = set(re.findall(r'"#/components/(\w+)/([^"]+)"', json.dumps(document)))
    assert references
    assert [r for r in references if r[1] not in document["components"][r[0]]] == []


def test_schemas_of_one_name_and_two_meanings_are_kept_apart() -> None:
    def one(name: str, field: str) -> dict[str, Any]:
        answer = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Outer"}}}}
        return {
            "openapi": "3.1.0",
            "paths": {f"/{name}": {"get": {"operationId": name, "responses": {"200": answer}}}},
            "components": {
                "schemas": {
                    "Outer": {"type": "object", "properties": {"inner": {"$ref": "#/components/schemas/Inner"}}},
                    "Inner": {"type": "object", "properties": {field: {"type": "string"}}},
                    "Same": {"type": "string"},
                }
            },
        }

    schemas = merged({"battle-api": one("a", "x"), "killmail-api": one("b", "y")})["components"]["schemas"]
    assert set(schemas) == {"BattleOuter", "BattleInner", "KillmailOuter", "KillmailInner", "Same"}
    assert schemas["KillmailOuter"]["properties"]["inner"] == {"$ref": "#/components/schemas/KillmailInner"}
    with pytest.raises(ValueError, match="GET /a is served by two functions"):
        merged({"battle-api": one("a", "x"), "killmail-api": one("a", "x")})


def test_nothing_that_was_released_is_broken(document: dict[str, Any]) -> None:
    """A release copies `docs/api/openapi.json` to `released-openapi.json`; in between only additions are allowed."""
    assert breaking_changes(json.loads(RELEASED.read_text()), document) == []


def summary_of(document: dict[str, Any]) -> dict[str, Any]:
    return document["components"]["schemas"]["KillmailSummary"]


BREAKING: list[tuple[str, Callable[[dict[str, Any]], Any], str]] = [
    ("path", lambda d: d["paths"].pop("/api/killmails/recent"), "GET /api/killmails/recent was removed"),
    ("field", lambda d: summary_of(d)["properties"].pop("shipTypeId"), "200.items[].shipTypeId was removed"),
    (
        "type",
        lambda d: summary_of(d)["properties"].update(participantCount={"type": "string"}),
        "200.items[].participantCount was integer and is string",
    ),
    (
        "parameter",
        lambda d: d["paths"]["/api/killmails/recent"]["get"].update(parameters=[]),
        "the query parameter limit was removed",
    ),
    (
        "required",
        lambda d: d["paths"]["/api/killmails/recent"]["get"]["parameters"].append(
            {"in": "query", "name": "new", "required": True, "schema": {}}
        ),
        "the query parameter new became required",
    ),
    (
        "enum",
        lambda d: d["components"]["schemas"]["HullClass"]["enum"].remove("titan"),
        "200.items[].hullClass no longer has the value titan",
    ),
]


@pytest.mark.parametrize(("change", "expected"), [case[1:] for case in BREAKING], ids=[case[0] for case in BREAKING])
def test_each_kind_of_breaking_change_is_found(
    document: dict[str, Any], change: Callable[[dict[str, Any]], Any], expected: str
) -> None:
    changed = copy.deepcopy(document)
    change(changed)
    assert any(expected in problem for problem in breaking_changes(document, changed))
    assert breaking_changes(document, document) == []


def test_additions_break_nothing(document: dict[str, Any]) -> None:
    changed = copy.deepcopy(document)
    summary_of(changed)["properties"]["added"] = {"type": "string"}
    changed["paths"]["/api/new"] = {}
    changed["paths"]["/api/killmails/recent"]["get"]["parameters"].append({"in": "query", "name": "n", "schema": {}})
    assert breaking_changes(document, changed) == []


def test_the_client_of_the_docs_is_python_of_ten_lines() -> None:
    """It runs against a real stream in the tests of killmail-api."""
    code = client_code()
    assert len(list(filter(str.strip, code.splitlines()))) <= 10
    environment = {**os.environ, "BATTLESCOPE_URL": "http://127.0.0.1:1", "BATTLESCOPE_TOKEN": "bsp_x"}
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert "Connection refused" in done.stderr
