"""The error contract and the runtime of event functions, tested against a running process."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

if TYPE_CHECKING:
    import httpx2
    from conftest import RecordingSink, Running

from battlescope_events.consumer import MAX_ATTEMPTS

KIND = "com.battlescope.killmail.ingested.v1"
TRACE = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


def reference(system: int | str, killmail: int = 7) -> dict[str, Any]:
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


def test_success_is_an_empty_204(function: Running) -> None:
    answer = post(function, reference(30000142))
    assert (answer.status_code, answer.content) == (204, b"")


def test_structured_mode_is_accepted(function: Running) -> None:
    event = {"specversion": "1.0", "id": "e1", "source": "test", "type": KIND, "data": reference(30000142)}
    answer = function.client.post("/", json=event, headers={"content-type": "application/cloudevents+json"})
    assert (answer.status_code, answer.content) == (204, b"")


def test_deeply_nested_data_is_400(function: Running) -> None:
    assert post(function, b"[" * 500_000).status_code == 400


@pytest.mark.parametrize(
    "body", [b"[" * 500_000, b'{"data":' * 200_000, b"{", b"[]", b"null", b"\xff", b'{"specversion": "1.0"}']
)
def test_structured_mode_without_an_event_is_400(function: Running, body: bytes) -> None:
    answer = function.client.post("/", content=body, headers={"content-type": "application/cloudevents+json"})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("system", "status", "reason"),
    [(1, 422, "The system is wrong ? for good."), (2, 503, "The database does not answer."), (3, 500, None)],
)
def test_status_and_reason_of_each_kind_of_error(
    function: Running, system: int, status: int, reason: str | None
) -> None:
    answer = post(function, reference(system))
    assert answer.status_code == status
    assert answer.headers.get("kne-reason") == reason


@pytest.mark.parametrize(
    ("data", "attributes", "status", "reason"),
    [
        (b"{", {}, 422, "Invalid JSON"),
        (b"[]", {}, 422, "does not match"),
        ({}, {}, 422, "Field required"),
        (reference("Jita"), {}, 422, "systemId"),
        (reference(2**70), {}, 422, "systemId"),
        (reference(5), {"type": "com.example.other"}, 422, "does not accept"),
        (b" " * (2 * 1024 * 1024 + 1), {}, 413, "2 MiB"),
    ],
)
def test_invalid_event_is_rejected_for_good_with_its_reason(
    function: Running, data: Any, attributes: dict[str, str], status: int, reason: str
) -> None:
    answer = post(function, data, **attributes)
    assert answer.status_code == status
    assert reason in answer.headers["kne-reason"]
    assert post(function, reference(30000142), id="next").status_code == 204


def test_body_over_the_limit_without_a_content_length_is_rejected_for_good(function: Running) -> None:
    attributes = {"specversion": "1.0", "id": str(uuid4()), "source": "test", "type": KIND}
    headers = {f"ce-{name}": value for name, value in attributes.items()} | {"content-type": "application/json"}
    pieces = (b" " * 65_536 for _ in range(64))
    answer = function.client.post("/", headers=headers, content=pieces)
    assert (answer.status_code, "2 MiB" in answer.headers["kne-reason"]) == (413, True)
    assert post(function, reference(30000142)).status_code == 204


def test_event_function_starts_without_flask() -> None:
    code = "import sys, sample_function; print([name for name in ('flask', 'werkzeug') if name in sys.modules])"
    environment = os.environ | {"PYTHONPATH": str(Path(__file__).parent)}
    output = subprocess.run([sys.executable, "-c", code], env=environment, check=True, capture_output=True, text=True)
    assert output.stdout == "[]\n"


def test_flask_can_be_imported_beside_the_adapter() -> None:
    code = "import battlescope_events.framework_adapter, flask; print(type(flask.Flask('app')).__module__)"
    output = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert output.stdout == "flask.app\n"


def test_request_without_cloudevent_is_a_bad_request(function: Running) -> None:
    assert function.client.post("/", json={}).status_code == 400
    assert post(function, reference(5), id="").status_code == 400


def test_every_health_path_responds(function: Running) -> None:
    for path in ("/health", "/healthz", "/health/liveness", "/health/readiness", "/health/startup"):
        answer = function.client.get(path)
        assert (answer.status_code, answer.json()) == (200, {"status": "healthy"})


def test_lifespan_starts_and_stops_the_function(own_function: Running) -> None:
    own_function.process.terminate()
    messages = [line["message"] for line in own_function.lines()]
    assert messages.index("started") < messages.index("stopped")


def test_event_is_processed_once_per_source_and_id(function: Running, sink: RecordingSink) -> None:
    for source, event_id in [("a", "1"), ("a", "1"), ("b", "1"), ("a", "2")]:
        assert post(function, reference(5), source=source, id=event_id).status_code == 204
    assert len(sink.received) == 3


def test_retry_publishes_the_same_event_id(function: Running, sink: RecordingSink) -> None:
    sink.status = 503
    assert post(function, reference(5), id="retried").status_code == 503
    sink.status = 202
    assert post(function, reference(5), id="retried").status_code == 204
    first, second = sink.received
    assert first["ce-id"] == second["ce-id"]


def test_event_is_rejected_after_the_maximum_number_of_attempts(function: Running) -> None:
    statuses = [post(function, reference(2), id="failing").status_code for _ in range(MAX_ATTEMPTS + 1)]
    assert statuses == [503] * MAX_ATTEMPTS + [422]
    assert f"failed {MAX_ATTEMPTS} times" in post(function, reference(2), id="failing").headers["kne-reason"]
    assert post(function, reference(5), id="other").status_code == 204


def test_trace_and_correlation_pass_from_event_to_event(function: Running, sink: RecordingSink) -> None:
    post(function, reference(5), traceparent=TRACE, correlationid="flow-9", id="cause")
    (published,) = sink.received
    assert published["ce-traceparent"].split("-")[1] == TRACE.split("-")[1]
    assert published["ce-traceparent"].split("-")[2] != TRACE.split("-")[2]
    assert (published["ce-correlationid"], published["ce-causationid"]) == ("flow-9", "cause")


def test_log_lines_are_json_with_source_location_and_trace(function: Running) -> None:
    post(function, reference(2), traceparent=TRACE, id="logged")
    (line,) = [line for line in function.lines() if line.get("event_id") == "logged"]
    assert line["message"] == "TransientError: The database does not answer."
    assert (line["level"], line["service"], line["version"]) == ("WARNING", "sample", "sample-00001")
    assert line["trace_id"] == TRACE.split("-")[1]
    assert {"timestamp", "file", "line", "function", "span_id"} <= line.keys()


def test_unexpected_error_is_logged_with_its_stack(function: Running) -> None:
    post(function, reference(3))
    assert any("a programming error" in line["message"] for line in function.lines())
