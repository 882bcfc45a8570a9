"""A stand-in for Typesense where there is none: it holds each request to the published description of the API.

It keeps collections, documents and aliases in memory. Its own answers are held to the description too.
"""

import gzip
import json
import re
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import yaml
from aiohttp import web

DESCRIPTION = Path(__file__).parents[4].parent / "shared" / "data" / "typesense" / "openapi.yml.gz"
KEY = "key of the tests"


@cache
def description() -> Mapping[str, Any]:
    return yaml.load(gzip.decompress(DESCRIPTION.read_bytes()), Loader=yaml.CSafeLoader)


class Violation(AssertionError):
    """A request or an answer is not as the description has it."""


@dataclass
class DescribedTypesense:
    """aliases: by name. collections: schema and documents by name. refuses: ids of documents that it does not take.

    keys: by value.
    """

    url: str = ""
    aliases: dict[str, str] = field(default_factory=dict[str, str])
    schemas: dict[str, Any] = field(default_factory=dict[str, Any])
    documents: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    requests: list[tuple[str, str]] = field(default_factory=list[tuple[str, str]])
    violations: list[str] = field(default_factory=list[str])
    refuses: set[str] = field(default_factory=set[str])
    keys: dict[str, Any] = field(default_factory=dict[str, Any])
    is_down: bool = False

    def searched(self, alias: str) -> dict[str, Any]:
        """The documents that a search of this alias sees."""
        return self.documents.get(self.aliases.get(alias, ""), {})

    async def handle(self, request: web.Request) -> web.Response:
        if self.is_down:
            return web.json_response({"message": "Not Ready or Lagging"}, status=503)
        body = await request.text()
        self.requests.append((request.method, request.path))
        try:
            operation = _operation(request.method, request.path.rstrip("/"))  # the library ends some with a slash
            _check_request(operation, request, body)
            status, content = self._answer(request, body)
            _check_answer(operation, status, content)
        except (Violation, jsonschema.ValidationError) as error:
            self.violations.append(f"{request.method} {request.path}: {error}"[:500])
            return web.json_response({"message": str(error)}, status=400)
        if isinstance(content, str):
            return web.Response(text=content, status=status, content_type="text/plain")
        return web.json_response(content, status=status)

    def _answer(self, request: web.Request, body: str) -> tuple[int, Any]:  # noqa: PLR0911  # one for each operation
        parts = request.path.strip("/").split("/")
        match (request.method, *parts):
            case ("GET", "collections"):
                return 200, [self._summary(name) for name in self.schemas]
            case ("POST", "collections"):
                return self._create(json.loads(body))
            case ("GET", "collections", name):
                return (200, self._summary(name)) if name in self.schemas else _missing(name)
            case ("DELETE", "collections", name):
                return self._drop(name)
            case ("POST", "keys"):
                return self._create_key(json.loads(body))
            case ("PUT", "aliases", alias):
                self.aliases[alias] = json.loads(body)["collection_name"]
                return 200, {"name": alias, "collection_name": self.aliases[alias]}
            case ("POST", "collections", name, "documents", "import"):
                return self._import(name, body)
            case ("DELETE", "collections", name, "documents"):
                return self._delete(name, request.query["filter_by"])
            case _:
                raise Violation("the stand-in does not know this request")

    def _real(self, name: str) -> str:
        return self.aliases.get(name, name)

    def _summary(self, name: str) -> dict[str, Any]:
        count = len(self.documents[name])
        return {**self.schemas[name], "num_documents": count, "created_at": 1}

    def _create(self, schema: Any) -> tuple[int, Any]:
        if schema["name"] in self.schemas:
            return 409, {"message": "A collection with this name already exists."}
        self.schemas[schema["name"]], self.documents[schema["name"]] = schema, {}
        return 201, self._summary(schema["name"])

    def _create_key(self, key: Any) -> tuple[int, Any]:
        if key["value"] in self.keys:
            return 409, {"message": "API key generation conflict."}
        self.keys[key["value"]] = key
        return 201, {**key, "id": len(self.keys)}

    def _drop(self, name: str) -> tuple[int, Any]:
        if name not in self.schemas:
            return _missing(name)
        summary = self._summary(name)
        del self.schemas[name], self.documents[name]
        return 200, summary

    def _import(self, name: str, body: str) -> tuple[int, Any]:
        real = self._real(name)
        if real not in self.schemas:
            return _missing(name)
        return 200, "\n".join(json.dumps(self._upsert(real, json.loads(line))) for line in body.splitlines())

    def _upsert(self, name: str, document: dict[str, Any]) -> dict[str, Any]:
        if document["id"] in self.refuses:
            return {"success": False, "error": "Bad document.", "document": json.dumps(document)}
        _check_document(self.schemas[name], document)
        self.documents[name][document["id"]] = document
        return {"success": True}

    def _delete(self, name: str, filter_by: str) -> tuple[int, Any]:
        real = self._real(name)
        if real not in self.schemas:
            return _missing(name)
        ids = re.fullmatch(r"id:\[([^\]]*)\]", filter_by)
        if ids is None or len(filter_by) > 4000:
            raise Violation(f"the stand-in does not understand the filter {filter_by[:80]}")
        gone = [self.documents[real].pop(i, None) for i in ids[1].split(",")]
        return 200, {"num_deleted": sum(document is not None for document in gone)}


def _missing(name: str) -> tuple[int, Any]:
    return 404, {"message": f"Could not find a collection named {name}."}


def _check_document(schema: Mapping[str, Any], document: Mapping[str, Any]) -> None:
    """Typesense refuses documents that lack a field or have another type."""
    types = {"string": str, "int64": int, "float": (int, float), "bool": bool}
    for entry in schema["fields"]:
        value = document.get(entry["name"])
        if value is None:
            if not entry.get("optional"):
                raise Violation(f"the document lacks {entry['name']}")
            continue
        expected = types[entry["type"].removesuffix("[]")]
        values = value if entry["type"].endswith("[]") else [value]
        if not all(isinstance(single, expected) for single in values):
            raise Violation(f"{entry['name']} is no {entry['type']}")
        if entry["type"] == "int64" and isinstance(value, int) and abs(value) >= 2**63:
            raise Violation(f"{entry['name']} does not fit int64")


def _operation(method: str, path: str) -> Mapping[str, Any]:
    for template, operations in description()["paths"].items():
        if re.fullmatch(re.sub(r"\{[^}]+\}", "[^/]+", template), path) and method.lower() in operations:
            if "{documentId}" in template and path.endswith(("/import", "/export", "/search")):
                continue
            return operations[method.lower()]
    raise Violation("the description has no such operation")


def _validate(value: Any, schema: Mapping[str, Any]) -> None:
    full = {**schema, "components": description()["components"]}
    jsonschema.Draft4Validator(full).validate(value)  # OpenAPI 3.0 has the keywords of draft 4


def _check_request(operation: Mapping[str, Any], request: web.Request, body: str) -> None:
    if request.headers.get("X-TYPESENSE-API-KEY") != KEY:
        raise Violation("the key is missing")
    declared: dict[str, Any] = {}
    required: set[str] = set()
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "query":
            declared |= parameter["schema"].get("properties", {parameter["name"]: parameter["schema"]})
            required |= set(parameter["schema"].get("required", ()))
    if unknown := set(request.query) - set(declared):
        raise Violation(f"unknown parameters {unknown}")
    if lacking := required - set(request.query):
        raise Violation(f"missing parameters {lacking}")
    for name, text in request.query.items():
        _validate(_typed(text, declared[name]), declared[name])
    content = operation.get("requestBody", {}).get("content", {})
    if "application/json" in content:
        _validate(json.loads(body), content["application/json"]["schema"])
    elif content:
        assert body
    elif body:
        raise Violation("a body where the description has none")


def _typed(text: str, schema: Mapping[str, Any]) -> Any:
    return json.loads(text) if schema.get("type") in {"integer", "boolean", "number"} else text


def _check_answer(operation: Mapping[str, Any], status: int, content: Any) -> None:
    response = operation["responses"].get(str(status))
    if response is None:
        raise Violation(f"the stand-in answers {status}, which the description does not have")
    schema = response.get("content", {}).get("application/json", {}).get("schema")
    if schema is not None:
        _validate(content, schema)


@asynccontextmanager
async def described_typesense() -> AsyncGenerator[DescribedTypesense]:
    """The stand-in on a port of its own; its requests must all be as described."""
    server = DescribedTypesense()
    app = web.Application(client_max_size=64 * 1024 * 1024)
    app.router.add_route("*", "/{path:.*}", server.handle)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    server.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    try:
        yield server
    finally:
        await runner.cleanup()
    assert server.violations == []
