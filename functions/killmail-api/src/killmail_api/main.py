"""killmail-api: serves killmails over HTTP and live, and accepts jobs that compute their values again."""

import random  # the only source of randomness
import time
from collections.abc import AsyncGenerator, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Final
from uuid import uuid4

from battlescope_events.access.composition import open_guard
from battlescope_events.catalog import AUDIT_RECORDED, REVALUATION_REQUESTED
from battlescope_events.edge.shutdown import shutdown_signal
from battlescope_events.http_api.app import api_app
from battlescope_events.http_api.routing import late_routers
from battlescope_events.object_storage.objects import ObjectStorage
from battlescope_events.postgres.database import Database, open_pool
from battlescope_events.postgres.outbox import Outbox
from battlescope_events.postgres.waiting_line import WaitingLine
from battlescope_events.publisher import BrokerPublisher
from battlescope_events.settings import from_environment
from battlescope_events.valkey.connection import open_valkey
from battlescope_events.valkey.live_log import LiveLog
from killmail_api.clients.killmail_archive import KillmailArchive
from killmail_api.dependencies import Dependencies
from killmail_api.services.item_loader import ItemLoader
from killmail_api.services.live_feed import LiveFeed
from killmail_api.services.streams import Streams
from killmail_api.settings import Settings

LOG_TIMEOUT_SECONDS: Final = 3.0  # longer than the feed waits for an entry
LOG_RETRY_SECONDS: Final = 0.5
BROKER: Final = "backfill"  # a job waits behind days that are loaded, live killmails do not
ROUTERS: Final = late_routers(
    "killmail_api.routers",
    streams=("/api/stream", "/api/killmails/stream"),
    killmails="/api/killmails",
    revaluations="/api/admin/killmails/revaluations",
)
MAX_CONNECTIONS: Final = 8
# Knative lets a thousand requests in, because most are streams. The others wait here in order, as before a function
# with a small concurrency, instead of failing after the time of the pool.
MAX_WAITING: Final = 500
MAX_WAIT_SECONDS: Final = 30.0
POOL_TIMEOUT_SECONDS: Final = 5.0  # the time of a PostgreSQL restart; no client waits longer
# A client waits no longer for a response; a statement that takes this long is a defect.
CONNECTION_OPTIONS: Final = "-c statement_timeout=5s"


def _now() -> datetime:
    return datetime.now(UTC)


@asynccontextmanager
async def open_dependencies() -> AsyncGenerator[Dependencies]:
    settings = from_environment(Settings)
    async with (
        open_pool(
            settings.database_url,
            "killmail-api",
            max_size=MAX_CONNECTIONS,
            timeout_seconds=POOL_TIMEOUT_SECONDS,
            options=CONNECTION_OPTIONS,
        ) as pool,
        BrokerPublisher(settings.k_sink) as publish,
        open_guard(settings, _now, publish, "killmail-api") as guard,
        open_valkey(
            settings.redis_url, time.monotonic, retry_seconds=LOG_RETRY_SECONDS, timeout_seconds=LOG_TIMEOUT_SECONDS
        ) as valkey,
    ):
        line = WaitingLine(MAX_CONNECTIONS, MAX_WAITING, MAX_WAIT_SECONDS)
        database = Database(pool, "killmail", settings.schema_version, line)
        with shutdown_signal() as is_stopping:
            feed = LiveFeed(
                LiveLog(valkey), ItemLoader(database), now=_now, monotonic=time.monotonic, is_stopping=is_stopping
            )
            streams = Streams(feed, database, _now, time.monotonic, random.random, settings.stream_seconds)
            archive = KillmailArchive(ObjectStorage(settings.bucket_access))
            outbox = Outbox(database, BROKER)
            yield Dependencies(database, outbox, publish, streams, archive, guard, _now, uuid4)


async def ready(dependencies: Dependencies) -> Mapping[str, object]:
    return await dependencies.outbox.ready()


app = api_app(
    "killmail-api",
    ROUTERS,
    open_dependencies,
    ready,
    emits=(AUDIT_RECORDED, REVALUATION_REQUESTED),
    examples_of="killmail_api",
)
