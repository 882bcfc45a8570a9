"""killmail-enrich: adds names and locations to each ingested killmail, and stores the battles of each killmail."""

import asyncio
import gc
import random  # the only source of randomness
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial

from pydantic import SecretStr

from battlescope_events.background import start_in_background
from battlescope_events.catalog import (
    ENTITY_UPDATED,
    KILLMAIL_ENRICHED,
    PRICES_DAY_LOADED,
    PRICES_REQUESTED,
    REVALUATION_REQUESTED,
)
from battlescope_events.consumer import Function, event_app
from battlescope_events.object_storage.objects import ObjectStorage
from battlescope_events.postgres.cooldowns import PostgresCooldowns
from battlescope_events.postgres.database import Database, open_pool
from battlescope_events.postgres.deduplication import PostgresDeduplicator
from battlescope_events.postgres.outbox import Outbox
from battlescope_events.publisher import BrokerPublisher, Publish
from battlescope_events.settings import from_environment
from battlescope_events.upstream.circuit_breaker import CircuitBreaker
from battlescope_events.upstream.client import RequestPolicy, UpstreamClient
from battlescope_events.upstream.combined_cooldowns import CombinedCooldowns
from battlescope_events.upstream.esi import Esi, make_esi
from battlescope_events.upstream.http import ExternalHttp, external_http
from battlescope_events.valkey.connection import Valkey, open_valkey
from battlescope_events.valkey.cooldowns import ValkeyCooldowns
from battlescope_events.valkey.live_log import LiveLog
from killmail_enrich.events import SOURCE
from killmail_enrich.handlers.battle_membership import MembershipHandler
from killmail_enrich.handlers.dispatch import ACCEPTED_TYPES, dispatcher
from killmail_enrich.handlers.killmail import Delivery, KillmailHandler
from killmail_enrich.handlers.prices import PriceHandler
from killmail_enrich.handlers.retention import RetentionHandler
from killmail_enrich.handlers.timers import TimerHandler
from killmail_enrich.handlers.valuations import ValuationHandler
from killmail_enrich.handlers.valuer import Valuer
from killmail_enrich.market.day_prices import DayPrices
from killmail_enrich.market.loader import MarketLoader
from killmail_enrich.market.source import UPSTREAM as MARKET_UPSTREAM
from killmail_enrich.market.source import MarketHistory, market_policy
from killmail_enrich.messaging.live_publisher import OUTBOX as LIVE_OUTBOX
from killmail_enrich.messaging.live_publisher import LivePublisher
from killmail_enrich.names.composition import compose_names
from killmail_enrich.names.esi_client import POLICY
from killmail_enrich.names.redis_cache import NameCache
from killmail_enrich.names.ticker_client import ticker_policy
from killmail_enrich.persistence.archive import Archive
from killmail_enrich.persistence.battle_membership import BattleMembershipRepository
from killmail_enrich.persistence.killmails import KillmailRepository
from killmail_enrich.persistence.market_days import MarketDays
from killmail_enrich.persistence.market_prices import MarketPrices
from killmail_enrich.persistence.retention import RetentionRepository
from killmail_enrich.persistence.valuations import ValuationRepository
from killmail_enrich.settings import BACKFILL_BROKER, Settings
from killmail_enrich.static_data.repository import StaticData

BROKER = "killmails"  # of everything that the outbox holds
MAX_CONNECTIONS = 8  # five pods use at most half of the connections that PostgreSQL allows by default
VALKEY_CONNECT_DELAY_SECONDS = 1.0  # the first killmail is processed before the import of the driver


@asynccontextmanager
async def build() -> AsyncGenerator[Function]:
    settings = from_environment(Settings)
    async with (
        open_pool(settings.database_url, SOURCE, max_size=MAX_CONNECTIONS) as pool,
        BrokerPublisher(settings.k_sink) as publish,
        BrokerPublisher(settings.backfill_broker_url) as backfill_publish,
        external_http(settings.user_agent) as external_client,
        _connected_later(settings.redis_url) as valkey,
    ):
        database, now = Database(pool, "killmail", settings.schema_version), partial(datetime.now, UTC)
        outbox, deduplicator = Outbox(database, BROKER), PostgresDeduplicator(database)
        esi = partial(_esi, settings, external_client, database, valkey)
        names = compose_names(
            esi(POLICY), esi(ticker_policy(settings.ticker_max_rate)), NameCache(valkey),
            database=database, outbox=outbox, publish=publish, now=time.time,
        )  # fmt: skip
        archive, static_data = Archive(ObjectStorage(settings.bucket_access)), StaticData(database, time.monotonic)
        live_publisher = LivePublisher(LiveLog(valkey), database, Outbox(database, LIVE_OUTBOX))
        live = Delivery(names.live, publish, live_publisher.publish_killmails)
        backfill = Delivery(names.backfill, backfill_publish)
        market_days = MarketDays(database, outbox)
        loader = MarketLoader(_market_history(settings, external_client, database, valkey, now), market_days, now)
        prices = PriceHandler(loader, market_days, outbox, publish, now)
        day_prices = DayPrices(MarketPrices(database), market_days, static_data, time.monotonic)
        valuer = Valuer(day_prices.vector, prices.want)
        killmails = KillmailHandler(archive, static_data, valuer, KillmailRepository(database), live, backfill, now)
        valuations = _valuation_handler(database, archive, static_data, valuer, backfill_publish)
        memberships = MembershipHandler(BattleMembershipRepository(database), archive)
        refresh_static_data = partial(_refresh_static_data, settings)
        timers = TimerHandler(
            names.service.resolve_pending, deduplicator.delete_old, refresh_static_data, killmails.complete_waiting,
            valuations.value_waiting, prices.request_due, live_publisher.flush, names.tickers.fetch_due,
        )  # fmt: skip
        retention = RetentionHandler(RetentionRepository(database).delete_old)
        gc.freeze()  # imported objects live as long as the process, so the garbage collector can skip them
        dispatch = dispatcher(
            killmails, memberships, timers, retention, prices=prices, valuations=valuations, live=live_publisher
        )

        async def ready() -> dict[str, int]:
            figures = await names.ready() | await killmails.ready()
            return figures | await valuations.ready() | await prices.ready()

        yield Function(dispatch, deduplicator=deduplicator, ready=ready)
        await names.close()
        await deduplicator.close()


def _valuation_handler(
    database: Database, archive: Archive, static_data: StaticData, valuer: Valuer, publish: Publish
) -> ValuationHandler:
    """Publishes on the Broker `backfill`, so that live killmails do not queue behind a day that is valued late."""
    outbox, now = Outbox(database, BACKFILL_BROKER), partial(datetime.now, UTC)
    repository = ValuationRepository(database, outbox)
    return ValuationHandler(archive, static_data, repository, valuer, outbox, publish, now)


def _esi(settings: Settings, http: ExternalHttp, database: Database, valkey: Valkey, policy: RequestPolicy) -> Esi:
    return make_esi(
        settings.esi_url,
        http,
        _cooldowns(database, valkey),
        policy,
        now=partial(datetime.now, UTC),
        jitter=random.random,
        breaker=CircuitBreaker(),
    )


def _cooldowns(database: Database, valkey: Valkey) -> CombinedCooldowns:
    """Shared with other contexts, which ask ESI and EVE Ref too."""
    return CombinedCooldowns(PostgresCooldowns(database), ValkeyCooldowns(valkey, connect_at_first_use=False))


def _market_history(
    settings: Settings, http: ExternalHttp, database: Database, valkey: Valkey, now: Callable[[], datetime]
) -> MarketHistory:
    cooldowns, policy = _cooldowns(database, valkey), market_policy(settings.market_history_max_rate)
    upstream = UpstreamClient(MARKET_UPSTREAM, http, cooldowns, policy, now=now, jitter=random.random)
    return MarketHistory(settings.market_history_url, upstream)


async def _refresh_static_data(settings: Settings) -> None:
    from killmail_enrich.static_data.importer import refresh_from_upstream  # noqa: PLC0415  # once a day; slows each start

    await refresh_from_upstream(settings)


@asynccontextmanager
async def _connected_later(url: SecretStr) -> AsyncGenerator[Valkey]:
    """Valkey, connected in the background."""
    async with open_valkey(url, time.monotonic) as valkey:

        async def connect() -> None:
            await asyncio.sleep(VALKEY_CONNECT_DELAY_SECONDS)
            await valkey.connect()

        connecting = start_in_background(connect(), "connection to Valkey")
        try:
            yield valkey
        finally:
            connecting.cancel()


app = event_app(
    build,
    accepts=ACCEPTED_TYPES,
    emits=[ENTITY_UPDATED, KILLMAIL_ENRICHED, PRICES_DAY_LOADED, PRICES_REQUESTED, REVALUATION_REQUESTED],
)
