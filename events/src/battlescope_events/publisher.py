"""Publishes events: to the Broker at `K_SINK`, or into a list in tests.

The HTTP client is imported for the first message: the import takes 18 ms of a cold start, and an API seldom publishes.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, Protocol, Self

from battlescope_events.errors import PermanentError, TransientError
from battlescope_events.messages import Message
from battlescope_events.record_size import MAX_EVENT_BYTES, event_bytes

if TYPE_CHECKING:
    from pyreqwest.client import Client

# uvicorn closes an idle connection after 5 s, and a request must not meet a closing one.
IDLE_TIMEOUT: Final = timedelta(seconds=4)
MAX_REQUESTS: Final = 16  # concurrent requests; further ones wait
TIMEOUT: Final = timedelta(seconds=10)  # for a whole exchange, including the wait for a free slot and the connection


class MessageRefused(PermanentError):
    """The Broker will never accept some messages; `reasons` has the reason for each, by event id.

    Messages over `MAX_EVENT_BYTES` are refused before they are sent, because the Broker would answer 503.
    """

    def __init__(self, reasons: Mapping[str, str]) -> None:
        super().__init__(" ".join(reasons.values()))
        self.reasons = dict(reasons)


class PublishingInterrupted(TransientError):
    """The Broker does not accept a message now; those before it are durable (`durable_ids`) or refused (`reasons`)."""

    def __init__(self, message: str, durable_ids: Collection[str], reasons: Mapping[str, str]) -> None:
        super().__init__(message)
        self.durable_ids = frozenset(durable_ids)
        self.reasons = dict(reasons)


class Publish(Protocol):
    async def __call__(self, messages: Sequence[Message]) -> None:
        """Return once every message is durable.

        Raises:
            TransientError: the Broker does not accept a message now. As `PublishingInterrupted` it says what became of
                the messages before it.
            MessageRefused: the Broker will never accept these messages; all others are durable.
        """
        ...


class BrokerPublisher:
    """Posts to the ingress of a Broker. A 2xx response means that the Broker has the event on disk.

    To be used as an async context manager. A cancelled call may still deliver its message.
    """

    def __init__(self, url: str, *, timeout: timedelta = TIMEOUT) -> None:
        self._url = url
        self._timeout = timeout
        self._open_client: Client | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._open_client:
            await self._open_client.close()

    async def __call__(self, messages: Sequence[Message]) -> None:
        durable_ids, reasons = list[str](), dict[str, str]()
        for message in messages:
            try:
                reason = await self._post(message)
            except TransientError as error:
                raise PublishingInterrupted(str(error), durable_ids, reasons) from error
            if reason is None:
                durable_ids.append(message.id)
            else:
                reasons[message.id] = reason
        if reasons:
            raise MessageRefused(reasons)

    @property
    def _client(self) -> "Client":
        """Built for the first message: reading the certificates takes 9 ms."""
        if self._open_client is None:
            from pyreqwest.client import ClientBuilder  # noqa: PLC0415  # see the module

            builder = ClientBuilder().no_proxy().follow_redirects(enable=False).http1_lower_case_headers()
            limited = builder.max_connections(MAX_REQUESTS).timeout(self._timeout).pool_idle_timeout(IDLE_TIMEOUT)
            self._open_client = limited.build()
        return self._open_client

    async def _post(self, message: Message) -> str | None:
        """Why the Broker will never accept the message; None once it is durable."""
        from pyreqwest.exceptions import RequestError  # noqa: PLC0415  # see the module

        size = event_bytes(message)
        if size > MAX_EVENT_BYTES:
            return f"Event {message.id} takes {size} bytes of a record, above {MAX_EVENT_BYTES}: use a claim check."
        try:
            request = self._client.post(self._url).headers(message.headers).body_bytes(message.body).build()
        except ValueError as error:
            return f"Event {message.id} has a header that HTTP cannot carry: {error}."
        try:
            response = await request.send()
        except RequestError as error:
            causes = error.details["causes"] or [{"message": error.message}]
            raise TransientError(f"The event sink does not answer: {causes[-1]['message']}.") from error
        if HTTPStatus.OK <= response.status < HTTPStatus.MULTIPLE_CHOICES:
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
