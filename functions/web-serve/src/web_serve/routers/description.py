"""The description of the HTTP API: as a document and as a page. Both are public, as the source of the API is."""

from typing import Final

from fastapi import Request
from fastapi.responses import HTMLResponse, JSONResponse, Response

from battlescope_events.http_api.guard import public
from battlescope_events.http_api.routing import ApiRouter
from web_serve.dependencies import Deps
from web_serve.routers.responses import respond

CACHE_CONTROL: Final = "public, max-age=300"  # a release is seen by everybody five minutes later

router = ApiRouter(tags=["description"])


@router.get("/api/openapi.json", response_class=JSONResponse, dependencies=[public()])
async def read_document(request: Request, deps: Deps) -> Response:
    """Read the OpenAPI document of all functions."""
    return respond(request, await deps.description.as_json(), CACHE_CONTROL)


@router.get("/api/docs", response_class=HTMLResponse, dependencies=[public()])
async def read_page(request: Request, deps: Deps) -> Response:
    """Read the same as a page for people."""
    return respond(request, await deps.description.as_page(), CACHE_CONTROL)
