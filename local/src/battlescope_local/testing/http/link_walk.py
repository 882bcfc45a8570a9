"""Follows every link that the description of a function declares, from real answers to real answers, as a client would.

Schemathesis chooses links at random, so that a run of some seconds follows a part of them; this walk follows each once,
in an order that depends on the description alone. Every answer is checked by the contract of the client.
"""

import asyncio
import re
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any, Final, NamedTuple, cast

import httpx2

from battlescope_local.testing.http.http_contract import HttpContract

_BODY: Final = "$response.body#"
_PATH: Final = "$request.path."
_EMBEDDED: Final = re.compile(r"\{(\$response\.body#[^}]*)\}")
_ORDER: Final = ("get", "post", "put", "patch", "delete")  # what deletes comes last
_RETRIES: Final = 100  # of a write whose precondition another write has changed; each takes some milliseconds
_RETRY_SECONDS: Final = 0.02


class Link(NamedTuple):
    """A declared link, by the ids of both operations and the status of the answer that has it."""

    source: str
    status: str
    name: str
    target: str


@dataclass(frozen=True, slots=True)
class Sample:
    """How an operation is requested, besides the parameters that a link gives."""

    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    query: Mapping[str, str] = field(default_factory=dict[str, str])


class _Operation(NamedTuple):
    operation_id: str
    method: str
    path: str
    description: Mapping[str, Any]


class _Answer(NamedTuple):
    operation: _Operation
    parameters: Mapping[str, str]
    sample: Sample
    response: httpx2.Response

    def linked(self, description: Mapping[str, Any]) -> dict[str, str] | None:
        """The values of a link's parameters; None where this answer lacks one, such as an empty list."""
        body = self.response.json()
        values = {name: self._value(expression, body) for name, expression in description["parameters"].items()}
        return None if None in values.values() else cast("dict[str, str]", values)

    def _value(self, expression: str, body: Any) -> str | None:
        if expression.startswith(_PATH):
            return self.parameters[expression.removeprefix(_PATH)]
        if expression.startswith(_BODY):
            return _at(body, expression.removeprefix(_BODY))
        parts = [_at(body, found.removeprefix(_BODY)) for found in _EMBEDDED.findall(expression)]
        if not parts or None in parts:
            return None
        values = iter(cast("list[str]", parts))
        return _EMBEDDED.sub(lambda _: next(values), expression)


class LinkWalk:
    """Walks the links of one description; `samples` by operation id. reads_only: links that change something stay."""

    def __init__(
        self,
        contract: HttpContract,
        client: httpx2.AsyncClient,
        samples: Mapping[str, Sequence[Sample]],
        *,
        reads_only: bool = False,
    ) -> None:
        self._client, self._samples = client, samples
        self._operations = {
            operation["operationId"]: _Operation(operation["operationId"], method, path, operation)
            for method, path, operation in contract.operations()
            if method == "get" or not reads_only
        }
        self.followed: dict[Link, int] = {}
        """The status that followed, by link."""

    @property
    def declared(self) -> frozenset[Link]:
        return frozenset(link for operation in self._operations.values() for link, _ in self._links_of(operation))

    async def run(self) -> None:
        """Ask for everything that needs no id, and follow the links of the answers, and of theirs.

        What was read is read again at the end: lists that were empty have items by then.
        """
        roots = [
            operation
            for operation in self._operations.values()
            if "{" not in operation.path and any(True for _ in self._links_of(operation))
        ]
        answers = deque([await self._ask(root, {}, sample) for root in roots for sample in self._samples_of(root)])
        read: list[_Answer] = []
        while answers:
            answer = answers.popleft()
            answers.extend(await self._follow(answer))
            read += [answer] if answer.operation.method == "get" else []
        for answer in read:
            await self._follow(await self._again(answer))

    async def _follow(self, answer: _Answer) -> list[_Answer]:
        found: list[_Answer] = []
        for link, description in self._links_of(answer.operation, str(answer.response.status_code)):
            parameters = answer.linked(description)
            if link not in self.followed and parameters is not None:
                found += await self._ask_linked(link, description, answer, parameters)
        return found

    async def _ask_linked(
        self, link: Link, description: Mapping[str, Any], answer: _Answer, parameters: Mapping[str, str]
    ) -> list[_Answer]:
        target, answers = self._operations[link.target], list[_Answer]()
        for sample in self._samples_of(target):
            answers.append(await self._ask_current(target, sample, description, answer, parameters))
        self.followed[link] = max(given.response.status_code for given in answers)
        return [given for given in answers if given.response.is_success]

    async def _ask_current(
        self,
        target: _Operation,
        sample: Sample,
        description: Mapping[str, Any],
        answer: _Answer,
        parameters: Mapping[str, str],
    ) -> _Answer:
        """Ask the target of a link. Who changes something reads it again before, and once more after a 412."""
        for _ in range(_RETRIES):
            if target.method != "get" and answer.operation.method == "get":
                parameters = (await self._again(answer)).linked(description) or parameters
            given = await self._ask(target, parameters, sample)
            if given.response.status_code != HTTPStatus.PRECONDITION_FAILED:
                return given
            await asyncio.sleep(_RETRY_SECONDS)
        raise AssertionError(f"{target.operation_id} answers 412 for ever.")

    def _samples_of(self, operation: _Operation) -> Sequence[Sample]:
        samples = self._samples.get(operation.operation_id, (Sample(),))
        if operation.method != "delete":
            return samples
        turn = sum(link.target == operation.operation_id for link in self.followed)
        return (samples[turn % len(samples)],)  # once for each thing, by its samples in turn

    async def _ask(self, operation: _Operation, parameters: Mapping[str, str], sample: Sample) -> _Answer:
        places = {parameter["name"]: parameter["in"] for parameter in operation.description.get("parameters", ())}
        by_place = {
            place: {name: value for name, value in parameters.items() if places.get(name) == place}
            for place in ("path", "query", "header")
        }
        url = str(httpx2.URL(operation.path.format_map(by_place["path"]), params={**sample.query, **by_place["query"]}))
        headers = {"cache-control": "no-cache", **sample.headers, **by_place["header"]}
        response = await self._client.request(operation.method, url, headers=headers, json=sample.body)
        return _Answer(operation, parameters, sample, response)

    async def _again(self, answer: _Answer) -> _Answer:
        return await self._ask(answer.operation, answer.parameters, answer.sample)

    def _links_of(self, operation: _Operation, status: str | None = None) -> list[tuple[Link, Mapping[str, Any]]]:
        """The links of an answer, or of all answers, those that change something last."""
        links = [
            (Link(operation.operation_id, answered, name, description["operationId"]), description)
            for answered, response in operation.description["responses"].items()
            if status in {None, answered}
            for name, description in response.get("links", {}).items()
            if description["operationId"] in self._operations
        ]
        return sorted(links, key=lambda item: _ORDER.index(self._operations[item[0].target].method))


def _at(body: Any, pointer: str) -> str | None:
    """The value at a JSON pointer; None where there is none."""
    for key in pointer.split("/")[1:]:
        if isinstance(body, list):
            items = cast("list[Any]", body)
            body = items[int(key)] if key.isdigit() and int(key) < len(items) else None
        else:
            body = cast("Mapping[str, Any]", body).get(key) if isinstance(body, Mapping) else None
    return None if body is None else str(body)
