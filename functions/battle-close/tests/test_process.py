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
import pytest
from battle_seeder import DELAY, BattleSeeder

from battlescope_events.catalog import TIMER

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
    settings = {"DATABASE_URL": database, "K_SINK": sink.url, "FEED_DELAY_SECONDS": str(DELAY)}
    command = [sys.executable, "-m", "uvicorn", "battle_close.main:app", "--port", str(port)]
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


def send(url: str, event_key: str) -> int:
    message = TIMER.message(None, source="timer", key=event_key, time=datetime.now(UTC))
    response = httpx2.post(url, headers=dict(message.headers), content=message.body, timeout=30)
    assert response.content == b""
    return response.status_code


def _send_to_killed_process(url: str, event_key: str) -> None:
    with pytest.raises(httpx2.TransportError):
        send(url, event_key)


@pytest.mark.parametrize("next_key", ["first", "next"], ids=["the same timer event again", "another timer event"])
def test_event_survives_a_kill_between_commit_and_publish(
    database: str, seeded: BattleSeeder, sink: Sink, next_key: str
) -> None:
    seeded.battle(1, 0)
    seeded.killmail(60)
    with running(database, sink) as (process, url):
        sender = threading.Thread(target=_send_to_killed_process, args=(url, "first"))
        sender.start()
        assert sink.reached.wait(30)
        process.kill()
        sender.join(30)
    assert (seeded.status(1), seeded.outbox_size(), sink.received) == ("closed", 1, [])
    event_id = seeded.connection.execute("SELECT headers ->> 'ce-id' FROM outbox_messages").fetchone()
    sink.released.set()
    with running(database, sink) as (_, url):
        assert send(url, next_key) == 204
        assert send(url, next_key) == 204
    assert event_id is not None
    assert set(sink.received) == {event_id[0]}
    assert seeded.outbox_size() == 0
