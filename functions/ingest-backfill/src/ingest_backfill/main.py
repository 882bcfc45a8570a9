"""ingest-backfill: plans the days of an uploaded manifest and publishes the killmails of each day in chunks."""

import random
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Final

from battlescope_events.catalog import DAY_COMPLETED, DAY_REQUESTED, KILLMAIL_INGESTED, MANIFEST_UPLOADED, TIMER
from battlescope_events.consumer import Function, event_app
from battlescope_events.object_storage.bucket import BucketClient
from battlescope_events.object_storage.objects import ObjectStorage
from battlescope_events.postgres.cooldowns import PostgresCooldowns
from battlescope_events.postgres.database import open_pool
from battlescope_events.publisher import BrokerPublisher
from battlescope_events.settings import from_environment
from battlescope_events.upstream.client import RequestPolicy, UpstreamClient
from battlescope_events.upstream.combined_cooldowns import CombinedCooldowns
from battlescope_events.upstream.esi import Esi, make_esi
from battlescope_events.upstream.http import external_http
from battlescope_events.valkey.connection import open_valkey
from battlescope_events.valkey.cooldowns import ValkeyCooldowns
from ingest_backfill.domain.manifest import Limits
from ingest_backfill.handlers.day_worker import DayWorker
from ingest_backfill.handlers.dispatch import SOURCE, BackfillHandler, Scheduler
from ingest_backfill.handlers.planner import Planner
from ingest_backfill.persistence.unit_of_work import Database
from ingest_backfill.settings import Settings
from ingest_backfill.sources.bucket_objects import BucketObjectsSource
from ingest_backfill.sources.day_sources import DaySources
from ingest_backfill.sources.esi import EsiSource
from ingest_backfill.sources.everef import EverefSource
from ingest_backfill.sources.zkillboard_history import ZkillboardHistorySource

MAX_CONNECTIONS: Final = 6  # two days in progress use four of them
MAX_IDLE_SECONDS: Final = 30
UPSTREAM_TRIES: Final = 3
UPSTREAM_TIMEOUT_SECONDS: Final = 30.0  # a day's archive of 3 MB with all interruptions; an event's delivery has 60 s
FEED_RATE_DIVISOR: Final = 8  # ingest-poll requests the same host and has priority


@asynccontextmanager
async def build() -> AsyncGenerator[Function]:
    settings = from_environment(Settings)
    now = partial(datetime.now, UTC)
    async with (
        open_pool(settings.database_url, SOURCE, max_size=MAX_CONNECTIONS, max_idle_seconds=MAX_IDLE_SECONDS) as pool,
        external_http(settings.user_agent) as external_client,
        open_valkey(settings.redis_url, time.monotonic) as valkey,
        BrokerPublisher(settings.k_sink) as publish,
    ):
        database = Database(pool, settings.schema_version)
        storage = ObjectStorage(settings.bucket_access)
        scheduler = Scheduler(settings.backfill_window_days, settings.backfill_max_jobs, now)
        limits = Limits(settings.data_retention_months, settings.backfill_max_days)
        cooldowns = CombinedCooldowns(PostgresCooldowns(database), ValkeyCooldowns(valkey))
        upstream = partial(UpstreamClient, http=external_client, cooldowns=cooldowns, now=now, jitter=random.random)
        esi = make_esi(
            settings.esi_url,
            external_client,
            cooldowns,
            _policy(settings.esi_max_rate),
            now=now,
            jitter=random.random,
        )
        sources = _sources(settings, storage, upstream, esi)
        worker = DayWorker(database, sources, storage, scheduler, publish, now)
        planner = Planner(database, BucketClient(settings.bucket_access), settings.s3_bucket, limits, now)
        handler = BackfillHandler(database, planner, worker, scheduler, publish)
        yield Function(handler.handle, ready=database.outbox.ready)


def _sources(settings: Settings, storage: ObjectStorage, upstream: "partial[UpstreamClient]", esi: Esi) -> DaySources:
    everef = upstream("everef", policy=_policy(settings.everef_max_rate))
    r2z2 = upstream("r2z2", policy=_policy(settings.feed_max_rate / FEED_RATE_DIVISOR))
    return DaySources(
        everef=EverefSource(everef, settings.everef_url),
        zkillboard_history=ZkillboardHistorySource(r2z2, settings.feed_url),
        bucket_objects=BucketObjectsSource(storage),
        esi=EsiSource(esi),
        storage=storage,
    )


def _policy(rate: float) -> RequestPolicy:
    """`rate`: requests per second."""
    return RequestPolicy(rate=rate, tries=UPSTREAM_TRIES, total_timeout=UPSTREAM_TIMEOUT_SECONDS)


app = event_app(
    build,
    accepts=[MANIFEST_UPLOADED, DAY_REQUESTED, DAY_COMPLETED, TIMER],
    emits=[DAY_REQUESTED, DAY_COMPLETED, KILLMAIL_INGESTED],
)
