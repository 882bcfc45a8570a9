"""A function as a process of its own, which a test can kill, and a Broker's ingress that a test can hold up."""

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Final, Self
from urllib.request import urlopen

START_LIMIT: Final = 60.0  # seconds
EXIT_LIMIT: Final = 120.0
LOOPBACK: Final = "127.0.0.1"
# Python's bytecode is kept, as in the image: to compile a function takes as long as the rest of its start.
BYTECODE: Final = {"PYTHONDONTWRITEBYTECODE": ""}


class FunctionProcess:
    """A function under uvicorn with its settings in the environment. It has the same URL after each start."""

    def __init__(self, app: str, settings: Mapping[str, str], log: Path, *, app_dir: Path | None = None) -> None:
        """`app` is `module:attribute`; `app_dir` is a folder to import it from."""
        self._reservation = _reserve_port()
        port = self._reservation.getsockname()[1]
        self.url = f"http://{LOOPBACK}:{port}"
        folder = ("--app-dir", str(app_dir)) if app_dir else ()
        options = (app, *folder, "--port", str(port), "--no-access-log")
        self._command = [sys.executable, "-m", "battlescope_events.server", *options]
        self._settings = settings
        self._log = log
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, **settings: str) -> Self:
        """Start without waiting; `settings` are added for this start."""
        environment = {**os.environ, **BYTECODE, **self._settings, **settings}
        with self._log.open("ab") as log:
            self._process = subprocess.Popen(self._command, env=environment, stdout=log, stderr=log)
        return self

    def wait_until_live(self) -> Self:
        """Wait until the process responds, ready or not."""
        return self._wait_for("liveness")

    def wait_until_ready(self) -> Self:
        return self._wait_for("readiness")

    def kill(self) -> None:
        if self._process:
            self._process.kill()
            self._process.wait()
            self._process = None

    def terminate(self) -> int:
        """Ask the process to end, and return its exit code."""
        self._running.terminate()
        return self.wait()

    def wait(self) -> int:
        """The exit code, once the process ends by itself."""
        return self._running.wait(EXIT_LIMIT)

    @property
    def pid(self) -> int:
        return self._running.pid

    def log(self) -> str:
        return self._log.read_text()

    def close(self) -> None:
        self.kill()
        self._reservation.close()

    def _wait_for(self, check: str) -> Self:
        deadline = time.monotonic() + START_LIMIT
        while time.monotonic() < deadline:
            if self._running.poll() is not None:
                break
            with suppress(OSError):
                urlopen(f"{self.url}/health/{check}", timeout=5).close()  # noqa: S310  # the process of the test
                return self
            time.sleep(0.02)
        raise RuntimeError(f"The function does not pass its {check} check: {self.log()[-3000:]}")

    @property
    def _running(self) -> "subprocess.Popen[bytes]":
        if self._process is None:
            raise RuntimeError("The process does not run; start it first.")
        return self._process


def _reserve_port() -> socket.socket:
    """Keeps a port for a process that listens on it: nobody else gets it before or between its starts."""
    reservation = socket.socket()
    reservation.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    reservation.bind((LOOPBACK, 0))
    return reservation


class HeldSink:
    """A Broker's ingress that accepts events only after `released` is set."""

    def __init__(self) -> None:
        self.received_ids: list[str] = []
        self.reached = threading.Event()
        self.released = threading.Event()
        sink = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["content-length"]))
                sink.reached.set()
                if not sink.released.wait(30):
                    return
                sink.received_ids.append(self.headers["ce-id"])
                self.send_response(202)
                self.send_header("content-length", "0")
                self.end_headers()

            def log_request(self, code: int | str = "-", size: int | str = "-") -> None: ...

        self._server = _QuietServer((LOOPBACK, 0), Handler)
        self.url = f"http://{LOOPBACK}:{self._server.server_address[1]}"
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _QuietServer(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing of the connections that a killed process leaves behind."""
