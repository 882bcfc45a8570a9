"""The resources that can be read without knowing an id, from the OpenAPI documents of the functions."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final

from battlescope_local.serving.gateway import LOGIN_PATH
from battlescope_local.serving.pages import Link

LOGIN: Final = Link(LOGIN_PATH, "Log in with a character of EVE Online.")
OWN_ACCOUNT: Final = Link("/api/me", "Your account, once you have logged in.")
OF_ACCOUNTS: Final = frozenset({"account", "installation"})
"""The features, in `x-required-role`, of resources that differ for each caller or that only a SuperAdmin reads."""


def readable_resources(functions: Path, services: Iterable[str], access_mode: str) -> tuple[Link, ...]:
    """One link for each GET without a path parameter or required query parameter, in order of their paths.

    Streams of events have none. In the mode `sso` the login comes first, which the others need, then one's own account.
    """
    first = (LOGIN, OWN_ACCOUNT) if access_mode == "sso" else ()
    links: dict[str, Link] = {}
    for service in services:
        document = functions / service / "openapi.json"
        if not document.exists():
            continue
        for path, operations in json.loads(document.read_text())["paths"].items():
            operation = operations.get("get")
            if operation is None or _is_stream(operation) or _needs_parameters(path, operation):
                continue
            if _is_for_readers(operation):
                links[path] = Link(path, operation["description"].splitlines()[0])
    return (*first, *(links[path] for path in sorted(links)))


def _is_stream(operation: dict[str, Any]) -> bool:
    """Whether the answer is a stream of events, which does not end in a browser."""
    return "text/event-stream" in operation["responses"].get("200", {}).get("content", {})


def _is_for_readers(operation: dict[str, Any]) -> bool:
    """Whether a role in a feature is what the operation needs, as its description states."""
    feature = operation.get("x-required-role", "").partition(":")[0]
    return feature != "" and feature not in OF_ACCOUNTS


def _needs_parameters(path: str, operation: dict[str, Any]) -> bool:
    return "{" in path or any(parameter.get("required") for parameter in operation.get("parameters", ()))
