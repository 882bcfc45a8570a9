"""A listener with limits: half-open connections end, a cap holds, and requests in progress go on."""

import asyncio
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from aiohttp import ClientSession, web

from battlescope_local.serving.connection_limits import ConnectionLimits, serve_limited

REQUEST = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"


@asynccontextmanager
async def listening(limits: ConnectionLimits, gate: asyncio.Event) -> AsyncGenerator[int]:
    async def handle(_: web.Request) -> web.Response:
        await gate.wait()
        return web.Response(text="ok")

    app = web.Application(middlewares=[limits.middleware])
    app.router.add_get("/", handle)
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


async def test_connections_over_the_cap_are_closed_and_the_others_served() -> None:
    gate = asyncio.Event()
    gate.set()
    limits = ConnectionLimits(3, header_seconds=60)
    async with listening(limits, gate) as port:
        held = [await asyncio.open_connection("127.0.0.1", port) for _ in range(3)]
        while len(limits.connections) < 3:  # noqa: ASYNC110 -- the listener sets no event
            await asyncio.sleep(0.01)
        reader, over = await asyncio.open_connection("127.0.0.1", port)
        assert await is_closed(reader)
        held[0][1].write(REQUEST)
        assert (await held[0][0].readuntil(b"ok")).startswith(b"HTTP/1.1 200")
        for writer in (over, *(writer for _, writer in held)):
            writer.close()
        while limits.connections:  # noqa: ASYNC110 -- as above
            await asyncio.sleep(0.01)
        async with ClientSession() as client, client.get(f"http://127.0.0.1:{port}/") as response:
            assert response.status == 200
