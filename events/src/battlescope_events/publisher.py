"""Publishes events: to the Broker at `K_SINK`, or into a list in tests."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from battlescope_events.errors import PermanentError, TransientError
from battlescope_events.http_client import Client, NoResponse
from battlescope_events.messages import Message


class MessageRefused(PermanentError):  # noqa: N818  # an outcome: the outbox parks these messages
    """The Broker will never accept some messages; `reasons` has the reason for each, by event id."""

    def __init__(self, reasons: Mapping[str, str]) -> None:
        super().__init__(" ".join(reasons.values()))
        self.reasons = dict(reasons)


class Publish(Protocol):
    async def __call__(self, messages: Sequence[Message]) -> None:
        """Return once every message is durable.

        Raises:
            TransientError: the Broker does not accept a message now; those before it are durable or refused.
            MessageRefused: the Broker will never accept these messages; all others are durable.
        """
        ...


class BrokerPublisher:
    """Posts to the ingress of a Broker. A 2xx response means that the Broker has the event on disk."""

    def __init__(self, client: Client, k_sink: str) -> None:
        self._client = client
        self._url = k_sink

    async def __call__(self, messages: Sequence[Message]) -> None:
        reasons: dict[str, str] = {}
        for message in messages:
            if reason := await self._post(message):
                reasons[message.id] = reason
        if reasons:
            raise MessageRefused(reasons)

    async def _post(self, message: Message) -> str | None:
        """Why the Broker will never accept the message; None once it is durable."""
        try:
            response = await self._client.request("POST", self._url, message.headers, message.body)
        except NoResponse as error:
            raise TransientError(f"The event sink does not answer: {error}.") from error
        if response.is_success:
            return None
        if response.status in {400, 413}:
            return f"The event sink rejects event {message.id} for good with status {response.status}."
        raise TransientError(f"The event sink answers {response.status} to event {message.id}.")


class RecordingPublisher:
    """Keeps published messages in a list, for tests."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    async def __call__(self, messages: Sequence[Message]) -> None:
        self.messages += messages
