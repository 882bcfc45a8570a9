"""Responses with the cache headers that every route states."""

from typing import Literal

from fastapi import Request
from fastapi.responses import Response
from pydantic import BaseModel

from battlescope_events.http_api.conditional import content_etag, matches_weakly

_JSON = "application/json"


def cacheable_response(
    request: Request, body: BaseModel, max_age: int, scope: Literal["private", "public"] = "private"
) -> Response:
    """The body with its ETag, cacheable for `max_age` seconds; 304 if the client has it already."""
    content = body.model_dump_json(by_alias=True).encode()
    etag = content_etag(content)
    headers = {"etag": etag, "cache-control": f"{scope}, max-age={max_age}"}
    if matches_weakly(", ".join(request.headers.getlist("if-none-match")), etag):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=_JSON, headers=headers)


def uncached_response(body: BaseModel, status: int = 200, **headers: str) -> Response:
    """The body with `Cache-Control: no-store`; underscores in names of extra headers become hyphens."""
    extra_headers = {name.replace("_", "-"): value for name, value in headers.items()}
    content = body.model_dump_json(by_alias=True)
    return Response(content, status, {"cache-control": "no-store", **extra_headers}, _JSON)
