"""A fake feed, ESI and Broker ingress that tests control, and killmails to publish there."""

import asyncio
import json
import threading
import time
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from hashlib import md5
from pathlib import Path
from typing import Any

import psycopg
import pytest
from aiohttp import web

from battlescope_local.testing.buckets import Bucket
from battlescope_schemas.archive import ArchiveKey, decompress_batch, read_member
from battlescope_upstream.killmail import killmail_hash

FUNCTION = Path(__file__).parent.parent
SHARED = FUNCTION.parent.parent.parent / "shared" / "data"
WHEN = datetime(2026, 10, 3, 12, 0, tzinfo=UTC)


@dataclass
class Reply:
    body: bytes = b""
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


class FakeUpstreams:
    """Feed, ESI and Broker ingress in one thread. Tests put the files of the feed into `files`."""

    def __init__(self) -> None:
        self.head: int | None = None
        self.files: dict[int, Reply | list[Reply]] = {}  # a list: one reply after the other
        self.esi: dict[str, Reply] = {}
        self.lists: dict[str, Reply] = {}  # of zKillboard's history, by day
        self.mirror: dict[int, Reply] = {}
        self.requests: list[tuple[float, str]] = []
        self.agents: set[str] = set()
        self.published: list[tuple[float, str, Mapping[str, str], bytes]] = []
        self.ingress_status = 202
        self.url = ""

    @property
    def published_ids(self) -> list[str]:
        return [event_id for _, event_id, _, _ in self.published]

    def published_of(self, kind: str) -> dict[str, Any]:
        published = [(h["ce-subject"], body) for _, _, h, body in self.published if kind in h["ce-type"]]
        return {subject: json.loads(body) for subject, body in published}

    def requested_sequences(self) -> list[int]:
        files = [path for _, path in self.requests if path.startswith("/ephemeral/")]
        return [int(path.split("/")[-1][:-5]) for path in files if "sequence" not in path]

    def count(self, prefix: str) -> int:
        return sum(path.startswith(prefix) for _, path in self.requests)

    def list_killmails(self, *killmails: dict[str, Any], day: datetime | None = None) -> None:
        """Put killmails into the list of a day, today's by default, and their bodies into ESI."""
        hashes = {str(killmail["killmail_id"]): killmail_hash(killmail) for killmail in killmails}
        content = json.dumps(hashes).encode()
        tag = {"ETag": f'"{md5(content, usedforsecurity=False).hexdigest()}"'}
        self.lists[f"{day or datetime.now(UTC):%Y%m%d}"] = Reply(content, headers=tag)
        self.esi |= {str(killmail["killmail_id"]): Reply(json.dumps(killmail).encode()) for killmail in killmails}

    async def feed(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        self.requests.append((time.monotonic(), request.path))
        self.agents.add(request.headers.get("User-Agent", ""))
        if name == "sequence":
            head = max(self.files, default=1) if self.head is None else self.head
            return web.json_response({"sequence": head})
        replies = self.files.get(int(name), Reply(status=404))
        reply = replies if isinstance(replies, Reply) else replies.pop(0) if len(replies) > 1 else replies[0]
        return web.Response(body=reply.body, status=reply.status, headers=dict(reply.headers))

    async def mirrored(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        self.requests.append((time.monotonic(), request.path))
        if name == "sequence":
            return web.json_response({"sequence": max(self.mirror, default=1)})
        reply = self.mirror.get(int(name), Reply(status=404))
        return web.Response(body=reply.body, status=reply.status)

    async def history(self, request: web.Request) -> web.Response:
        self.requests.append((time.monotonic(), request.path))
        reply = self.lists.get(request.match_info["day"], Reply(status=404))
        if reply.headers.get("ETag", "none") == request.headers.get("If-None-Match"):
            return web.Response(status=304, headers=dict(reply.headers))
        return web.Response(body=reply.body, status=reply.status, headers=dict(reply.headers))

    async def killmail(self, request: web.Request) -> web.Response:
        self.requests.append((time.monotonic(), request.path))
        reply = self.esi.get(request.match_info["id"], Reply(status=404))
        return web.Response(body=reply.body, status=reply.status, headers=dict(reply.headers))

    async def ingress(self, request: web.Request) -> web.Response:
        body = await request.read()
        if self.ingress_status == 202:
            headers = {name.lower(): value for name, value in request.headers.items()}
            self.published.append((time.monotonic(), headers["ce-id"], headers, body))
        return web.Response(status=self.ingress_status)

    def serve(self) -> Callable[[], None]:
        """Start in a thread of its own. Returns the function that stops it."""
        app = web.Application(client_max_size=32 * 1024 * 1024)
        app.router.add_get("/ephemeral/{name}.json", self.feed)
        app.router.add_get("/history/{day}.json", self.history)
        app.router.add_get("/mirror/ephemeral/{name}.json", self.mirrored)
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
def upstreams() -> Iterator[FakeUpstreams]:
    made = FakeUpstreams()
    end = made.serve()
    try:
        yield made
    finally:
        end()


def killmail(killmail_id: int, *, at: datetime = WHEN, attackers: int = 2, system: int = 30000142) -> dict[str, Any]:
    """A made-up killmail in the format of ESI."""
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


def envelope(sequence: int, killmail: dict[str, Any], *, value: float = 1_000_000.5, **more: Any) -> bytes:
    """The file of the feed for a killmail."""
    stated_hash = killmail_hash(killmail)
    document = {
        "killmail_id": killmail["killmail_id"],
        "hash": stated_hash,
        "esi": killmail,
        "sequence_id": sequence,
    }
    return json.dumps(document | {"zkb": {"hash": stated_hash, "totalValue": value}} | more).encode()


@dataclass(frozen=True)
class KillmailFactory:
    """Makes killmails and feed files, for tests, which cannot import a conftest."""

    reply: type[Reply] = Reply
    shared: Path = SHARED

    def killmail(self, killmail_id: int, **about: Any) -> dict[str, Any]:
        return killmail(killmail_id, **about)

    def envelope(self, sequence: int, killmail: dict[str, Any], **more: Any) -> bytes:
        return envelope(sequence, killmail, **more)

    def file(self, sequence: int, **about: Any) -> bytes:
        return envelope(sequence, killmail(1000 + sequence, **about))


@pytest.fixture(scope="session")
def factory() -> KillmailFactory:
    return KillmailFactory()


@dataclass(frozen=True)
class Harness:
    """Everything that a run touches."""

    environment: dict[str, str]
    database: str
    bucket: Bucket
    upstreams: FakeUpstreams
    factory: KillmailFactory

    def value(self, statement: Any) -> Any:
        """The single value of a query."""
        with psycopg.connect(self.database, autocommit=True) as connection:
            row = connection.execute(statement).fetchone()
            return row[0] if row else None

    def rows(self, statement: Any) -> list[Any]:
        with psycopg.connect(self.database, autocommit=True) as connection:
            return connection.execute(statement).fetchall()

    def execute(self, statement: Any) -> None:
        with psycopg.connect(self.database, autocommit=True) as connection:
            connection.execute(statement)

    def ingested(self) -> dict[str, Any]:
        """The published references by killmail id, also those of batches."""
        references: list[Any] = []
        for payload in self.upstreams.published_of("killmail.ingested").values():
            references += self.batch(payload) if "chunkKey" in payload else [payload]
        return {reference["killmailId"]: reference for reference in references}

    def batch(self, claim_check: Mapping[str, Any]) -> list[Any]:
        """The records of a batch, which its claim check carries or which are an object."""
        if "content" in claim_check:
            body = b64decode(claim_check["content"])
        else:
            body, _ = self.bucket.read(claim_check["chunkKey"])
        return [json.loads(line) for line in decompress_batch(body).splitlines()]

    def archived(self, key: str) -> bytes:
        where = ArchiveKey.parse(key)
        member = self.bucket.client.get_object(Bucket=self.bucket.name, Key=where.object_key, Range=where.http_range)[
            "Body"
        ].read()
        return read_member(member)


@pytest.fixture
def harness(
    environment: dict[str, str], database: str, bucket: Bucket, upstreams: FakeUpstreams, factory: KillmailFactory
) -> Harness:
    return Harness(environment, database, bucket, upstreams, factory)


@pytest.fixture
def environment(database: str, bucket: Bucket, upstreams: FakeUpstreams) -> dict[str, str]:
    """The environment that the manifest gives the function."""
    return bucket.environment() | {
        "DATABASE_URL": database,
        "K_SINK": f"{upstreams.url}/broker",
        "FEED_URL": upstreams.url,
        "ESI_URL": upstreams.url,
        "USER_AGENT": "BattleScope tests (tests@example.org)",
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "FEED_MAX_RATE": "10000",
        "FEED_IDLE_SECONDS": "0.1",
        "BATCH_THRESHOLD": "8",  # a pass of a few killmails gives an event each, which tests count
    }
