"""ingest-api: starts backfill jobs, manages rulesets, and reports the state of ingestion."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

from httpx2 import AsyncClient, Timeout

from battlescope_events.catalog import RETENTION_DUE, VERIFICATION_REQUESTED
from battlescope_events.http_api.app import api_app
from battlescope_events.http_api.guard import TokenGuard
from battlescope_events.http_client import Client
from battlescope_events.object_storage.objects import ObjectStorage
from battlescope_events.postgres.database import Database, open_pool
from battlescope_events.postgres.outbox import Outbox
from battlescope_events.publisher import BrokerPublisher
from ingest_api.clients.esi import EsiClient
from ingest_api.dependencies import Dependencies
from ingest_api.domain.retention_window import Limits
from ingest_api.routers import jobs, maintenance, rulesets, statistics
from ingest_api.settings import Settings

BROKER: Final = "killmails"
MAX_BODY_BYTES: Final = 64 * 1024  # a ruleset with every list full takes 40 kB
CONNECTION_OPTIONS: Final = "-c statement_timeout=5s"


@asynccontextmanager
async def open_dependencies() -> AsyncGenerator[Dependencies]:
    settings = Settings()  # pyright: ignore[reportCallIssue]  # fields come from the environment
    async with (
        open_pool(
            settings.database_url, "ingest-api", max_size=4, timeout_seconds=5, options=CONNECTION_OPTIONS
        ) as pool,
        Client() as client,
        _esi_http_client(settings) as esi_http_client,
    ):
        database = Database(pool, "ingestion")
        yield Dependencies(
            database=database,
            outbox=Outbox(database, BROKER),
            publish=BrokerPublisher(client, settings.k_sink),
            guard=TokenGuard(settings.development_token),
            storage=ObjectStorage(settings.bucket_access),
            esi=EsiClient(esi_http_client, settings.esi_url),
            limits=Limits(settings.data_retention_months, settings.backfill_max_days),
            clock=lambda: datetime.now(UTC),
            new_id=uuid4,
        )


def _esi_http_client(settings: Settings) -> AsyncClient:
    """Loads the CA certificates, which takes 25 ms, only for an https URL."""
    headers = {"User-Agent": settings.user_agent, "Accept-Encoding": "gzip"}
    return AsyncClient(headers=headers, timeout=Timeout(5), verify=settings.esi_url.startswith("https:"))


async def ready(dependencies: Dependencies) -> Mapping[str, object]:
    return await dependencies.outbox.ready()


app = api_app(
    "BattleScope ingestion",
    [routes.router for routes in (jobs, rulesets, maintenance, statistics)],
    open_dependencies,
    ready,
    emits=(VERIFICATION_REQUESTED, RETENTION_DUE),
    max_body_bytes=MAX_BODY_BYTES,
)
