"""battle-close: closes battles that were inactive for long enough, and publishes that they ended."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from typing import Final

from battle_close.events import SOURCE
from battle_close.handler import handle
from battle_close.settings import Settings
from battlescope_events.catalog import BATTLE_ENDED, BATTLES_ENDED, TIMER
from battlescope_events.consumer import Function, event_app
from battlescope_events.postgres.database import Database, open_pool
from battlescope_events.postgres.outbox import Outbox
from battlescope_events.publisher import BrokerPublisher
from battlescope_events.settings import from_environment

MAX_CONNECTIONS: Final = 2
MAX_IDLE_SECONDS: Final = 10  # a timer event takes milliseconds and the next comes after a minute
BROKER: Final = "battles"


@asynccontextmanager
async def build() -> AsyncGenerator[Function]:
    settings = from_environment(Settings)
    connections = open_pool(settings.database_url, SOURCE, max_size=MAX_CONNECTIONS, max_idle_seconds=MAX_IDLE_SECONDS)
    async with connections as pool, BrokerPublisher(settings.k_sink) as publish:
        database = Database(pool, "battle", settings.schema_version)
        outbox = Outbox(database, BROKER)
        handler = partial(
            handle, database=database, outbox=outbox, publish=publish, feed_delay=settings.feed_delay_seconds
        )
        yield Function(handler, ready=outbox.ready)


app = event_app(build, accepts=[TIMER], emits=[BATTLE_ENDED, BATTLES_ENDED])
