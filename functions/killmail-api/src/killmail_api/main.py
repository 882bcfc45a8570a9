"""killmail-api: serves recent and single killmails over HTTP."""

import random  # the only source of randomness
import time
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from functools import partial
from typing import Final

from battlescope_events.access.composition import open_guard
from battlescope_events.edge.shutdown import shutdown_signal
from battlescope_events.http_api.app import api_app
from battlescope_events.object_storage.objects import ObjectStorage
from battlescope_events.postgres.database import Database, open_pool
from battlescope_events.valkey.connection import open_valkey
from battlescope_events.valkey.live_log import LiveLog
from killmail_api.clients.killmail_archive import KillmailArchive
from killmail_api.dependencies import Dependencies
from killmail_api.routers.killmails import router as killmails_router
from killmail_api.routers.streams import router as streams_router
from killmail_api.services.item_loader import ItemLoader
from killmail_api.services.live_feed import LiveFeed
from killmail_api.services.streams import Streams
from killmail_api.settings import Settings

LOG_TIMEOUT_SECONDS: Final = 3.0  # longer than the feed waits for an entry
LOG_RETRY_SECONDS: Final = 0.5
POOL_TIMEOUT_SECONDS: Final = 5.0  # the time of a PostgreSQL restart; no client waits longer
# A client waits no longer for a response; a statement that takes this long is a defect.
CONNECTION_OPTIONS: Final = "-c statement_timeout=5s -c default_transaction_read_only=on"


@asynccontextmanager
async def open_dependencies() -> AsyncGenerator[Dependencies]:
    settings = Settings()  # pyright: ignore[reportCallIssue]  # fields come from the environment
    now = partial(datetime.now, UTC)
    async with (
        open_pool(
            settings.database_url,
            "killmail-api",
            max_size=8,
            timeout_seconds=POOL_TIMEOUT_SECONDS,
            options=CONNECTION_OPTIONS,
        ) as pool,
        open_guard(settings, now) as guard,
        open_valkey(
            settings.redis_url, time.monotonic, retry_seconds=LOG_RETRY_SECONDS, timeout_seconds=LOG_TIMEOUT_SECONDS
        ) as valkey,
    ):
        database = Database(pool, "killmail", settings.schema_version)
        with shutdown_signal() as is_stopping:
            feed = LiveFeed(
                LiveLog(valkey), ItemLoader(database), now=now, monotonic=time.monotonic, is_stopping=is_stopping
            )
            streams = Streams(feed, database, now, time.monotonic, random.random, settings.stream_seconds)
            archive = KillmailArchive(ObjectStorage(settings.bucket_access))
            yield Dependencies(database, streams, archive, guard, now)


async def ready(dependencies: Dependencies) -> None:
    await dependencies.database.ready()


app = api_app("killmail-api", [streams_router, killmails_router], open_dependencies, ready, examples_of="killmail_api")
