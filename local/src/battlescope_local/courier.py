"""Carries an event to a destination: over HTTP to Services and addresses, into the log for Brokers and KafkaSinks."""

import asyncio
import logging
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Final

from aiohttp import ClientError, ClientSession, ClientTimeout, DummyCookieJar, TCPConnector

from battlescope_local.cloud_event import CloudEvent, to_http, to_record
from battlescope_local.delivery import Answer, NoAnswer, is_success
from battlescope_local.log import Log, NotDurable
from battlescope_local.model import BrokerRef, Destination, KafkaSinkRef, Manifests

logger = logging.getLogger(__name__)

Resolve = Callable[[Destination], str]

ACCEPTED: Final = 202
# Seconds of one attempt to keep what must be kept, and of the pauses between them.
KEEP_TIMEOUT: Final = 60.0
KEEP_PAUSES: Final = (0.2, 0.5, 1.0, 2.0, 5.0)


class Courier:
    """`resolve` gives the URL of those destinations that are reached over HTTP."""

    def __init__(self, session: ClientSession, log: Log, topics: Mapping[Destination, str], resolve: Resolve) -> None:
        self._session, self._log, self._topics, self._resolve = session, log, topics, resolve

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
        return await self._post(self._resolve(destination), event, headers, seconds)

    async def _produce(self, topic: str, event: CloudEvent) -> Answer | NoAnswer:
        try:
            await self._log.produce(topic, to_record(event))
        except NotDurable as error:
            return NoAnswer(str(error))
        return Answer(ACCEPTED, {})

    async def _post(self, url: str, event: CloudEvent, headers: Mapping[str, str], seconds: float) -> Answer | NoAnswer:
        try:
            async with self._session.post(
                url, data=event.data, headers={**to_http(event), **headers}, timeout=ClientTimeout(total=seconds)
            ) as response:
                return Answer(response.status, response.headers, await response.read())
        except TimeoutError:
            return NoAnswer(f"no answer within {seconds:g} s")
        except (ClientError, OSError) as error:
            return NoAnswer(f"not reached: {error}")

    async def keep(self, destination: Destination, event: CloudEvent) -> None:
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
async def courier(manifests: Manifests, log: Log, resolve: Resolve) -> AsyncGenerator[Courier]:
    topics: dict[Destination, str] = {
        **{BrokerRef(broker.name): broker.topic for broker in manifests.brokers},
        **{KafkaSinkRef(sink.name): sink.topic for sink in manifests.kafka_sinks},
    }
    # No limit of connections: Triggers bound what is in flight; waiting for one would be the subscriber's time.
    # Idle connections go before uvicorn closes them after 5 s, or an event could meet a connection just closed.
    connector = TCPConnector(limit=0, keepalive_timeout=4)
    async with ClientSession(connector=connector, cookie_jar=DummyCookieJar()) as session:
        yield Courier(session, log, topics, resolve)
