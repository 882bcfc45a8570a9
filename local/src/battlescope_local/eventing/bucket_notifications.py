"""What the store's webhook tells of, as an event in the log: here what bucket notifications do in a cluster.

SeaweedFS tells of every object that is made or replaced below `manifests/`. It may tell late, twice, or, when it is
killed, never: the planner takes a manifest once, and its ticks look for those that nobody told of.
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
from battlescope_local.stores.seaweedfs_webhook import uploaded
from battlescope_schemas.backfill import ManifestUploaded

BROKER: Final = "backfill"
PATH: Final = "/stores/s3/notices"
SOURCE: Final = "seaweedfs"

Hear = Callable[[web.Request], Awaitable[web.Response]]
logger = logging.getLogger(__name__)


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
