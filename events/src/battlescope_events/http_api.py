"""What every HTTP function does alike: request ids, JSON logs, error bodies and health.

An error body is `{"error": "<Type>", "message": "<sentence>", "requestId": "…"}`; messages never leak internals.
"""

import logging
import uuid
from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from battlescope_events.errors import TransientError
from battlescope_events.health import health_routes
from battlescope_events.trace import CURRENT, Trace

_log = logging.getLogger(__name__)


class RequestContext:
    """Gives each request its ids, and answers an unforeseen fault with an error body instead of a torn connection."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        request_id = headers.get("x-request-id") or str(uuid.uuid4())
        scope.setdefault("state", {})["request_id"] = request_id
        token = CURRENT.set(Trace.start(headers.get("traceparent"), headers.get("x-correlation-id") or request_id))

        async def named(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["x-request-id"] = request_id
            await send(message)

        try:
            await self._app(scope, receive, named)
        finally:
            CURRENT.reset(token)


def error_response(request: Request, status: int, message: str) -> JSONResponse:
    """The error body of our HTTP functions; the error's name is the status' own."""
    name = HTTPStatus(status).phrase.replace(" ", "")
    request_id: str = getattr(request.state, "request_id", "")
    body = {"error": name, "message": message, "requestId": request_id}
    return JSONResponse(body, status_code=status, headers={"x-request-id": request_id})


def add_conventions(
    app: Starlette,
    *,
    ready: Callable[[], Awaitable[None]],
    invalid: Mapping[type[Exception], Callable[[Exception], str]],
) -> None:
    """Add health routes, request context and the one table from exception to status; `invalid` ones become 400."""

    async def refused(request: Request, error: Exception) -> JSONResponse:
        return error_response(request, 400, invalid[type(error)](error))

    async def stated(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)  # noqa: S101  # Starlette's table guarantees it
        answer = error_response(request, error.status_code, str(error.detail))
        answer.headers.update(error.headers or {})
        return answer

    async def waiting(request: Request, error: Exception) -> JSONResponse:
        _log.warning("%s", error)
        return error_response(request, 503, "A part of the service does not answer; try again shortly.")

    async def failed(request: Request, error: Exception) -> JSONResponse:
        _log.error("Unforeseen fault", exc_info=error, extra={"context": {"request_id": request.state.request_id}})
        return error_response(request, 500, "Something went wrong on our side; the request id finds it in our logs.")

    for kind in invalid:
        app.add_exception_handler(kind, refused)
    app.add_exception_handler(HTTPException, stated)
    app.add_exception_handler(TransientError, waiting)
    app.add_exception_handler(Exception, failed)
    app.add_middleware(RequestContext)
    app.routes[:0] = health_routes(ready)
