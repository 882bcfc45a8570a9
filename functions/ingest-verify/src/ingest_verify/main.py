"""ingest-verify: compares days with the list of their source, finds gaps, removes what is too old."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final
from uuid import uuid4

from httpx2 import AsyncClient, Timeout
from psycopg_pool import AsyncConnectionPool

from battlescope_events.catalog import RETENTION_DUE, TICK, VERIFICATION_REQUESTED
from battlescope_events.consumer import Function, event_app
from battlescope_events.http_client import Client
from battlescope_events.publisher import BrokerPublisher
from ingest_verify.clients.day_listing import DayListingClient
from ingest_verify.clients.object_storage import ObjectStorage
from ingest_verify.handlers.dispatch import handle
from ingest_verify.handlers.gaps import GapDetector
from ingest_verify.handlers.retention import RetentionCleaner
from ingest_verify.handlers.transient_objects import TransientObjectCleaner
from ingest_verify.handlers.verification import Verifier
from ingest_verify.persistence.transaction import Connection, Store
from ingest_verify.settings import Settings

SIZES: Final[dict[str, Any]] = {"min_size": 0, "max_size": 2, "max_idle": 10, "timeout": 10, "open": False}
HISTORY_SHARE: Final = 8  # the poller asks the same host, and comes first


@asynccontextmanager
async def build() -> AsyncGenerator[Function]:
    settings = Settings()  # pyright: ignore[reportCallIssue]  # fields come from the environment
    url = settings.database_url.get_secret_value()
    async with (
        AsyncConnectionPool(url, connection_class=Connection, kwargs={"autocommit": True}, **SIZES) as pool,
        Client() as inside,
        _client(settings.feed_url, {"User-Agent": settings.user_agent, "Accept-Encoding": "gzip"}) as outside,
        _client(settings.s3_endpoint_url, {}) as objects,
    ):
        store, storage = Store(pool), _storage(objects, settings)
        clock = partial(datetime.now, UTC)
        history = DayListingClient(outside, settings.feed_url, store, clock, rate=settings.feed_max_rate / HISTORY_SHARE)
        work = partial(
            handle,
            verifier=Verifier(store, history, storage, clock, enabled=settings.daily_verification_enabled),
            gaps=GapDetector(
                store,
                storage,
                clock,
                window_months=settings.gap_detection_window_months,
                max_days=settings.gap_detection_max_days,
                empty_days=settings.gap_detection_enabled,
            ),
            cleaner=RetentionCleaner(
                store,
                storage,
                BrokerPublisher(inside, settings.k_sink),
                clock,
                uuid4,
                transient_objects=TransientObjectCleaner(store, storage, clock, days=settings.transport_retention_days),
                months=settings.data_retention_months,
            ),
        )
        yield Function(work, guard=store, ready=store.ping)


def _client(url: str, headers: dict[str, str]) -> AsyncClient:
    """Reading the certificates takes 25 ms, so it is left out where nothing is encrypted."""
    return AsyncClient(headers=headers, timeout=Timeout(30, connect=10), verify=url.startswith("https:"))


def _storage(client: AsyncClient, settings: Settings) -> ObjectStorage:
    return ObjectStorage(
        client,
        endpoint_url=settings.s3_endpoint_url,
        region=settings.s3_region,
        bucket=settings.s3_bucket,
        access_key_id=settings.aws_access_key_id,
        secret_access_key=settings.aws_secret_access_key.get_secret_value(),
    )


app = event_app(build, accepts=[TICK, VERIFICATION_REQUESTED, RETENTION_DUE], emits=[RETENTION_DUE])
