"""What protects every route of an HTTP function, for every caller: origins of web pages, CORS, security headers."""

from collections.abc import Callable
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection, cookie_parser
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from battlescope_events.edge.limits import RATE_LIMIT_HEADERS
from battlescope_events.edge.modes import OWNER_COOKIE
from battlescope_events.edge.origins import SAFE_METHODS, OriginPolicy
from battlescope_events.edge.security_headers import SECURITY_HEADERS
from battlescope_schemas.accounts.session import SESSION_COOKIE

_ALLOWED_HEADERS: Final = "Authorization, Content-Type, If-Match, If-None-Match, Prefer, X-Request-Id, Traceparent"
_ALLOWED_METHODS: Final = "GET, HEAD, POST, PUT, PATCH, DELETE"
_EXPOSED_HEADERS: Final = ", ".join(("ETag", "Location", "Retry-After", "X-Request-Id", *RATE_LIMIT_HEADERS))
_FOREIGN: Final = "Changes are accepted only from pages of BattleScope itself."
_NO_ORIGIN: Final = (
    "A change with a login cookie needs the header Origin or Referer, which browsers send by themselves."
)


class EdgeProtection:
    """Middleware: refuses changes that a foreign page makes a browser send, and adds headers to every answer.

    `origins_of` gives the policy of the app that serves a connection, `forbid` the response 403 with a sentence.
    """

    def __init__(
        self,
        app: ASGIApp,
        origins_of: Callable[[HTTPConnection], OriginPolicy],
        forbid: Callable[[HTTPConnection, str], Response],
    ) -> None:
        self._app, self._origins_of, self._forbid = app, origins_of, forbid

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        connection = HTTPConnection(scope)
        origins, origin = self._origins_of(connection), connection.headers.get("origin")
        shared_with = origin if origin is not None and origins.shares_with(origin) else None
        send = _with_headers(send, scope, shared_with)
        if origin is not None and _is_preflight(scope, connection.headers):
            await self._preflight(connection, shared_with)(scope, receive, send)
            return
        refusal = refusal_of_origin(scope, connection.headers, origins)
        if refusal is not None:
            await self._forbid(connection, refusal)(scope, receive, send)
            return
        await self._app(scope, receive, send)

    def _preflight(self, connection: HTTPConnection, shared_with: str | None) -> Response:
        if shared_with is None:
            return self._forbid(connection, _FOREIGN)
        headers = {
            "access-control-allow-methods": _ALLOWED_METHODS,
            "access-control-allow-headers": _ALLOWED_HEADERS,
            "access-control-max-age": "600",
        }
        return Response(status_code=204, headers=headers)


def refusal_of_origin(scope: Scope, headers: Headers, origins: OriginPolicy) -> str | None:
    """Why a foreign page may have caused this change or upgrade to a WebSocket; None if none can have."""
    if scope["type"] == "http" and scope["method"] in SAFE_METHODS:
        return None
    page = headers.get("origin") or headers.get("referer")
    if page is not None:
        return None if origins.allows(page) else _FOREIGN
    cookies = cookie_parser(headers.get("cookie", ""))
    return _NO_ORIGIN if SESSION_COOKIE in cookies or OWNER_COOKIE in cookies else None


def _is_preflight(scope: Scope, headers: Headers) -> bool:
    return scope["type"] == "http" and scope["method"] == "OPTIONS" and "access-control-request-method" in headers


def _with_headers(send: Send, scope: Scope, shared_with: str | None) -> Send:
    async def send_with_headers(message: Message) -> None:
        if message["type"] in {"http.response.start", "websocket.http.response.start"}:
            headers = MutableHeaders(scope=message)
            for name, value in {**SECURITY_HEADERS, **scope.get("state", {}).get("response_headers", {})}.items():
                headers.setdefault(name, value)
            if shared_with is not None:
                headers["access-control-allow-origin"] = shared_with
                headers["access-control-allow-credentials"] = "true"
                headers["access-control-expose-headers"] = _EXPOSED_HEADERS
                headers.add_vary_header("Origin")
        await send(message)

    return send_with_headers
