"""The function in this process, on a real PostgreSQL and moto's S3, with the simulated upstreams.

Its Broker is a list: `system.settle()` delivers the events that the function publishes to itself until none is left.
ingest-poll owns the tables, so its migrations make them; tests act as the role of this function.
"""

import gzip
import json
import uuid
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import AsyncExitStack
from datetime import UTC, date, datetime
from hashlib import md5
from pathlib import Path
from typing import Any

import psycopg
import pytest
from aiohttp import web

from battlescope_events.catalog import DAY_COMPLETED, DAY_REQUESTED, KILLMAIL_INGESTED, MANIFEST_UPLOADED, TIMER
from battlescope_events.errors import TransientError
from battlescope_events.messages import Event
from battlescope_local.settings import S3Access
from battlescope_local.testing.buckets import create_bucket
from battlescope_local.testing.databases import Database
from battlescope_schemas.archive import ArchiveKey, read_member
from battlescope_schemas.backfill import ManifestUploaded
from battlescope_schemas.reference import KillmailReference
from battlescope_upstream.killmail import killmail_hash
from battlescope_upstream.testing import running_upstream
from ingest_backfill.main import build

KINDS = {kind.name: kind for kind in (DAY_REQUESTED, DAY_COMPLETED, KILLMAIL_INGESTED)}


def killmail(killmail_id: int, at: datetime, *, attackers: int = 2, system: int = 30000142) -> dict[str, Any]:
    """A made-up killmail in the format of ESI."""
    return {
        "killmail_id": killmail_id,
        "killmail_time": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "solar_system_id": system,
        "victim": {"ship_type_id": 587, "character_id": 2_112_000_001, "corporation_id": 98_000_001, "damage_taken": 9},
        "attackers": [
            {"character_id": 2_113_000_000 + n, "alliance_id": 99_000_001 + n % 2, "final_blow": n == 0,
             "damage_done": 7, "security_status": 1.5}
            for n in range(attackers)
        ],
    }  # fmt: skip


class System:
    """The function and everything that it touches."""

    def __init__(
        self, clone: Database, moto: S3Access, upstream: str, killmails: dict[date, list[dict[str, Any]]]
    ) -> None:
        self.clone, self.upstream, self.killmails = clone, upstream, killmails
        made = create_bucket(moto)
        self.bucket, self.s3, self.storage = made.name, made.client, made.environment()
        self.published: list[tuple[str, str, Any]] = []
        self.waiting: list[Event[Any]] = []
        self.broker_down = False
        self.sink = ""
        self.handle: Any = None

    def environment(self, **more: str) -> dict[str, str]:
        return self.storage | {
            "DATABASE_URL": self.clone.url("ingest-backfill"), "K_SINK": self.sink,
            "FEED_URL": self.upstream, "ESI_URL": f"{self.upstream}/esi", "EVEREF_URL": f"{self.upstream}/everef",
            "USER_AGENT": "BattleScope tests (tests@example.org)", "FEED_MAX_RATE": "80000", "EVEREF_MAX_RATE": "10000",
            "ESI_MAX_RATE": "10000", "BACKFILL_WINDOW_DAYS": "2", "REDIS_URL": "redis://127.0.0.1:1/0", **more,
        }  # fmt: skip

    async def ingress(self, request: web.Request) -> web.Response:
        if self.broker_down:
            return web.Response(status=503)
        headers = {name.lower(): value for name, value in request.headers.items()}
        kind = KINDS[headers["ce-type"]]
        data = kind.data.validate_json(await request.read())
        self.published.append((headers["ce-id"], kind.name, data))
        if kind is not KILLMAIL_INGESTED:
            self.waiting.append(Event(kind, headers["ce-id"], headers["ce-source"], data, {}))
        return web.Response(status=202)

    async def settle(self) -> None:
        """Deliver until no event waits; after a transient error deliver again."""
        for _ in range(2000):
            if not self.waiting:
                return
            event = self.waiting.pop(0)
            try:
                await self.handle(event)
            except TransientError:
                self.waiting.append(event)
        raise AssertionError("Events keep coming.")

    async def send_timer_event(self) -> None:
        await self.handle(Event(TIMER, uuid.uuid4().hex, "ping", None, {}))
        await self.settle()

    def upload(self, name: str, manifest: Mapping[str, Any] | bytes) -> ManifestUploaded:
        body = manifest if isinstance(manifest, bytes) else json.dumps(manifest).encode()
        key = f"manifests/{name}"
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)
        return ManifestUploaded(bucket=self.bucket, key=key, size=len(body), etag=md5(body).hexdigest())

    async def notify(self, uploaded: ManifestUploaded) -> None:
        await self.handle(Event(MANIFEST_UPLOADED, uuid.uuid4().hex, "store", uploaded, {}))

    async def order(self, name: str, manifest: Mapping[str, Any] | bytes) -> None:
        """Upload the manifest, notify, and deliver all events that follow."""
        await self.notify(self.upload(name, manifest))
        await self.settle()

    def put_object(self, key: str, killmails: list[dict[str, Any]]) -> None:
        text = "".join(json.dumps(entry) + "\n" for entry in killmails).encode()
        body = gzip.compress(text) if key.endswith(".gz") else text
        self.s3.put_object(Bucket=self.bucket, Key=key, Body=body)

    def rows(self, statement: Any) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.clone.owner, autocommit=True) as connection:
            cursor = connection.execute(statement)
            return cursor.fetchall() if cursor.description else []

    def keys(self, prefix: str) -> list[str]:
        pages = self.s3.get_paginator("list_objects_v2").paginate(Bucket=self.bucket, Prefix=prefix)
        return [entry["Key"] for page in pages for entry in page.get("Contents", [])]

    def get(self, key: str) -> bytes:
        return self.s3.get_object(Bucket=self.bucket, Key=key)["Body"].read()

    def published_references(self) -> list[KillmailReference]:
        """The references of all published batches; a batch that was published twice counts once."""
        chunks = {data.chunk_key: data for _, kind, data in self.published if kind == KILLMAIL_INGESTED.name}
        references: list[KillmailReference] = []
        for key, chunk in sorted(chunks.items()):
            lines = gzip.decompress(self.get(key)).splitlines()
            batch = list(map(KillmailReference.model_validate_json, lines))
            assert (len(batch), min(r.killmail_time for r in batch)) == (chunk.count, chunk.starts_at)
            references += batch
        return references

    def archived(self, reference: KillmailReference) -> dict[str, Any]:
        where = ArchiveKey.parse(reference.archive_key)
        body = self.get(where.object_key)
        return json.loads(read_member(body[where.offset : where.offset + where.length]))


@pytest.fixture(scope="session")
def history(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[date, list[dict[str, Any]]]]:
    """Three days of made-up killmails, as a file for the simulated upstreams."""
    days = {
        date(2026, 10, day): [
            killmail(day * 10_000 + n, datetime(2026, 10, day, n % 24, n % 60, tzinfo=UTC), attackers=n % 4)
            for n in range(1, 61)
        ]
        for day in (1, 2, 3)
    }
    path = tmp_path_factory.mktemp("killmails") / "killmails.jsonl"
    path.write_text("".join(json.dumps(entry) + "\n" for killmails in days.values() for entry in killmails))
    return path, days


@pytest.fixture
async def make_system(
    clone: Database,
    moto: S3Access,
    history: tuple[Path, dict[date, list[dict[str, Any]]]],
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Callable[..., Any]]:
    async with AsyncExitStack() as stack:

        async def make(*, start: bool = True, dials: Mapping[str, Any] | None = None, **environment: str) -> System:
            opening = running_upstream(killmails=(history[0],), speed="max", **(dials or {}))
            system = System(clone, moto, await stack.enter_async_context(opening), history[1])
            app = web.Application(client_max_size=2**22)
            app.router.add_post("/broker", system.ingress)
            runner = web.AppRunner(app, access_log=None)
            await runner.setup()
            stack.push_async_callback(runner.cleanup)
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            system.sink = f"http://127.0.0.1:{runner.addresses[0][1]}/broker"
            if start:
                for name, value in system.environment(**environment).items():
                    monkeypatch.setenv(name, value)
                system.handle = (await stack.enter_async_context(build())).handle
            return system

        yield make


@pytest.fixture
async def system(make_system: Callable[..., Any]) -> System:
    return await make_system()


@pytest.fixture(scope="session")
def hash_of() -> Callable[[Mapping[str, Any]], str]:
    return killmail_hash


@pytest.fixture(scope="session")
def make_killmail() -> Callable[..., dict[str, Any]]:
    return killmail
