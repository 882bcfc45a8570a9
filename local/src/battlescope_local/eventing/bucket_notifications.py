"""What the store's webhook tells of, as an event in the log: here what bucket notifications do in a cluster.

SeaweedFS tells of every object that is made or replaced below `manifests/`. It may tell late, twice, or, when it is
killed, never: the planner takes a manifest once, and its ticks look for those that nobody told of.
"""

import json
import logging
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from aiohttp import web

from battlescope_events.catalog import MANIFEST_UPLOADED
from battlescope_events.messages import Message
from battlescope_local.eventing.cloud_event import from_http, to_record
from battlescope_local.log.port import Log, NotDurable
from battlescope_local.manifests.model import Broker
from battlescope_schemas.backfill import ManifestUploaded

BROKER: Final = "backfill"
PATH: Final = "/stores/s3/notices"
PREFIX: Final = "manifests/"
BUCKETS: Final = "/buckets/"
SOURCE: Final = "seaweedfs"
FILE: Final = "notification.toml"

Hear = Callable[[web.Request], Awaitable[web.Response]]
logger = logging.getLogger(__name__)


def listen(folder: Path, url: str, bucket: str) -> None:
    """Have SeaweedFS, started in `folder`, tell `url` of manifests."""
    (folder / FILE).write_text(
        "[notification.webhook]\n"
        "enabled = true\n"
        f"endpoint = {json.dumps(url)}\n"
        'event_types = ["create", "update"]\n'
        f"path_prefixes = [{json.dumps(f'{BUCKETS}{bucket}/{PREFIX}')}]\n"
    )


def uploaded(notice: Any) -> ManifestUploaded | None:
    """The manifest that a notice tells of, if it tells of one."""
    try:
        path, entry = str(notice["key"]), notice["message"]["new_entry"]
        bucket, _, key = path.removeprefix(BUCKETS).partition("/")
        if not key.startswith(PREFIX) or entry.get("is_directory"):
            return None
        size = int(entry["attributes"].get("file_size", 0))
        return ManifestUploaded(bucket=bucket, key=key, size=size, etag=_etag(entry))
    except (KeyError, TypeError, AttributeError, ValueError, Base64Error):
        return None


def _etag(entry: Any) -> str:
    """As S3 gives it; where the entry does not say, the MD5 of the content is the same."""
    stated = entry.get("extended", {}).get("Seaweed-X-Amz-ETag")
    return b64decode(stated).decode().strip('"') if stated else b64decode(entry["attributes"]["md5"]).hex()


def hearing(brokers: Iterable[Broker], log: Log) -> Hear | None:
    """What answers the webhook; nothing where no Broker waits for history."""
    topics = {broker.name: broker.topic for broker in brokers}
    topic = topics.get(BROKER)
    if topic is None:
        return None

    async def hear(request: web.Request) -> web.Response:
        told = uploaded(_parsed(await request.read()))
        if told is None:
            return web.Response(status=204)
        message = _message(told)
        try:
            await log.produce(topic, to_record(from_http(message.headers, message.body)))
        except NotDurable as error:
            logger.warning("A notice of %s was not kept: %s", told.key, error)
            return web.Response(status=503, text=str(error))
        return web.Response(status=202)

    return hear


def _parsed(body: bytes) -> Any:
    try:
        return json.loads(body)
    except ValueError:
        return None


def _message(told: ManifestUploaded) -> Message:
    key = f"{told.bucket}/{told.key}/{told.etag}"
    return MANIFEST_UPLOADED.message(told, source=SOURCE, key=key, time=datetime.now(UTC))
