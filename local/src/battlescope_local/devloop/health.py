"""`battlescope health`: whether every part of a running system answers."""

import http.client
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from battlescope_local.node import state
from battlescope_local.node.client import ask, request

START_LIMIT: Final = 60.0  # seconds for a function to start and to answer
READINESS: Final = "/health/readiness"


@dataclass(frozen=True, slots=True)
class Check:
    """One part and its condition in a few words."""

    name: str
    healthy: bool
    condition: str


def checks(node: state.State, *, start: bool) -> Iterator[Check]:
    """Of stores, functions and dead letters; with `start` functions without an instance are started and asked too."""
    status = ask(node, "/node/status")
    for name, store in status["stores"].items():
        yield Check(name, store["state"] == "ready", store["state"])
    for service in status["services"]:
        yield _function(node, service, start=start)
    yield _dead_letters(status["triggers"])


def _function(node: state.State, service: Mapping[str, Any], *, start: bool) -> Check:
    name = service["name"]
    if not service["instances"] and not start:
        return Check(name, healthy=True, condition="no instance; the next request starts one")
    try:
        code, body = request(node, f"/services/{name}{READINESS}", limit=START_LIMIT)
    except OSError as error:
        return Check(name, healthy=False, condition=f"no answer: {error}")
    if code == http.client.OK:
        return Check(name, healthy=True, condition="ready")
    reason = body.decode(errors="replace").strip().splitlines()
    return Check(name, healthy=False, condition=f"{code}: {reason[0] if reason else 'no reason given'}")


def _dead_letters(triggers: Iterable[Mapping[str, Any]]) -> Check:
    """Since the start of the node; they need attention and are no fault of a running part."""
    count = sum(one["dead_lettered"] for one in triggers)
    return Check("dead letters", healthy=True, condition=f"{count} since the start" if count else "none")
