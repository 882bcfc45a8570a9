"""The S3 server: readiness, ports and sockets."""

import asyncio
import json
import os
import socket
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from store_harness import kill_until_restarted, running_stores, s3_client

from battlescope_local.processes.children import Processes
from battlescope_local.stores import s3
from battlescope_local.stores.ports import Ports
from battlescope_local.stores.s3 import has_socket
from battlescope_local.stores.state_file import StateFile
from battlescope_local.stores.supervisor import SupervisedProcess

pytestmark = pytest.mark.stores
FAKE_WEED = Path(__file__).parents[1] / "support" / "fake_weed.py"
PROBE = "/battlescope-archive/readiness/probe"
WRITTEN_AND_READ = [f"PUT {PROBE} 200", f"GET {PROBE} 200"]
READ_AT_LAST = [*[f"GET {PROBE} 500"] * 7, f"GET {PROBE} 200", *WRITTEN_AND_READ]


async def test_objects_are_readable_after_a_change_of_ports(nobodys_folder: Callable[[], Path]) -> None:
    folder = nobodys_folder()
    async with running_stores(folder) as first:
        await asyncio.to_thread(s3_client(first.s3).put_object, Bucket="battlescope-archive", Key="first", Body=b"42")
    state_file = StateFile(folder / "secrets.json")
    for name in ("s3", "master", "volume", "filer", "s3-grpc", "master-grpc", "volume-grpc", "filer-grpc", "admin"):
        state_file.put(f"port-{name}", "0")
    async with running_stores(folder) as second:
        assert second.s3.endpoint != first.s3.endpoint
        client = s3_client(second.s3)
        response = await asyncio.to_thread(client.get_object, Bucket="battlescope-archive", Key="first")
        assert response["Body"].read() == b"42"
        await asyncio.to_thread(client.put_object, Bucket="battlescope-archive", Key="second", Body=b"43")


@pytest.fixture
def weed_requests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """Installs `fake_weed.py` as weed. Each call returns the S3 requests since the last one."""
    weed = tmp_path / "weed"
    weed.write_text(f"#!{sys.executable}\n{FAKE_WEED.read_text()}")
    weed.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    log = tmp_path / "requests"

    def requests() -> list[str]:
        lines = log.read_text().splitlines() if log.exists() else []
        log.unlink(missing_ok=True)
        return lines

    return requests


@asynccontextmanager
async def fake_s3(folder: Path) -> AsyncGenerator[SupervisedProcess]:
    state_file, processes = StateFile(folder / "secrets.json"), Processes(folder / "run", folder / "logs")
    _, server = s3.prepare_server(folder / "s3", processes, Ports(state_file), state_file)
    keeper = await server.start()
    yield server
    keeper.cancel()
    await server.stop()


async def test_s3_is_ready_when_an_earlier_object_is_readable_and_a_new_one_is_stored(
    tmp_path: Path, weed_requests: Callable[[], list[str]]
) -> None:
    """weed responds to /healthz before its volume is known; a read of an object then failed with InternalError."""
    async with fake_s3(tmp_path):
        assert weed_requests() == [f"GET {PROBE} 404", *WRITTEN_AND_READ]
    async with fake_s3(tmp_path) as second:
        assert weed_requests() == READ_AT_LAST
        await kill_until_restarted(second)
        assert weed_requests() == READ_AT_LAST


def test_port_with_a_socket_of_another_user_is_not_chosen(tmp_path: Path) -> None:
    """SeaweedFS names its sockets in /tmp by port; under another user it cannot replace root's, and waits for ever."""
    (tmp_path / "seaweedfs-master-grpc-20001.sock").touch()
    owner = tmp_path.stat().st_uid

    assert not has_socket(20_001, tmp_path, user=owner + 1)
    assert has_socket(20_001, tmp_path, user=owner)
    assert has_socket(20_001, tmp_path, user=0)
    assert has_socket(20_002, tmp_path, user=owner + 1)


def test_sockets_of_a_killed_weed_are_removed_and_those_of_others_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(s3, "SOCKETS", tmp_path)
    state_file = StateFile(tmp_path / "secrets.json")
    ports = Ports(state_file)
    parts = {name: ports.get(f"{name}-grpc") for name in s3.SERVERS} | {"admin": ports.get("admin") + 10_000}
    for name, port in parts.items():
        (tmp_path / f"seaweedfs-{name}-grpc-{port}.sock").touch()
    others = tmp_path / "seaweedfs-master-grpc-1.sock"
    others.touch()
    with socket.create_server(("127.0.0.1", parts["filer"])):
        s3.remove_sockets(state_file)
        left = {path.name for path in tmp_path.glob("*.sock")}
        assert left == {others.name, f"seaweedfs-filer-grpc-{parts['filer']}.sock"}
    s3.remove_sockets(state_file)
    assert list(tmp_path.glob("*.sock")) == [others]


async def test_stopped_server_leaves_no_socket(nobodys_folder: Callable[[], Path]) -> None:
    folder = nobodys_folder()
    async with running_stores(folder):
        ports = json.loads((folder / "secrets.json").read_text())
        port = ports["port-filer-grpc"]
        assert list(s3.SOCKETS.glob(f"seaweedfs-*-{port}.sock"))
    assert not list(s3.SOCKETS.glob(f"seaweedfs-*-{port}.sock"))
