"""HTTP/1.1 client for services inside the cluster, at a tenth of the CPU of a general client.

Every event needs one or two such requests; with httpx2 they took half of the CPU of a function. CPU of a POST of 3 KB:
httpx2 0.63 ms, its core alone 0.5, aiohttp 0.16 (and 0.2 s at each cold start), this client 0.06. It supports no
redirects, proxies, cookies or compression: use httpx2 for everything outside the cluster.
"""

import asyncio
import ssl
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from http import HTTPStatus
from typing import Final, NamedTuple, Self, cast
from urllib.parse import urlsplit

from httptools import HttpParserError, HttpResponseParser

IDLE_TIMEOUT: Final = (
    4.0  # seconds; uvicorn closes an idle connection after 5 s, and a request must not meet a closing one
)
MAX_REQUESTS: Final = 16  # concurrent requests; further ones wait
TIMEOUT: Final = 10.0  # for a whole exchange, including the wait for a free slot and the connection


class NoResponse(Exception):  # noqa: N818  # an outcome that callers handle
    """The server sent no complete response in time."""


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    body: bytes

    @property
    def is_success(self) -> bool:
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES


class Origin(NamedTuple):
    """Scheme, host and port: connections are pooled per origin."""

    host: str
    port: int
    encrypted: bool


class Client:
    """A client with pooled connections, to be used as an async context manager."""

    def __init__(self, *, max_requests: int = MAX_REQUESTS, timeout: float = TIMEOUT) -> None:
        self._turns = asyncio.Semaphore(max_requests)
        self._seconds = timeout
        self._idle: defaultdict[Origin, list[_Connection]] = defaultdict(list)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for connection in (connection for kept in self._idle.values() for connection in kept):
            connection.close()
        self._idle.clear()

    async def request(self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> Response:
        """The response, whatever its status.

        Raises:
            NoResponse: the server sent none in time. It may have processed the request all the same.
        """
        origin, target, host = _parsed(url)
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        if head.count("\n") != len(headers) or head.count("\r") != len(headers):
            raise ValueError("A request header contains a line break.")
        start = f"{method} {target} HTTP/1.1\r\nhost: {host}\r\ncontent-length: {len(body)}\r\n{head}\r\n"
        try:
            async with asyncio.timeout(self._seconds), self._turns:
                return await self._exchange(origin, start.encode("ascii") + body)
        except OSError as error:  # TimeoutError included
            raise NoResponse(f"{origin.host}:{origin.port} does not answer: {error!r}") from error

    async def _exchange(self, origin: Origin, request: bytes) -> Response:
        connection = self._idle_connection(origin) or await self._connect(origin)
        try:
            return await connection.send(request)
        finally:
            if connection.reusable:
                self._idle[origin].append(connection)
            else:
                connection.close()

    def _idle_connection(self, origin: Origin) -> "_Connection | None":
        """The connection used last; older ones expire."""
        kept, now = self._idle[origin], asyncio.get_running_loop().time()
        while kept:
            connection = kept.pop()
            if connection.reusable and now - connection.responded_at < IDLE_TIMEOUT:
                return connection
            connection.close()
        return None

    async def _connect(self, origin: Origin) -> "_Connection":
        encryption = self._certificates if origin.encrypted else None
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(_Connection, origin.host, origin.port, ssl=encryption)
        return connection

    @cached_property
    def _certificates(self) -> ssl.SSLContext:
        """Loaded at first use: reading the certificates takes 25 ms."""
        return ssl.create_default_context()


class _Connection(asyncio.Protocol):
    """One connection with one request at a time. The parser calls the `on_…` methods for parts of the response."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._loop = asyncio.get_running_loop()
        self._response: asyncio.Future[Response] | None = None
        self._parser = HttpResponseParser(self)
        self._parts: list[bytes] = []
        self.reusable = False
        self.responded_at = 0.0

    async def send(self, request: bytes) -> Response:
        if self._transport is None or self._transport.is_closing():
            raise ConnectionError("closed before the request was sent")
        self.reusable, self._parts = False, []
        self._parser = HttpResponseParser(self)
        self._response = self._loop.create_future()
        self._transport.write(request)
        return await self._response

    def close(self) -> None:
        if self._transport:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(
            "asyncio.Transport", transport
        )  # uvloop's transport has the methods without the base class

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except HttpParserError as error:
            self._fail(ConnectionError(f"no HTTP: {error}"))

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(exc or ConnectionError("closed before the response was complete"))

    def on_body(self, body: bytes) -> None:
        self._parts.append(body)

    def on_message_complete(self) -> None:
        status = self._parser.get_status_code()
        if status < HTTPStatus.OK:  # an interim response; the final one follows
            return
        if self._response is None or self._response.done():  # no request is pending
            self._fail(ConnectionError("a response without a request"))
            return
        self.reusable, self.responded_at = self._parser.should_keep_alive(), self._loop.time()
        self._response.set_result(Response(status, b"".join(self._parts)))

    def _fail(self, error: Exception) -> None:
        self.reusable = False
        if self._response and not self._response.done():
            self._response.set_exception(error)


@lru_cache(maxsize=256)
def _parsed(url: str) -> tuple[Origin, str, str]:
    """Origin, request target and Host header of a URL."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"{url!r} is no URL of an HTTP service.")
    encrypted = parts.scheme == "https"
    default_port = 443 if encrypted else 80
    origin = Origin(parts.hostname, parts.port or default_port, encrypted)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return origin, target, f"{name}:{origin.port}" if origin.port != default_port else name
