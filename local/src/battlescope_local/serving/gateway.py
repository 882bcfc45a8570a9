"""The public door: paths of the HTTPRoutes, a landing page, and nothing else."""

import html
import re
from collections.abc import Iterable, Mapping
from typing import Final
from uuid import uuid4

from aiohttp import web

from battlescope_local.manifests.model import RouteMatch
from battlescope_local.serving.revision import Revision

REQUEST_ID: Final = "x-request-id"
ACCEPTABLE: Final = re.compile(r"[A-Za-z0-9._:-]{1,128}")  # anything else could break a log line


def find(routes: Iterable[RouteMatch], path: str) -> RouteMatch | None:
    """Gateway API's order: Exact before PathPrefix, then the longest."""
    fitting = [route for route in routes if _matches(route, path)]
    return max(fitting, key=lambda route: (route.kind == "Exact", len(route.path.rstrip("/"))), default=None)


def _matches(route: RouteMatch, path: str) -> bool:
    """A prefix matches whole elements: /api/battles holds /api/battles/7, and not /api/battlestations."""
    if route.kind == "Exact":
        return path == route.path
    prefix = route.path.rstrip("/")
    return path == prefix or path.startswith(f"{prefix}/")


def gateway(routes: Iterable[RouteMatch], services: Mapping[str, Revision]) -> web.Application:
    known = tuple(routes)

    async def answer(request: web.Request) -> web.StreamResponse:
        identity = request_id(request)
        route = find(known, request.path)
        if route is not None:
            headers = request.headers.copy()
            headers[REQUEST_ID] = identity
            named = request.clone(headers=headers)
            return await services[route.service].handle(named, request.raw_path)
        if request.path == "/":
            return web.Response(text=landing_page(known), content_type="text/html")
        said = {"error": "not_found", "message": "Nothing answers this path.", "requestId": identity}
        return web.json_response(said, status=404, headers={REQUEST_ID: identity})

    app = web.Application(client_max_size=0)
    app.router.add_route("*", "/{path:.*}", answer)
    return app


def request_id(request: web.Request) -> str:
    given = request.headers.get(REQUEST_ID, "")
    return given if ACCEPTABLE.fullmatch(given) else str(uuid4())


def landing_page(routes: Iterable[RouteMatch]) -> str:
    """What a visitor sees as long as there is no web application."""
    links = "".join(
        f'<li><a href="{html.escape(route.path)}">{html.escape(route.path)}</a> · {html.escape(route.service)}</li>'
        for route in routes
    )
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>BattleScope</title>'
        "<body><h1>BattleScope is running</h1><p>These paths are answered by functions:</p>"
        f"<ul>{links}</ul></body></html>"
    )
