"""ingest-poll: follows the public killmail feed, archives each killmail and publishes those that pass the ruleset."""

import random
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

from battlescope_events.catalog import KILLMAIL_INGESTED, KILLMAIL_REFUSED, KILLMAIL_REREAD_REQUESTED, TIMER
from battlescope_events.consumer import Function, event_app
from battlescope_events.messages import Event
from battlescope_events.object_storage.objects import ObjectStorage
from battlescope_events.postgres.cooldowns import PostgresCooldowns
from battlescope_events.postgres.database import open_pool
from battlescope_events.publisher import BrokerPublisher
from battlescope_events.upstream.circuit_breaker import CircuitBreaker
from battlescope_events.upstream.client import UpstreamClient, external_http
from battlescope_events.upstream.combined_cooldowns import CombinedCooldowns
from battlescope_events.upstream.esi import make_esi
from battlescope_events.valkey.connection import open_valkey
from battlescope_events.valkey.cooldowns import ValkeyCooldowns
from ingest_poll import esi_client
from ingest_poll.events import SOURCE
from ingest_poll.feed_client import UPSTREAM, FeedClient, request_policy
from ingest_poll.feed_state import PollingSchedule
from ingest_poll.handler import FeedPoller
from ingest_poll.reread_handler import RefusedBodyReader
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
        external_http(settings.user_agent, settings.feed_url, settings.esi_url) as external_client,
        open_valkey(settings.redis_url, time.monotonic) as valkey,
        BrokerPublisher(settings.k_sink) as publish,
    ):
        database, clock, jitter = Database(pool, settings.schema_version), partial(datetime.now, UTC), random.random
        cooldowns = PostgresCooldowns(database)
        feed_policy = request_policy(settings.feed_max_rate)
        feed = UpstreamClient(UPSTREAM, external_client, cooldowns, feed_policy, now=clock, jitter=jitter)
        esi = make_esi(
            settings.esi_url,
            external_client,
            CombinedCooldowns(cooldowns, ValkeyCooldowns(valkey)),
            esi_client.POLICY,
            now=clock,
            jitter=jitter,
            breaker=CircuitBreaker(),
        )
        feed_client, storage = FeedClient(feed, settings.feed_url), ObjectStorage(settings.bucket_access)
        poller = FeedPoller(
            database=database,
            feed=feed_client,
            esi=esi_client.KillmailClient(esi),
            storage=storage,
            publish=publish,
            schedule=PollingSchedule(settings.feed_idle_seconds),
            clock=clock,
            jitter=jitter,
        )
        rereader = RefusedBodyReader(
            database=database,
            complete=poller.complete,
            storage=storage,
            publish=publish,
            feed_url=feed_client.url,
            clock=clock,
        )

        async def handle(event: Event[Any]) -> None:
            await (rereader if event.type is KILLMAIL_REREAD_REQUESTED else poller).handle(event)

        yield Function(handle, ready=database.outbox.ready)


app = event_app(build, accepts=[TIMER, KILLMAIL_REREAD_REQUESTED], emits=[KILLMAIL_INGESTED, KILLMAIL_REFUSED])
