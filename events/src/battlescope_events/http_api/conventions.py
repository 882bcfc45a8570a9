"""Conventions of every HTTP function: request ids, JSON logs, error bodies and health.

An error body is `{"error": "<Type>", "message": "<sentence>", "requestId": "…"}`; no message holds internals.
"""

import logging
import uuid
from collections.abc import Callable, Mapping
from http import HTTPStatus

from starlette.applications import Starlette
from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from battlescope_events.errors import TransientError
from battlescope_events.health import Ready, health_routes
from battlescope_events.trace import CURRENT, Trace

_log = logging.getLogger(__name__)


class RequestContext:
    """Middleware that sets the request id and the trace of each request."""

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

        async def send_with_request_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message)["x-request-id"] = request_id
            await send(message)

        try:
            await self._app(scope, receive, send_with_request_id)
        finally:
            CURRENT.reset(token)


def error_response(request: Request, status: int, message: str) -> JSONResponse:
    """The error response of every HTTP function; `error` is the phrase of the status."""
    name = HTTPStatus(status).phrase.replace(" ", "")
    request_id: str = getattr(request.state, "request_id", "")
    body = {"error": name, "message": message, "requestId": request_id}
    return JSONResponse(body, status_code=status, headers={"x-request-id": request_id})


def add_conventions(
    app: Starlette,
    *,
    ready: Ready,
    invalid: Mapping[type[Exception], Callable[[Exception], str]],
) -> None:
    """Add health routes, request context and the table from exception to status; those in `invalid` become 400."""

    async def bad_request(request: Request, error: Exception) -> JSONResponse:
        return error_response(request, 400, invalid[type(error)](error))

    async def http_error(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)  # noqa: S101  # Starlette's table of handlers guarantees it
        response = error_response(request, error.status_code, str(error.detail))
        response.headers.update(error.headers or {})
        return response

    async def unavailable(request: Request, error: Exception) -> JSONResponse:
        _log.warning("%s", error)
        return error_response(request, 503, "A part of the service does not answer; try again shortly.")

    async def unexpected(request: Request, error: Exception) -> JSONResponse:
        _log.error("Unexpected error", exc_info=error, extra={"context": {"request_id": request.state.request_id}})
        return error_response(request, 500, "Internal server error; quote the request id when you report it.")

    for kind in invalid:
        app.add_exception_handler(kind, bad_request)
    app.add_exception_handler(HTTPException, http_error)
    app.add_exception_handler(TransientError, unavailable)
    app.add_exception_handler(Exception, unexpected)
    app.add_middleware(RequestContext)
    app.routes[:0] = health_routes(ready)
