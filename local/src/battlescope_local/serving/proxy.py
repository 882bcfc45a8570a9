"""Forwards one HTTP request to an instance and streams its response back."""

from collections.abc import Iterable
from typing import Final

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, web
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

from battlescope_local.serving.http_server import SERVER

MAX_BUFFERED_RESPONSE: Final = 65_536  # bytes; a larger response is streamed
MAX_REPLAYABLE_BODY: Final = 1_048_576  # bytes; a smaller request is kept, so that it can go to another instance
# Headers of a single connection by RFC 9110. Host is forwarded; aiohttp sets Content-Length again.
HOP_BY_HOP_HEADERS: Final = frozenset(
    name.lower()
    for name in ("Connection", "Keep-Alive", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding", "Upgrade")
)


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
