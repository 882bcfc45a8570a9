"""killmail-enrich: gives each filed killmail its names and places, and keeps what became of it."""

import asyncio
import gc
import random  # chance enters here
import time
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Any

import httpx2
from psycopg_pool import AsyncConnectionPool

from battlescope_events.catalog import (
    BATTLE_CREATED,
    BATTLE_DELETED,
    BATTLE_UPDATED,
    BATTLES_CHANGED,
    ENTITY_UPDATED,
    KILLMAIL_ENRICHED,
    KILLMAIL_INGESTED,
    RETENTION_DUE,
    TICK,
)
from battlescope_events.consumer import Function, event_app
from battlescope_events.http_client import Client
from battlescope_events.messages import Event
from battlescope_events.publisher import BrokerPublisher
from killmail_enrich.handlers.battle_membership import MembershipHandler
from killmail_enrich.handlers.deduplication import WriteBehindDeduplicator
from killmail_enrich.handlers.killmail import KillmailHandler
from killmail_enrich.handlers.killmail_batch import BatchEnricher
from killmail_enrich.handlers.retention import RetentionHandler
from killmail_enrich.handlers.timers import TimerHandler
from killmail_enrich.names.esi_client import Esi
from killmail_enrich.names.redis_cache import NameCache
from killmail_enrich.names.repository import NameStore
from killmail_enrich.names.request_batcher import RequestBatcher
from killmail_enrich.names.resolver import NameResolver
from killmail_enrich.names.service import NameService
from killmail_enrich.persistence.archive import Archive, Bucket
from killmail_enrich.persistence.battle_membership import PlacingStore
from killmail_enrich.persistence.killmail_batches import BulkStore
from killmail_enrich.persistence.killmails import Pool, Store
from killmail_enrich.persistence.retention import delete_old
from killmail_enrich.settings import Settings
from killmail_enrich.static_data.repository import StaticData

HISTORY_SECONDS = 5.0  # how long a slice of history waits for names; a chunk of several is done within its event's time
HISTORY_QUESTIONS = 2  # one a slice under way: while an answer is late, history goes on without names
MOST_CONNECTIONS = 8  # with five pods at most, half of what PostgreSQL allows by default
WARM_UP_SECONDS = 1.0  # the first mail comes before the cache's driver is imported


@asynccontextmanager
async def build() -> AsyncGenerator[Function]:
    settings = Settings()  # pyright: ignore[reportCallIssue]  # the environment fills it
    hot = NameCache(settings.redis_url.get_secret_value(), time.monotonic)
    async with (
        _pool(settings) as pool,
        Client() as inside,
        _outside(settings) as outside,
        _connected(hot),
    ):
        publish, store, names = BrokerPublisher(inside, settings.k_sink), Store(pool), NameStore(pool)
        esi = Esi(
            outside, settings.esi_url, pause=hot.start_cooldown, paused=hot.paused, now=time.time, jitter=random.random
        )
        keeper = NameService(esi, names, hot, publish, time.time)
        collector = RequestBatcher(keeper.ask)
        history = RequestBatcher(keeper.fetch_low_priority, budget=HISTORY_SECONDS, most_questions=HISTORY_QUESTIONS)
        book, history_book = (NameResolver((hot.known, names.known), ask, time.time) for ask in (collector, history))
        archive, static, now = (
            Archive(inside, _bucket(settings)),
            StaticData(pool, time.monotonic),
            partial(datetime.now, UTC),
        )
        bulk = BatchEnricher(
            archive, static, history_book, BulkStore(pool), BrokerPublisher(inside, settings.backfill_sink), now
        )
        enricher = KillmailHandler(archive, static, book, store, publish, bulk, now)
        ticker = TimerHandler(keeper.resolve_pending, store.forget_old_events, partial(_refresh, settings))
        attempts = WriteBehindDeduplicator(store)
        cleaner = RetentionHandler(partial(delete_old, pool))
        placer = MembershipHandler(PlacingStore(pool), archive)
        gc.freeze()  # what was imported stays: the collector need not go through it time and again
        yield Function(_by_type(enricher, placer, ticker, cleaner), guard=attempts, ready=attempts.ready)
        await collector.close()
        await history.close()
        await attempts.close()


def _by_type(
    enricher: KillmailHandler, placer: MembershipHandler, ticker: TimerHandler, cleaner: RetentionHandler
) -> Callable[[Event[Any]], Awaitable[None]]:
    handlers = {KILLMAIL_INGESTED.name: enricher.handle, TICK.name: ticker.hear, RETENTION_DUE.name: cleaner.hear}

    async def hear(event: Event[Any]) -> None:
        await handlers.get(event.type.name, placer.hear)(event)

    return hear


def _pool(settings: Settings) -> Pool:
    """Opened without waiting: a process from zero answers health before PostgreSQL does."""
    return AsyncConnectionPool(
        settings.database_url.get_secret_value(),
        min_size=0,
        max_size=MOST_CONNECTIONS,
        timeout=10,
        kwargs={"autocommit": True, "application_name": "killmail-enrich"},
        open=False,
    )


def _outside(settings: Settings) -> httpx2.AsyncClient:
    """Reading the certificates takes 25 ms, so it is left out where nothing is encrypted."""
    encrypted = settings.esi_url.startswith("https:")
    return httpx2.AsyncClient(headers={"User-Agent": settings.user_agent}, timeout=10, verify=encrypted)


def _bucket(settings: Settings) -> Bucket:
    return Bucket(
        settings.s3_endpoint_url,
        settings.s3_region,
        settings.s3_bucket,
        settings.aws_access_key_id,
        settings.aws_secret_access_key.get_secret_value(),
    )


def _refresh(settings: Settings) -> bool:
    from killmail_enrich.static_data.download import Export  # noqa: PLC0415  # as above
    from killmail_enrich.static_data.importer import refresh  # noqa: PLC0415  # once a day; its imports cost each start

    return refresh(settings.database_url.get_secret_value(), Export(settings.sde_url, settings.user_agent))


@asynccontextmanager
async def _connected(hot: NameCache) -> AsyncGenerator[None]:
    async def connect() -> None:
        await asyncio.sleep(WARM_UP_SECONDS)
        await hot.connect()

    connecting = asyncio.create_task(connect())
    try:
        yield
    finally:
        connecting.cancel()
        await hot.close()


app = event_app(
    build,
    accepts=[KILLMAIL_INGESTED, BATTLE_CREATED, BATTLE_UPDATED, BATTLE_DELETED, BATTLES_CHANGED, RETENTION_DUE, TICK],
    emits=[KILLMAIL_ENRICHED, ENTITY_UPDATED],
)
