"""Publishing to the Broker, and how its HTTP client behaves."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta

import pytest

from battlescope_events.catalog import ENTITY_UPDATED
from battlescope_events.errors import PermanentError, TransientError
from battlescope_events.messages import Message
from battlescope_events.publisher import MAX_REQUESTS, BrokerPublisher, MessageRefused, PublishingInterrupted
from battlescope_events.record_size import MAX_EVENT_BYTES, event_bytes
from battlescope_schemas.entity import EntityType, EntityUpdated

NEWS = EntityUpdated(
    entity_type=EntityType.ALLIANCE, entity_id=99000001, entity_name="A", updated_at=datetime(2026, 1, 1, tzinfo=UTC)
)
MESSAGE = ENTITY_UPDATED.message(NEWS, source="killmail-enrich", key="k", time=datetime(2026, 1, 1, tzinfo=UTC))
Serve = Callable[..., Awaitable["Server"]]


class Server:
    """Sends one prepared response per request, byte for byte; an empty one closes the connection."""

    def __init__(self, answers: tuple[bytes, ...]) -> None:
        self._answers = list(answers)
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.arrivals = asyncio.Semaphore(0)  # one for each received request
        self.received: list[bytes] = []
        self.connections = 0
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        with closing(writer), suppress(asyncio.IncompleteReadError, ConnectionError):
            while self._answers:
                head = await reader.readuntil(b"\r\n\r\n")
                length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
                self.received.append(head + await reader.readexactly(length))
                self.arrivals.release()
                answer = self._answers.pop(0)
                await self.may_answer.wait()
                writer.write(answer)
                await writer.drain()
                if not answer or b"connection: close" in answer:
                    break


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    servers: list[asyncio.Server] = []
    connections: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def start(*answers: bytes) -> Server:
        server = Server(answers)

        def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            connections[asyncio.create_task(server.serve(reader, writer))] = writer

        servers.append(await asyncio.start_server(accept, "127.0.0.1", 0))
        server.url = f"http://127.0.0.1:{servers[-1].sockets[0].getsockname()[1]}/ns/killmails"
        return server

    yield start
    for server in servers:
        server.close()
    for writer in connections.values():  # the client may keep its connections for some seconds
        writer.transport.abort()
    await asyncio.gather(*connections)


def answer(status: int, body: bytes = b"") -> bytes:
    return b"HTTP/1.1 %d Status\r\ncontent-length: %d\r\n\r\n%s" % (status, len(body), body)


async def test_202_means_that_the_event_is_durable(serve: Serve) -> None:
    server = await serve(answer(202))
    async with BrokerPublisher(server.url) as publish:
        await publish([MESSAGE])
    head, body = server.received[0].split(b"\r\n\r\n", 1)
    assert head.startswith(b"POST /ns/killmails HTTP/1.1\r\n")
    assert f"ce-id: {MESSAGE.id}".encode() in head.split(b"\r\n")
    assert body == MESSAGE.body


@pytest.mark.parametrize("status", [301, 404, 429, 500, 503])
async def test_temporary_status_is_a_transient_error(serve: Serve, status: int) -> None:
    server = await serve(answer(status))
    async with BrokerPublisher(server.url) as publish:
        with pytest.raises(TransientError, match=f"event sink answers {status}"):
            await publish([MESSAGE])


@pytest.mark.parametrize("status", [400, 413])
async def test_rejection_by_the_broker_is_a_permanent_error(serve: Serve, status: int) -> None:
    server = await serve(answer(status))
    async with BrokerPublisher(server.url) as publish:
        with pytest.raises(PermanentError, match=f"for good with status {status}"):
            await publish([MESSAGE])


async def test_a_refused_message_does_not_hold_back_the_others(serve: Serve) -> None:
    server = await serve(answer(202), answer(413), answer(202), answer(400))
    messages = [Message({**MESSAGE.headers, "ce-id": str(number)}, b"{}") for number in range(4)]
    async with BrokerPublisher(server.url) as publish:
        with pytest.raises(MessageRefused) as refused:
            await publish(messages)
    assert len(server.received) == 4
    assert {event_id: reason[-4:] for event_id, reason in refused.value.reasons.items()} == {"1": "413.", "3": "400."}


@pytest.mark.parametrize(
    ("torn", "reason"),
    [
        (b"", "connection closed before message completed"),
        (b"HTTP/1.1 202 Acc\r\nconnection: close", "connection closed before message completed"),
        (b"HTTP/1.1 202 A\r\ncontent-length: 9\r\nconnection: close\r\n\r\n1", "end of file"),
        (b"SSH-2.0-OpenSSH_9.6\r\n", "invalid HTTP version"),
    ],
)
async def test_incomplete_response_is_a_transient_error(serve: Serve, torn: bytes, reason: str) -> None:
    server = await serve(torn)
    async with BrokerPublisher(server.url) as publish:
        with pytest.raises(TransientError, match=f"does not answer: {reason}"):
            await publish([MESSAGE])


async def test_refused_connection_is_a_transient_error(serve: Serve) -> None:
    port = (await serve()).url.split(":")[2].split("/")[0]  # taken on one loopback address, free on the next
    async with BrokerPublisher(f"http://127.0.0.2:{port}/") as publish:
        with pytest.raises(TransientError, match="does not answer: Connection refused"):
            await publish([MESSAGE])


async def test_request_ends_at_the_timeout(serve: Serve) -> None:
    server = await serve(b"HTTP/1.1 202 Accepted\r\n", b"not requested")
    async with BrokerPublisher(server.url, timeout=timedelta(seconds=0.05)) as publish:
        with pytest.raises(TransientError, match="timed out"):
            await publish([MESSAGE])


async def test_connection_is_reused_while_the_server_keeps_it_open(serve: Serve) -> None:
    closing = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n"
    server = await serve(answer(202), answer(200, b"x"), closing, answer(204))
    async with BrokerPublisher(server.url) as publish:
        await publish([MESSAGE] * 4)
    assert server.connections == 2


async def test_chunked_body_after_an_interim_response_is_read(serve: Serve) -> None:
    chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    server = await serve(b"HTTP/1.1 103 Early Hints\r\n\r\n" + chunked, answer(202))
    async with BrokerPublisher(server.url) as publish:
        await publish([MESSAGE, MESSAGE])
    assert server.connections == 1


async def test_concurrent_requests_are_limited(serve: Serve) -> None:
    server = await serve(*[answer(202)] * 2 * MAX_REQUESTS)
    server.may_answer.clear()
    async with BrokerPublisher(server.url) as publish:
        posts = [asyncio.create_task(publish([MESSAGE])) for _ in range(2 * MAX_REQUESTS)]
        for _ in range(MAX_REQUESTS):
            await server.arrivals.acquire()
        server.may_answer.set()
        await asyncio.gather(*posts)
    assert (server.connections, len(server.received)) == (MAX_REQUESTS, 2 * MAX_REQUESTS)


async def test_response_to_a_cancelled_post_reaches_no_other_post(serve: Serve) -> None:
    server = await serve(answer(400), answer(202), answer(202))
    server.may_answer.clear()
    async with BrokerPublisher(server.url) as publish:
        cancelled = asyncio.create_task(publish([MESSAGE]))
        await server.arrivals.acquire()
        cancelled.cancel()
        with pytest.raises(asyncio.CancelledError):
            await cancelled
        server.may_answer.set()
        await publish([MESSAGE, MESSAGE])
    assert len(server.received) == 3


async def test_message_with_a_line_break_in_a_header_is_refused_and_never_sent(serve: Serve) -> None:
    server = await serve(answer(202))
    forged = Message({**MESSAGE.headers, "ce-id": "forged", "ce-subject": "1\r\nce-type: other"}, MESSAGE.body)
    async with BrokerPublisher(server.url) as publish:
        with pytest.raises(MessageRefused, match="header that HTTP cannot carry") as refused:
            await publish([forged, MESSAGE])
    assert refused.value.reasons.keys() == {"forged"}
    assert len(server.received) == 1


async def test_message_over_the_limit_is_refused_and_never_sent(serve: Serve) -> None:
    """The Broker would answer 503 at every retry, and so hold back all messages after it."""
    server = await serve(answer(202), answer(202))
    free = MAX_EVENT_BYTES - event_bytes(Message({**MESSAGE.headers, "ce-id": "largest"}, b"x" * 100_000)) + 100_000
    largest = Message({**MESSAGE.headers, "ce-id": "largest"}, b"x" * free)
    too_large = Message({**MESSAGE.headers, "ce-id": "too-big"}, b"x" * (free + 1))
    async with BrokerPublisher(server.url) as publish:
        with pytest.raises(MessageRefused, match="takes 1000001 bytes of a record, above 1000000: use") as refused:
            await publish([largest, too_large, MESSAGE])
    assert refused.value.reasons.keys() == {"too-big"}
    assert [body.split(b"\r\n\r\n", 1)[1] for body in server.received] == [largest.body, MESSAGE.body]


async def test_interrupted_call_says_what_became_of_the_messages_before(serve: Serve) -> None:
    server = await serve(answer(202), answer(413), answer(503))
    messages = [Message({**MESSAGE.headers, "ce-id": str(number)}, b"{}") for number in range(4)]
    async with BrokerPublisher(server.url) as publish:
        with pytest.raises(PublishingInterrupted, match="answers 503 to event 2") as interrupted:
            await publish(messages)
    assert interrupted.value.durable_ids == {"0"}
    assert interrupted.value.reasons.keys() == {"1"}


async def test_proxy_of_the_environment_is_not_used(serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.2:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.2:9")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    server = await serve(answer(202))
    async with BrokerPublisher(server.url) as publish:
        await publish([MESSAGE])
    assert len(server.received) == 1
