"""search-api: finds battles, killmails, entities, systems and ships, by one of two engines."""

import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

from battlescope_events.access.composition import open_guard
from battlescope_events.catalog import AUDIT_RECORDED, SEARCH_REINDEX_REQUESTED
from battlescope_events.http_api.app import api_app
from battlescope_events.http_api.routing import late_routers
from battlescope_events.http_cache.response_cache import ResponseCache
from battlescope_events.postgres.database import Database, open_pool
from battlescope_events.postgres.notifications import notifications
from battlescope_events.postgres.outbox import Outbox
from battlescope_events.publisher import BrokerPublisher
from battlescope_events.settings import from_environment
from search_api.composition import open_engine
from search_api.dependencies import Dependencies
from search_api.domain.engine_name import EngineName
from search_api.domain.search_figures import SearchFigures
from search_api.repositories.links import LinkRepository
from search_api.schemas.query_aliases import declared_parameters
from search_api.services.documents import DocumentSearch
from search_api.services.kept_regions import KeptRegions
from search_api.services.names import NameSearch
from search_api.settings import Settings

BROKER: Final = "battles"
CHANGES: Final = "search_changes"  # the channel on which the database says that searches may find something else
# PostgreSQL plans each query with its values: a beginning of two letters fits thousands of names, another one fits one.
# Most statements take some milliseconds, less than a compilation. Indexes of names are in memory: at the default cost
# of a random page, all systems would be compared with each of a hundred beginnings instead.
CONNECTION_OPTIONS: Final = (
    "-c statement_timeout=5s -c plan_cache_mode=force_custom_plan -c jit=off -c random_page_cost=1.1"
)
ROUTERS: Final = late_routers(
    "search_api.routers",
    names=("/api/search/entities", "/api/search/systems", "/api/search/ships"),
    everything="/api/search/global",
    battles=("/api/search/battles", "/api/search/killmails"),
    administration="/api/admin/search",
    health="/health/search",
)


def _now() -> datetime:
    return datetime.now(UTC)


@asynccontextmanager
async def open_dependencies() -> AsyncGenerator[Dependencies]:
    settings = from_environment(Settings)
    responses = ResponseCache(time.monotonic)
    async with (
        open_pool(
            settings.database_url, "search-api", max_size=8, timeout_seconds=5, options=CONNECTION_OPTIONS
        ) as pool,
        BrokerPublisher(settings.k_sink) as publish,
        open_guard(settings, _now, publish, "search-api") as guard,
        notifications(settings.database_url, CHANGES, "search-api notifications", responses),
    ):
        database = Database(pool, "search", settings.schema_version)
        async with open_engine(settings, database) as (engine, stand_in):
            regions = KeptRegions(engine, time.monotonic)
            search = NameSearch(engine, stand_in, _now, regions.current)
            yield Dependencies(
                database=database,
                outbox=Outbox(database, BROKER),
                publish=publish,
                guard=guard,
                responses=responses,
                figures=SearchFigures(),
                engine=engine,
                engine_name=EngineName(settings.search_engine),
                names=search,
                documents=DocumentSearch(engine, search, LinkRepository(database), _now),
                clock=_now,
                monotonic=time.monotonic,
                new_id=uuid4,
            )


async def ready(dependencies: Dependencies) -> Mapping[str, object]:
    return await dependencies.outbox.ready()


app = api_app(
    "BattleScope search",
    ROUTERS,
    open_dependencies,
    ready,
    emits=(AUDIT_RECORDED, SEARCH_REINDEX_REQUESTED),
    examples_of="search_api",
    translate_query=declared_parameters,
)
