"""killmail-enrich: adds names and locations to each ingested killmail, and stores the battles of each killmail."""

import asyncio
import gc
import random  # the only source of randomness
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial

import httpx2
from psycopg_pool import AsyncConnectionPool

from battlescope_events.catalog import ENTITY_UPDATED, KILLMAIL_ENRICHED
from battlescope_events.consumer import Function, event_app
from battlescope_events.http_client import Client
from battlescope_events.publisher import BrokerPublisher
from killmail_enrich.handlers.battle_membership import MembershipHandler
from killmail_enrich.handlers.deduplication import WriteBehindDeduplicator
from killmail_enrich.handlers.dispatch import ACCEPTED_TYPES, dispatcher
from killmail_enrich.handlers.killmail import Delivery, KillmailHandler
from killmail_enrich.handlers.retention import RetentionHandler
from killmail_enrich.handlers.timers import TimerHandler
from killmail_enrich.names.esi_client import EsiClient
from killmail_enrich.names.redis_cache import NameCache
from killmail_enrich.names.repository import NameRepository
from killmail_enrich.names.request_batcher import RequestBatcher
from killmail_enrich.names.resolver import NameResolver
from killmail_enrich.names.service import NameService
from killmail_enrich.persistence.archive import Archive, Bucket
from killmail_enrich.persistence.battle_membership import BattleMembershipRepository
from killmail_enrich.persistence.connection import Pool
from killmail_enrich.persistence.event_attempts import EventAttemptRepository
from killmail_enrich.persistence.killmails import KillmailRepository
from killmail_enrich.persistence.retention import delete_old
from killmail_enrich.settings import Settings
from killmail_enrich.static_data.repository import StaticData

BACKFILL_NAME_SECONDS = 5.0  # how long a slice waits for names; a batch of slices ends before the event's timeout
BACKFILL_NAME_REQUESTS = 2  # one per slice in progress: while ESI is slow, backfill goes on without names
MAX_CONNECTIONS = 8  # five pods use at most half of the connections that PostgreSQL allows by default
CACHE_CONNECT_DELAY_SECONDS = 1.0  # the first killmail is processed before the import of the cache's driver


@asynccontextmanager
async def build() -> AsyncGenerator[Function]:
    settings = Settings()  # pyright: ignore[reportCallIssue]  # the environment fills it
    cache = NameCache(settings.redis_url.get_secret_value(), time.monotonic)
    async with (
        _pool(settings) as pool,
        Client() as internal_client,
        _external_client(settings) as external_client,
        _connected_later(cache),
    ):
        publish = BrokerPublisher(internal_client, settings.k_sink)
        name_repository, attempts = NameRepository(pool), EventAttemptRepository(pool)
        esi = EsiClient(
            external_client,
            settings.esi_url,
            start_cooldown=cache.start_cooldown,
            cooldown_seconds=cache.cooldown_seconds,
            now=time.time,
            jitter=random.random,
        )
        name_service = NameService(esi, name_repository, cache, publish, time.time)
        live_batcher = RequestBatcher(name_service.fetch)
        backfill_batcher = RequestBatcher(
            name_service.fetch_low_priority, budget_seconds=BACKFILL_NAME_SECONDS, max_requests=BACKFILL_NAME_REQUESTS
        )
        sources = (cache.find, name_repository.find)
        live_names, backfill_names = (
            NameResolver(sources, batcher, time.time) for batcher in (live_batcher, backfill_batcher)
        )
        archive, static_data = Archive(internal_client, _bucket(settings)), StaticData(pool, time.monotonic)
        live = Delivery(live_names, publish)
        backfill = Delivery(backfill_names, BrokerPublisher(internal_client, settings.backfill_broker_url))
        now = partial(datetime.now, UTC)
        killmails = KillmailHandler(archive, static_data, KillmailRepository(pool), live, backfill, now)
        memberships = MembershipHandler(BattleMembershipRepository(pool), archive)
        refresh_static_data = partial(_refresh_static_data, settings)
        timers = TimerHandler(name_service.resolve_pending, attempts.delete_old, refresh_static_data)
        retention = RetentionHandler(partial(delete_old, pool))
        deduplicator = WriteBehindDeduplicator(attempts)
        gc.freeze()  # imported objects live as long as the process, so the garbage collector can skip them
        dispatch = dispatcher(killmails, memberships, timers, retention)
        yield Function(dispatch, deduplicator=deduplicator, ready=deduplicator.ready)
        await live_batcher.close()
        await backfill_batcher.close()
        await deduplicator.close()


def _pool(settings: Settings) -> Pool:
    """Opened without waiting: a pod that scales up from zero answers health checks before PostgreSQL answers."""
    return AsyncConnectionPool(
        settings.database_url.get_secret_value(),
        min_size=0,
        max_size=MAX_CONNECTIONS,
        timeout=10,
        kwargs={"autocommit": True, "application_name": "killmail-enrich"},
        open=False,
    )


def _external_client(settings: Settings) -> httpx2.AsyncClient:
    """Reading the CA certificates takes 25 ms, so the client skips it where ESI_URL is not https."""
    is_encrypted = settings.esi_url.startswith("https:")
    return httpx2.AsyncClient(headers={"User-Agent": settings.user_agent}, timeout=10, verify=is_encrypted)


def _bucket(settings: Settings) -> Bucket:
    return Bucket(
        settings.s3_endpoint_url,
        settings.s3_region,
        settings.s3_bucket,
        settings.aws_access_key_id,
        settings.aws_secret_access_key.get_secret_value(),
    )


def _refresh_static_data(settings: Settings) -> bool:
    from killmail_enrich.static_data.download import StaticDataExport  # noqa: PLC0415  # as below
    from killmail_enrich.static_data.importer import refresh  # noqa: PLC0415  # once a day; its imports cost each start

    return refresh(settings.database_url.get_secret_value(), StaticDataExport(settings.sde_url, settings.user_agent))


@asynccontextmanager
async def _connected_later(cache: NameCache) -> AsyncGenerator[None]:
    """Connect the cache in the background, closed at the end."""

    async def connect() -> None:
        await asyncio.sleep(CACHE_CONNECT_DELAY_SECONDS)
        await cache.connect()

    connecting = asyncio.create_task(connect())
    try:
        yield
    finally:
        connecting.cancel()
        await cache.close()


app = event_app(build, accepts=ACCEPTED_TYPES, emits=[KILLMAIL_ENRICHED, ENTITY_UPDATED])
