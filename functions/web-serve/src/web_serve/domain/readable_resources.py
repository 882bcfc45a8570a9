"""The resources that can be read without knowing an id, from the description of the API."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

OF_ACCOUNTS: Final = frozenset({"account", "installation"})
"""The features, in `x-required-role`, of resources that differ for each caller or that only a SuperAdmin reads."""


@dataclass(frozen=True, slots=True)
class Link:
    """A path that a browser can open, and what is there."""

    path: str
    summary: str


def readable_resources(document: Mapping[str, Any]) -> Iterator[Link]:
    """One link for each GET without a path parameter or required query parameter; streams of events have none."""
    for path, operations in document["paths"].items():
        operation = operations.get("get")
        if operation is None or _is_stream(operation) or _needs_parameters(path, operation):
            continue
        if _is_for_readers(operation):
            yield Link(path, operation["description"].splitlines()[0])


def _is_stream(operation: Mapping[str, Any]) -> bool:
    """Whether the answer is a stream of events, which does not end in a browser."""
    return "text/event-stream" in operation["responses"].get("200", {}).get("content", {})


def _is_for_readers(operation: Mapping[str, Any]) -> bool:
    """Whether a role in a feature is what the operation needs, as its description states."""
    feature = operation.get("x-required-role", "").partition(":")[0]
    return feature != "" and feature not in OF_ACCOUNTS


def _needs_parameters(path: str, operation: Mapping[str, Any]) -> bool:
    return "{" in path or any(parameter.get("required") for parameter in operation.get("parameters", ()))
