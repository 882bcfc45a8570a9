"""ingest-poll: follows the public killmail feed, archives each killmail and publishes those that pass the ruleset."""

import random
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
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
from battlescope_events.settings import from_environment
from battlescope_events.upstream.circuit_breaker import CircuitBreaker
from battlescope_events.upstream.client import RequestPolicy, UpstreamClient
from battlescope_events.upstream.combined_cooldowns import CombinedCooldowns
from battlescope_events.upstream.cooldown import Cooldowns
from battlescope_events.upstream.esi import make_esi
from battlescope_events.upstream.http import ExternalHttp, external_http
from battlescope_events.valkey.connection import open_valkey
from battlescope_events.valkey.cooldowns import ValkeyCooldowns
from ingest_poll.events import SOURCE
from ingest_poll.feed.feed_state import PollingSchedule
from ingest_poll.handlers.pipeline import FilePipeline
from ingest_poll.handlers.polling import FeedPoller
from ingest_poll.handlers.rereading import RefusedBodyReader
from ingest_poll.persistence.unit_of_work import Database
from ingest_poll.settings import Settings
from ingest_poll.sources import esi_client, history_client
from ingest_poll.sources.feed_client import UPSTREAM, FeedClient, request_policy
from ingest_poll.sources.history_client import HistoryListSource, ListClient
from ingest_poll.sources.live_source import STANDBY_UPSTREAM, LiveSource
from ingest_poll.sources.r2z2_source import R2z2Source

MAX_CONNECTIONS: Final = 6
POOL_TIMEOUT_SECONDS: Final = 5  # a run takes 12 s
MIRROR_LOOKBACK: Final = 1_000  # files of a mirror that are read again: more than appear until the standby takes over


@dataclass(frozen=True, slots=True)
class _Sources:
    """Composes the sources of live killmails."""

    settings: Settings
    http: ExternalHttp
    cooldowns: Cooldowns
    esi_cooldowns: Cooldowns
    database: Database
    clock: Callable[[], datetime]
    jitter: Callable[[], float]

    def make(self) -> tuple[R2z2Source, LiveSource | None]:
        """The primary source and its standby."""
        settings = self.settings
        schedule = PollingSchedule(settings.feed_idle_seconds, settings.linger_seconds)
        feed = self._upstream(UPSTREAM, request_policy(settings.feed_max_rate))
        esi = self._esi(esi_client.POLICY)
        primary = R2z2Source(
            FeedClient(feed, settings.feed_url, settings.feed_max_rate), esi, schedule=schedule, clock=self.clock,
            jitter=self.jitter, rereads=self.database,
            catch_up_files=round(settings.catch_up_seconds * settings.feed_max_rate),
        )  # fmt: skip
        match settings.standby_source:
            case "off":
                return primary, None
            case "mirror":
                mirror = self._upstream(STANDBY_UPSTREAM, request_policy(settings.feed_max_rate))
                return primary, R2z2Source(
                    FeedClient(mirror, settings.standby_url, settings.feed_max_rate), esi, schedule=schedule,
                    clock=self.clock, jitter=self.jitter,
                    lookback=MIRROR_LOOKBACK,
                )  # fmt: skip
            case "history":
                policy = history_client.request_policy(settings.feed_max_rate)
                lists = feed if settings.lists_are_on_the_host_of_the_feed else self._upstream(STANDBY_UPSTREAM, policy)
                return primary, HistoryListSource(
                    ListClient(lists, settings.standby_url or settings.feed_url),
                    self._esi(replace(esi_client.POLICY, rate=settings.standby_max_rate)),
                    self.database, idle_seconds=settings.standby_idle_seconds, clock=self.clock, jitter=self.jitter,
                )  # fmt: skip

    def _upstream(self, name: str, policy: RequestPolicy) -> UpstreamClient:
        return UpstreamClient(name, self.http, self.cooldowns, policy, now=self.clock, jitter=self.jitter)

    def _esi(self, policy: RequestPolicy) -> esi_client.KillmailClient:
        esi = make_esi(
            self.settings.esi_url, self.http, self.esi_cooldowns, policy, now=self.clock, jitter=self.jitter,
            breaker=CircuitBreaker(),
        )  # fmt: skip
        return esi_client.KillmailClient(esi)


@asynccontextmanager
async def build() -> AsyncGenerator[Function]:
    settings = from_environment(Settings)
    async with (
        open_pool(
            settings.database_url, SOURCE, max_size=MAX_CONNECTIONS, timeout_seconds=POOL_TIMEOUT_SECONDS
        ) as pool,
        external_http(settings.user_agent) as external_client,
        open_valkey(settings.redis_url, time.monotonic) as valkey,
        BrokerPublisher(settings.k_sink) as publish,
    ):
        database, clock, jitter = Database(pool, settings.schema_version), partial(datetime.now, UTC), random.random
        cooldowns = PostgresCooldowns(database)
        esi_cooldowns = CombinedCooldowns(cooldowns, ValkeyCooldowns(valkey))
        sources = _Sources(settings, external_client, cooldowns, esi_cooldowns, database, clock, jitter)
        primary, standby = sources.make()
        storage = ObjectStorage(settings.bucket_access)
        pipeline = FilePipeline(
            database=database,
            storage=storage,
            publish=publish,
            batch_threshold=settings.batch_threshold,
            clock=clock,
            jitter=jitter,
        )
        poller = FeedPoller(
            database=database,
            primary=primary,
            standby=standby,
            failover_policy=settings.failover_policy,
            pipeline=pipeline,
            clock=clock,
        )
        rereader = RefusedBodyReader(
            database=database,
            complete=primary.complete,
            storage=storage,
            publish=publish,
            feed_url=primary.url,
            clock=clock,
        )

        async def handle(event: Event[Any]) -> None:
            await (rereader if event.type is KILLMAIL_REREAD_REQUESTED else poller).handle(event)

        yield Function(handle, ready=database.readiness)


app = event_app(build, accepts=[TIMER, KILLMAIL_REREAD_REQUESTED], emits=[KILLMAIL_INGESTED, KILLMAIL_REFUSED])
