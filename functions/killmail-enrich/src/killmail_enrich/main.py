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

from battlescope_events.catalog import ENTITY_UPDATED, KILLMAIL_ENRICHED
from battlescope_events.consumer import Function, event_app
from battlescope_events.http_client import Client
from battlescope_events.object_storage.objects import ObjectStorage
from battlescope_events.postgres.database import Database, open_pool
from battlescope_events.postgres.deduplication import PostgresDeduplicator
from battlescope_events.postgres.outbox import Outbox
from battlescope_events.publisher import BrokerPublisher
from killmail_enrich.events import SOURCE
from killmail_enrich.handlers.battle_membership import MembershipHandler
from killmail_enrich.handlers.dispatch import ACCEPTED_TYPES, dispatcher
from killmail_enrich.handlers.killmail import KillmailHandler
from killmail_enrich.handlers.killmail_batch import BatchEnricher
from killmail_enrich.handlers.retention import RetentionHandler
from killmail_enrich.handlers.timers import TimerHandler
from killmail_enrich.names.esi_client import EsiClient
from killmail_enrich.names.redis_cache import NameCache
from killmail_enrich.names.repository import NameRepository
from killmail_enrich.names.request_batcher import RequestBatcher
from killmail_enrich.names.resolver import NameResolver
from killmail_enrich.names.service import NameService
from killmail_enrich.persistence.archive import Archive
from killmail_enrich.persistence.battle_membership import BattleMembershipRepository
from killmail_enrich.persistence.killmails import KillmailRepository
from killmail_enrich.persistence.retention import RetentionRepository
from killmail_enrich.settings import Settings
from killmail_enrich.static_data.repository import StaticData

BACKFILL_NAME_SECONDS = 5.0  # how long a slice waits for names; a batch of slices ends before the event's timeout
BACKFILL_NAME_REQUESTS = 2  # one per slice in progress: while ESI is slow, backfill goes on without names
BROKER = "killmails"  # of `entity.updated`, which is all that the outbox holds
MAX_CONNECTIONS = 8  # five pods use at most half of the connections that PostgreSQL allows by default
CACHE_CONNECT_DELAY_SECONDS = 1.0  # the first killmail is processed before the import of the cache's driver


@asynccontextmanager
async def build() -> AsyncGenerator[Function]:
    settings = Settings()  # pyright: ignore[reportCallIssue]  # the environment fills it
    cache = NameCache(settings.redis_url.get_secret_value(), time.monotonic)
    async with (
        open_pool(settings.database_url, SOURCE, max_size=MAX_CONNECTIONS) as pool,
        Client() as broker_client,
        _external_client(settings) as external_client,
        _connected_later(cache),
    ):
        publish = BrokerPublisher(broker_client, settings.k_sink)
        database = Database(pool, "killmail")
        outbox, deduplicator = Outbox(database, BROKER), PostgresDeduplicator(database)
        name_repository = NameRepository(database, outbox)
        esi = EsiClient(
            external_client,
            settings.esi_url,
            start_cooldown=cache.start_cooldown,
            cooldown_seconds=cache.cooldown_seconds,
            now=time.time,
            jitter=random.random,
        )
        name_service = NameService(esi, name_repository, cache, outbox, publish, time.time)
        live_batcher = RequestBatcher(name_service.fetch)
        backfill_batcher = RequestBatcher(
            name_service.fetch_low_priority, budget_seconds=BACKFILL_NAME_SECONDS, max_requests=BACKFILL_NAME_REQUESTS
        )
        sources = (cache.find, name_repository.find)
        live_names, backfill_names = (
            NameResolver(sources, batcher, time.time) for batcher in (live_batcher, backfill_batcher)
        )
        archive, static_data = Archive(ObjectStorage(settings.bucket_access)), StaticData(database, time.monotonic)
        repository, now = KillmailRepository(database), partial(datetime.now, UTC)
        backfill_publish = BrokerPublisher(broker_client, settings.backfill_broker_url)
        batch_enricher = BatchEnricher(archive, static_data, backfill_names, repository, backfill_publish, now)
        killmails = KillmailHandler(archive, static_data, live_names, repository, publish, batch_enricher, now)
        memberships = MembershipHandler(BattleMembershipRepository(database), archive)
        refresh_static_data = partial(_refresh_static_data, settings)
        timers = TimerHandler(name_service.resolve_pending, deduplicator.delete_old, refresh_static_data)
        retention = RetentionHandler(RetentionRepository(database).delete_old)
        gc.freeze()  # imported objects live as long as the process, so the garbage collector can skip them
        dispatch = dispatcher(killmails, memberships, timers, retention)
        yield Function(dispatch, deduplicator=deduplicator, ready=outbox.ready)
        await live_batcher.close()
        await backfill_batcher.close()
        await deduplicator.close()


def _external_client(settings: Settings) -> httpx2.AsyncClient:
    """Reading the CA certificates takes 25 ms, so the client skips it where ESI_URL is not https."""
    is_encrypted = settings.esi_url.startswith("https:")
    return httpx2.AsyncClient(headers={"User-Agent": settings.user_agent}, timeout=10, verify=is_encrypted)


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
