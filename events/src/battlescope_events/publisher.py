"""Saying events: to the Broker by `K_SINK`, or into a list in tests."""

from collections.abc import Sequence
from typing import Protocol

from battlescope_events.errors import PermanentError, TransientError
from battlescope_events.http_client import Client, NoResponse
from battlescope_events.messages import Message


class Publish(Protocol):
    async def __call__(self, messages: Sequence[Message]) -> None:
        """Return once every message is durable.

        Raises:
            TransientError: the Broker did not take one now; those before it are durable.
            PermanentError: the Broker will never take one.
        """
        ...


class BrokerPublisher:
    """The Broker's ingress. A 2xx answer means that the event is on disk there."""

    def __init__(self, client: Client, k_sink: str) -> None:
        self._client = client
        self._url = k_sink

    async def __call__(self, messages: Sequence[Message]) -> None:
        for message in messages:
            await self._post(message)

    async def _post(self, message: Message) -> None:
        try:
            answer = await self._client.request("POST", self._url, message.headers, message.body)
        except NoResponse as error:
            raise TransientError(f"The event sink does not answer: {error}.") from error
        if answer.is_success:
            return
        if answer.status in {400, 413}:
            raise PermanentError(f"The event sink refuses event {message.id} for good with status {answer.status}.")
        raise TransientError(f"The event sink answers {answer.status} to event {message.id}.")


class RecordingPublisher:
    """Keeps what was said, for tests."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    async def __call__(self, messages: Sequence[Message]) -> None:
        self.messages += messages
