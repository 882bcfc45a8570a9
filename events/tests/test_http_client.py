"""The HTTP client for services inside the cluster."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest

from battlescope_events.http_client import Client, NoResponse

Serve = Callable[..., Awaitable["Server"]]


class Server:
    """Sends one prepared response per request, byte for byte; an empty one closes the connection."""

    def __init__(self, answers: tuple[bytes, ...]) -> None:
        self._answers = list(answers)
        self.received: list[bytes] = []
        self.connections = 0
        self.url = ""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        while self._answers:
            try:
                head = await reader.readuntil(b"\r\n\r\n")
            except asyncio.IncompleteReadError:
                break
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            self.received.append(head + await reader.readexactly(length))
            answer = self._answers.pop(0)
            writer.write(answer)
            await writer.drain()
            if not answer or b"connection: close" in answer:
                break
        writer.close()


@pytest.fixture
async def serve() -> AsyncIterator[Serve]:
    servers: list[asyncio.Server] = []

    async def start(*answers: bytes) -> Server:
        server = Server(answers)
        servers.append(await asyncio.start_server(server.serve, "127.0.0.1", 0))
        server.url = f"http://127.0.0.1:{servers[-1].sockets[0].getsockname()[1]}/ns/killmails"
        return server

    yield start
    for server in servers:
        server.close()


def answer(status: int, body: bytes = b"") -> bytes:
    return b"HTTP/1.1 %d Status\r\ncontent-length: %d\r\n\r\n%s" % (status, len(body), body)


async def test_response_that_is_not_http_is_no_response(serve: Serve) -> None:
    server = await serve(b"SSH-2.0-OpenSSH_9.6\r\n")
    async with Client() as client:
        with pytest.raises(NoResponse, match="no HTTP"):
            await client.request("GET", server.url, {})


async def test_refused_connection_is_no_response(serve: Serve) -> None:
    port = (await serve()).url.split(":")[2].split("/")[0]  # taken on one loopback address, free on the next
    async with Client() as client:
        with pytest.raises(NoResponse, match="does not answer"):
            await client.request("GET", f"http://127.0.0.2:{port}/", {})


async def test_request_ends_at_the_timeout(serve: Serve) -> None:
    server = await serve(b"HTTP/1.1 202 Accepted\r\n", b"not requested")
    async with Client(timeout=0.05) as client:
        with pytest.raises(NoResponse, match="TimeoutError"):
            await client.request("GET", server.url, {})


async def test_connection_is_reused_while_the_server_keeps_it_open(serve: Serve) -> None:
    server = await serve(
        answer(202),
        answer(200, b"x"),
        b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n",
        answer(204),
    )
    async with Client() as client:
        statuses = [(await client.request("GET", server.url, {})).status for _ in range(4)]
    assert statuses == [202, 200, 200, 204]
    assert server.connections == 2


async def test_chunked_body_after_an_interim_response_is_read(serve: Serve) -> None:
    chunked = b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
    server = await serve(b"HTTP/1.1 103 Early Hints\r\n\r\n" + chunked)
    async with Client() as client:
        assert (await client.request("GET", server.url, {})).body == b"abcde"


async def test_concurrent_requests_are_limited(serve: Serve) -> None:
    server = await serve(*[answer(202)] * 6)
    async with Client(max_requests=2) as client:
        await asyncio.gather(*(client.request("GET", server.url, {}) for _ in range(6)))
    assert len(server.received) == 6
    assert server.connections == 2


async def test_line_break_in_a_header_is_rejected(serve: Serve) -> None:
    server = await serve(answer(202))
    async with Client() as client:
        with pytest.raises(ValueError, match="line break"):
            await client.request("GET", server.url, {"ce-id": "1\r\nce-type: other"})
    assert not server.received
