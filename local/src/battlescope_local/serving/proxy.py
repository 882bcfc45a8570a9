"""Passes one HTTP request on to an instance and its answer back, both ways as they come."""

from collections.abc import Iterable
from typing import Final

from aiohttp import ClientError, ClientResponse, ClientSession, ClientTimeout, web
from multidict import CIMultiDict, CIMultiDictProxy
from yarl import URL

SMALL: Final = 65_536  # bytes of an answer that is passed on in one piece
REPLAYABLE: Final = 1_048_576  # bytes of a request that is held, so that another instance can be asked
# Of one hop only, by RFC 9110; Host is passed on, Content-Length is set anew by what is sent.
HOP: Final = frozenset(
    name.lower()
    for name in ("Connection", "Keep-Alive", "Proxy-Connection", "TE", "Trailer", "Transfer-Encoding", "Upgrade")
)


async def body_of(request: web.Request) -> bytes | None:
    """A small body as bytes, which can be sent twice; None for one that is streamed."""
    if not request.body_exists:
        return b""
    length = request.content_length
    return await request.read() if length is not None and length <= REPLAYABLE else None


async def forward(
    request: web.Request, client: ClientSession, url: str, *, body: bytes | None, seconds: float
) -> web.StreamResponse:
    """Raises aiohttp's ClientError before the answer has begun; afterwards it cuts the connection."""
    async with client.request(
        request.method,
        URL(url, encoded=True),
        headers=_request_headers(request),
        data=request.content if body is None else body or None,
        allow_redirects=False,
        timeout=ClientTimeout(total=seconds),
    ) as answer:
        return await _passed_on(request, answer)


async def _passed_on(request: web.Request, answer: ClientResponse) -> web.StreamResponse:
    headers = _kept(answer.headers)
    length = answer.content_length
    if length is not None and length <= SMALL and request.method != "HEAD":
        return web.Response(status=answer.status, reason=answer.reason, headers=headers, body=await answer.read())
    response = web.StreamResponse(status=answer.status, reason=answer.reason, headers=headers)
    await response.prepare(request)
    try:
        async for piece in answer.content.iter_any():
            await response.write(piece)
        await response.write_eof()
    except (ClientError, TimeoutError):
        if request.transport is not None:
            request.transport.close()  # half an answer must not look like a whole one
    return response


def _request_headers(request: web.Request) -> CIMultiDict[str]:
    headers = _kept(request.headers, but=("Expect",))
    headers.setdefault("X-Forwarded-Proto", request.scheme)
    headers["X-Forwarded-For"] = ", ".join(
        [*request.headers.getall("X-Forwarded-For", ()), request.remote or "unknown"]
    )
    return headers


def _kept(headers: CIMultiDictProxy[str] | CIMultiDict[str], but: Iterable[str] = ()) -> CIMultiDict[str]:
    dropped = HOP | {name.lower() for name in but}
    return CIMultiDict((name, value) for name, value in headers.items() if name.lower() not in dropped)
