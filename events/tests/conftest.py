"""The sample function as a real process, and an event sink that records what it receives."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx2
import pytest

from battlescope_local.testing.processes import FunctionProcess


@dataclass
class RecordingSink:
    url: str
    received: list[dict[str, str]] = field(default_factory=list)
    status: int = 202


@pytest.fixture(scope="module")
def recording_sink() -> Iterator[RecordingSink]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            record.received.append({name.lower(): value for name, value in self.headers.items()})
            self.send_response(record.status)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    record = RecordingSink(f"http://127.0.0.1:{server.server_address[1]}")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield record
    server.shutdown()
    server.server_close()


@dataclass
class Running:
    process: FunctionProcess
    client: httpx2.Client

    def lines(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.process.log().splitlines() if line.startswith("{")]


@pytest.fixture
def sink(recording_sink: RecordingSink) -> RecordingSink:
    recording_sink.received.clear()
    recording_sink.status = 202
    return recording_sink


@pytest.fixture(scope="module")
def function(tmp_path_factory: pytest.TempPathFactory, recording_sink: RecordingSink) -> Iterator[Running]:
    yield from _run(tmp_path_factory.mktemp("function"), recording_sink)


@pytest.fixture
def own_function(tmp_path: Path, recording_sink: RecordingSink) -> Iterator[Running]:
    """A process of its own, for a test that ends it."""
    yield from _run(tmp_path, recording_sink)


def _run(tmp_path: Path, sink: RecordingSink) -> Iterator[Running]:
    settings = {"K_SINK": sink.url, "K_SERVICE": "sample", "K_REVISION": "sample-00001"}
    process = FunctionProcess("sample_function:app", settings, tmp_path / "log", app_dir=Path(__file__).parent)
    with httpx2.Client(base_url=process.start().wait_until_ready().url) as client:
        yield Running(process, client)
    process.close()
