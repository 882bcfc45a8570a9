"""ingest-api: starts backfill jobs, manages rulesets, and reports the state of ingestion."""

import random
import time
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Final
from uuid import uuid4

from battlescope_events.access.composition import open_guard
from battlescope_events.catalog import AUDIT_RECORDED, RETENTION_DUE, VERIFICATION_REQUESTED
from battlescope_events.http_api.app import api_app
from battlescope_events.http_api.routing import late_routers
from battlescope_events.object_storage.objects import ObjectStorage
from battlescope_events.postgres.cooldowns import PostgresCooldowns
from battlescope_events.postgres.database import Database, open_pool
from battlescope_events.postgres.outbox import Outbox
from battlescope_events.publisher import BrokerPublisher
from battlescope_events.settings import from_environment
from battlescope_events.upstream.circuit_breaker import CircuitBreaker
from battlescope_events.upstream.combined_cooldowns import CombinedCooldowns
from battlescope_events.upstream.esi import make_esi
from battlescope_events.upstream.http import ExternalHttp, external_http
from battlescope_events.valkey.connection import Valkey, open_valkey
from battlescope_events.valkey.cooldowns import ValkeyCooldowns
from ingest_api.clients.esi import POLICY, EsiClient
from ingest_api.dependencies import Dependencies
from ingest_api.domain.retention_window import Limits
from ingest_api.services.rulesets import RulesetService
from ingest_api.settings import Settings

BROKER: Final = "killmails"
MAX_BODY_BYTES: Final = 64 * 1024  # a ruleset with every list full takes 40 kB
ROUTERS: Final = late_routers(
    "ingest_api.routers",
    jobs="/api/ingestion/historical/jobs",
    rulesets=("/api/ingestion/rulesets", "/api/rulesets", "/api/admin/config"),
    maintenance=("/api/ingestion/verification", "/api/ingestion/retention"),
    statistics=("/api/ingestion/stats", "/api/ingestion/health", "/api/admin/stats"),
)
CONNECTION_OPTIONS: Final = "-c statement_timeout=5s"


@asynccontextmanager
async def open_dependencies() -> AsyncGenerator[Dependencies]:
    settings = from_environment(Settings)
    clock = partial(datetime.now, UTC)
    async with (
        open_pool(
            settings.database_url, "ingest-api", max_size=4, timeout_seconds=5, options=CONNECTION_OPTIONS
        ) as pool,
        BrokerPublisher(settings.k_sink) as publish,
        external_http(settings.user_agent) as external_client,
        open_valkey(settings.redis_url, time.monotonic) as valkey,
        open_guard(settings, clock, publish, "ingest-api") as guard,
    ):
        database = Database(pool, "ingestion", settings.schema_version)
        esi = _esi_client(settings, external_client, database, valkey, clock)
        yield Dependencies(
            database=database,
            outbox=Outbox(database, BROKER),
            publish=publish,
            guard=guard,
            storage=ObjectStorage(settings.bucket_access),
            rulesets=RulesetService(database, esi, uuid4),
            limits=Limits(settings.data_retention_months, settings.backfill_max_days),
            clock=clock,
            new_id=uuid4,
        )


def _esi_client(
    settings: Settings, http: ExternalHttp, database: Database, valkey: Valkey, clock: Callable[[], datetime]
) -> EsiClient:
    """ESI's cooldown and error budget are those of every function that requests it."""
    cooldowns = CombinedCooldowns(PostgresCooldowns(database), ValkeyCooldowns(valkey))
    esi = make_esi(
        settings.esi_url,
        http,
        cooldowns,
        POLICY,
        now=clock,
        jitter=random.random,
        breaker=CircuitBreaker(),
    )
    return EsiClient(esi)


async def ready(dependencies: Dependencies) -> Mapping[str, object]:
    return await dependencies.outbox.ready()


app = api_app(
    "BattleScope ingestion",
    ROUTERS,
    open_dependencies,
    ready,
    emits=(AUDIT_RECORDED, VERIFICATION_REQUESTED, RETENTION_DUE),
    max_body_bytes=MAX_BODY_BYTES,
    examples_of="ingest_api",
)
