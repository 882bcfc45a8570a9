"""Listens for HTTP with limits on connections, so that strangers cannot use up the node's file descriptors.

aiohttp waits for a request for ever, and for a client that does not read. Here, a connection without a complete
request header is closed after `HEADER_SECONDS`, one with half a body after `BODY_SECONDS`, one whose client reads
nothing of what waits for it after `UNREAD_SECONDS`. Beyond the cap the oldest connection is closed that has not sent a
whole request yet; where there is none, the new one. So half-open connections keep nobody out.
"""

import asyncio
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Final, cast

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from battlescope_local.serving.http_server import GatewayRunner

HEADER_SECONDS: Final = 15.0
BODY_SECONDS: Final = 30.0  # from the header to the end of the body
UNREAD_SECONDS: Final = 60.0  # in which the client has to make room in a full buffer
KEEP_ALIVE_SECONDS: Final = 75.0  # of a connection between two requests
SHUTDOWN_SECONDS: Final = 0.5  # that a closing listener waits for its requests in flight


@dataclass(eq=False, slots=True)
class ConnectionLimits:
    """Limits of one listener. Its application needs `middleware`, which tells when a request header is complete."""

    max_connections: int
    header_seconds: float = HEADER_SECONDS
    body_seconds: float = BODY_SECONDS
    unread_seconds: float = UNREAD_SECONDS
    connections: "dict[asyncio.BaseTransport, LimitedConnection]" = field(
        default_factory=dict[asyncio.BaseTransport, "LimitedConnection"]
    )

    @property
    def middleware(self) -> Middleware:
        @web.middleware
        async def note_request(request: web.Request, handler: Handler) -> web.StreamResponse:
            connection = self.connections.get(request.transport) if request.transport is not None else None
            if connection is not None:
                connection.begin_request(request)
            try:
                return await handler(request)
            finally:
                if connection is not None:
                    connection.end_request(request)

        return note_request

    def close_one(self, newest: "LimitedConnection") -> None:
        """Close the oldest connection that lacks a whole request, or else the newest one."""
        older = (connection for connection in self.connections.values() if connection is not newest)
        next((connection for connection in older if connection.lacks_request), newest).close()


class LimitedConnection(asyncio.Protocol):
    """Passes everything on to aiohttp's protocol, and closes the connection when it waits too long for the client."""

    def __init__(self, limits: ConnectionLimits, handler: asyncio.Protocol) -> None:
        self._limits, self._handler = limits, handler
        self._transport: asyncio.Transport | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._unread_timer: asyncio.TimerHandle | None = None
        self._requests = 0
        self.lacks_request = True

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._limits.connections[transport] = self
        self._handler.connection_made(transport)
        self._expect_header()
        if len(self._limits.connections) > self._limits.max_connections:
            self._limits.close_one(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._cancel_timer()
        self._cancel_unread_timer()
        if self._transport is not None:
            self._limits.connections.pop(self._transport, None)
        self._handler.connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        if self._requests == 0:
            self._expect_header()
        self._handler.data_received(data)

    def eof_received(self) -> bool | None:
        return self._handler.eof_received()

    def pause_writing(self) -> None:
        self._cancel_unread_timer()
        self._unread_timer = asyncio.get_running_loop().call_later(self._limits.unread_seconds, self.close)
        self._handler.pause_writing()

    def resume_writing(self) -> None:
        self._cancel_unread_timer()
        self._handler.resume_writing()

    def begin_request(self, request: web.Request) -> None:
        self._requests += 1
        self.lacks_request = False
        self._cancel_timer()
        if not request.content.is_eof():
            loop = asyncio.get_running_loop()
            self._timer = loop.call_later(self._limits.body_seconds, self._close_without_body, request)

    def end_request(self, request: web.Request) -> None:
        self._requests -= 1
        self.lacks_request = not request.content.is_eof()  # it was answered before its body came
        self._cancel_timer()

    def _expect_header(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(self._limits.header_seconds, self.close)

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _cancel_unread_timer(self) -> None:
        if self._unread_timer is not None:
            self._unread_timer.cancel()
            self._unread_timer = None

    def _close_without_body(self, request: web.Request) -> None:
        if not request.content.is_eof():
            self.close()

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()


@asynccontextmanager
async def serve_limited(
    app: web.Application, listening: socket.socket, limits: ConnectionLimits
) -> AsyncGenerator[None]:
    """Serve `app`, which has the middleware of `limits`, on `listening` until exit."""
    runner = GatewayRunner(app, shutdown_timeout=SHUTDOWN_SECONDS, keepalive_timeout=KEEP_ALIVE_SECONDS)
    await runner.setup()
    if runner.server is None:
        message = "The HTTP server did not start."
        raise RuntimeError(message)
    make_handler = cast("Callable[[], asyncio.Protocol]", runner.server)
    server = await asyncio.get_running_loop().create_server(
        lambda: LimitedConnection(limits, make_handler()), sock=listening, backlog=512
    )
    try:
        yield
    finally:
        server.close()
        await runner.cleanup()
