"""account-api: login with EVE Online, accounts, characters, roles and tokens."""

import random
import secrets
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Final
from uuid import uuid4

from account_api.clients import esi, sso
from account_api.composition import Outside, compose
from account_api.credentials.token_cipher import TokenCipher, read_keys
from account_api.credentials.valkey_store import RETRY_SECONDS
from account_api.dependencies import Dependencies
from account_api.events import SOURCE
from account_api.services.maintenance import maintenance
from account_api.settings import Settings
from battlescope_events.access.composition import open_guard
from battlescope_events.catalog import ACCOUNT_CHANGED, AUDIT_RECORDED
from battlescope_events.http_api.app import api_app
from battlescope_events.http_api.routing import late_routers
from battlescope_events.postgres.cooldowns import PostgresCooldowns
from battlescope_events.postgres.database import Database, open_pool
from battlescope_events.postgres.outbox import Outbox
from battlescope_events.publisher import BrokerPublisher
from battlescope_events.settings import from_environment
from battlescope_events.upstream.circuit_breaker import CircuitBreaker
from battlescope_events.upstream.client import UpstreamClient
from battlescope_events.upstream.combined_cooldowns import CombinedCooldowns
from battlescope_events.upstream.esi import make_esi
from battlescope_events.upstream.http import external_http
from battlescope_events.valkey.connection import open_valkey
from battlescope_events.valkey.cooldowns import ValkeyCooldowns

BROKER: Final = "accounts"
MAX_BODY_BYTES: Final = 64 * 1024
ROUTERS: Final = late_routers(
    "account_api.routers",
    auth="/auth/",
    me="/api/me",
    characters="/api/me/",
    access_tokens="/api/me/access-tokens",
    accounts="/api/admin/accounts",
    auth_config="/api/admin/auth-config",
)
CONNECTION_OPTIONS: Final = "-c statement_timeout=5s -c lock_timeout=4s"


@asynccontextmanager
async def open_dependencies() -> AsyncGenerator[Dependencies]:
    settings = from_environment(Settings)
    cipher = TokenCipher(read_keys(settings.token_encryption_key.get_secret_value()), secrets.token_bytes)
    clock = partial(datetime.now, UTC)
    async with (
        open_pool(
            settings.database_url, "account-api", max_size=8, timeout_seconds=5, options=CONNECTION_OPTIONS
        ) as pool,
        BrokerPublisher(settings.k_sink) as publish,
        external_http(settings.user_agent) as http,
        open_valkey(settings.redis_url, time.monotonic, retry_seconds=RETRY_SECONDS) as valkey,
        open_guard(settings, clock, publish, SOURCE) as guard,
    ):
        database = Database(pool, "account", settings.schema_version)
        cooldowns = CombinedCooldowns(PostgresCooldowns(database), ValkeyCooldowns(valkey))
        sso_http = UpstreamClient(
            sso.UPSTREAM, http, cooldowns, sso.POLICY, now=clock, jitter=random.random, breaker=CircuitBreaker()
        )
        esi_http = make_esi(
            settings.esi_url, http, cooldowns, esi.POLICY, now=clock, jitter=random.random, breaker=CircuitBreaker()
        )
        outside = Outside(
            database=database,
            outbox=Outbox(database, BROKER),
            publish=publish,
            valkey=valkey,
            sso=sso_http,
            esi=esi.EsiClient(esi_http),
            guard=guard,
            clock=clock,
            new_id=uuid4,
            random_bytes=secrets.token_bytes,
        )
        dependencies = compose(settings, outside, cipher)
        async with maintenance(dependencies.access_tokens, dependencies.own_account, dependencies.gate):
            yield dependencies


async def ready(dependencies: Dependencies) -> Mapping[str, object]:
    return await dependencies.changes.ready()


app = api_app(
    "BattleScope accounts",
    ROUTERS,
    open_dependencies,
    ready,
    emits=(ACCOUNT_CHANGED, AUDIT_RECORDED),
    max_body_bytes=MAX_BODY_BYTES,
    examples_of="account_api",
)
