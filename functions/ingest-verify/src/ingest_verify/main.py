"""ingest-verify: compares days with their source's lists, finds gaps and removes data beyond its retention."""

import random
from collections.abc import AsyncGenerator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Final
from uuid import uuid4

from battlescope_events.catalog import RETENTION_DUE, TIMER, VERIFICATION_REQUESTED
from battlescope_events.consumer import Function, event_app
from battlescope_events.object_storage.bucket import BucketClient
from battlescope_events.postgres.cooldowns import PostgresCooldowns
from battlescope_events.postgres.database import Pool, open_pool
from battlescope_events.publisher import BrokerPublisher
from battlescope_events.settings import from_environment
from battlescope_events.upstream.client import UpstreamClient
from battlescope_events.upstream.http import external_http
from ingest_verify.clients.day_listing import UPSTREAM, DayListingClient, request_policy
from ingest_verify.handlers.dispatch import dispatch
from ingest_verify.handlers.gaps import GapDetector
from ingest_verify.handlers.retention import SOURCE, RetentionCleaner
from ingest_verify.handlers.transient_objects import TransientObjectCleaner
from ingest_verify.handlers.verification import Verifier
from ingest_verify.persistence.unit_of_work import Database
from ingest_verify.settings import Settings

MAX_CONNECTIONS: Final = 2
MAX_IDLE_SECONDS: Final = 10  # minutes or hours pass between two events
# A waiting statement also blocks those behind it, ingest-poll's too, so it gives up soon.
SERVER_OPTIONS: Final = "-c lock_timeout=5s"
FEED_RATE_DIVISOR: Final = 8  # ingest-poll requests the same host and has priority


@asynccontextmanager
async def build() -> AsyncGenerator[Function]:
    settings = from_environment(Settings)
    async with (
        _pool(settings) as pool,
        BrokerPublisher(settings.k_sink) as publish,
        external_http(settings.user_agent) as external_client,
    ):
        database, bucket = Database(pool, settings.schema_version), BucketClient(settings.bucket_access)
        clock = partial(datetime.now, UTC)
        upstream = UpstreamClient(
            UPSTREAM,
            external_client,
            PostgresCooldowns(database),
            request_policy(settings.feed_max_rate / FEED_RATE_DIVISOR),
            now=clock,
            jitter=random.random,
        )
        listings = DayListingClient(upstream, settings.feed_url, clock)
        handle = partial(
            dispatch,
            verifier=Verifier(database, listings, bucket, clock, enabled=settings.daily_verification_enabled),
            gap_detector=GapDetector(
                database,
                bucket,
                clock,
                window_months=settings.gap_detection_window_months,
                max_days=settings.gap_detection_max_days,
                empty_days=settings.gap_detection_enabled,
            ),
            cleaner=RetentionCleaner(
                database,
                bucket,
                publish,
                clock,
                uuid4,
                transient_objects=TransientObjectCleaner(
                    database, bucket, clock, days=settings.transport_retention_days
                ),
                months=settings.data_retention_months,
            ),
        )
        yield Function(handle, deduplicator=database.deduplicator, ready=database.outbox.ready)
        await database.deduplicator.close()


def _pool(settings: Settings) -> AbstractAsyncContextManager[Pool]:
    return open_pool(
        settings.database_url,
        SOURCE,
        max_size=MAX_CONNECTIONS,
        max_idle_seconds=MAX_IDLE_SECONDS,
        options=SERVER_OPTIONS,
    )


app = event_app(build, accepts=[TIMER, VERIFICATION_REQUESTED, RETENTION_DUE], emits=[RETENTION_DUE])
