"""Forwards one HTTP request to an instance and streams its response back, or the bytes of both sides of a WebSocket."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from http import HTTPStatus
from typing import Any, Final, cast

from aiohttp import ClientConnectionError, ClientError, ClientResponse, ClientSession, ClientTimeout, StreamReader, web
from aiohttp.http import StreamWriter
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from battlescope_events.background import start_in_background
from battlescope_local.serving.http_server import SERVER

MAX_BUFFERED_RESPONSE: Final = 65_536  # bytes; a larger response is streamed
MAX_UNSENT: Final = 65_536  # bytes of a WebSocket that wait for a slow receiver before its sender waits too
MAX_REPLAYABLE_BODY: Final = 1_048_576  # bytes; a smaller request is kept, so that it can go to another instance
# Headers of a single connection by RFC 9110. Host is forwarded; aiohttp sets Content-Length again.
HOP_BY_HOP_HEADERS: Final = frozenset(
    name.lower()
    for name in ("Connection", "Keep-Alive", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding", "Upgrade")
)

_UPGRADE: Final[Mapping[str, str]] = {"Connection": "Upgrade", "Upgrade": "websocket"}


async def read_replayable_body(request: web.Request) -> bytes | None:
    """A small body, which can be sent twice; None for one that is streamed."""
    if not request.body_exists:
        return b""
    length = request.content_length
    return await request.read() if length is not None and length <= MAX_REPLAYABLE_BODY else None


async def forward_request(
    request: web.Request, client: ClientSession, url: str, *, body: bytes | None, seconds: float
) -> web.StreamResponse:
    """Forward `request` to `url`; after the response has begun, an error closes the client's connection.

    Raises:
        aiohttp.ClientError: the instance failed before its response began.
    """
    async with client.request(
        request.method,
        URL(url, encoded=True),
        headers=_request_headers(request),
        data=request.content if body is None else body or None,
        allow_redirects=False,
        timeout=ClientTimeout(total=seconds),
    ) as response:
        return await _relay_response(request, response)


def is_websocket(request: web.Request) -> bool:
    """Whether the request is the handshake of a WebSocket."""
    tokens = ",".join(request.headers.getall("Connection", ())).lower().split(",")
    upgrades = "upgrade" in {token.strip() for token in tokens}
    return request.method == "GET" and upgrades and request.headers.get("Upgrade", "").lower() == "websocket"


async def forward_websocket(
    request: web.Request, client: ClientSession, url: str, *, seconds: float
) -> web.StreamResponse:
    """Forward a handshake to `url`, and then all bytes until one side leaves; after `seconds` the connection ends.

    Frames and extensions pass unread. A handshake that the instance refuses is relayed as any response.

    Raises:
        aiohttp.ClientError: the instance failed before it answered the handshake.
    """
    headers, timeout = _request_headers(request), ClientTimeout(total=seconds)
    headers.update(_UPGRADE)
    async with client.get(URL(url, encoded=True), headers=headers, allow_redirects=False, timeout=timeout) as response:
        if response.status != HTTPStatus.SWITCHING_PROTOCOLS:
            return await _relay_response(request, response)
        return await _relay_websocket(request, response, seconds)


async def _relay_websocket(request: web.Request, response: ClientResponse, seconds: float) -> web.StreamResponse:
    instance = response.connection.protocol if response.connection is not None else None
    if instance is None:
        raise ClientConnectionError("The instance closed the connection after its handshake.")
    headers = _end_to_end_headers(response.headers)
    headers.update({**_UPGRADE, "Server": SERVER})
    relayed = web.StreamResponse(status=response.status, headers=headers)
    relayed.force_close()
    await relayed.prepare(request)
    loop, client = asyncio.get_running_loop(), request.protocol
    from_client, from_instance = (
        StreamReader(client, MAX_UNSENT, loop=loop),
        StreamReader(instance, MAX_UNSENT, loop=loop),
    )
    client.set_parser(cast("Any", _Unread(from_client)))
    instance.set_parser(_Unread(from_instance), from_instance)
    to_instance = StreamWriter(instance, loop)
    copies = (
        start_in_background(_copy(from_client, to_instance.write), "websocket-to-instance"),
        start_in_background(_copy(from_instance, relayed.write), "websocket-to-client"),
    )
    try:
        await asyncio.wait(copies, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for copy in copies:
            copy.cancel()
        await asyncio.gather(*copies, return_exceptions=True)
        response.close()
    return relayed


class _Unread:
    """A parser for a connection of aiohttp that leaves its bytes as they are; aiohttp's own one reads WebSockets."""

    def __init__(self, reader: StreamReader) -> None:
        self._reader = reader

    def feed_data(self, data: bytes) -> tuple[bool, bytes]:
        """Take bytes; the result means that there are no errors and no bytes for another parser."""
        self._reader.feed_data(data)
        return False, b""

    def feed_eof(self) -> None:
        self._reader.feed_eof()


async def _copy(reader: StreamReader, write: Callable[[bytes], Awaitable[None]]) -> None:
    try:
        while data := await reader.readany():
            await write(data)
    except (ConnectionError, ClientError):
        return  # the other side has left


async def _relay_response(request: web.Request, response: ClientResponse) -> web.StreamResponse:
    headers = _end_to_end_headers(response.headers)
    headers["Server"] = SERVER
    length = response.content_length
    if length is not None and length <= MAX_BUFFERED_RESPONSE and request.method != "HEAD":
        return web.Response(status=response.status, reason=response.reason, headers=headers, body=await response.read())
    relayed = web.StreamResponse(status=response.status, reason=response.reason, headers=headers)
    await relayed.prepare(request)
    try:
        async for chunk in response.content.iter_any():
            await relayed.write(chunk)
        await relayed.write_eof()
    except (ClientError, TimeoutError):
        if request.transport is not None:
            request.transport.close()  # otherwise the client takes a partial response for a complete one
    return relayed


def _request_headers(request: web.Request) -> CIMultiDict[str]:
    headers = _end_to_end_headers(request.headers, excluded=("Expect",))
    headers.setdefault("X-Forwarded-Proto", request.scheme)
    headers["X-Forwarded-For"] = ", ".join(
        [*request.headers.getall("X-Forwarded-For", ()), request.remote or "unknown"]
    )
    return headers


def _end_to_end_headers(
    headers: CIMultiDictProxy[str] | CIMultiDict[str], excluded: Iterable[str] = ()
) -> CIMultiDict[str]:
    dropped = HOP_BY_HOP_HEADERS | {name.lower() for name in excluded}
    return CIMultiDict((name, value) for name, value in headers.items() if name.lower() not in dropped)
