"""Ingress of the Brokers: `POST /{namespace}/{broker}` stores a CloudEvent durably and responds as Knative's ingress.

202 stored · 400 not a CloudEvent · 404 no such Broker · 503 not stored. An event whose record is larger than
`MAX_RECORD_BYTES` gets 503, although a retry cannot succeed: Knative responds the same, and another response in local
mode would hide this until production.
"""

import logging
from collections.abc import Iterable
from typing import Final

from aiohttp import web

from battlescope_events.record_size import MAX_RECORD_BYTES
from battlescope_local.eventing.cloud_event import NotACloudEvent, from_http, to_record
from battlescope_local.log.port import Log, NotDurable, Record
from battlescope_local.manifests.model import Broker

logger = logging.getLogger(__name__)

# Limit of the memory of one request; a structured event may be larger than its record, because of base64 and escapes.
MAX_BODY_BYTES: Final = 8 * MAX_RECORD_BYTES


class EventTooLarge(Exception):
    """The event exceeds the size limit of the log."""


def ingress_app(brokers: Iterable[Broker], log: Log) -> web.Application:
    """An application that can be served alone or as a sub-application."""
    topics = {(broker.namespace, broker.name): broker.topic for broker in brokers}

    async def receive(request: web.Request) -> web.Response:
        topic = topics.get((request.match_info["namespace"], request.match_info["broker"]))
        if topic is None:
            return web.Response(status=404, text="There is no such Broker.")
        try:
            await log.produce(topic, await _record(request))
        except NotACloudEvent as error:
            return web.Response(status=400, text=str(error))
        except (NotDurable, EventTooLarge) as error:
            logger.warning("Failed to store an event in %s: %s", topic, error)
            return web.Response(status=503, text=str(error))
        return web.Response(status=202)

    app = web.Application()
    app.router.add_post("/{namespace}/{broker}", receive)
    return app


async def _record(request: web.Request) -> Record:
    record = to_record(from_http(request.headers, await _body(request)))
    if record.size > MAX_RECORD_BYTES:
        raise EventTooLarge(f"The event takes {record.size} bytes as a record; the limit is {MAX_RECORD_BYTES}.")
    return record


async def _body(request: web.Request) -> bytes:
    """Read the body up to its limit; aiohttp's own limit would respond 413."""
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise EventTooLarge(f"The request has more than {MAX_BODY_BYTES} bytes.")
    return bytes(body)
