"""Runs ingest-api inside the test process, and gives tests access to its API, database, bucket and published events."""

import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import httpx2
import psycopg
from psycopg_pool import AsyncConnectionPool
from pydantic import SecretStr

from battlescope_events.messages import Message
from battlescope_events.object_storage.access import BucketAccess
from battlescope_events.object_storage.objects import ObjectStorage
from battlescope_events.publisher import RecordingPublisher
from battlescope_local.testing.buckets import Bucket
from battlescope_upstream.testing import running_upstream
from ingest_api.clients.esi import EsiClient
from ingest_api.domain.retention_window import Limits
from ingest_api.main import app
from ingest_api.repositories.session import Connection, Database

TOKEN = "a-token-for-tests"
UNREACHABLE_ESI = "http://127.0.0.1:9"  # the default, for tests that do not start a simulated ESI
AGENT = {"user-agent": "BattleScope tests (tests@example.org)"}
NOW = datetime(2026, 11, 26, 12, 30, tzinfo=UTC)


@asynccontextmanager
async def running_app(url: str, access: BucketAccess) -> AsyncGenerator[httpx2.AsyncClient]:
    """The production app, except for a fixed clock, an unreachable ESI and a publisher that records events."""
    options = {"connection_class": Connection, "kwargs": {"autocommit": True}, "open": False}
    async with (
        AsyncConnectionPool(url, min_size=1, **options) as pool,
        httpx2.AsyncClient(headers=AGENT) as http_client,
    ):
        app.state.esi = EsiClient(http_client, UNREACHABLE_ESI)
        app.state.database, app.state.publish = Database(pool), RecordingPublisher()
        app.state.storage = ObjectStorage(access)
        app.state.clock, app.state.token, app.state.limits = lambda: NOW, SecretStr(TOKEN), Limits(60, 1900)
        transport = httpx2.ASGITransport(app)
        async with httpx2.AsyncClient(transport=transport, base_url="http://ingest-api") as client:
            yield client


@asynccontextmanager
async def simulated_esi(**faults: Any) -> AsyncGenerator[tuple[EsiClient, list[httpx2.Request]]]:
    """A client of the simulated ESI with these faults, and the requests that it sends."""
    requests: list[httpx2.Request] = []

    async def record(request: httpx2.Request) -> None:
        requests.append(request)

    async with (
        running_upstream(**faults) as url,
        httpx2.AsyncClient(headers=AGENT, event_hooks={"request": [record]}) as client,
    ):
        yield EsiClient(client, f"{url}/esi"), requests


@dataclass
class ApiHarness:
    """An API client with the token, the database as its owner ingest-poll, the bucket, and the published events."""

    api: httpx2.AsyncClient
    owner: str
    bucket: Bucket

    def sql(self, statement: str, *params: object) -> list[tuple[Any, ...]]:
        with psycopg.connect(self.owner, autocommit=True) as connection:
            cursor = connection.execute(statement, params)
            return cursor.fetchall() if cursor.description else []

    def manifest(self, key: str) -> tuple[dict[str, Any], str]:
        """A manifest in the bucket and its ETag."""
        body, etag = self.bucket.read(key)
        return json.loads(body), etag

    def manifests(self) -> set[str]:
        return set(self.bucket.keys())

    @property
    def published(self) -> list[Message]:
        return app.state.publish.messages
