"""ingest-backfill: an uploaded manifest becomes days, and the mails of each day chunks of history."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Final

from httpx2 import AsyncClient, Timeout
from psycopg_pool import AsyncConnectionPool

from battlescope_events.catalog import DAY_COMPLETED, DAY_REQUESTED, KILLMAIL_INGESTED, MANIFEST_UPLOADED, TICK
from battlescope_events.consumer import Function, event_app
from battlescope_events.http_client import Client
from battlescope_events.publisher import BrokerPublisher
from ingest_backfill.domain.manifest import Limits
from ingest_backfill.handlers.day_worker import DayWorker, Sources
from ingest_backfill.handlers.dispatch import BackfillHandler, Scheduler
from ingest_backfill.handlers.planner import Planner
from ingest_backfill.persistence.object_storage import ObjectStorage, BucketSettings
from ingest_backfill.persistence.connection import Pool
from ingest_backfill.persistence.days import DayRepository
from ingest_backfill.persistence.jobs import Store
from ingest_backfill.settings import Settings
from ingest_backfill.sources.day_sources import EsiSource, EverefSource, ZkillboardHistorySource, BucketObjectsSource
from ingest_backfill.sources.http_source import CONNECT_SECONDS, TOTAL_SECONDS, HttpSource

MOST_CONNECTIONS: Final = 6  # of which two days under way use four
STORE_SECONDS: Final = 30.0  # a piece of 4 MB takes long on a store that is busy


@asynccontextmanager
async def build() -> AsyncGenerator[Function]:
    settings = Settings()  # pyright: ignore[reportCallIssue]  # the environment gives what has no default
    now = partial(datetime.now, UTC)
    async with _pool(settings) as pool, _outside(settings) as outside, Client(seconds=STORE_SECONDS) as inside:
        store, publish = Store(pool), BrokerPublisher(inside, settings.k_sink)
        archive = ObjectStorage(inside, _bucket(settings))
        scheduler = Scheduler(settings.backfill_window_days, settings.backfill_max_jobs, now)
        limits = Limits(settings.data_retention_months, settings.backfill_max_days)
        sources = _sources(settings, archive, partial(HttpSource, client=outside, store=store, now=now))
        worker = DayWorker(store, DayRepository(pool), sources, archive, scheduler, publish, now)
        planner = Planner(store, archive, settings.s3_bucket, limits, now)
        yield Function(BackfillHandler(store, planner, worker, scheduler, publish).handle, ready=store.ping)


def _sources(settings: Settings, archive: ObjectStorage, source: "partial[HttpSource]") -> Sources:
    feed, everef, esi = (str(url) for url in (settings.feed_url, settings.everef_url, settings.esi_url))
    return Sources(
        everef=EverefSource(source("everef", rate=settings.everef_max_rate), everef),
        history=ZkillboardHistorySource(source("r2z2", rate=settings.feed_max_rate / 8), feed),
        objects=BucketObjectsSource(archive),
        embedded=EsiSource(source("esi", rate=settings.esi_max_rate), esi),
        archive=archive,
    )


def _pool(settings: Settings) -> Pool:
    """Opened without waiting: a pod from zero answers health before PostgreSQL does."""
    return AsyncConnectionPool(
        settings.database_url.get_secret_value(),
        open=False,
        min_size=0,
        max_size=MOST_CONNECTIONS,
        max_idle=30,
        timeout=10,
        kwargs={"autocommit": True, "application_name": "ingest-backfill"},
    )


def _outside(settings: Settings) -> AsyncClient:
    """Reading the certificates takes 25 ms, so it is left out where nothing is encrypted."""
    polite = {"User-Agent": settings.user_agent, "Accept-Encoding": "gzip"}
    urls = (settings.feed_url, settings.esi_url, settings.everef_url)
    encrypted = any(url.startswith("https:") for url in urls)
    return AsyncClient(headers=polite, timeout=Timeout(TOTAL_SECONDS, connect=CONNECT_SECONDS), verify=encrypted)


def _bucket(settings: Settings) -> BucketSettings:
    return BucketSettings(
        settings.s3_endpoint_url,
        settings.s3_region,
        settings.s3_bucket,
        settings.aws_access_key_id,
        settings.aws_secret_access_key.get_secret_value(),
    )


app = event_app(
    build,
    accepts=[MANIFEST_UPLOADED, DAY_REQUESTED, DAY_COMPLETED, TICK],
    emits=[DAY_REQUESTED, DAY_COMPLETED, KILLMAIL_INGESTED],
)
