"""killmail-api: serves recent and single killmails over HTTP."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Final

from battlescope_events.access.composition import open_guard
from battlescope_events.catalog import AUDIT_RECORDED
from battlescope_events.http_api.app import api_app
from battlescope_events.postgres.database import Database, open_pool
from battlescope_events.publisher import BrokerPublisher
from killmail_api.api import router
from killmail_api.dependencies import Dependencies
from killmail_api.settings import Settings

POOL_TIMEOUT_SECONDS: Final = 5.0  # the time of a PostgreSQL restart; no client waits longer
# A client waits no longer for a response; a statement that takes this long is a defect.
CONNECTION_OPTIONS: Final = "-c statement_timeout=5s -c default_transaction_read_only=on"


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
        open_guard(settings, partial(datetime.now, UTC), publish, "killmail-api") as guard,
    ):
        yield Dependencies(Database(pool, "killmail", settings.schema_version), guard)


async def ready(dependencies: Dependencies) -> None:
    await dependencies.database.ready()


app = api_app("killmail-api", [router], open_dependencies, ready, emits=(AUDIT_RECORDED,), examples_of="killmail_api")
