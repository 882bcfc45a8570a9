"""ingest-backfill: plans the days of an uploaded manifest and publishes the killmails of each day in chunks."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Final

from httpx2 import AsyncClient, Timeout

from battlescope_events.catalog import DAY_COMPLETED, DAY_REQUESTED, KILLMAIL_INGESTED, MANIFEST_UPLOADED, TIMER
from battlescope_events.consumer import Function, event_app
from battlescope_events.http_client import Client
from battlescope_events.object_storage.bucket import BucketClient
from battlescope_events.object_storage.objects import ObjectStorage
from battlescope_events.postgres.database import open_pool
from battlescope_events.publisher import BrokerPublisher
from ingest_backfill.domain.manifest import Limits
from ingest_backfill.handlers.day_worker import DayWorker
from ingest_backfill.handlers.dispatch import SOURCE, BackfillHandler, Scheduler
from ingest_backfill.handlers.planner import Planner
from ingest_backfill.persistence.cooldowns import Cooldowns
from ingest_backfill.persistence.unit_of_work import Database
from ingest_backfill.settings import Settings
from ingest_backfill.sources.bucket_objects import BucketObjectsSource
from ingest_backfill.sources.day_sources import DaySources
from ingest_backfill.sources.esi import EsiSource
from ingest_backfill.sources.everef import EverefSource
from ingest_backfill.sources.http_source import CONNECT_TIMEOUT_SECONDS, TOTAL_TIMEOUT_SECONDS, HttpSource
from ingest_backfill.sources.zkillboard_history import ZkillboardHistorySource

MAX_CONNECTIONS: Final = 6  # two days in progress use four of them
MAX_IDLE_SECONDS: Final = 30


@asynccontextmanager
async def build() -> AsyncGenerator[Function]:
    settings = Settings()  # pyright: ignore[reportCallIssue]  # the environment provides fields without a default
    now = partial(datetime.now, UTC)
    async with (
        open_pool(settings.database_url, SOURCE, max_size=MAX_CONNECTIONS, max_idle_seconds=MAX_IDLE_SECONDS) as pool,
        _external_client(settings) as external_client,
        Client() as broker_client,
    ):
        database, publish = Database(pool), BrokerPublisher(broker_client, settings.k_sink)
        storage = ObjectStorage(settings.bucket_access)
        scheduler = Scheduler(settings.backfill_window_days, settings.backfill_max_jobs, now)
        limits = Limits(settings.data_retention_months, settings.backfill_max_days)
        sources = _sources(
            settings, storage, partial(HttpSource, client=external_client, store=Cooldowns(database), now=now)
        )
        worker = DayWorker(database, sources, storage, scheduler, publish, now)
        planner = Planner(database, BucketClient(settings.bucket_access), settings.s3_bucket, limits, now)
        handler = BackfillHandler(database, planner, worker, scheduler, publish)
        yield Function(handler.handle, ready=database.outbox.ready)


def _sources(settings: Settings, storage: ObjectStorage, http_source: "partial[HttpSource]") -> DaySources:
    everef = http_source("everef", rate=settings.everef_max_rate)
    zkillboard = http_source("r2z2", rate=settings.feed_max_rate / 8)
    esi = http_source("esi", rate=settings.esi_max_rate)
    return DaySources(
        everef=EverefSource(everef, settings.everef_url),
        zkillboard_history=ZkillboardHistorySource(zkillboard, settings.feed_url),
        bucket_objects=BucketObjectsSource(storage),
        esi=EsiSource(esi, settings.esi_url),
        storage=storage,
    )


def _external_client(settings: Settings) -> AsyncClient:
    """Loading the CA certificates takes 25 ms, so a client without any https URL skips it."""
    headers = {"User-Agent": settings.user_agent, "Accept-Encoding": "gzip"}
    urls = (settings.feed_url, settings.esi_url, settings.everef_url)
    uses_tls = any(url.startswith("https:") for url in urls)
    timeout = Timeout(TOTAL_TIMEOUT_SECONDS, connect=CONNECT_TIMEOUT_SECONDS)
    return AsyncClient(headers=headers, timeout=timeout, verify=uses_tls)


app = event_app(
    build,
    accepts=[MANIFEST_UPLOADED, DAY_REQUESTED, DAY_COMPLETED, TIMER],
    emits=[DAY_REQUESTED, DAY_COMPLETED, KILLMAIL_INGESTED],
)
