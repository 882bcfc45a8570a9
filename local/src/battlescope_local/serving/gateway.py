"""The public gateway: serves the paths of the HTTPRoutes and a landing page, and nothing else."""

import html
import re
from collections.abc import Iterable, Mapping
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit
from uuid import uuid4

from aiohttp import web

from battlescope_local.manifests.model import RouteMatch
from battlescope_local.serving.revision import Revision

REQUEST_ID_HEADER: Final = "x-request-id"
VALID_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,128}")  # other characters could break a log line

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
FOREIGN_ORDER: Final = "Changes are accepted only from this machine: Host and Origin must be those of the loopback."


def find_route(routes: Iterable[RouteMatch], path: str) -> RouteMatch | None:
    """The route with the precedence of the Gateway API: Exact before PathPrefix, then the longest path."""
    matching = [route for route in routes if _matches(route, path)]
    return max(matching, key=lambda route: (route.kind == "Exact", len(route.path.rstrip("/"))), default=None)


def _matches(route: RouteMatch, path: str) -> bool:
    """A prefix matches whole path elements: /api/battles matches /api/battles/7, and not /api/battlestations."""
    if route.kind == "Exact":
        return path == route.path
    prefix = route.path.rstrip("/")
    return path == prefix or path.startswith(f"{prefix}/")


def gateway_app(routes: Iterable[RouteMatch], services: Mapping[str, Revision]) -> web.Application:
    all_routes = tuple(routes)

    async def handle(request: web.Request) -> web.StreamResponse:
        identity = request_id(request)
        if is_foreign_order(request):
            error = {"error": "forbidden", "message": FOREIGN_ORDER, "requestId": identity}
            return web.json_response(error, status=403, headers={REQUEST_ID_HEADER: identity})
        route = find_route(all_routes, request.path)
        if route is not None:
            headers = request.headers.copy()
            headers[REQUEST_ID_HEADER] = identity
            headers["host"] = route.host
            identified = request.clone(headers=headers)
            return await services[route.service].handle(identified, request.raw_path)
        if request.path == "/":
            return web.Response(text=landing_page(all_routes), content_type="text/html")
        error = {"error": "not_found", "message": "No function serves this path.", "requestId": identity}
        return web.json_response(error, status=404, headers={REQUEST_ID_HEADER: identity})

    app = web.Application(client_max_size=0)
    app.router.add_route("*", "/{path:.*}", handle)
    return app


def is_foreign_order(request: web.Request) -> bool:
    """Whether a web page of another site asks for a change: its Origin says so, or its Host, whose name it rebound."""
    if request.method in SAFE_METHODS:
        return False
    origin = request.headers.get("origin")
    return not _is_loopback(f"//{request.host}") or (origin is not None and not _is_loopback(origin))


def _is_loopback(url: str) -> bool:
    try:
        host = urlsplit(url).hostname or ""
        return host == "localhost" or host.endswith(".localhost") or ip_address(host).is_loopback
    except ValueError:
        return False


def request_id(request: web.Request) -> str:
    header = request.headers.get(REQUEST_ID_HEADER, "")
    return header if VALID_REQUEST_ID.fullmatch(header) else str(uuid4())


def landing_page(routes: Iterable[RouteMatch]) -> str:
    """The page at `/`, as long as there is no web application."""
    links = "".join(
        f'<li><a href="{html.escape(route.path)}">{html.escape(route.path)}</a> · {html.escape(route.service)}</li>'
        for route in routes
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>BattleScope</title>'
        "<body><h1>BattleScope is running</h1><p>Functions serve these paths:</p>"
        f"<ul>{links}</ul></body></html>"
    )
