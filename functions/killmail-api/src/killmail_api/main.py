"""killmail-api: serves recent and single killmails over HTTP."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from psycopg_pool import AsyncConnectionPool

from battlescope_events.logs import configure
from battlescope_events.settings import RuntimeSettings
from killmail_api.api import make_app
from killmail_api.settings import Settings
from killmail_api.store import KillmailRepository, Pool

MAX_CONNECTIONS = 8
POOL_TIMEOUT_SECONDS = 5.0  # the time of a PostgreSQL restart; no client waits longer
# A client waits no longer for a response; a statement that takes this long is a defect.
CONNECTION_OPTIONS = "-c statement_timeout=5000 -c default_transaction_read_only=on"


@asynccontextmanager
async def open_repository() -> AsyncGenerator[KillmailRepository]:
    configure(RuntimeSettings())
    settings = Settings()  # pyright: ignore[reportCallIssue]  # the environment fills it
    pool: Pool = AsyncConnectionPool(
        settings.database_url.get_secret_value(),
        min_size=0,
        max_size=MAX_CONNECTIONS,
        timeout=POOL_TIMEOUT_SECONDS,
        kwargs={"autocommit": True, "options": CONNECTION_OPTIONS, "application_name": "killmail-api"},
        open=False,
    )
    async with pool:
        yield KillmailRepository(pool)


app = make_app(open_repository)
