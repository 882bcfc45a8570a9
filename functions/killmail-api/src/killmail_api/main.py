"""killmail-api: serves recent and single killmails over HTTP, and accepts jobs that compute their values again."""

from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

from battlescope_events.access.composition import open_guard
from battlescope_events.catalog import REVALUATION_REQUESTED
from battlescope_events.http_api.app import api_app
from battlescope_events.postgres.database import Database, open_pool
from battlescope_events.postgres.outbox import Outbox
from battlescope_events.publisher import BrokerPublisher
from killmail_api import api
from killmail_api.dependencies import Dependencies
from killmail_api.routers import revaluations
from killmail_api.settings import Settings

BROKER: Final = "backfill"  # a job waits behind days that are loaded, live killmails do not
POOL_TIMEOUT_SECONDS: Final = 5.0  # the time of a PostgreSQL restart; no client waits longer
# A client waits no longer for a response; a statement that takes this long is a defect.
CONNECTION_OPTIONS: Final = "-c statement_timeout=5s"


def _now() -> datetime:
    return datetime.now(UTC)


@asynccontextmanager
async def open_dependencies() -> AsyncGenerator[Dependencies]:
    settings = Settings()  # pyright: ignore[reportCallIssue]  # fields come from the environment
    async with (
        open_pool(
            settings.database_url,
            "killmail-api",
            max_size=8,
            timeout_seconds=POOL_TIMEOUT_SECONDS,
            options=CONNECTION_OPTIONS,
        ) as pool,
        BrokerPublisher(settings.k_sink) as publish,
        open_guard(settings, _now) as guard,
    ):
        database = Database(pool, "killmail", settings.schema_version)
        yield Dependencies(database, Outbox(database, BROKER), publish, guard, _now, uuid4)


async def ready(dependencies: Dependencies) -> Mapping[str, object]:
    return await dependencies.outbox.ready()


app = api_app(
    "killmail-api",
    [api.router, revaluations.router],
    open_dependencies,
    ready,
    emits=(REVALUATION_REQUESTED,),
    examples_of="killmail_api",
)
