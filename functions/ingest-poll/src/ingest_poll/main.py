"""ingest-poll: follows the public killmail feed, archives each killmail and publishes those that pass the ruleset."""

import random
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Final

from httpx2 import AsyncClient, Timeout

from battlescope_events.catalog import KILLMAIL_INGESTED, KILLMAIL_REFUSED, TIMER
from battlescope_events.consumer import Function, event_app
from battlescope_events.http_client import Client
from battlescope_events.object_storage.objects import ObjectStorage
from battlescope_events.postgres.database import open_pool
from battlescope_events.publisher import BrokerPublisher
from ingest_poll.esi_client import EsiClient
from ingest_poll.feed_client import CONNECT_TIMEOUT_SECONDS, TOTAL_TIMEOUT_SECONDS, FeedClient
from ingest_poll.feed_state import PollingSchedule
from ingest_poll.handler import SOURCE, FeedPoller
from ingest_poll.settings import Settings
from ingest_poll.store import Database

MAX_CONNECTIONS: Final = 6
POOL_TIMEOUT_SECONDS: Final = 5  # a run takes 12 s


@asynccontextmanager
async def build() -> AsyncGenerator[Function]:
    settings = Settings()  # pyright: ignore[reportCallIssue]  # the environment provides fields without a default
    async with (
        open_pool(
            settings.database_url, SOURCE, max_size=MAX_CONNECTIONS, timeout_seconds=POOL_TIMEOUT_SECONDS
        ) as pool,
        _external_client(settings) as external_client,
        Client() as broker_client,
    ):
        database = Database(pool)
        poller = FeedPoller(
            database=database,
            feed=FeedClient(external_client, settings.feed_url, max_rate=settings.feed_max_rate),
            esi=EsiClient(external_client, settings.esi_url),
            storage=ObjectStorage(settings.bucket_access),
            publish=BrokerPublisher(broker_client, settings.k_sink),
            schedule=PollingSchedule(settings.feed_idle_seconds),
            clock=lambda: datetime.now(UTC),
            jitter=random.random,
        )
        yield Function(poller.handle, ready=database.outbox.ready)


def _external_client(settings: Settings) -> AsyncClient:
    """Loading the CA certificates takes 25 ms, so a client without any https URL skips it."""
    headers = {"User-Agent": settings.user_agent, "Accept-Encoding": "gzip"}
    uses_tls = any(url.startswith("https:") for url in (settings.feed_url, settings.esi_url))
    timeout = Timeout(TOTAL_TIMEOUT_SECONDS, connect=CONNECT_TIMEOUT_SECONDS)
    return AsyncClient(headers=headers, timeout=timeout, verify=uses_tls)


app = event_app(build, accepts=[TIMER], emits=[KILLMAIL_INGESTED, KILLMAIL_REFUSED])
