"""The dependencies of killmail-api around a database of the test, with a Valkey that may not answer."""

import time
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final
from uuid import uuid4

from battlescope_events.http_api.guard import Guard
from battlescope_events.object_storage.objects import ObjectStorage
from battlescope_events.postgres.database import Database
from battlescope_events.postgres.outbox import Outbox
from battlescope_events.publisher import Publish
from battlescope_events.valkey.connection import Valkey
from battlescope_events.valkey.live_log import LiveLog
from battlescope_local.testing.buckets import Bucket
from killmail_api.clients.killmail_archive import KillmailArchive
from killmail_api.dependencies import Dependencies
from killmail_api.services.item_loader import ItemLoader
from killmail_api.services.live_feed import LiveFeed
from killmail_api.services.streams import Streams

NOBODY: Final = "redis://127.0.0.1:1/0"


def make_feed(database: Database, valkey: Valkey, **options: Any) -> LiveFeed:
    options = {"now": partial(datetime.now, UTC), "monotonic": time.monotonic, "poll_seconds": 0.05} | options
    options.setdefault("is_stopping", bool)
    return LiveFeed(LiveLog(valkey), ItemLoader(database), **options)


def make_streams(feed: LiveFeed, database: Database, **options: Any) -> Streams:
    settings: dict[str, Any] = {"max_seconds": 60.0} | options
    return Streams(feed, database, partial(datetime.now, UTC), time.monotonic, float, **settings)


def dependencies(database: Database, guard: Guard, bucket: Bucket, publish: Publish, url: str = NOBODY) -> Dependencies:
    feed = make_feed(database, Valkey(url, time.monotonic, timeout_seconds=3))
    streams, archive = make_streams(feed, database, max_seconds=0.05), make_archive(bucket)
    outbox = Outbox(database, "backfill")
    return Dependencies(database, outbox, publish, streams, archive, guard, partial(datetime.now, UTC), uuid4)


def make_archive(bucket: Bucket) -> KillmailArchive:
    return KillmailArchive(ObjectStorage(bucket.bucket_access, attempts=1))
