"""battle-close: closes battles that were inactive for long enough, and publishes that they ended."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any, Final

from psycopg_pool import AsyncConnectionPool

from battle_close.handler import handle
from battle_close.settings import Settings
from battle_close.store import Connection, Database
from battlescope_events.catalog import BATTLE_ENDED, TIMER
from battlescope_events.consumer import Function, event_app
from battlescope_events.publisher import BrokerPublisher

# A timer event takes milliseconds and the next comes after a minute, so no connection stays open in between.
SIZES: Final[dict[str, Any]] = {"min_size": 0, "max_size": 2, "max_idle": 10, "timeout": 10, "open": False}
CONNECTION: Final[dict[str, Any]] = {"autocommit": True}


@asynccontextmanager
async def build() -> AsyncGenerator[Function]:
    settings = Settings()  # pyright: ignore[reportCallIssue]  # fields come from the environment
    url = settings.database_url.get_secret_value()
    async with (
        AsyncConnectionPool(url, connection_class=Connection, kwargs=CONNECTION, **SIZES) as pool,
        BrokerPublisher(settings.k_sink) as publish,
    ):
        database = Database(pool)
        handler = partial(handle, database=database, publish=publish, feed_delay=settings.feed_delay_seconds)
        yield Function(handler, deduplicator=database, ready=database.ready)


app = event_app(build, accepts=[TIMER], emits=[BATTLE_ENDED])
