"""Clients of the small API: inside the process, and over HTTP of a real server."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import httpx2
import pytest
from small_api import make_app

SUPPORT = Path(__file__).parents[1] / "support"


@pytest.fixture
async def api() -> AsyncGenerator[httpx2.AsyncClient]:
    transport = httpx2.ASGITransport(app=make_app(), raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url="http://api") as client:
        yield client


@pytest.fixture(scope="module")
def served() -> Iterator[int]:
    """The port of the small API as a process."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "uvicorn", "small_api:app", "--port", str(port), "--no-access-log"]
    process = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": str(SUPPORT)})
    for _ in range(3000):
        assert process.poll() is None, "the small API exited"
        try:
            httpx2.get(f"http://127.0.0.1:{port}/health")
            break
        except httpx2.TransportError:
            time.sleep(0.02)
    yield port
    process.terminate()
    process.wait(10)
