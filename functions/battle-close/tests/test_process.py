"""The function as a process of its own, killed between commit and publish."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx2
import pytest
from battle_seeder import DELAY, BattleSeeder

from battlescope_events.catalog import TICK

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
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    settings = {"DATABASE_URL": database, "K_SINK": sink.url, "FEED_DELAY_SECONDS": str(DELAY)}
    command = [sys.executable, "-m", "uvicorn", "battle_close.main:app", "--port", str(port)]
    process = subprocess.Popen(command, env=os.environ | settings, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        for _ in range(400):
            try:
                if httpx2.get(f"{url}/health/readiness").status_code == 200:
                    break
            except httpx2.TransportError:
                time.sleep(0.05)
        yield process, url
    finally:
        process.kill()
        process.wait(10)


def send(url: str, event_key: str) -> int:
    message = TICK.message(None, source="timer", key=event_key, time=datetime.now(UTC))
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
    event_id = seeded.connection.execute("SELECT headers ->> 'ce-id' FROM outbox").fetchone()
    sink.released.set()
    with running(database, sink) as (_, url):
        assert send(url, next_key) == 204
        assert send(url, next_key) == 204
    assert event_id is not None
    assert set(sink.received) == {event_id[0]}
    assert seeded.outbox_size() == 0
