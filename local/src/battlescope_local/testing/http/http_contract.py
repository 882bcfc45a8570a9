# ruff: noqa: S101  # the helper of contract tests asserts, as they do
"""Checks answers of an HTTP function against its OpenAPI description: nothing undeclared, and nothing declared in vain.

A harness checks every answer of its client by `check`; the contract test of a function also provokes every declared
answer of every operation, and compares.
"""

import json
import os
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from http import HTTPStatus
from typing import Any, Final, NamedTuple, cast
from uuid import UUID

import httpx2
from fastapi.requests import HTTPConnection
from jsonschema import Draft202012Validator

from battlescope_events.edge.limits import Limit
from battlescope_events.edge.origins import OriginPolicy
from battlescope_events.edge.security_headers import SECURITY_HEADERS
from battlescope_events.errors import TransientError
from battlescope_events.http_api.app import ApiApp, read_examples
from battlescope_events.http_api.description import EVENT_STREAM
from battlescope_events.http_api.errors import ApiError
from battlescope_events.http_api.guard import Caller, Guard, Right
from battlescope_events.http_api.middleware import MAX_QUERY_BYTES
from battlescope_local.devtools.project import ROOT

_PARAMETER: Final = re.compile(r"\{[^}]+\}")
_MUCH_TOO_LARGE: Final = str(10**12)
# Of every answer, by HTTP itself.
STANDARD_HEADERS: Final = {"cache-control", "content-encoding", "content-length", "content-type", "date", "vary"}
REFUSALS: Final = (ApiError(401, "Who?", headers={"www-authenticate": "Bearer"}), ApiError(403, "No."))
FOREIGN: Final = ApiError(421, "Not here.")
TOO_MANY: Final = ApiError(429, "Too many.", retry_after=1)
ERROR_KEYS: Final = {"error", "message", "requestId"}


class Answer(NamedTuple):
    """A kind of answer: an operation and a status."""

    method: str
    path: str
    status: int


class BrokenGuard:
    """Raises this error instead of deciding, as a defect or a store that does not answer does."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    origins = OriginPolicy()

    async def check(self, right: Right, connection: HTTPConnection) -> Caller:  # noqa: ARG002  # the port's signature
        raise self._error

    async def admit(self, limit: Limit, connection: HTTPConnection) -> None:  # noqa: ARG002  # as above
        raise self._error

    def record_denial(self, connection: HTTPConnection, reason: str) -> None:
        """Record nothing."""

    def watch(self, right: Right, connection: HTTPConnection) -> AbstractAsyncContextManager[None]:  # noqa: ARG002  # as above
        raise self._error


class HttpContract:
    """The description of a function, and the answers that were seen."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document
        self.bodies: dict[Answer, Any] = {}
        self._paths = {
            path: re.compile(_PARAMETER.sub("[^/]+", path))
            for path in sorted(document["paths"], key=lambda path: (len(_PARAMETER.findall(path)), -len(path), path))
        }

    @property
    def declared(self) -> set[Answer]:
        """Every answer of the description."""
        return {
            Answer(method.upper(), path, int(status))
            for method, path, operation in self.operations()
            for status in operation["responses"]
        }

    def operations(self) -> Iterator[tuple[str, str, dict[str, Any]]]:
        for path, methods in self.document["paths"].items():
            for method, operation in methods.items():
                yield method, path, operation

    def check(self, response: httpx2.Response) -> None:
        """Compare a complete answer with the description, and remember it.

        Raises:
            AssertionError: its status, a header, content type or body is not declared, or an error has another body.
        """
        request = response.request
        path = next((p for p, pattern in self._paths.items() if pattern.fullmatch(request.url.path)), None)
        method = "GET" if request.method == "HEAD" else request.method
        operation = self.document["paths"].get(path or "", {}).get(method.lower())
        if path is None or operation is None:
            assert not response.is_error or request.method == "HEAD" or response.json().keys() == ERROR_KEYS
            return
        answer = Answer(method, path, response.status_code)
        declared = operation["responses"].get(str(response.status_code))
        assert declared is not None, f"{answer} is not declared: {response.text[:300]}"
        resolved = self._resolved(declared)
        declared_headers = {name.lower() for name in resolved.get("headers", ())}
        undeclared = set(response.headers) - declared_headers - STANDARD_HEADERS - SECURITY_HEADERS.keys()
        assert not undeclared, f"{answer} has headers that are not declared: {undeclared}"
        body = None if request.method == "HEAD" else self._check_body(answer, resolved, response)
        self.bodies.setdefault(answer, body)

    def _check_body(self, answer: Answer, declared: Mapping[str, Any], response: httpx2.Response) -> Any:
        content = declared.get("content")
        if content is None:
            assert response.content == b"", f"{answer} has a body that is not declared: {response.text[:300]}"
            return None
        media_type = response.headers["content-type"].partition(";")[0]
        assert media_type in content, f"{answer} has the content type {media_type}"
        schema = {**content[media_type]["schema"], "components": self.document["components"]}
        if media_type == EVENT_STREAM:
            return None
        body = response.json() if media_type.endswith("json") else response.text
        validator: Any = Draft202012Validator(schema)
        errors = [f"{error.json_path}: {error.message}"[:300] for error in validator.iter_errors(body)]
        assert not errors, f"{answer} does not fit its schema: {errors[:3]}"
        return body

    def _resolved(self, response: Mapping[str, Any]) -> Mapping[str, Any]:
        reference: str | None = response.get("$ref")
        return self.document["components"]["responses"][reference.rpartition("/")[2]] if reference else response

    def examples(self) -> dict[str, dict[str, Any]]:
        """The bodies of successful answers, by operation id and status."""
        examples: dict[str, dict[str, Any]] = {}
        for method, path, operation in self.operations():
            for status in operation["responses"]:
                body = self.bodies.get(Answer(method.upper(), path, int(status)))
                if int(status) < HTTPStatus.MULTIPLE_CHOICES and body is not None:
                    examples.setdefault(operation["operationId"], {})[status] = body
        return examples


def hook(contract: HttpContract) -> Callable[[httpx2.Response], Awaitable[None]]:
    """An event hook of a client, which checks each answer."""

    async def check(response: httpx2.Response) -> None:
        await response.aread()
        contract.check(response)

    return check


async def provoke_common_answers(
    contract: HttpContract, client: httpx2.AsyncClient, set_guard: Callable[[Guard], None], usual_guard: Guard
) -> None:
    """Provoke what every operation answers for reasons of its own: limits, rights, defects and stores.

    `client` has the hook of the contract; `set_guard` replaces the guard of the function, afterwards by `usual_guard`.
    """
    for method, path, operation in contract.operations():
        url = _with_values(path, operation)
        writes = method != "get"
        await client.request(method, f"{url}?no_such_parameter=1")
        await client.request(method, f"{url}?{'x' * (MAX_QUERY_BYTES + 1)}")
        await client.request(method, url, headers={"content-length": _MUCH_TOO_LARGE})
        if writes:
            await client.request(method, url, content=b"x", headers={"content-type": "text/plain"})
        refusals = REFUSALS if "security" in operation else ()
        for error in (KeyError("a defect"), TransientError("A store does not answer."), TOO_MANY, FOREIGN, *refusals):
            set_guard(BrokenGuard(error))
            await client.request(method, url)
        set_guard(usual_guard)
        if writes:
            await client.request(method, url, headers={"origin": "https://evil.example"})


def _with_values(path: str, operation: Mapping[str, Any]) -> str:
    """The path with a value for each parameter, which a route with a type in its path accepts."""
    uuids = {p["name"] for p in operation.get("parameters", ()) if p["schema"].get("format") == "uuid"}
    return _PARAMETER.sub(lambda found: str(UUID(int=1)) if found[0][1:-1] in uuids else "1", path)


async def repeat_with_etag(contract: HttpContract, client: httpx2.AsyncClient, urls: Mapping[str, str]) -> None:
    """Ask again for every resource that was read, with its ETag; `urls` has a URL for each path."""
    for method, path, operation in contract.operations():
        if method == "get" and "304" in operation["responses"]:
            etag = (await client.get(urls[path])).headers["etag"]
            for if_none_match in (etag, f"W/{etag}", f'"other", {etag}', "*"):
                response = await client.get(urls[path], headers={"if-none-match": if_none_match})
                assert response.status_code == HTTPStatus.NOT_MODIFIED
                assert response.headers["etag"] in {etag, re.sub(r'-(gzip|br)"$', '"', etag)}
            head = await client.head(urls[path])
            assert (head.is_success, head.content, head.headers["etag"]) == (True, b"", etag)


def same_shape(one: Any, other: Any) -> bool:
    """Whether two bodies have the same keys; values may differ, be null, and stand in lists of another length."""
    if isinstance(one, dict) and isinstance(other, dict):
        members, others = cast("dict[str, Any]", one), cast("dict[str, Any]", other)
        return members.keys() == others.keys() and all(same_shape(members[key], others[key]) for key in members)
    if isinstance(one, list) and isinstance(other, list):
        return not one or not other or same_shape(one[0], other[0])
    return True


@asynccontextmanager
async def contract_client(app: ApiApp, token: str | None) -> AsyncGenerator[tuple[HttpContract, httpx2.AsyncClient]]:
    """A client of the app inside this process whose answers the contract checks; failures are answered, not raised."""
    contract = HttpContract(app.openapi())
    async with httpx2.AsyncClient(
        transport=httpx2.ASGITransport(app, raise_app_exceptions=False),
        base_url="http://function",
        headers={"authorization": f"Bearer {token}"} if token else {},
        event_hooks={"response": [hook(contract)]},
    ) as client:
        yield contract, client


def assert_complete(contract: HttpContract, package: str) -> None:
    """Every declared answer was given, and the examples of the description are answers as they are now.

    With WRITE_EXAMPLES in the environment, the examples are written first.
    """
    assert contract.bodies.keys() == contract.declared
    if os.environ.get("WRITE_EXAMPLES"):
        content = json.dumps(contract.examples(), indent=2, ensure_ascii=False, sort_keys=True)
        (ROOT / "functions" / package.replace("_", "-") / "src" / package / "examples.json").write_text(f"{content}\n")
    assert same_shape(read_examples(package), contract.examples())
