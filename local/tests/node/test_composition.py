"""A whole node on real stores with a small project, from manifests to a response of the gateway."""

import json
import signal
import subprocess
import sys
import urllib.request
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import psutil
import psycopg
import pytest
from aiohttp import ClientSession
from echo_project import MANIFEST, write_project

from battlescope_local.errors import REPORTABLE_ERRORS, error_message
from battlescope_local.node import state
from battlescope_local.node.composition import Node, start_node
from battlescope_local.settings import ExternalServers, Settings

pytestmark = [pytest.mark.stores, pytest.mark.e2e]


@pytest.fixture
def project(nobodys_folder: Callable[[], Path], monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = write_project(nobodys_folder())
    monkeypatch.setenv("PYTHONPATH", str(folder / "apps"))
    return folder


def settings(project: Path, **values: object) -> Settings:
    return Settings(str(project / "data"), project=str(project), port=0, **values)


@asynccontextmanager
async def running_node(project: Path) -> AsyncGenerator[Node]:
    async with start_node(settings(project), ExternalServers(), lambda *_: None) as node:
        yield node


async def get(url: str, token: str = "") -> dict:
    async with ClientSession(headers={"authorization": f"Bearer {token}"}) as client, client.get(url) as response:
        assert response.status == 200, await response.text()
        return json.loads(await response.text())


async def test_node_serves_the_manifests(project: Path) -> None:
    async with running_node(project) as node:
        env = await get(f"{node.internal_url}/services/echo-api/env", node.token)
        response = await get(f"{node.gateway_url}/api/echo/7?x=1")
        assert (response["path"], response["host"]) == ("/api/echo/7", "echo-api.default.svc.cluster.local")
        async with ClientSession() as client:
            async with client.get(f"{node.gateway_url}/services/echo-api/env") as response:
                assert response.status == 404
            async with client.post(f"{node.internal_url}/node/stop") as response:
                assert response.status == 403
        async with await psycopg.AsyncConnection.connect(env["DATABASE_URL"]) as connection:
            assert await (await connection.execute("SELECT id FROM kept")).fetchone() == (42,)
        status = await get(f"{node.internal_url}/node/status", node.token)
        assert {name: store["state"] for name, store in status["stores"].items()} == dict.fromkeys(
            ("postgres", "valkey", "s3"), "ready"
        )
        assert status["services"][0]["name"] == "echo-api"
        assert status["memory"] > 0
        assert env["FEED_URL"] == "https://feed.invalid"
    assert state.read(project / "data") is None
    assert not list((project / "data" / "run").iterdir())


async def test_two_nodes_do_not_share_a_folder(project: Path) -> None:
    async with running_node(project):
        with pytest.raises(state.AlreadyRunningError):
            async with running_node(project):
                pass


async def test_invalid_manifest_is_reported(project: Path) -> None:
    manifest = project / "knative" / "base" / "all.yaml"
    manifest.write_text(MANIFEST.replace("name: cache", "name: treasure"))
    with pytest.raises(REPORTABLE_ERRORS) as caught:
        async with running_node(project):
            pass
    assert "refers to the Secret treasure" in error_message(caught.value)
    assert not list((project / "data" / "run").iterdir())


def fetch(url: str) -> dict:
    with urllib.request.urlopen(f"{url}/api/echo") as response:
        return json.load(response)


def start(project: Path) -> tuple[subprocess.Popen[bytes], str]:
    command = [sys.executable, "-m", "battlescope_local.node.daemon", settings(project).to_json()]
    with (project / "stderr").open("wb") as errors:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors)
    assert process.stdout
    for line in process.stdout:
        message = json.loads(line)
        if "ready" in message:
            return process, message["ready"]
    raise AssertionError((project / "stderr").read_text())


def descendants(pid: int) -> list[psutil.Process]:
    return psutil.Process(pid).children(recursive=True)


def test_next_node_continues_after_a_killed_one(project: Path) -> None:
    first, url = start(project)
    before = fetch(url)
    children = descendants(first.pid)
    assert len(children) > 4
    first.kill()
    first.wait()
    second, url = start(project)
    assert not [child for child in children if child.is_running() and child.status() != psutil.STATUS_ZOMBIE]
    assert fetch(url)["pid"] != before["pid"]
    children = descendants(second.pid)
    second.send_signal(signal.SIGTERM)
    assert second.wait(30) == 0
    assert not [child for child in children if child.is_running()]
    for process in (first, second):
        process.stdout.close()
