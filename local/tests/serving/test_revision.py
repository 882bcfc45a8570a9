"""A Knative Service as processes: from zero to many and back, with failures, queues, streams and replaced code."""

import asyncio
import io
import json
import os
import signal
from pathlib import Path

import psutil
import pytest
from aiohttp import ClientSession
from echo_project import write_app
from served_revision import eventually, serving

from battlescope_local.manifests.model import BrokerRef, Container, Scale, Service, SinkBinding
from battlescope_local.processes.priority import MAX_NICE, nice_level
from battlescope_local.serving.instances import knative_environment
from battlescope_local.serving.revision import Revision


async def get_json(client: ClientSession, path: str = "/x") -> dict:
    async with client.get(path) as response:
        assert response.status == 200, await response.text()
        return json.loads(await response.text())


class Gate:
    """Holds requests for `path` in the instance, from `begun` until it is opened."""

    def __init__(self, folder: Path) -> None:
        self._file = folder / "gate"
        self.path = f"/held?{self._file}"

    @property
    def begun(self) -> bool:
        return self._file.with_name("gate.begun").exists()

    def open(self) -> None:
        self._file.touch()


async def test_service_scales_from_zero_and_back(tmp_path: Path) -> None:
    write_app(tmp_path)
    async with serving(tmp_path, Scale(window=1.0, retention=0.2)) as (revision, client):
        assert revision.status().instances == 0
        payload = await get_json(client, "/a%2Fb/c?q=%20x")
        assert (payload["path"], payload["query"]) == ("/a%2Fb/c", "q=%20x")
        assert revision.status().pids == (payload["pid"],)
        await eventually(lambda: revision.status().instances == 0)
        await eventually(lambda: not psutil.pid_exists(payload["pid"]))
        assert (await get_json(client))["pid"] != payload["pid"]


async def test_service_for_background_work_runs_its_function_with_a_small_share(tmp_path: Path) -> None:
    write_app(tmp_path)
    async with serving(tmp_path, Scale(), suffix="-background", cpu_request=25) as (_, client):
        level = psutil.Process((await get_json(client))["pid"]).nice()
        assert level == min(os.getpriority(os.PRIO_PROCESS, 0) + nice_level(25), MAX_NICE)


async def test_concurrency_limit_and_max_scale_hold_under_load(tmp_path: Path) -> None:
    write_app(tmp_path)
    scale = Scale(container_concurrency=1, target=1.0, max_scale=2, window=60.0)
    gate = Gate(tmp_path)
    async with serving(tmp_path, scale) as (revision, client):
        requests = [asyncio.create_task(get_json(client, gate.path)) for _ in range(6)]
        await eventually(lambda: (revision.status().in_flight, revision.status().queued) == (2, 4))
        gate.open()
        max_in_flight = 0
        while not all(task.done() for task in requests):
            status = revision.status()
            max_in_flight = max(max_in_flight, status.in_flight)
            assert status.instances <= 2
            await asyncio.sleep(0.01)
        assert max_in_flight <= 2
        assert len({(await task)["pid"] for task in requests}) == 2


async def test_min_scale_instances_start_without_a_request(tmp_path: Path) -> None:
    write_app(tmp_path)
    async with serving(tmp_path, Scale(min_scale=1, window=1.0)) as (revision, client):
        await eventually(lambda: revision.status().ready == 1)
        pid = revision.status().pids[0]
        os.kill(pid, signal.SIGKILL)
        await eventually(lambda: revision.status().ready == 1 and revision.status().pids != (pid,))
        await get_json(client)


async def test_killed_instance_fails_only_its_own_requests(tmp_path: Path) -> None:
    write_app(tmp_path)
    gate = Gate(tmp_path)
    async with serving(tmp_path, Scale()) as (_, client):
        first = await get_json(client)
        slow = asyncio.create_task(client.post(gate.path))
        await eventually(lambda: gate.begun)
        os.kill(first["pid"], signal.SIGKILL)
        async with await slow as response:
            assert response.status == 502
        second = await get_json(client)
        assert second["pid"] != first["pid"]
        async with client.post("/die", data=b"x") as response:
            assert response.status == 502


async def test_safe_request_is_repeated_when_its_instance_is_killed(tmp_path: Path) -> None:
    write_app(tmp_path)
    gate = Gate(tmp_path)
    async with serving(tmp_path, Scale()) as (_, client):
        first = await get_json(client)
        slow = asyncio.create_task(get_json(client, gate.path))
        await eventually(lambda: gate.begun)
        os.kill(first["pid"], signal.SIGKILL)
        gate.open()
        assert (await slow)["pid"] != first["pid"]


async def test_service_that_cannot_start_responds_503(tmp_path: Path) -> None:
    write_app(tmp_path, text="raise SystemExit('no database')")
    async with serving(tmp_path, Scale()) as (revision, client), client.get("/") as response:
        assert response.status == 503
        assert "ended during its start" in await response.text()
        assert revision.status().instances == 0


async def test_bodies_large_and_small_pass_unchanged(tmp_path: Path) -> None:
    write_app(tmp_path)
    async with serving(tmp_path, Scale()) as (_, client):
        for size in (0, 1000, 3_000_000):
            body = os.urandom(size)
            async with client.post("/echo", data=io.BytesIO(body)) as response:
                assert await response.read() == body


async def test_streams_pass_event_by_event_and_end_with_the_client(tmp_path: Path) -> None:
    write_app(tmp_path)
    async with serving(tmp_path, Scale()) as (revision, client):
        async with client.get("/stream") as response:
            assert response.headers["content-type"] == "text/event-stream"
            seen = [await response.content.readuntil(b"\n\n") for _ in range(3)]
            assert seen == [b"data: 0\n\n", b"data: 1\n\n", b"data: 2\n\n"]
            assert revision.status().in_flight == 1
        await eventually(lambda: revision.status().in_flight == 0)


async def test_queued_requests_of_disconnected_clients_are_dropped(tmp_path: Path) -> None:
    write_app(tmp_path)
    gate = Gate(tmp_path)
    async with serving(tmp_path, Scale(container_concurrency=1, max_scale=1)) as (revision, client):
        await get_json(client)
        requests = [asyncio.create_task(get_json(client, gate.path)) for _ in range(4)]
        await eventually(lambda: revision.status().queued == 3)
        requests[2].cancel()
        gate.open()
        await asyncio.gather(requests[0], requests[1], requests[3])
        assert revision.status().in_flight == 0
        await get_json(client)


async def test_request_over_the_timeout_responds_504(tmp_path: Path) -> None:
    write_app(tmp_path)
    async with serving(tmp_path, Scale(timeout=0.1)) as (revision, client):
        await eventually_ready(revision, client)
        async with client.get(Gate(tmp_path).path) as response:
            assert response.status == 504


async def eventually_ready(revision: Revision, client: ClientSession) -> None:
    while not revision.status().ready:
        async with client.get("/ready"):
            await asyncio.sleep(0.05)


async def test_instance_has_only_its_own_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SECRET_OF_THE_HOST", "x")
    write_app(tmp_path)
    service = Service("echo-api", Container("image"))
    binding = SinkBinding("echo", "echo-api", BrokerRef("killmails"), {"partitionkey": "7"})
    variables = knative_environment(service, binding, "http://127.0.0.1:1/brokers/n/killmails")
    async with serving(tmp_path, Scale(), env=variables) as (_, client):
        payload = await get_json(client, "/env")
    assert payload["K_SINK"] == "http://127.0.0.1:1/brokers/n/killmails"
    assert json.loads(payload["K_CE_OVERRIDES"]) == {"extensions": {"partitionkey": "7"}}
    assert payload["K_SERVICE"] == "echo-api"
    assert "SECRET_OF_THE_HOST" not in payload


# Python identifies compiled code by size and whole seconds, and these tests change code within a second.
NO_BYTECODE = {"PYTHONDONTWRITEBYTECODE": "1"}


async def post_for_pid(client: ClientSession, path: str = "/") -> int:
    async with client.post(path) as response:
        assert response.status == 200, await response.text()
        return json.loads(await response.text())["pid"]


async def test_replaced_instance_finishes_its_requests_and_stops(tmp_path: Path) -> None:
    write_app(tmp_path)
    gate = Gate(tmp_path)
    async with serving(tmp_path, Scale(), env=NO_BYTECODE) as (revision, client):
        replaced = await post_for_pid(client)
        held = asyncio.create_task(post_for_pid(client, gate.path))
        await eventually(lambda: gate.begun)
        assert revision.status().in_flight == 1
        assert revision.replace_instances() == 1
        new = await post_for_pid(client)
        gate.open()
        assert await held == replaced != new
        await eventually(lambda: not psutil.pid_exists(replaced))
        assert revision.status().pids == (new,)


async def test_instance_replaced_during_its_start_never_responds(tmp_path: Path) -> None:
    write_app(tmp_path, text="import signal, os\nos.kill(os.getpid(), signal.SIGSTOP)\nraise SystemExit('old code')")
    async with serving(tmp_path, Scale(), env=NO_BYTECODE) as (revision, client):
        waiting = asyncio.create_task(post_for_pid(client))

        def is_stopped() -> bool:
            pids = revision.status().pids
            return bool(pids) and psutil.Process(pids[0]).status() == psutil.STATUS_STOPPED

        await eventually(is_stopped)
        (replaced,) = revision.status().pids
        write_app(tmp_path)
        revision.replace_instances()
        assert await waiting != replaced


async def test_replacing_a_service_without_instances_starts_none(tmp_path: Path) -> None:
    write_app(tmp_path)
    async with serving(tmp_path, Scale(), env=NO_BYTECODE) as (revision, _):
        assert revision.replace_instances() == 0
        assert revision.status().instances == 0
