"""Sends an event to a destination: over HTTP to Services and URLs, into the log for Brokers and KafkaSinks."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Final, Protocol

from aiohttp import ClientError, ClientSession

from battlescope_events.record_size import MAX_RECORD_BYTES
from battlescope_local.eventing.cloud_event import CloudEvent, to_http, to_record
from battlescope_local.eventing.delivery import NoResponse, is_success
from battlescope_local.http_client import HttpResponse, open_session, post
from battlescope_local.log.port import Log, NotDurable
from battlescope_local.manifests.model import BrokerRef, Destination, KafkaSinkRef, Manifests, ServiceRef

logger = logging.getLogger(__name__)

ResolveUrl = Callable[[Destination], str]

ACCEPTED: Final = 202
REFUSED: Final = 503
# Seconds of one attempt and of the pauses between attempts, for events that must not be lost.
ATTEMPT_TIMEOUT: Final = 60.0
RETRY_PAUSES: Final = (0.2, 0.5, 1.0, 2.0, 5.0)


class LocalService(Protocol):
    """A Service of this node, which receives events without a request to the internal gateway."""

    async def deliver(self, target: str, headers: Mapping[str, str], body: bytes) -> HttpResponse: ...


class EventSender:
    """Sends events; `resolve` gives the URL of every destination that is neither a topic nor one of `services`."""

    def __init__(
        self,
        client: ClientSession,
        log: Log,
        topics: Mapping[Destination, str],
        resolve: ResolveUrl,
        services: Mapping[str, LocalService],
    ) -> None:
        self._client, self._log, self._topics, self._resolve = client, log, topics, resolve
        self._services = services

    def address(self, destination: Destination) -> str:
        topic = self._topics.get(destination)
        return self._resolve(destination) if topic is None else f"kafka:{topic}"

    async def send(
        self, destination: Destination, event: CloudEvent, headers: Mapping[str, str], seconds: float
    ) -> HttpResponse | NoResponse:
        """Make one attempt of at most `seconds`, with `headers` in addition to those of the event."""
        topic = self._topics.get(destination)
        if topic is not None:
            return await self._produce(topic, event)
        return await self._deliver(destination, event, {**to_http(event), **headers}, seconds)

    def can_store(self, destination: Destination, event: CloudEvent) -> bool:
        """Whether the event fits a record, where the destination is a topic; no retry helps one that does not."""
        return destination not in self._topics or to_record(event).size <= MAX_RECORD_BYTES

    async def _produce(self, topic: str, event: CloudEvent) -> HttpResponse | NoResponse:
        record = to_record(event)
        if record.size > MAX_RECORD_BYTES:
            return HttpResponse(REFUSED, {})  # as Knative's ingress, which does not tell it from a failure
        try:
            await self._log.produce(topic, record)
        except NotDurable as error:
            return NoResponse(str(error))
        return HttpResponse(ACCEPTED, {})

    async def _deliver(
        self, destination: Destination, event: CloudEvent, headers: Mapping[str, str], seconds: float
    ) -> HttpResponse | NoResponse:
        try:
            async with asyncio.timeout(seconds):
                if isinstance(destination, ServiceRef) and (service := self._services.get(destination.name)):
                    return await service.deliver(destination.path, headers, event.data)
                return await post(self._client, self._resolve(destination), headers, event.data, seconds)
        except TimeoutError:
            return NoResponse(f"no response within {seconds:g} s")
        except (ClientError, OSError) as error:
            return NoResponse(f"unreachable: {error}")

    async def send_until_accepted(self, destination: Destination, event: CloudEvent) -> None:
        """Retry until the destination accepts the event; Knative stops after the Trigger's retries and loses it.

        The event must be one that the destination can store.
        """
        attempt = 0
        while True:
            response = await self.send(destination, event, {}, ATTEMPT_TIMEOUT)
            if isinstance(response, HttpResponse) and is_success(response.status):
                return
            logger.error("%s did not accept event %s: %s", self.address(destination), event.attributes["id"], response)
            await asyncio.sleep(RETRY_PAUSES[min(attempt, len(RETRY_PAUSES) - 1)])
            attempt += 1


@asynccontextmanager
async def open_event_sender(
    manifests: Manifests, log: Log, resolve: ResolveUrl, services: Mapping[str, LocalService] | None = None
) -> AsyncGenerator[EventSender]:
    topics: dict[Destination, str] = {
        **{BrokerRef(broker.name): broker.topic for broker in manifests.brokers},
        **{KafkaSinkRef(sink.name): sink.topic for sink in manifests.kafka_sinks},
    }
    async with open_session() as client:
        yield EventSender(client, log, topics, resolve, services or {})
