"""Nothing that a node listens on takes orders from strangers: other users of the machine, and foreign web pages."""

import asyncio
import contextlib
import http.client
import os
import socket
import stat
import subprocess
import sys
from collections.abc import AsyncGenerator, Callable
from pathlib import Path
from urllib.parse import urlsplit

import psutil
import psycopg
import pytest
from aiohttp import ClientSession
from echo_project import write_project

from battlescope_local.node.composition import Node, start_node
from battlescope_local.settings import ExternalServers, Settings
from battlescope_local.stores.state_file import StateFile

pytestmark = [pytest.mark.stores, pytest.mark.e2e]
ACCEPTS_CONNECTIONS = 0x10000  # in the flags of /proc/net/unix
STRANGER = 65533  # neither the user of the node nor that of PostgreSQL
FOREIGN_PAGE = {"Host": "evil.example", "Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
# Orders to SeaweedFS's HTTP ports: of the filer, a volume, the master, and S3 without a signature.
ORDERS = {
    "filer": (
        ("GET", "/buckets/battlescope-archive/"),
        ("GET", "/buckets/battlescope-archive/readiness/probe"),
        ("DELETE", "/buckets/battlescope-archive?recursive=true"),
        ("PUT", "/buckets/battlescope-archive/manifests/forged.json"),
    ),
    "volume": (
        ("GET", "/1,0100000000"),
        ("DELETE", "/1,0100000000"),
        ("POST", "/1,0100000000"),
        ("GET", "/ui/index.html"),
    ),
    "master": (
        ("GET", "/dir/assign"),
        ("GET", "/dir/status"),
        ("GET", "/col/delete?collection=battlescope-archive"),
        ("GET", "/vol/grow?count=1"),
        ("POST", "/submit"),
    ),
    "s3": (
        ("GET", "/battlescope-archive"),
        ("GET", "/"),
        ("DELETE", "/battlescope-archive"),
        ("PUT", "/battlescope-archive/manifests/forged.json"),
    ),
    "admin": (("GET", "/"), ("POST", "/api/tasks")),
}
REFUSED = frozenset({400, 401, 403, 404, 405})
GRPC_PORTS = ("master-grpc", "volume-grpc", "filer-grpc", "s3-grpc")
HTTP2_PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0"


@pytest.fixture
async def node(
    nobodys_folder: Callable[[], Path], monkeypatch: pytest.MonkeyPatch
) -> AsyncGenerator[tuple[Node, Path]]:
    project = write_project(nobodys_folder())
    monkeypatch.setenv("PYTHONPATH", str(project / "apps"))
    settings = Settings(str(project / "data"), project=str(project), port=0)
    async with start_node(settings, ExternalServers(), lambda *_: None) as running:
        async with ClientSession() as client, client.get(f"{running.gateway_url}/api/echo/7") as response:
            assert response.status == 200  # which also starts the function, so that it listens
        yield running, project / "data"


def port_of(url: str) -> int:
    return urlsplit(url).port or 0


def status_of(port: int, method: str, path: str, headers: dict[str, str] | None = None) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=20)
    connection.request(method, path, body=b"{}" if method in {"POST", "PUT"} else None, headers=headers or {})
    status = connection.getresponse().status
    connection.close()
    return status


def tcp_ports(pid: int) -> dict[int, str]:
    """The ports on which the process and its descendants listen, with the name of the listening program."""
    processes = [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]
    return {
        connection.laddr.port: process.name()
        for process in processes
        for connection in process.net_connections(kind="tcp")
        if connection.status == psutil.CONN_LISTEN
    }


async def test_every_listener_is_known_and_refuses_strangers(node: tuple[Node, Path]) -> None:
    """A new listener fails this test until it is among those whose refusals are tested here."""
    running, data = node
    secrets = StateFile(data / "secrets.json")
    seaweed = {name: int(secrets.get(f"port-{name}") or 0) for name in (*ORDERS, *GRPC_PORTS)}
    stores = {int(secrets.get(f"port-{name}") or 0) for name in ("postgres", "valkey")}
    nodes_own = {port_of(running.gateway_url), port_of(running.internal_url)}
    ports = tcp_ports(os.getpid())
    assert set(ports) <= {*seaweed.values(), *stores, *nodes_own, seaweed["admin"] + 10_000}
    grpc = [*(seaweed[name] for name in GRPC_PORTS), seaweed["admin"] + 10_000]
    assert {*seaweed.values(), *stores, *nodes_own} <= set(ports)
    await asyncio.to_thread(check_seaweed, seaweed, grpc)
    await asyncio.to_thread(check_databases, secrets)
    await asyncio.to_thread(check_internal_port, port_of(running.internal_url))
    await asyncio.to_thread(check_gateway, port_of(running.gateway_url))


def check_gateway(port: int) -> None:
    """Without logins everybody on the machine reads, but no web page whose own name was made to mean this machine."""
    foreign = (
        "evil.example",
        "evil.example:80",
        f"127.0.0.1.evil.example:{port}",
        "localhost.evil.example",
        "192.0.2.1",
    )
    for host in foreign:
        for path in ("/api/echo/1", "/", "/login/owner?code=x", "/nothing"):
            assert status_of(port, "GET", path, {"Host": host}) == 421, (host, path)
    for host in ("127.0.0.1", f"localhost:{port}", "demo.localhost", "[::1]"):
        assert status_of(port, "GET", "/api/echo/1", {"Host": host}) == 200, host


def check_seaweed(ports: dict[str, int], grpc_ports: list[int]) -> None:
    for name, orders in ORDERS.items():
        for method, path in orders:
            for headers in ({}, FOREIGN_PAGE):
                assert status_of(ports[name], method, path, headers) in REFUSED, (name, method, path)
    for port in grpc_ports:
        assert response_to_plain_grpc(port) == b"", "an unencrypted HTTP/2 connection was accepted"


def response_to_plain_grpc(port: int) -> bytes:
    with socket.create_connection(("127.0.0.1", port), timeout=20) as connection:
        connection.sendall(HTTP2_PREFACE)
        try:
            response = connection.recv(64)
        except ConnectionResetError:
            return b""
    return b"" if response.startswith(b"\x15") else response  # 0x15: an alert of TLS, which expects a certificate


def check_databases(secrets: StateFile) -> None:
    with pytest.raises(psycopg.OperationalError, match="password"):
        psycopg.connect(f"postgresql://postgres:guess@127.0.0.1:{secrets.get('port-postgres')}/postgres")
    with socket.create_connection(("127.0.0.1", int(secrets.get("port-valkey") or 0)), timeout=20) as connection:
        connection.sendall(b"CONFIG GET *\r\n")
        assert connection.recv(64).startswith(b"-NOAUTH")


def check_internal_port(port: int) -> None:
    for method, path in (
        ("POST", "/brokers/default/killmails"),
        ("POST", "/services/echo-api/"),
        ("GET", "/services/echo-api/env"),
        ("POST", "/stores/s3/notices"),
        ("GET", "/node/status"),
        ("GET", "/node/queues"),
        ("GET", "/node/dead-letters"),
        ("POST", "/node/stop"),
        ("GET", "/unknown"),
    ):
        for headers in ({}, FOREIGN_PAGE, {"Authorization": "Bearer guess"}, {"Authorization": "Basic bm9kZTo="}):
            assert status_of(port, method, path, headers) == 403, (method, path, headers)


async def test_public_gateway_is_readable_without_a_secret(node: tuple[Node, Path]) -> None:
    running, _ = node
    port = port_of(running.gateway_url)
    assert await asyncio.to_thread(status_of, port, "GET", "/api/echo/1") == 200
    from_a_foreign_page = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
    assert await asyncio.to_thread(status_of, port, "GET", "/api/echo/1", from_a_foreign_page) == 200


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
@pytest.mark.parametrize("header", [{"Origin": "https://evil.example"}, {"Origin": "null"}])
async def test_gateway_takes_no_orders_from_foreign_web_pages(
    node: tuple[Node, Path], method: str, header: dict[str, str]
) -> None:
    running, _ = node
    port = port_of(running.gateway_url)
    assert await asyncio.to_thread(status_of, port, method, "/api/echo/1", header) == 403
    own = {"Origin": running.gateway_url}
    assert await asyncio.to_thread(status_of, port, method, "/api/echo/1", own) == 200


def listening_sockets(pid: int) -> set[str]:
    """The paths of the Unix sockets on which the process and its descendants listen."""
    inodes: set[str] = set()
    for process in (psutil.Process(pid), *psutil.Process(pid).children(recursive=True)):
        for descriptor in Path(f"/proc/{process.pid}/fd").iterdir():
            with contextlib.suppress(OSError):
                inodes.add(descriptor.readlink().name.removeprefix("socket:[").removesuffix("]"))
    rows = (line.split() for line in Path("/proc/net/unix").read_text().splitlines()[1:])
    return {row[7] for row in rows if len(row) > 7 and int(row[3], 16) & ACCEPTS_CONNECTIONS and row[6] in inodes}


@pytest.mark.skipif(os.geteuid() != 0, reason="Only root can become another user.")
async def test_another_user_connects_to_no_socket_and_reads_no_secret(node: tuple[Node, Path]) -> None:
    """Every socket of functions and stores; a new one is among them by itself."""
    _, data = node
    sockets = sorted(listening_sockets(os.getpid()))
    assert set(map(str, data.rglob("*.sock"))) <= set(sockets)
    assert any("seaweedfs" in path for path in sockets)
    connect = f"""
import socket
for path in {sockets!r}:
    try:
        socket.socket(socket.AF_UNIX).connect(path)
    except PermissionError:
        continue
    print(path)
"""
    stranger = as_stranger(connect)
    assert (stranger.stdout, stranger.stderr) == ("", "")
    for name in ("secrets.json", "node.json", "s3/security.toml", "s3/grpc.key", "s3/notification.toml"):
        reading = as_stranger(f"open({str(data / name)!r}).read()")
        assert "PermissionError" in reading.stderr, name
    assert as_stranger("pass").returncode == 0


def as_stranger(code: str) -> subprocess.CompletedProcess[str]:
    python = "/usr/bin/python3" if Path("/usr/bin/python3").exists() else sys.executable
    return subprocess.run(
        [python, "-c", code], user=STRANGER, group=STRANGER, extra_groups=[], cwd="/", env={},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


async def test_only_postgresql_shares_the_data_folder_with_other_users(node: tuple[Node, Path]) -> None:
    _, data = node
    reachable = {path.name for path in data.iterdir() if stat.S_IMODE(path.stat().st_mode) & 0o077}
    assert reachable <= {"postgres-install-17"}
    assert {"logs", "run", "node.log", "node.lock", "postgres", "sockets"} <= {path.name for path in data.iterdir()}


async def test_files_with_secrets_are_private(node: tuple[Node, Path]) -> None:
    _, data = node
    for path in (data / "sockets", data / "s3"):
        assert stat.S_IMODE(path.stat().st_mode) == 0o700
    for name in ("secrets.json", "node.json", "s3/security.toml", "s3/grpc.key", "s3/notification.toml"):
        assert stat.S_IMODE((data / name).stat().st_mode) == 0o600, name
