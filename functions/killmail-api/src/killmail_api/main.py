"""killmail-api: serves recent and single killmails over HTTP."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from psycopg_pool import AsyncConnectionPool

from battlescope_events.logs import configure
from battlescope_events.settings import surroundings
from killmail_api.api import make_app
from killmail_api.settings import Settings
from killmail_api.store import Pool, Store

MOST_CONNECTIONS = 8
POOL_SECONDS = 5.0  # longer than PostgreSQL takes to restart nobody waits
# Whoever reads kills waits no longer; a statement that needs this long is one we got wrong.
OPTIONS = "-c statement_timeout=5000 -c default_transaction_read_only=on"


@asynccontextmanager
async def open_store() -> AsyncGenerator[Store]:
    configure(surroundings())
    settings = Settings()  # pyright: ignore[reportCallIssue]  # the environment fills it
    pool: Pool = AsyncConnectionPool(
        settings.database_url.get_secret_value(),
        min_size=0,
        max_size=MOST_CONNECTIONS,
        timeout=POOL_SECONDS,
        kwargs={"autocommit": True, "options": OPTIONS, "application_name": "killmail-api"},
        open=False,
    )
    async with pool:
        yield Store(pool)


app = make_app(open_store)
