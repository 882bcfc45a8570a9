"""An HTTP server that accepts only what Typesense's published description accepts, and answers what a test gives it."""

import gzip
from collections.abc import AsyncGenerator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final

import pytest
import yaml
from aiohttp import web
from aiohttp.test_utils import TestServer
from jsonschema import Draft4Validator

from battlescope_local.devtools.project import ROOT

DESCRIPTION: Final = ROOT.parent / "shared" / "data" / "typesense" / "openapi.yml.gz"
needs_description = pytest.mark.skipif(
    not DESCRIPTION.is_file(), reason="../shared/data is absent: Typesense's description is not part of the project"
)
API_KEY: Final = "a-key-for-tests"
Answer = Callable[[Mapping[str, Any]], Mapping[str, Any]]


@dataclass
class DescribedTypesense:
    """`answer` gives the result of a search; `searches` are those that came."""

    answer: Answer
    status: int = 200
    searches: list[Mapping[str, Any]] = field(default_factory=list[Mapping[str, Any]])
    problems: list[str] = field(default_factory=list[str])
    url: str = ""

    async def multi_search(self, request: web.Request) -> web.Response:
        body = {"searches": [_as_described(search) for search in (await request.json())["searches"]]}
        self.problems += problems_of("MultiSearchSearchesParameter", body)
        if request.headers.get("x-typesense-api-key") != API_KEY:
            self.problems.append("The key is missing.")
        for search in body["searches"]:
            self.problems += [
                f"{name} is no parameter of a search" for name in search.keys() - known_parameters() - {"collection"}
            ]
        self.searches += body["searches"]
        if self.status != web.HTTPOk.status_code:
            return web.json_response({"message": "It fails."}, status=self.status)
        results = {"results": [self.answer(search) for search in body["searches"]]}
        assert not problems_of("MultiSearchResult", _without_documents(results))
        return web.json_response(results)

    async def health(self, request: web.Request) -> web.Response:
        return web.json_response({"ok": self.status == web.HTTPOk.status_code})


@asynccontextmanager
async def described_typesense(answer: Answer, status: int = 200) -> AsyncGenerator[DescribedTypesense]:
    """The server; at the end every request must have fitted the description."""
    typesense = DescribedTypesense(answer, status)
    app = web.Application()
    app.router.add_post("/multi_search", typesense.multi_search)
    app.router.add_get("/health", typesense.health)
    async with TestServer(app) as server:
        typesense.url = str(server.make_url("")).rstrip("/")
        yield typesense
    assert not typesense.problems, typesense.problems


def _as_described(search: Mapping[str, Any]) -> dict[str, Any]:
    """The published client writes every parameter as text; the description has numbers, and Typesense takes both."""
    types = description()["components"]["schemas"]["MultiSearchParameters"]["properties"]
    integers = {name for name in search if types.get(name, {}).get("type") == "integer"}
    return {name: int(value) if name in integers else value for name, value in search.items()}


def _without_documents(value: Any) -> Any:
    """The same with empty documents: the description has every field of a document as an object."""
    if isinstance(value, dict):
        return {key: {} if key == "document" else _without_documents(member) for key, member in value.items()}
    return [_without_documents(member) for member in value] if isinstance(value, list) else value


def _document() -> dict[str, Any]:
    return yaml.load(gzip.decompress(DESCRIPTION.read_bytes()), Loader=yaml.CSafeLoader)


_CACHE: dict[str, Any] = {}


def description() -> dict[str, Any]:
    if not _CACHE:
        _CACHE.update(_document())
    return _CACHE


def known_parameters() -> set[str]:
    return set(description()["components"]["schemas"]["MultiSearchParameters"]["properties"])


def problems_of(schema: str, value: object) -> Sequence[str]:
    validator: Any = Draft4Validator(
        {"$ref": f"#/components/schemas/{schema}", "components": description()["components"]}
    )
    return [f"{error.json_path}: {error.message}"[:300] for error in validator.iter_errors(value)]
