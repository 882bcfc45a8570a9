"""Compresses responses for clients that accept gzip.

Brotli, which kept answers and files of the web app have too, would add a library to every function for a few percent.
"""

import asyncio
import gzip
import re
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MIN_BYTES: Final = 1024  # below, the headers and the work cost more than the saved bytes
_THREAD_BYTES: Final = 64 * 1024  # from here on a thread compresses, which takes a millisecond and longer
_LEVEL: Final = 4  # of JSON nearly as small as the default 6, in half of its time
_MARKED_TAG: Final = re.compile(r'-(gzip|br)"')
_COMPRESSIBLE: Final = ("application/json", "text/")
_PREFERENCE: Final = re.compile(
    r"\s*([\w!#$%&'*+.^`|~-]+)\s*(?:;\s*q\s*=\s*(0(?:\.\d{0,3})?|1(?:\.0{0,3})?)\s*)?", re.IGNORECASE
)


def accepts_gzip(accept_encoding: str) -> bool:
    """Whether the header allows gzip (RFC 9110, 12.5.3); without a header nothing is compressed."""
    return accepts_coding("gzip", accept_encoding)


def accepts_coding(coding: str, accept_encoding: str) -> bool:
    """Whether the header allows a content coding, such as gzip or br."""
    weights: dict[str, float] = {}
    for entry in accept_encoding.split(","):
        match = _PREFERENCE.fullmatch(entry)
        if match is not None:
            weights[match[1].lower()] = float(match[2] or 1)
    return weights.get(coding, weights.get(f"x-{coding}", weights.get("*", 0.0))) > 0


class Compression:
    """Middleware that compresses complete responses.

    A strong ETag names bytes, so that the compressed representation has one of its own, with a suffix. It is removed
    from the conditions of requests: both encodings are one version of the resource.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        response = _Response(
            send,
            accepts=accepts_gzip(",".join(headers.getlist("accept-encoding"))),
            known=_MARKED_TAG.search(headers.get("if-none-match", "")),
        )
        await self._app(
            {**scope, "headers": [_without_suffix(*header) for header in scope["headers"]]}, receive, response
        )


def _without_suffix(name: bytes, value: bytes) -> tuple[bytes, bytes]:
    if name in {b"if-match", b"if-none-match"}:
        return name, _MARKED_TAG.sub('"', value.decode("latin-1")).encode("latin-1")
    return name, value


class _Response:
    """Holds the start of the response back until its body shows whether compression pays."""

    def __init__(self, send: Send, *, accepts: bool, known: re.Match[str] | None) -> None:
        """`known`: the suffix of the representation that the client has."""
        self._send = send
        self._accepts = accepts
        self._known = known
        self._start: Message | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._start = message
            return
        start, self._start = self._start, None
        if start is not None:
            message = await self._encoded(start, message)
            await self._send(start)
        await self._send(message)

    async def _encoded(self, start: Message, message: Message) -> Message:
        headers = MutableHeaders(raw=start["headers"])
        start["headers"] = headers.raw
        if start["status"] == 304 and self._known:  # noqa: PLR2004  # the cached representation is compressed
            _mark(headers, self._known[1])
        if not headers.get("content-type", "").startswith(_COMPRESSIBLE) or "content-encoding" in headers:
            return message
        if "accept-encoding" not in headers.get("vary", "").lower():
            headers.add_vary_header("Accept-Encoding")
        content: bytes = message.get("body", b"")
        if not self._accepts or message.get("more_body") or len(content) < MIN_BYTES:
            return message
        content = await _compress(content)
        headers["content-encoding"], headers["content-length"] = "gzip", str(len(content))
        _mark(headers, "gzip")
        return {**message, "body": content}


def compressed_etag(etag: str, coding: str = "gzip") -> str:
    """The ETag of the representation in a content coding."""
    return f'{etag[:-1]}-{coding}"'


def _mark(headers: MutableHeaders, coding: str) -> None:
    etag = headers.get("etag")
    if etag is not None and not _MARKED_TAG.search(etag):
        headers["etag"] = compressed_etag(etag, coding)


async def _compress(content: bytes) -> bytes:
    if len(content) < _THREAD_BYTES:
        return gzip.compress(content, _LEVEL, mtime=0)
    return await asyncio.to_thread(gzip.compress, content, _LEVEL, mtime=0)
