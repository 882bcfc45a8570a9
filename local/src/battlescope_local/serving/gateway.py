"""The public gateway: serves the paths of the HTTPRoutes and the logins of this machine, and nothing else."""

import re
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import urlsplit
from uuid import uuid4

from aiohttp import web
from aiohttp.typedefs import Handler

from battlescope_events.edge.hosts import FOREIGN_HOST, host_name, is_loopback
from battlescope_events.edge.origins import SAFE_METHODS
from battlescope_events.edge.security_headers import SECURITY_HEADERS
from battlescope_events.http_api.error_page import is_for_a_person
from battlescope_local.manifests.model import RouteMatch
from battlescope_local.serving.command_login import COMMAND_LOGIN_PATH, CommandLogins
from battlescope_local.serving.http_server import REQUEST_ID_HEADER, error_response
from battlescope_local.serving.owner_login import OWNER_LOGIN_PATH, USED_LINK, OwnerLogin
from battlescope_local.serving.proxy import is_websocket
from battlescope_local.serving.revision import Rejection, Revision

VALID_REQUEST_ID: Final = re.compile(r"[A-Za-z0-9._:-]{1,100}")  # other characters could break a log line
_ABSOLUTE_FORM: Final = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://[^/?]*")
NOTHING_HERE: Final = "There is nothing at this path."
LOGIN_PATH: Final = "/auth/login"
FOREIGN_ORDER: Final = "Changes are accepted only from pages of this machine: Origin must be that of the loopback."


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


def gateway_app(
    routes: Iterable[RouteMatch],
    services: Mapping[str, Revision],
    owner_login: OwnerLogin | None = None,
    command_logins: CommandLogins | None = None,
) -> web.Application:
    """The public side of the node.

    With `owner_login` (access mode `off`) it answers to names of this machine only, and takes changes from its pages
    only. `command_logins` are those of the access mode `sso`.
    """
    all_routes = tuple(routes)

    async def handle(request: web.Request) -> web.StreamResponse:
        identity = request_id(request)
        invalid = invalid_header(request.headers)
        if invalid is not None:
            return _error(request, 400, identity, f"The header {invalid} contains bytes that are not UTF-8.")
        if owner_login is not None and is_foreign_host(request, owner_login.origin):
            return _error(request, 421, identity, FOREIGN_HOST)
        if owner_login is not None and is_foreign_order(request):
            return _error(request, 403, identity, FOREIGN_ORDER)
        own = await _own_response(request, identity, owner_login, command_logins)
        if own is not None:
            return own
        route = find_route(all_routes, request.path)
        if route is None:
            return _error(request, 404, identity, NOTHING_HERE)
        identified = _identified(request, identity, route.host)
        response = await services[route.service].handle(identified, origin_form(request))
        return _error(request, response.status, identity) if isinstance(response, Rejection) else response

    @web.middleware
    async def without_route(request: web.Request, handler: Handler) -> web.StreamResponse:
        try:
            return await handler(request)
        except web.HTTPNotFound:  # the asterisk form has no path
            return _error(request, 404, request_id(request), NOTHING_HERE)

    app = web.Application(client_max_size=0, middlewares=[without_route])
    app.router.add_route("*", "/{path:.*}", handle)
    return app


def _error(request: web.Request, status: int, identity: str, message: str | None = None) -> web.Response:
    is_page = is_for_a_person(request.method, request.headers.get("accept", ""))
    return error_response(status, identity, message, is_page=is_page)


async def _own_response(
    request: web.Request, identity: str, owner_login: OwnerLogin | None, command_logins: CommandLogins | None
) -> web.StreamResponse | None:
    """The response to what belongs to a login on this machine; None for all other requests."""
    if command_logins is not None and begins_elsewhere(request, command_logins.origin):
        location = f"{command_logins.origin}{origin_form(request)}"
        headers = {**SECURITY_HEADERS, "location": location, "cache-control": "no-store"}
        return web.Response(status=302, headers=headers)
    if command_logins is not None and request.path == COMMAND_LOGIN_PATH and request.method in {"GET", "POST"}:
        return await command_logins.respond(request)
    if owner_login is not None and request.path == OWNER_LOGIN_PATH and request.method == "GET":
        is_valid = owner_login.redeem(request.query.get("code", ""))
        return owner_login.logged_in() if is_valid else _error(request, 403, identity, USED_LINK)
    return None


def is_foreign_host(request: web.Request, origin: str) -> bool:
    """Whether a request is for another name than those of this machine, as of a web page whose name was rebound."""
    name = host_name(request.host)
    return not is_loopback(name) and name != host_name(origin)


def is_foreign_order(request: web.Request) -> bool:
    """Whether a web page of another site asks for a change: its Origin is foreign.

    A WebSocket may change something whatever its method, and browsers let every page open one.
    """
    if request.method in SAFE_METHODS and not is_websocket(request):
        return False
    origin = request.headers.get("origin")
    return origin is not None and not is_loopback(host_name(origin))


def begins_elsewhere(request: web.Request, origin: str) -> bool:
    """Whether a login begins at another name of this machine than the one to which EVE SSO sends browsers back.

    The cookie of the login would stay behind at that name.
    """
    own = urlsplit(origin).netloc
    return request.path == LOGIN_PATH and request.host != own and is_loopback(host_name(request.host))


def request_id(request: web.Request) -> str:
    header = request.headers.get(REQUEST_ID_HEADER, "")
    return header if VALID_REQUEST_ID.fullmatch(header) else str(uuid4())


def _identified(request: web.Request, identity: str, host: str) -> web.Request:
    """The request with its id and the host to which its route rewrites it."""
    headers = request.headers.copy()
    headers[REQUEST_ID_HEADER] = identity
    headers["host"] = host
    return request.clone(headers=headers)


def invalid_header(headers: Mapping[str, str]) -> str | None:
    """A header with bytes that are not UTF-8, which aiohttp reads as surrogates and cannot send."""
    return next((name for name, value in headers.items() if not _is_encodable(name + value)), None)


def _is_encodable(text: str) -> bool:
    return not any("\ud800" <= character <= "\udfff" for character in text)


def origin_form(request: web.Request) -> str:
    """The path and query as they were sent, without the scheme and host of an absolute-form request line."""
    target = _ABSOLUTE_FORM.sub("", request.raw_path, count=1)
    return target if target.startswith("/") else f"/{target}"
