"""`battlescope health`: checks that every part of a running system responds."""

import http.client
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from battlescope_local.command_name import typed_command
from battlescope_local.node import state
from battlescope_local.node.client import request_json, send_request

START_TIMEOUT: Final = 60.0  # seconds for a function to start and to respond
NO_INSTANCE: Final = "no instance; the next request starts one, and `--start` shows what waits there"
READINESS_PATH: Final = "/health/readiness"


@dataclass(frozen=True, slots=True)
class HealthCheck:
    """Result for one part of the system."""

    name: str
    healthy: bool
    condition: str


def run_checks(node: state.NodeState, *, start: bool) -> Iterator[HealthCheck]:
    """Check stores, functions and dead letters; `start` starts and checks functions without an instance as well."""
    status = request_json(node, "/node/status")
    for name, store in status["stores"].items():
        yield HealthCheck(name, store["state"] == "ready", store["state"])
    for service in status["services"]:
        yield _check_function(node, service, start=start)
    yield _check_dead_letters(status["triggers"])


def _check_function(node: state.NodeState, service: Mapping[str, Any], *, start: bool) -> HealthCheck:
    name = service["name"]
    if service["start_failure"] and not start:
        return HealthCheck(name, healthy=False, condition=service["start_failure"].splitlines()[0])
    if not service["instances"] and not start:
        return HealthCheck(name, healthy=True, condition=NO_INSTANCE)
    try:
        code, body = send_request(node, f"/services/{name}{READINESS_PATH}", timeout=START_TIMEOUT)
    except OSError as error:
        return HealthCheck(name, healthy=False, condition=f"no response: {error}")
    if code == http.client.OK:
        return HealthCheck(name, healthy=True, condition=f"ready{_details(body)}")
    reason = body.decode(errors="replace").strip().splitlines()
    return HealthCheck(name, healthy=False, condition=f"{code}: {reason[0] if reason else 'no reason given'}")


def waiting_notes(node: state.NodeState, services: Iterable[Mapping[str, Any]]) -> Iterator[str]:
    """What waits or is replaced in the functions that have an instance, a line for each such function."""
    for service in services:
        if service["ready"]:
            try:
                code, body = send_request(node, f"/services/{service['name']}{READINESS_PATH}")
            except OSError:
                continue
            if code == http.client.OK and (details := _details(body)):
                yield f"{service['name']}{details}"


def _details(body: bytes) -> str:
    """What a function's readiness answer says of things that wait; none of them makes it unhealthy."""
    answer: Mapping[str, Any] = json.loads(body) if body else {}
    parked, names = answer.get("parkedMessages", 0), answer.get("pendingNames", 0)
    waiting = answer.get("waitingKillmails", 0)
    texts = [f"; {parked} parked messages, see `{typed_command('outbox')}`"] if parked else []
    texts += [f"; {names} names awaited from ESI"] if names else []
    texts += [f"; {waiting} killmails wait for static data with their system"] if waiting else []
    standby = answer.get("standbySourceSeconds", 0)
    texts += [f"; killmails come from the standby source since {standby // 60} min"] if standby else []
    return "".join(texts)


def _check_dead_letters(triggers: Iterable[Mapping[str, Any]]) -> HealthCheck:
    """Dead letters since the start of the node; healthy in any case, because no running part is at fault."""
    count = sum(trigger["dead_lettered"] for trigger in triggers)
    return HealthCheck("dead letters", healthy=True, condition=f"{count} since the start" if count else "none")
