"""The function as a process of its own, killed between commit and publish."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx2
import psycopg
import pytest
from enriched_builders import enriched_killmail

from battlescope_events.catalog import KILLMAIL_ENRICHED
from battlescope_schemas.enriched import EnrichedKillmail

pytestmark = pytest.mark.postgres


class Sink:
    """A Broker's ingress that answers only after `released` is set."""

    def __init__(self) -> None:
        self.received: list[str] = []
        self.reached = threading.Event()
        self.released = threading.Event()
        sink = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["content-length"]))
                sink.reached.set()
                if not sink.released.wait(30):
                    return
                sink.received.append(self.headers["ce-id"])
                self.send_response(202)
                self.send_header("content-length", "0")
                self.end_headers()

            def handle_error(self) -> None: ...

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def sink() -> Iterator[Sink]:
    sink = Sink()
    yield sink
    sink.server.shutdown()
    sink.server.server_close()


@contextmanager
def running(database: str, sink: Sink) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    with reserved_port() as port:
        yield from _serving(port, database, sink)


@contextmanager
def reserved_port() -> Iterator[int]:
    """A port that nobody else gets before the process listens on it: a socket that does not listen keeps it."""
    with socket.socket() as keeping:
        keeping.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        keeping.bind(("127.0.0.1", 0))
        yield keeping.getsockname()[1]


def _serving(port: int, database: str, sink: Sink) -> Iterator[tuple[subprocess.Popen[bytes], str]]:
    settings = {"S3_ENDPOINT_URL": "http://127.0.0.1:9", "S3_REGION": "x", "S3_BUCKET": "x"}
    settings |= {"AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x", "DATABASE_URL": database, "K_SINK": sink.url}
    command = [sys.executable, "-m", "uvicorn", "battle_cluster.main:app", "--port", str(port)]
    process = subprocess.Popen(command, env=os.environ | settings, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_until_ready(url, process)
        yield process, url
    finally:
        process.kill()
        process.wait(10)


def _wait_until_ready(url: str, process: subprocess.Popen[bytes]) -> None:
    ends = time.monotonic() + 60
    while time.monotonic() < ends:
        assert process.poll() is None, "The function ended while starting."
        with suppress(httpx2.TransportError):
            if httpx2.get(f"{url}/health/readiness").status_code == 200:
                return
        time.sleep(0.05)
    pytest.fail("The function does not become ready.")


def send(url: str, data: EnrichedKillmail) -> int:
    message = KILLMAIL_ENRICHED.message(
        data, source="killmail-enrich", key=str(data.killmail_id), time=datetime.now(UTC)
    )
    response = httpx2.post(url, headers=dict(message.headers), content=message.body, timeout=30)
    assert response.content == b""
    return response.status_code


def _send_to_killed_process(url: str, data: EnrichedKillmail) -> None:
    with pytest.raises(httpx2.TransportError):
        send(url, data)


def test_event_survives_a_kill_between_commit_and_publish(database: str, sink: Sink) -> None:
    first, second = enriched_killmail(1, 0, (1, 1), [(11, 2)]), enriched_killmail(2, 2, (2, 1), [(11, 2)])
    with running(database, sink) as (process, url):
        assert send(url, first) == 204
        sender = threading.Thread(target=_send_to_killed_process, args=(url, second))
        sender.start()
        assert sink.reached.wait(30)
        process.kill()
        sender.join(30)
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM battles").fetchone() == (1,)
        assert connection.execute("SELECT count(*) FROM outbox_messages").fetchone() == (1,)
        event_id = connection.execute("SELECT headers ->> 'ce-id' FROM outbox_messages").fetchone()
    sink.received.clear()
    sink.released.set()
    with running(database, sink) as (_, url):
        assert send(url, second) == 204
    assert event_id is not None
    assert event_id[0] in sink.received
    with psycopg.connect(database) as connection:
        assert connection.execute("SELECT count(*) FROM outbox_messages").fetchone() == (0,)
