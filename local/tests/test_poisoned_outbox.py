"""A message that the Broker can never accept blocks no function: every function that owns an outbox, as a process."""

import json
import threading
from collections.abc import Callable, Generator, Mapping
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.request import Request, urlopen

import psycopg
import pytest
from function_environment import function_environment
from mechanisms import mechanisms_of
from psycopg.types.json import Jsonb

from battlescope_events.catalog import TIMER
from battlescope_events.record_size import MAX_EVENT_BYTES, MAX_RECORD_BYTES
from battlescope_local.devtools.project import ROOT, Member, functions
from battlescope_local.eventing.cloud_event import from_http, to_record
from battlescope_local.manifests import load
from battlescope_local.manifests.labels import BACKGROUND_SUFFIX
from battlescope_local.manifests.model import BrokerRef
from battlescope_local.settings import S3Access
from battlescope_local.testing.databases import Database, Databases
from battlescope_local.testing.processes import FunctionProcess
from battlescope_local.testing.servers import context_of

pytestmark = pytest.mark.postgres
MANIFESTS = load(ROOT / "knative" / "base")
OWNERS = [function for function in functions() if "battlescope_events.postgres.outbox" in mechanisms_of(function)]
BROKER_OF = {
    binding.subject.removesuffix(BACKGROUND_SUFFIX): binding.sink.name
    for binding in MANIFESTS.sink_bindings
    if isinstance(binding.sink, BrokerRef)
}
TOO_LARGE = b'"%b"' % (b"x" * MAX_RECORD_BYTES)
# A write that flushes the outbox, for each function that consumes no events.
REQUESTS: Mapping[str, tuple[str, str, Mapping[str, Any]]] = {
    "account-api": ("PUT", "/api/admin/auth-config", {"requireMembership": True}),
    "battle-api": (
        "POST",
        "/api/admin/battles/recluster",
        {"startTime": "2026-01-01T00:00:00Z", "endTime": "2026-01-02T00:00:00Z"},
    ),
    "killmail-api": (
        "POST",
        "/api/admin/killmails/revaluations",
        {"firstDay": "2026-01-01", "lastDay": "2026-01-02"},
    ),
    "ingest-api": ("POST", "/api/ingestion/verification/trigger", {"date": "2026-01-01"}),
    "search-api": ("POST", "/api/admin/search/reindex", {"author": "Ann"}),
}
# The timer event's task that flushes the outbox.
TASKS = {"ingest-verify": "retention", "killmail-enrich": "names", "search-index": "catch-up"}


class Broker:
    """An ingress that refuses the event `poisoned`, and answers 503 to one that is too large, as Knative's does."""

    def __init__(self) -> None:
        self.requested: list[str] = []
        self.accepted: list[str] = []
        broker = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["content-length"]))
                event_id, status = self.headers["ce-id"], 202
                broker.requested.append(event_id)
                if event_id == "poisoned":
                    status = 413
                elif to_record(from_http(dict(self.headers), body)).size > MAX_RECORD_BYTES:
                    status = 503
                else:
                    broker.accepted.append(event_id)
                self.send_response(status)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_request(self, code: int | str = "-", size: int | str = "-") -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def broker() -> Generator[Broker]:
    broker = Broker()
    yield broker
    broker.server.shutdown()
    broker.server.server_close()


@pytest.fixture
def new_clone(databases: Databases) -> Generator[Callable[[str], Database]]:
    clones: list[Database] = []

    def make(context: str) -> Database:
        clones.append(databases.clone(context))
        return clones[-1]

    yield make
    for clone in clones:
        databases.drop(clone)


def write_messages(database: Database, broker: str) -> None:
    bodies = {"before": b"{}", "poisoned": b"{}", "oversized": TOO_LARGE, "after": b"{}"}
    with psycopg.connect(database.owner) as connection:
        for event_id, body in bodies.items():
            headers = {"ce-specversion": "1.0", "ce-id": event_id, "ce-type": "t", "ce-source": "s"}
            headers |= {"ce-partitionkey": "k", "content-type": "application/json"}
            connection.execute(
                "INSERT INTO outbox_messages (broker, headers, body) VALUES (%s, %s, %s)",
                [broker, Jsonb(headers), body],
            )


def send_unrelated_work(function: Member, process: FunctionProcess) -> int:
    """Send a request or a timer event; returns the status of the response."""
    if function.name in REQUESTS:
        method, path, body = REQUESTS[function.name]
        headers = {"authorization": "Bearer token", "content-type": "application/json"}
        return send(method, process.url + path, json.dumps(body).encode(), headers)
    message = TIMER.message(None, source="timer", key="1", time=datetime.now(UTC))
    return send("POST", process.url, message.body, {**message.headers, "ce-task": TASKS.get(function.name, "")})


def send(method: str, url: str, body: bytes, headers: Mapping[str, str]) -> int:
    request = Request(url, body, dict(headers), method=method)
    with urlopen(request, timeout=60) as response:
        return response.status


@pytest.mark.parametrize("function", OWNERS, ids=lambda function: function.name)
def test_message_that_no_broker_stores_is_parked_and_everything_else_goes_on(
    function: Member,
    new_clone: Callable[[str], Database],
    new_process: Callable[..., FunctionProcess],
    broker: Broker,
    moto: S3Access,
) -> None:
    database = new_clone(context_of(function.name))
    write_messages(database, BROKER_OF[function.name])
    sink = f"{broker.url}/battlescope/{BROKER_OF[function.name]}"
    settings = function_environment(function.name, database, moto, sink)
    process = new_process(f"{function.package}.main:app", settings).start().wait_until_ready()
    assert send_unrelated_work(function, process) in {200, 202, 204}
    assert {"before", "after"} <= set(broker.accepted)
    with psycopg.connect(database.owner) as connection:
        rows = connection.execute("SELECT headers ->> 'ce-id', parked_reason FROM outbox_messages").fetchall()
    reasons = dict(rows)
    assert reasons.keys() == {"poisoned", "oversized"}
    assert "413" in reasons["poisoned"]
    assert f"above {MAX_EVENT_BYTES}: use a claim check" in reasons["oversized"]
    assert "oversized" not in broker.requested
    with urlopen(f"{process.url}/health/readiness", timeout=10) as response:
        assert {"status": "healthy", "parkedMessages": 2}.items() <= json.load(response).items()
    assert '"refused_event":"poisoned"' in process.log().replace(": ", ":")


def test_every_outbox_is_tested() -> None:
    """A function that publishes without an outbox loses events when it is killed after its commit."""
    assert {function.name for function in OWNERS} == set(BROKER_OF)


def test_every_publisher_knows_the_size_limit() -> None:
    """Only `BrokerPublisher` posts to a Broker, and it refuses what the Broker could never store."""
    sources = {function.name: _source(function) for function in functions()}
    assert {name for name, text in sources.items() if "BrokerPublisher(" in text} == set(BROKER_OF)
    assert {name for name, text in sources.items() if "pyreqwest" in text} == set(), "they may publish by themselves"


def _source(function: Member) -> str:
    return "\n".join(path.read_text() for path in (function.folder / "src").rglob("*.py"))
