"""The broker's ingress: `POST /{namespace}/{broker}` keeps a CloudEvent durably and answers as Knative's does.

202 kept · 400 not a CloudEvent · 404 no such Broker · 503 not kept. An event above 1 MiB gets 503 as well and gets it
for ever, which invites a publisher to retry in vain: so does Knative (`max.request.size`), and an answer that only
local mode gave would hide the trap until production.
"""

import logging
from collections.abc import Iterable

from aiohttp import web

from battlescope_local.eventing.cloud_event import NotACloudEvent, from_http, to_record
from battlescope_local.log.port import MAX_RECORD_BYTES, Log, NotDurable, Record
from battlescope_local.manifests.model import Broker

logger = logging.getLogger(__name__)


class TooLarge(Exception):  # noqa: N818 -- an outcome, named by what it is
    """The event exceeds what the log takes."""


def ingress(brokers: Iterable[Broker], log: Log) -> web.Application:
    """An application to serve alone or to mount as a sub-application."""
    topics = {(broker.namespace, broker.name): broker.topic for broker in brokers}

    async def receive(request: web.Request) -> web.Response:
        topic = topics.get((request.match_info["namespace"], request.match_info["broker"]))
        if topic is None:
            return web.Response(status=404, text="There is no such Broker.")
        try:
            await log.produce(topic, await _record(request))
        except NotACloudEvent as error:
            return web.Response(status=400, text=str(error))
        except (NotDurable, TooLarge) as error:
            logger.warning("Not kept in %s: %s", topic, error)
            return web.Response(status=503, text=str(error))
        return web.Response(status=202)

    app = web.Application()
    app.router.add_post("/{namespace}/{broker}", receive)
    return app


async def _record(request: web.Request) -> Record:
    record = to_record(from_http(request.headers, await _body(request)))
    if record.size > MAX_RECORD_BYTES:
        raise TooLarge(f"The event has {record.size} bytes; more than {MAX_RECORD_BYTES} are not kept.")
    return record


async def _body(request: web.Request) -> bytes:
    """Read at most one byte more than allowed; aiohttp's own limit would answer 413."""
    body = bytearray()
    async for chunk in request.content.iter_any():
        body += chunk
        if len(body) > MAX_RECORD_BYTES:
            raise TooLarge(f"The event has more than {MAX_RECORD_BYTES} bytes.")
    return bytes(body)
