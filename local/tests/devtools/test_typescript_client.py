"""The TypeScript client: types of schemas and operations, and a compiler's word on the whole where there is one."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from battlescope_local.devtools.project import ROOT
from battlescope_local.devtools.typescript_client import typescript_client

TSC = shutil.which("tsc")
STRICT = ("--noEmit", "--strict", "--exactOptionalPropertyTypes", "--target", "es2022", "--lib", "es2022,dom")


def client(**schemas: Any) -> str:
    answer = {"content": {"application/json": {"schema": {"$ref": "#/components/schemas/Thing"}}}}
    operation = {
        "description": "One thing.",
        "parameters": [
            {"in": "path", "name": "id", "required": True, "schema": {"type": "integer"}},
            {"in": "query", "name": "kind", "schema": {"type": "array", "items": {"type": "string"}}},
            {"in": "header", "name": "If-Match", "schema": {"type": "string"}},
        ],
        "responses": {"200": answer, "204": {}, "404": {}},
    }
    problem = {"type": "object", "properties": {"message": {"type": "string"}}, "required": ["message"]}
    return typescript_client(
        {"paths": {"/things/{id}": {"get": operation}}, "components": {"schemas": {"Problem": problem, **schemas}}}
    )


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"type": "string", "enum": ["a", "b"]}, '"a" | "b"'),
        ({"const": 1}, "1"),
        ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "number | null"),
        ({"type": ["string", "null"]}, "string | null"),
        ({"type": "array", "items": {"anyOf": [{"type": "string"}, {"type": "null"}]}}, "(string | null)[]"),
        ({"type": "array", "prefixItems": [{"type": "string"}, {"type": "number"}]}, "[string, number]"),
        ({"type": "object", "additionalProperties": {"type": "string"}}, "Record<string, string>"),
        ({"type": "object"}, "Record<string, unknown>"),
        ({}, "unknown"),
        (
            {"type": "object", "properties": {"a-b": {"type": "boolean"}, "c": {"type": "null"}}, "required": ["c"]},
            '{\n  "a-b"?: boolean;\n  c: null;\n}',
        ),
    ],
)  # fmt: skip
def test_schema_has_its_type(schema: dict[str, Any], expected: str) -> None:
    assert f"export type Thing = {expected};\n" in client(Thing=schema)


def test_operation_has_the_types_of_what_it_takes_and_answers() -> None:
    text = client(Thing={"type": "string", "description": "A thing."})
    assert "/** A thing. */\nexport type Thing" in text
    expected = [
        "  /** One thing. */",
        '  "GET /things/{id}": {',
        "    path: { id: number | string };",
        "    query: { kind?: string[] };",
        "    body: undefined;",
        "    answer: Thing | undefined;",
        "  };",
    ]
    assert "\n".join(expected) in text


def test_name_of_a_schema_becomes_an_identifier() -> None:
    text = client(**{"Pin-Input": {"type": "string"}, "Thing": {"$ref": "#/components/schemas/Pin-Input"}})
    assert "export type PinInput = string;" in text
    assert "export type Thing = PinInput;" in text


@pytest.mark.skipif(TSC is None, reason="no TypeScript compiler is installed")
def test_client_compiles_strictly_and_refuses_wrong_uses(tmp_path: Path) -> None:
    assert TSC is not None
    path = tmp_path / "client.ts"
    path.write_text((ROOT / "spa" / "src" / "api" / "client.ts").read_text())
    assert subprocess.run([TSC, *STRICT, path], capture_output=True, text=True, check=False).stdout == ""
    (tmp_path / "use.ts").write_text(
        'import { request } from "./client";\n'
        'const recent = request("GET /api/killmails/recent", { query: { limit: 5 } });\n'
        'const wrong = request("GET /api/killmails/recent", { query: { hull: 5 } });\n'
    )
    done = subprocess.run([TSC, *STRICT, tmp_path / "use.ts"], capture_output=True, text=True, check=False)
    assert done.stdout.count("error TS") == 1
    assert "'hull' does not exist" in done.stdout
