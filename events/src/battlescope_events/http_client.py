"""HTTP/1.1 to services of the cluster, at a tenth of the price of a general client.

Every event costs one or two such requests, and they were half of a function's CPU: a POST of 3 KB takes httpx2 0.63 ms,
its core alone 0.5, aiohttp 0.16 (and 0.2 s at each cold start), this 0.06. It knows no redirects, proxies, cookies or
compression: what lies outside of the cluster is asked with httpx2.
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

IDLE_TIMEOUT: Final = 4.0  # uvicorn closes an idle connection after 5 s, and a request must not meet that
MOST_REQUESTS: Final = 16  # under way at once; the next waits its turn
SECONDS: Final = 10.0  # for a whole exchange, its turn and the connecting included


class NoResponse(Exception):  # noqa: N818  # named as an outcome
    """The other side did not answer whole and in time."""


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    body: bytes

    @property
    def is_success(self) -> bool:
        return HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES


class Origin(NamedTuple):
    """Who is asked: connections to one are kept and used again."""

    host: str
    port: int
    encrypted: bool


class Client:
    """Asks, and keeps its connections until the end of the block."""

    def __init__(self, *, most: int = MOST_REQUESTS, seconds: float = SECONDS) -> None:
        self._turns = asyncio.Semaphore(most)
        self._seconds = seconds
        self._idle: defaultdict[Origin, list[_Connection]] = defaultdict(list)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        for connection in (connection for kept in self._idle.values() for connection in kept):
            connection.close()
        self._idle.clear()

    async def request(self, method: str, url: str, headers: Mapping[str, str], body: bytes = b"") -> Response:
        """The answer, whatever its status.

        Raises:
            NoAnswer: there is none. The request may have been carried out all the same.
        """
        origin, target, host = _parsed(url)
        head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
        if head.count("\n") != len(headers) or head.count("\r") != len(headers):
            raise ValueError("A header of a request holds a line break.")
        start = f"{method} {target} HTTP/1.1\r\nhost: {host}\r\ncontent-length: {len(body)}\r\n{head}\r\n"
        try:
            async with asyncio.timeout(self._seconds), self._turns:
                return await self._exchange(origin, start.encode("ascii") + body)
        except OSError as error:  # time that ran out is one too
            raise NoResponse(f"{origin.host}:{origin.port} does not answer: {error!r}") from error

    async def _exchange(self, origin: Origin, request: bytes) -> Response:
        connection = self._kept(origin) or await self._connect(origin)
        try:
            return await connection.ask(request)
        finally:
            if connection.reusable:
                self._idle[origin].append(connection)
            else:
                connection.close()

    def _kept(self, origin: Origin) -> "_Connection | None":
        """The connection used last: the others grow old and go."""
        kept, now = self._idle[origin], asyncio.get_running_loop().time()
        while kept:
            connection = kept.pop()
            if connection.reusable and now - connection.answered_at < IDLE_TIMEOUT:
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
        """Made when first needed: reading them takes 25 ms."""
        return ssl.create_default_context()


class _Connection(asyncio.Protocol):
    """One connection, one request at a time. The parser calls `on_…` with what it finds in an answer."""

    def __init__(self) -> None:
        self._transport: asyncio.Transport | None = None
        self._loop = asyncio.get_running_loop()
        self._answer: asyncio.Future[Response] | None = None
        self._parser = HttpResponseParser(self)
        self._parts: list[bytes] = []
        self.reusable = False
        self.answered_at = 0.0

    async def ask(self, request: bytes) -> Response:
        if self._transport is None or self._transport.is_closing():
            raise ConnectionError("closed before it was asked")
        self.reusable, self._parts = False, []
        self._parser = HttpResponseParser(self)
        self._answer = self._loop.create_future()
        self._transport.write(request)
        return await self._answer

    def close(self) -> None:
        if self._transport:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one by behaviour only

    def data_received(self, data: bytes) -> None:
        try:
            self._parser.feed_data(data)
        except HttpParserError as error:
            self._fail(ConnectionError(f"no HTTP: {error}"))

    def connection_lost(self, exc: Exception | None) -> None:
        self._fail(exc or ConnectionError("closed before the answer was whole"))

    def on_body(self, body: bytes) -> None:
        self._parts.append(body)

    def on_message_complete(self) -> None:
        status = self._parser.get_status_code()
        if status < HTTPStatus.OK:  # an interim answer; the real one follows
            return
        if self._answer is None or self._answer.done():  # nobody asked for this
            self._fail(ConnectionError("an answer without a question"))
            return
        self.reusable, self.answered_at = self._parser.should_keep_alive(), self._loop.time()
        self._answer.set_result(Response(status, b"".join(self._parts)))

    def _fail(self, error: Exception) -> None:
        self.reusable = False
        if self._answer and not self._answer.done():
            self._answer.set_exception(error)


@lru_cache(maxsize=256)
def _parsed(url: str) -> tuple[Origin, str, str]:
    """Whom to ask, for what, and what goes into the Host header."""
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError(f"{url!r} is no address of an HTTP service.")
    encrypted = parts.scheme == "https"
    usual = 443 if encrypted else 80
    origin = Origin(parts.hostname, parts.port or usual, encrypted)
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    name = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    return origin, target, f"{name}:{origin.port}" if origin.port != usual else name
