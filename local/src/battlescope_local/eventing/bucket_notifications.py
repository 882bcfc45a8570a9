"""Turns webhook requests of the local S3 server into events; in a cluster, bucket notifications do the same.

SeaweedFS notifies of every object that is created or replaced below `manifests/`. A notification can arrive late or
twice, and is lost when SeaweedFS is killed. The planner plans a manifest once, and its timer events find manifests
without a notification.
"""

import json
import logging
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from typing import Any, Final

from aiohttp import web

from battlescope_events.catalog import MANIFEST_UPLOADED
from battlescope_events.messages import Message
from battlescope_local.eventing.cloud_event import from_http, to_record
from battlescope_local.log.port import Log, NotDurable
from battlescope_local.manifests.model import Broker
from battlescope_local.stores.seaweedfs_webhook import parse_notification
from battlescope_schemas.backfill import ManifestUploaded

BACKFILL_BROKER: Final = "backfill"
WEBHOOK_PATH: Final = "/stores/s3/notices"
SOURCE: Final = "seaweedfs"

NotificationHandler = Callable[[web.Request], Awaitable[web.Response]]
logger = logging.getLogger(__name__)


def notification_handler(brokers: Iterable[Broker], log: Log) -> NotificationHandler | None:
    """Handler of the webhook; None where the manifests have no Broker `backfill`."""
    topics = {broker.name: broker.topic for broker in brokers}
    topic = topics.get(BACKFILL_BROKER)
    if topic is None:
        return None

    async def handle(request: web.Request) -> web.Response:
        manifest = parse_notification(_parse_json(await request.read()))
        if manifest is None:
            return web.Response(status=204)
        message = _message(manifest)
        try:
            await log.produce(topic, to_record(from_http(message.headers, message.body)))
        except NotDurable as error:
            logger.warning("Failed to store the notification of %s: %s", manifest.key, error)
            return web.Response(status=503, text=str(error))
        return web.Response(status=202)

    return handle


def _parse_json(body: bytes) -> Any:
    try:
        return json.loads(body)
    except (ValueError, RecursionError):  # of deep nesting
        return None


def _message(manifest: ManifestUploaded) -> Message:
    key = f"{manifest.bucket}/{manifest.key}/{manifest.etag}"
    return MANIFEST_UPLOADED.message(manifest, source=SOURCE, key=key, time=datetime.now(UTC))
