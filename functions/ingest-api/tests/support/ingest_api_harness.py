"""Runs ingest-api inside the test process, and gives tests access to its API, database, bucket and published events."""

import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import uuid4

import httpx2
import psycopg
from pydantic import SecretStr

from battlescope_events.access.owner_guard import OwnerGuard
from battlescope_events.edge.origins import OriginPolicy
from battlescope_events.messages import Message
from battlescope_events.object_storage.access import BucketAccess
from battlescope_events.object_storage.objects import ObjectStorage
from battlescope_events.postgres.database import Database, open_pool
from battlescope_events.postgres.outbox import Outbox
from battlescope_events.publisher import RecordingPublisher
from battlescope_events.upstream.circuit_breaker import CircuitBreaker
from battlescope_events.upstream.esi import Esi
from battlescope_events.upstream.http import ExternalHttp, ExternalResponse, external_http
from battlescope_local.testing.buckets import Bucket
from battlescope_local.testing.http.http_contract import HttpContract, hook
from battlescope_local.testing.upstreams import instant_client
from battlescope_upstream.testing import running_upstream
from ingest_api.clients.esi import POLICY, EsiClient
from ingest_api.dependencies import Dependencies
from ingest_api.domain.retention_window import Limits
from ingest_api.main import BROKER, CONNECTION_OPTIONS, app
from ingest_api.services.rulesets import RulesetService

JOB = "00000000-0000-0000-0000-0000000000aa"
SEED = f"""
INSERT INTO historical_ingestion_jobs (id, manifest_key, manifest_etag, start_date, end_date, requested_by, status)
VALUES ('{JOB}', 'manifests/a.json', 'e', '2026-11-01', '2026-11-02', 'Ann', 'running');
INSERT INTO historical_job_dates (job_id, day, status, expected, total, accepted)
VALUES ('{JOB}', '2026-11-01', 'completed', 10, 10, 8), ('{JOB}', '2026-11-02', 'pending', NULL, 0, 0);
INSERT INTO verification_history
    (verification_date, status, total_killmails_expected, total_killmails_found, missing_killmails,
    requeued_killmails, started_at)
VALUES ('2026-11-01', 'completed', 10, 9, 1, 1, '2026-11-02 12:00Z');
"""
TOKEN = "a-token-for-tests"
UNREACHABLE_ESI = "http://127.0.0.1:9"  # the default, for tests that do not start a simulated ESI
NOW = datetime(2026, 11, 26, 12, 30, tzinfo=UTC)


@asynccontextmanager
async def running_app(url: str, access: BucketAccess) -> AsyncGenerator[httpx2.AsyncClient]:
    """The production app, except for a fixed clock, an unreachable ESI and a publisher that records events."""
    async with (
        open_pool(SecretStr(url), "ingest-api", max_size=4, options=CONNECTION_OPTIONS) as pool,
        external_http("tests") as http_client,
    ):
        database = Database(pool, "ingestion")
        app.state.dependencies = Dependencies(
            database=database,
            outbox=Outbox(database, BROKER),
            publish=RecordingPublisher(),
            guard=OwnerGuard(SecretStr(TOKEN), OriginPolicy()),
            storage=ObjectStorage(access),
            rulesets=RulesetService(database, esi_client(http_client, UNREACHABLE_ESI), uuid4),
            limits=Limits(60, 1900),
            clock=lambda: NOW,
            new_id=uuid4,
        )
        transport = httpx2.ASGITransport(app)
        hooks = {"response": [hook(HttpContract(app.openapi()))]}
        async with httpx2.AsyncClient(transport=transport, base_url="http://ingest-api", event_hooks=hooks) as client:
            yield client


def esi_client(http: ExternalHttp, url: str) -> EsiClient:
    return EsiClient(Esi(instant_client("esi", http, policy=POLICY, breaker=CircuitBreaker()), url))


def change_dependencies(**changes: Any) -> None:
    app.state.dependencies = replace(app.state.dependencies, **changes)


def use_esi(esi: EsiClient) -> None:
    change_dependencies(rulesets=replace(app.state.dependencies.rulesets, esi=esi))


class SentRequest(NamedTuple):
    headers: Mapping[str, str]
    content: bytes


@dataclass
class RecordingHttp:
    """Implements `ExternalHttp`; remembers what it sends."""

    http: ExternalHttp
    requests: list[SentRequest] = field(default_factory=list[SentRequest])

    def stream(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> AbstractAsyncContextManager[ExternalResponse]:
        self.requests.append(SentRequest(headers, body))
        return self.http.stream(method, url, headers, body)


@asynccontextmanager
async def simulated_esi(**faults: Any) -> AsyncGenerator[tuple[EsiClient, list[SentRequest]]]:
    """A client of the simulated ESI with these faults, and the requests that it sends."""
    async with running_upstream(mails=1, **faults) as url, external_http("tests") as http:
        recording = RecordingHttp(http)
        yield esi_client(recording, f"{url}/esi"), recording.requests


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
        return app.state.dependencies.publish.messages
