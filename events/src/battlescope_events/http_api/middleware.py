"""What happens to every request before its route: an id, a trace, limits, and HEAD as GET without the body."""

import re
import uuid
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from battlescope_events.edge.origins import SAFE_METHODS
from battlescope_events.http_api.errors import ApiError, error_response
from battlescope_events.trace import CURRENT, PLAIN_ID, Trace

MAX_QUERY_BYTES: Final = 16 * 1024  # the battle list with every filter full takes 10 kB
_JSON: Final = re.compile(r"application/(?:[a-z0-9.+-]+\+)?json", re.IGNORECASE)


class RequestContext:
    """Sets the id and the trace of each request. A foreign id is kept only if it is short and plain."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] not in {"http", "websocket"}:
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        request_id = _plain(headers.get("x-request-id")) or str(uuid.uuid4())
        scope.setdefault("state", {})["request_id"] = request_id
        correlation_id = _plain(headers.get("x-correlation-id")) or request_id
        token = CURRENT.set(Trace.start(headers.get("traceparent"), correlation_id))

        async def send_with_request_id(message: Message) -> None:
            if message["type"] in {"http.response.start", "websocket.http.response.start"}:
                MutableHeaders(scope=message)["x-request-id"] = request_id
            await send(message)

        try:
            await self._app(scope, receive, send_with_request_id)
        finally:
            CURRENT.reset(token)


def _plain(foreign_id: str | None) -> str | None:
    return foreign_id if foreign_id and PLAIN_ID.fullmatch(foreign_id) else None


class RequestLimits:
    """Rejects queries and bodies that are too large, and bodies that are not JSON.

    The received bytes are counted, since a request may omit Content-Length or understate it.
    """

    def __init__(self, app: ASGIApp, max_body_bytes: int) -> None:
        self._app = app
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        error = self._error(scope)
        if error is not None:
            await error_response(HTTPConnection(scope), error)(scope, receive, send)
            return
        received_bytes = 0

        async def receive_counted() -> Message:
            nonlocal received_bytes
            message = await receive()
            received_bytes += len(message.get("body", b""))
            if received_bytes > self._max_body_bytes:
                raise self._too_large()
            return message

        await self._app(scope, receive_counted, send)

    def _error(self, scope: Scope) -> ApiError | None:
        headers = Headers(scope=scope)
        if len(scope["query_string"]) > MAX_QUERY_BYTES:
            return ApiError(414, f"The query is longer than {MAX_QUERY_BYTES} bytes.")
        length = headers.get("content-length", "0")
        if not (length.isascii() and length.isdigit()):
            return ApiError(400, "Content-Length must be a number.")
        digits = length.lstrip("0")
        if len(digits) > len(str(self._max_body_bytes)) or int(digits or "0") > self._max_body_bytes:
            return self._too_large()
        has_body = bool(digits) or "transfer-encoding" in headers
        if has_body and scope["method"] not in SAFE_METHODS and not _is_json(headers.get("content-type", "")):
            return ApiError(415, "The body must be JSON, with the header `Content-Type: application/json`.")
        if has_body and headers.get("content-encoding", "identity").lower() != "identity":
            message = "The body must not be compressed."
            return ApiError(415, message, headers={"accept-encoding": "identity"})
        return None

    def _too_large(self) -> ApiError:
        return ApiError(413, f"The request body is larger than {self._max_body_bytes} bytes.")


def _is_json(content_type: str) -> bool:
    return _JSON.fullmatch(content_type.partition(";")[0].strip()) is not None


class HeadAsGet:
    """Answers HEAD by the route of GET, without the body."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return

        async def send_without_body(message: Message) -> None:
            await send({**message, "body": b""} if message["type"] == "http.response.body" else message)

        await self._app({**scope, "method": "GET"}, receive, send_without_body)
