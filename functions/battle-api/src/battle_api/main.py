"""battle-api: serves battles over HTTP and accepts manual edits and reclustering jobs."""

import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from secrets import token_urlsafe  # of links
from typing import Final
from uuid import uuid4

from battle_api.dependencies import Dependencies
from battle_api.domain.shares import Sharing
from battle_api.routers.merged_battles import redirect_to_survivor
from battle_api.schemas.query_aliases import declared_parameters
from battle_api.services.battle_lookup import BattleMerged
from battle_api.services.card_images import CardImages
from battle_api.settings import Settings
from battlescope_events.access.composition import open_guard
from battlescope_events.catalog import (
    AUDIT_RECORDED,
    BATTLE_EDIT_REQUESTED,
    BATTLE_RECLUSTER_REQUESTED,
    BATTLE_REPUBLISH_REQUESTED,
    BATTLE_SHARE_CHANGED,
)
from battlescope_events.http_api.app import api_app
from battlescope_events.http_api.routing import late_routers
from battlescope_events.http_cache.response_cache import ResponseCache
from battlescope_events.postgres.database import Database, open_pool
from battlescope_events.postgres.notifications import notifications
from battlescope_events.postgres.outbox import Outbox
from battlescope_events.publisher import BrokerPublisher
from battlescope_events.settings import from_environment

BROKER: Final = "battles"
CHANGES: Final = "battle_changes"  # the channel on which the database says which battles have changed
TOKEN_BYTES: Final = 16  # of a link: nobody guesses one of 2^128
MAX_BODY_BYTES: Final = 256 * 1024  # a split of 5,000 killmails takes 70 kB
# PostgreSQL plans each query with its values, so that unused filters cost nothing.
CONNECTION_OPTIONS: Final = "-c statement_timeout=5s -c plan_cache_mode=force_custom_plan"


# A path belongs to the first of them that has it.
ROUTERS: Final = late_routers(
    "battle_api.routers",
    battles="/api/battles",
    insights="/api/battles",
    history="/api/battles",
    exports="/api/battles",
    entity_battles=("/api/alliances", "/api/corporations", "/api/characters", "/api/systems", "/api/regions"),
    statistics=("/api/stats", "/api/statistics", "/api/activity"),
    edits="/api/battles",
    shares="/api/battles",
    public_shares="/s/",
    reclustering="/api/admin/battles/recluster",
    republishing="/api/admin/battles/republish",
    configuration=("/api/admin/config", "/api/admin/stats"),
)


def _now() -> datetime:
    return datetime.now(UTC)


def _first_origin(settings: Settings) -> str:
    """Where links lead; empty without a public origin."""
    return next(iter(settings.public_origins.split()), "").rstrip("/")


@asynccontextmanager
async def open_dependencies() -> AsyncGenerator[Dependencies]:
    settings = from_environment(Settings)
    responses = ResponseCache(time.monotonic)
    async with (
        open_pool(
            settings.database_url, "battle-api", max_size=8, timeout_seconds=5, options=CONNECTION_OPTIONS
        ) as pool,
        BrokerPublisher(settings.k_sink) as publish,
        open_guard(settings, _now, publish, "battle-api") as guard,
        notifications(settings.database_url, CHANGES, "battle-api notifications", responses),
    ):
        database = Database(pool, "battle", settings.schema_version)
        yield Dependencies(
            database=database,
            outbox=Outbox(database, BROKER),
            publish=publish,
            guard=guard,
            responses=responses,
            cards=CardImages(database),
            sharing=Sharing(settings.public_shares, _first_origin(settings)),
            clock=_now,
            new_id=uuid4,
            new_token=lambda: token_urlsafe(TOKEN_BYTES),
        )


async def ready(dependencies: Dependencies) -> Mapping[str, object]:
    return await dependencies.outbox.ready()


app = api_app(
    "BattleScope battles",
    ROUTERS,
    open_dependencies,
    ready,
    emits=(
        AUDIT_RECORDED,
        BATTLE_EDIT_REQUESTED,
        BATTLE_RECLUSTER_REQUESTED,
        BATTLE_REPUBLISH_REQUESTED,
        BATTLE_SHARE_CHANGED,
    ),
    outcomes={BattleMerged: redirect_to_survivor},
    max_body_bytes=MAX_BODY_BYTES,
    examples_of="battle_api",
    translate_query=declared_parameters,
)
