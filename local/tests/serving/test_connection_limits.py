"""A listener with limits: half-open connections end, a cap holds, and requests in progress go on."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Iterable
from contextlib import asynccontextmanager

import pytest
from aiohttp import ClientSession, web

from battlescope_local.serving.connection_limits import ConnectionLimits, serve_limited

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]
REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


@asynccontextmanager
async def listening(limits: ConnectionLimits, gate: asyncio.Event) -> AsyncGenerator[int]:
    async def handle(_: web.Request) -> web.Response:
        await gate.wait()
        return web.Response(text="ok")

    async def read(request: web.Request) -> web.Response:
        await request.read()
        return web.Response(text="ok")

    async def send_much(_: web.Request) -> web.Response:
        return web.Response(body=bytes(64 * 2**20))

    app = web.Application(middlewares=[limits.middleware])
    app.router.add_get("/", handle)
    app.router.add_post("/", read)
    app.router.add_get("/much", send_much)
    listener = socket.create_server(("127.0.0.1", 0))
    async with serve_limited(app, listener, limits):
        yield listener.getsockname()[1]


async def is_closed(reader: asyncio.StreamReader) -> bool:
    async with asyncio.timeout(60):
        try:
            return await reader.read(1) == b""
        except ConnectionResetError:
            return True


async def test_connection_without_a_header_is_closed() -> None:
    gate = asyncio.Event()
    async with listening(ConnectionLimits(10, header_seconds=0.1), gate) as port:
        for sent in (b"", REQUEST[:-2]):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.write(sent)
            assert await is_closed(reader)
            writer.close()


async def test_second_header_has_the_same_time() -> None:
    gate = asyncio.Event()
    gate.set()
    async with listening(ConnectionLimits(10, header_seconds=0.1), gate) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(REQUEST)
        assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200")
        writer.write(REQUEST[:-2])
        assert await is_closed(reader)
        writer.close()


async def test_request_in_progress_may_take_longer() -> None:
    gate = asyncio.Event()
    async with listening(ConnectionLimits(10, header_seconds=0.05), gate) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(REQUEST)
        await asyncio.sleep(0.3)
        gate.set()
        assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200")
        writer.close()


@pytest.mark.parametrize("length", [b"Content-Length: 9", b"Transfer-Encoding: chunked"])
async def test_connection_with_half_a_body_is_closed_however_it_drips(length: bytes) -> None:
    async with listening(ConnectionLimits(10, body_seconds=0.2), asyncio.Event()) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(b"POST / HTTP/1.1\r\nHost: x\r\n" + length + b"\r\n\r\n")
        closing = asyncio.create_task(is_closed(reader))
        for _ in range(5):
            writer.write(b"1\r\na\r\n" if b"chunked" in length else b"a")
            await asyncio.sleep(0.02)
        assert await closing
        writer.close()


async def test_whole_body_is_answered_and_the_connection_stays() -> None:
    async with listening(ConnectionLimits(10, header_seconds=60, body_seconds=0.1), asyncio.Event()) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for _ in range(2):
            writer.write(b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n12345")
            writer.write(b"6789")
            assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200")
            await asyncio.sleep(0.2)
        writer.close()


async def test_connection_whose_client_reads_nothing_is_closed() -> None:
    limits = ConnectionLimits(10, unread_seconds=0.1)
    async with listening(limits, asyncio.Event()) as port:
        client = socket.create_connection(("127.0.0.1", port))
        client.sendall(REQUEST.replace(b"/ ", b"/much "))
        async with asyncio.timeout(60):
            while not limits.connections:
                await asyncio.sleep(0.01)
            while limits.connections:
                await asyncio.sleep(0.01)
        client.close()


async def open_connections(limits: ConnectionLimits, port: int, count: int) -> list[Streams]:
    opened = [await asyncio.open_connection("127.0.0.1", port) for _ in range(count)]
    while len(limits.connections) < count:
        await asyncio.sleep(0.01)
    return opened


async def close_connections(limits: ConnectionLimits, opened: Iterable[Streams]) -> None:
    for _, writer in opened:
        writer.close()
    while limits.connections:
        await asyncio.sleep(0.01)


async def test_of_connections_over_the_cap_the_oldest_without_a_request_is_closed() -> None:
    gate = asyncio.Event()
    limits = ConnectionLimits(3, header_seconds=60)
    async with listening(limits, gate) as port:
        held = await open_connections(limits, port, 3)
        held[0][1].write(REQUEST)
        held[1][1].write(REQUEST[:-2])
        while all(connection.lacks_request for connection in limits.connections.values()):
            await asyncio.sleep(0.01)
        newest = await asyncio.open_connection("127.0.0.1", port)
        assert await is_closed(held[1][0])
        newest[1].write(REQUEST)
        gate.set()
        for reader, _ in (held[0], newest):
            assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200")
        await close_connections(limits, [*held, newest])


async def test_connection_that_was_answered_without_its_body_is_closed_first() -> None:
    limits = ConnectionLimits(1, header_seconds=60)
    async with listening(limits, asyncio.Event()) as port:
        (dripping,) = await open_connections(limits, port, 1)
        dripping[1].write(b"POST /nowhere HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n1")
        assert (await dripping[0].readline()).startswith(b"HTTP/1.1 404")
        newest = await asyncio.open_connection("127.0.0.1", port)
        newest[1].write(REQUEST.replace(b"GET", b"POST").replace(b"x\r\n", b"x\r\nContent-Length: 0\r\n"))
        assert (await newest[0].readuntil(b"ok")).startswith(b"HTTP/1.1 200")
        await close_connections(limits, [dripping, newest])


async def test_connection_over_the_cap_is_closed_where_all_others_have_requests() -> None:
    gate = asyncio.Event()
    limits = ConnectionLimits(2, header_seconds=60)
    async with listening(limits, gate) as port:
        held = await open_connections(limits, port, 2)
        for _, writer in held:
            writer.write(REQUEST)
        while any(connection.lacks_request for connection in limits.connections.values()):
            await asyncio.sleep(0.01)
        over = await asyncio.open_connection("127.0.0.1", port)
        assert await is_closed(over[0])
        gate.set()
        for reader, _ in held:
            assert (await reader.readuntil(b"ok")).startswith(b"HTTP/1.1 200")
        await close_connections(limits, [*held, over])
        async with ClientSession() as client, client.get(f"http://127.0.0.1:{port}/") as response:
            assert response.status == 200
