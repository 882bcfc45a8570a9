"""Responses with the cache headers that every route states."""

import re
from typing import Final, Literal

from fastapi import Request
from fastapi.responses import Response
from pydantic import BaseModel

from battlescope_events.http_api.conditional import content_etag, matches_weakly

_JSON: Final = "application/json"
# Control characters that hide or disguise the text beside them, as JSON in UTF-8 has them: C0 as escapes (a backslash
# before them is matched first, so that an escaped backslash is no escape), DEL, C1, and the marks of Unicode that
# change the direction of text. Names come from players, and older rows hold what is refused today.
_ESCAPES: Final = re.compile(rb"\\(?:u00(?:[01][0-9a-f]|7f)|.)", re.IGNORECASE | re.DOTALL)
_PLAIN: Final = bytes(range(0x7F))
_CONTROLS: Final = re.compile(
    rb"\x7f|\xc2[\x80-\x9f]|\xd8\x9c|\xe2\x80[\x8e\x8f\xa8-\xae]|\xe2\x81[\xa6-\xa9]|\xef\xbb\xbf"
)


def json_content(body: BaseModel) -> bytes:
    """The body as JSON, without the characters that would disguise a name or note where it is shown."""
    return without_controls(body.model_dump_json(by_alias=True).encode())


def without_controls(content: bytes) -> bytes:
    """The JSON without the characters that would disguise a name or note where it is shown."""
    if b"\\u00" in content:
        content = _ESCAPES.sub(_kept_escape, content)
    # Of megabytes little is left without plain ASCII, and a search of that takes a tenth of the time. A character
    # begins with a byte of its own, so that none comes to be where others are left out.
    if _CONTROLS.search(content.translate(None, _PLAIN)):
        content = _CONTROLS.sub(b"", content)
    return content


def _kept_escape(match: re.Match[bytes]) -> bytes:
    return b"" if match[0][1:4].lower() == b"u00" else match[0]


def cacheable_response(
    request: Request,
    body: BaseModel,
    max_age: int,
    scope: Literal["private", "public"] = "private",
) -> Response:
    """The body with its ETag, cacheable for `max_age` seconds; 304 if the client has it already."""
    return cacheable_content(request, json_content(body), max_age, scope=scope)


def cacheable_content(
    request: Request,
    content: bytes,
    max_age: int,
    media_type: str = _JSON,
    *,
    scope: Literal["private", "public"] = "private",
    etag: str | None = None,
) -> Response:
    """As `cacheable_response`, of content in any media type.

    `etag` is given where the content has something that is new each time; else it is made from the content.
    """
    return _conditional(request, content, etag or content_etag(content), f"{scope}, max-age={max_age}", media_type)


def current_response(request: Request, body: BaseModel, etag: str | None = None) -> Response:
    """The body with its ETag, which a cache must ask for again before each use; 304 if the client has it already.

    `etag` is that of the resource's version where writes name it in If-Match; else it is made from the content.
    """
    content = json_content(body)
    return _conditional(request, content, etag or content_etag(content), "private, no-cache")


def _conditional(request: Request, content: bytes, etag: str, cache_control: str, media_type: str = _JSON) -> Response:
    headers = {"etag": etag, "cache-control": cache_control}
    if matches_weakly(", ".join(request.headers.getlist("if-none-match")), etag):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=media_type, headers=headers)


def uncached_response(body: BaseModel, status: int = 200, **headers: str) -> Response:
    """The answer to a write; underscores in names of extra headers become hyphens."""
    extra_headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return Response(json_content(body), status, {"cache-control": "no-store", **extra_headers}, _JSON)
