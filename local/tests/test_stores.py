"""The stores as the node starts them: real servers, killed hard, with their data intact."""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import boto3
import psutil
import psycopg
import pytest

from battlescope_local.processes.children import Command, Processes
from battlescope_local.settings import ExternalServers, S3Access
from battlescope_local.stores import postgres as pg
from battlescope_local.stores import s3, supervisor
from battlescope_local.stores import valkey as store
from battlescope_local.stores.errors import StoreError
from battlescope_local.stores.group import Stores, start_stores
from battlescope_local.stores.ports import Ports
from battlescope_local.stores.s3 import has_socket
from battlescope_local.stores.state_file import StateFile
from battlescope_local.stores.supervisor import SupervisedProcess

pytestmark = pytest.mark.stores


@asynccontextmanager
async def running(folder: Path) -> AsyncGenerator[Stores]:
    memory = StateFile(folder / "secrets.json")
    processes = Processes(folder / "run", folder / "logs")
    async with start_stores(folder, processes, ExternalServers(), memory, Ports(memory)) as opened:
        yield opened


async def kill(server: SupervisedProcess) -> None:
    assert server.child is not None
    before = server.restarts
    os.kill(server.child.pid, signal.SIGKILL)
    async with asyncio.timeout(90):
        while server.restarts == before or server.state != "ready":  # noqa: ASYNC110 -- another process
            await asyncio.sleep(0.01)


def s3_client(access: S3Access) -> Any:
    return boto3.client(
        "s3",
        endpoint_url=access.endpoint,
        aws_access_key_id=access.access_key,
        aws_secret_access_key=access.secret_key,
        region_name=access.region,
    )


async def redis(url: str, *words: str) -> bytes:
    password, _, address = url.removeprefix("redis://:").partition("@")
    reader, writer = await asyncio.open_connection("127.0.0.1", int(address.removesuffix("/0").rpartition(":")[2]))
    writer.write(f"AUTH {password}\r\n{' '.join(words)}\r\n".encode())
    assert await reader.readline() == b"+OK\r\n"
    line = await reader.readline()
    answer = await reader.readline() if line.startswith(b"$") and line != b"$-1\r\n" else line
    writer.close()
    await writer.wait_closed()
    return answer.strip()


async def test_each_store_survives_a_kill_with_its_data(nobodys_folder: Callable[[], Path]) -> None:
    async with running(nobodys_folder()) as opened:
        async with await psycopg.AsyncConnection.connect(opened.postgres_url, autocommit=True) as connection:
            await connection.execute("CREATE TABLE kept AS SELECT 42 AS figure")
        assert await redis(opened.redis_url, "SET", "kept", "42") == b"+OK"
        bucket = "battlescope-archive"
        await asyncio.to_thread(s3_client(opened.s3).put_object, Bucket=bucket, Key="kept", Body=b"42")

        for name in ("postgres", "valkey", "s3"):
            await kill(opened.servers[name])

        async with await psycopg.AsyncConnection.connect(opened.postgres_url) as connection:
            assert await (await connection.execute("SELECT figure FROM kept")).fetchone() == (42,)
        assert await redis(opened.redis_url, "GET", "kept") == b"42"
        kept = await asyncio.to_thread(s3_client(opened.s3).get_object, Bucket=bucket, Key="kept")
        assert kept["Body"].read() == b"42"
        pids = [server.child.pid for server in opened.servers.values() if server.child]
    assert not [pid for pid in pids if psutil.pid_exists(pid)]


async def test_a_second_start_finds_data_ports_and_passwords_again(nobodys_folder: Callable[[], Path]) -> None:
    folder = nobodys_folder()
    async with running(folder) as first:
        await asyncio.to_thread(s3_client(first.s3).put_object, Bucket="battlescope-archive", Key="kept", Body=b"42")
    async with running(folder) as second:
        assert (second.postgres_url, second.s3) == (first.postgres_url, first.s3)
        client = s3_client(second.s3)
        kept = await asyncio.to_thread(client.get_object, Bucket="battlescope-archive", Key="kept")
        assert kept["Body"].read() == b"42"


async def test_s3_finds_its_objects_behind_other_ports(nobodys_folder: Callable[[], Path]) -> None:
    folder = nobodys_folder()
    async with running(folder) as first:
        await asyncio.to_thread(s3_client(first.s3).put_object, Bucket="battlescope-archive", Key="kept", Body=b"42")
    memory = StateFile(folder / "secrets.json")
    for name in ("s3", "master", "volume", "filer", "s3-grpc", "master-grpc", "volume-grpc", "filer-grpc", "admin"):
        memory.put(f"port-{name}", "0")
    async with running(folder) as second:
        assert second.s3.endpoint != first.s3.endpoint
        client = s3_client(second.s3)
        kept = await asyncio.to_thread(client.get_object, Bucket="battlescope-archive", Key="kept")
        assert kept["Body"].read() == b"42"
        await asyncio.to_thread(client.put_object, Bucket="battlescope-archive", Key="more", Body=b"43")


PROBE = "/battlescope-archive/readiness/probe"
WRITTEN_AND_READ = [f"PUT {PROBE} 200", f"GET {PROBE} 200"]
READ_AT_LAST = [*[f"GET {PROBE} 500"] * 7, f"GET {PROBE} 200", *WRITTEN_AND_READ]


@pytest.fixture
def weed_requests(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[], list[str]]:
    """Has `fake_weed.py` found as weed. Each call returns the S3 requests since the last one."""
    weed = tmp_path / "weed"
    weed.write_text(f"#!{sys.executable}\n{Path(__file__).with_name('fake_weed.py').read_text()}")
    weed.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    noted = tmp_path / "requests"

    def requests() -> list[str]:
        found = noted.read_text().splitlines() if noted.exists() else []
        noted.unlink(missing_ok=True)
        return found

    return requests


@asynccontextmanager
async def fake_s3(folder: Path) -> AsyncGenerator[SupervisedProcess]:
    memory = StateFile(folder / "secrets.json")
    _, server = s3.prepare_server(folder / "s3", Processes(folder / "run", folder / "logs"), Ports(memory), memory)
    keeper = await server.start()
    yield server
    keeper.cancel()
    await server.stop()


async def test_s3_is_ready_when_an_object_of_an_earlier_start_is_read_and_a_new_one_is_kept(
    tmp_path: Path, weed_requests: Callable[[], list[str]]
) -> None:
    """weed answers /healthz before its volume is known; who read an object then got InternalError."""
    async with fake_s3(tmp_path):
        assert weed_requests() == [
            f"GET {PROBE} 404", "GET / 200", "PUT /battlescope-archive 200", *WRITTEN_AND_READ
        ]  # fmt: skip
    async with fake_s3(tmp_path) as second:
        assert weed_requests() == READ_AT_LAST
        await kill(second)
        assert weed_requests() == READ_AT_LAST


async def test_a_server_that_never_gets_ready_is_reported_with_what_is_missing(tmp_path: Path) -> None:
    errors = [StoreError("It lacks a volume."), TimeoutError()]  # the second as if the time of a start were over

    async def probe() -> bool:
        raise errors.pop(0)

    command = Command("sleeper", (sys.executable, "-c", "import time; time.sleep(600)"), tmp_path)
    server = SupervisedProcess(Processes(tmp_path / "run", tmp_path / "logs"), command, probe)
    with pytest.raises(StoreError, match=r"sleeper is not ready after 60 s\. It lacks a volume\."):
        await server.start()
    await server.stop()


@pytest.mark.parametrize(("waited", "pause"), [(0.0, 0.01), (0.1, 0.01), (1.0, 0.05), (60.0, 0.25)])
def test_polls_grow_rarer_with_the_time_waited(waited: float, pause: float) -> None:
    assert supervisor.poll_pause(waited) == pytest.approx(pause)


async def test_all_listen_on_loopback_only(nobodys_folder: Callable[[], Path]) -> None:
    async with running(nobodys_folder()) as opened:
        pids = [server.child.pid for server in opened.servers.values() if server.child]
        listening = [
            connection.laddr
            for pid in pids
            for connection in psutil.Process(pid).net_connections("inet")
            if connection.status == psutil.CONN_LISTEN
        ]
    assert len(listening) >= 4
    assert {address.ip for address in listening} == {"127.0.0.1"}


async def test_a_function_reaches_its_own_database_and_no_other(postgres: str, store_secrets: StateFile) -> None:
    needs = [pg.DatabaseSpec("one", "one-owner", ("one-reader",)), pg.DatabaseSpec("two", "two-owner")]
    urls = await pg.provision(postgres, needs, store_secrets)
    again = await pg.provision(postgres, needs, store_secrets)
    assert urls == again
    async with await psycopg.AsyncConnection.connect(urls["one-owner", "one"], autocommit=True) as owner:
        await owner.execute("CREATE EXTENSION pg_trgm")
        await owner.execute("CREATE TABLE battles (id int)")
    async with await psycopg.AsyncConnection.connect(urls["one-reader", "one"]) as reader:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            await reader.execute("SELECT * FROM battles")
    foreign = urls["one-reader", "one"].replace("/one?", "/two?")
    with pytest.raises(psycopg.OperationalError, match="permission denied"):
        await psycopg.AsyncConnection.connect(foreign)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root has to become somebody else")
async def test_root_runs_postgresql_as_nobody_from_a_copy(
    nobodys_folder: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = nobodys_folder()
    monkeypatch.setattr(pg, "is_traversable_by_all", lambda _: False)
    memory = StateFile(folder / "secrets.json")
    processes = Processes(folder / "run", folder / "logs")
    _, server = pg.prepare_server(folder / "postgres", processes, Ports(memory), memory)
    keeper = await server.start()
    assert server.child is not None
    process = psutil.Process(server.child.pid)
    assert process.uids().real == pg.NOBODY_UID
    assert Path(process.exe()).is_relative_to(folder)
    keeper.cancel()
    await server.stop()


async def test_a_server_that_cannot_start_is_told_in_its_own_words(tmp_path: Path) -> None:
    memory = StateFile(tmp_path / "secrets.json")
    processes = Processes(tmp_path / "run", tmp_path / "logs")
    _, server = store.prepare_server(tmp_path / "valkey", processes, Ports(memory), memory)
    (tmp_path / "valkey" / "valkey.conf").write_text("no-such-option yes\n")
    with pytest.raises(StoreError, match="no-such-option"):
        await server.start()


async def test_stores_that_start_at_once_all_find_their_passwords_again(tmp_path: Path) -> None:
    """Each starts in a thread of its own; two that wrote at once took the file from under each other."""
    memory = StateFile(tmp_path / "secrets.json")

    def remember(store_number: int) -> dict[str, str]:
        return {f"{store_number}-{n}": memory.password(f"{store_number}-{n}") for n in range(20)}

    given = await asyncio.gather(*(asyncio.to_thread(remember, number) for number in range(8)))

    again = StateFile(tmp_path / "secrets.json")
    assert [{name: again.password(name) for name in one} for one in given] == given


def test_a_port_whose_socket_another_user_left_behind_is_not_chosen(tmp_path: Path) -> None:
    """SeaweedFS names sockets in /tmp by port; a normal user's could not replace root's, and waited for ever."""
    (tmp_path / "seaweedfs-master-grpc-20001.sock").touch()
    owner = tmp_path.stat().st_uid

    assert not has_socket(20_001, tmp_path, user=owner + 1)
    assert has_socket(20_001, tmp_path, user=owner)
    assert has_socket(20_001, tmp_path, user=0)
    assert has_socket(20_002, tmp_path, user=owner + 1)


def test_ports_are_only_those_that_are_usable_remembered_ones_too(tmp_path: Path) -> None:
    memory = StateFile(tmp_path / "secrets.json")
    first = Ports(memory).get("volume-grpc")

    assert Ports(memory).get("volume-grpc") == first
    assert Ports(memory).get("volume-grpc", lambda port: port != first) != first
