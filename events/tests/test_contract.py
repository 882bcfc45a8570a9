"""The error contract and the plumbing of event functions, proven against a running process."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

if TYPE_CHECKING:
    import httpx2
    from conftest import RecordingSink, Running

from battlescope_events.consumer import MOST_ATTEMPTS

KIND = "com.battlescope.killmail.ingested.v1"
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def mail(system: int | str, killmail: int = 7) -> dict[str, Any]:
    return {
        "killmailId": str(killmail),
        "zkbHash": "a" * 40,
        "killmailTime": "2026-01-01T00:00:00Z",
        "systemId": str(system),
        "zkbUrl": "https://zkillboard.com/kill/7/",
        "archiveKey": "raw#0+9",
    }


def post(running: Running, data: Any, **attributes: str) -> httpx2.Response:
    named = {"specversion": "1.0", "id": str(uuid4()), "source": "test", "type": KIND} | attributes
    headers = {f"ce-{name}": value for name, value in named.items() if value} | {"content-type": "application/json"}
    content = data if isinstance(data, bytes) else json.dumps(data).encode()
    return running.client.post("/", headers=headers, content=content)


def test_success_is_an_empty_204_because_any_other_body_is_a_failed_delivery(function: Running) -> None:
    answer = post(function, mail(30000142))
    assert (answer.status_code, answer.content) == (204, b"")


def test_structured_mode_is_understood_too(function: Running) -> None:
    event = {"specversion": "1.0", "id": "e1", "source": "test", "type": KIND, "data": mail(30000142)}
    answer = function.client.post("/", json=event, headers={"content-type": "application/cloudevents+json"})
    assert (answer.status_code, answer.content) == (204, b"")


@pytest.mark.parametrize(
    ("system", "status", "reason"),
    [(1, 422, "The system is wrong ? for good."), (2, 503, "The database does not answer."), (3, 500, None)],
)
def test_a_fault_says_whether_to_try_again(function: Running, system: int, status: int, reason: str | None) -> None:
    answer = post(function, mail(system))
    assert answer.status_code == status
    assert answer.headers.get("kne-reason") == reason


@pytest.mark.parametrize(
    ("data", "attributes", "status", "reason"),
    [
        (b"{", {}, 422, "Invalid JSON"),
        (b"[]", {}, 422, "does not fit"),
        ({}, {}, 422, "Field required"),
        (mail("Jita"), {}, 422, "systemId"),
        (mail(2**70), {}, 422, "systemId"),
        (mail(5), {"type": "com.example.other"}, 422, "does not accept"),
        (b" " * (2 * 1024 * 1024 + 1), {}, 413, "2 MiB"),
    ],
)
def test_bad_events_are_refused_for_good_and_say_why(
    function: Running, data: Any, attributes: dict[str, str], status: int, reason: str
) -> None:
    answer = post(function, data, **attributes)
    assert answer.status_code == status
    assert reason in answer.headers["kne-reason"]
    assert post(function, mail(30000142), id="next").status_code == 204


def test_what_is_no_cloudevent_is_a_bad_request(function: Running) -> None:
    assert function.client.post("/", json={}).status_code == 400
    assert post(function, mail(5), id="").status_code == 400


def test_health_answers_on_every_address(function: Running) -> None:
    for path in ("/health", "/healthz", "/health/liveness", "/health/readiness", "/health/startup"):
        answer = function.client.get(path)
        assert (answer.status_code, answer.json()) == (200, {"status": "healthy"})


def test_lifespan_is_entered_and_left(own_function: Running) -> None:
    own_function.process.terminate()
    own_function.process.wait(10)
    said = [line["message"] for line in own_function.lines()]
    assert said.index("entered") < said.index("left")


def test_an_event_is_handled_once_by_source_and_id(function: Running, sink: RecordingSink) -> None:
    for source, event_id in [("a", "1"), ("a", "1"), ("b", "1"), ("a", "2")]:
        assert post(function, mail(5), source=source, id=event_id).status_code == 204
    assert len(sink.heard) == 3


def test_a_retry_says_the_same_event_again(function: Running, sink: RecordingSink) -> None:
    sink.status = 503
    assert post(function, mail(5), id="retried").status_code == 503
    sink.status = 202
    assert post(function, mail(5), id="retried").status_code == 204
    first, second = sink.heard
    assert first["ce-id"] == second["ce-id"]


def test_an_event_that_keeps_failing_is_given_up(function: Running) -> None:
    statuses = [post(function, mail(2), id="failing").status_code for _ in range(MOST_ATTEMPTS + 1)]
    assert statuses == [503] * MOST_ATTEMPTS + [422]
    assert "Given up" in post(function, mail(2), id="failing").headers["kne-reason"]
    assert post(function, mail(5), id="other").status_code == 204


def test_trace_and_correlation_go_from_event_to_event(function: Running, sink: RecordingSink) -> None:
    post(function, mail(5), traceparent=TRACE, correlationid="flow-9", id="cause")
    (said,) = sink.heard
    assert said["ce-traceparent"].split("-")[1] == TRACE.split("-")[1]
    assert said["ce-traceparent"].split("-")[2] != TRACE.split("-")[2]
    assert (said["ce-correlationid"], said["ce-causationid"]) == ("flow-9", "cause")


def test_logs_are_json_with_place_and_flow(function: Running) -> None:
    post(function, mail(2), traceparent=TRACE, id="logged")
    (line,) = [line for line in function.lines() if line.get("event_id") == "logged"]
    assert line["message"] == "TransientError: The database does not answer."
    assert (line["level"], line["service"], line["version"]) == ("WARNING", "sample", "sample-00001")
    assert line["trace_id"] == TRACE.split("-")[1]
    assert {"timestamp", "file", "line", "function", "span_id"} <= line.keys()


def test_an_unforeseen_fault_leaves_its_stack_in_the_log(function: Running) -> None:
    post(function, mail(3))
    assert any("nobody thought of this" in line["message"] for line in function.lines())
