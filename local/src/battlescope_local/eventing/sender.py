"""Carries an event to a destination: over HTTP to Services and addresses, into the log for Brokers and KafkaSinks."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Final, Protocol

from aiohttp import ClientError, ClientSession

from battlescope_local.eventing.cloud_event import CloudEvent, to_http, to_record
from battlescope_local.eventing.delivery import NoAnswer, is_success
from battlescope_local.http_client import Answer, post, session
from battlescope_local.log.port import Log, NotDurable
from battlescope_local.manifests.model import BrokerRef, Destination, KafkaSinkRef, Manifests, ServiceRef

logger = logging.getLogger(__name__)

Resolve = Callable[[Destination], str]

ACCEPTED: Final = 202
# Seconds of one attempt to keep what must be kept, and of the pauses between them.
KEEP_TIMEOUT: Final = 60.0
KEEP_PAUSES: Final = (0.2, 0.5, 1.0, 2.0, 5.0)


class Subscriber(Protocol):
    """A Service of this node, handed an event without a detour through the node's own door."""

    async def deliver(self, target: str, headers: Mapping[str, str], body: bytes) -> Answer: ...


class EventSender:
    """`resolve` gives the URL of every destination that is no topic; a Service among `services` is reached without."""

    def __init__(
        self,
        client: ClientSession,
        log: Log,
        topics: Mapping[Destination, str],
        resolve: Resolve,
        services: Mapping[str, Subscriber],
    ) -> None:
        self._client, self._log, self._topics, self._resolve = client, log, topics, resolve
        self._services = services

    def address(self, destination: Destination) -> str:
        topic = self._topics.get(destination)
        return self._resolve(destination) if topic is None else f"kafka:{topic}"

    async def send(
        self, destination: Destination, event: CloudEvent, headers: Mapping[str, str], seconds: float
    ) -> Answer | NoAnswer:
        """One attempt of at most `seconds`; `headers` go beside the event's own."""
        topic = self._topics.get(destination)
        if topic is not None:
            return await self._produce(topic, event)
        return await self._hand_over(destination, event, {**to_http(event), **headers}, seconds)

    async def _produce(self, topic: str, event: CloudEvent) -> Answer | NoAnswer:
        try:
            await self._log.produce(topic, to_record(event))
        except NotDurable as error:
            return NoAnswer(str(error))
        return Answer(ACCEPTED, {})

    async def _hand_over(
        self, destination: Destination, event: CloudEvent, headers: Mapping[str, str], seconds: float
    ) -> Answer | NoAnswer:
        try:
            async with asyncio.timeout(seconds):
                if isinstance(destination, ServiceRef) and (service := self._services.get(destination.name)):
                    return await service.deliver(destination.path, headers, event.data)
                return await post(self._client, self._resolve(destination), headers, event.data, seconds)
        except TimeoutError:
            return NoAnswer(f"no answer within {seconds:g} s")
        except (ClientError, OSError) as error:
            return NoAnswer(f"not reached: {error}")

    async def send_until_accepted(self, destination: Destination, event: CloudEvent) -> None:
        """Send until it is accepted. Knative gives up after the Trigger's retries and then the event is lost."""
        attempt = 0
        while True:
            answer = await self.send(destination, event, {}, KEEP_TIMEOUT)
            if isinstance(answer, Answer) and is_success(answer.status):
                return
            logger.error("%s does not take event %s: %s", self.address(destination), event.attributes["id"], answer)
            await asyncio.sleep(KEEP_PAUSES[min(attempt, len(KEEP_PAUSES) - 1)])
            attempt += 1


@asynccontextmanager
async def courier(
    manifests: Manifests, log: Log, resolve: Resolve, services: Mapping[str, Subscriber] | None = None
) -> AsyncGenerator[EventSender]:
    topics: dict[Destination, str] = {
        **{BrokerRef(broker.name): broker.topic for broker in manifests.brokers},
        **{KafkaSinkRef(sink.name): sink.topic for sink in manifests.kafka_sinks},
    }
    async with session() as client:
        yield EventSender(client, log, topics, resolve, services or {})
