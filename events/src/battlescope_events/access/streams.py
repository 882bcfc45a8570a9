"""Responses and connections that stay open, and end as soon as their caller no longer has the right."""

import json
from collections.abc import AsyncGenerator, AsyncIterable
from contextlib import asynccontextmanager
from typing import Final

from starlette.requests import HTTPConnection
from starlette.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect, WebSocketState

from battlescope_events.http_api.errors import ApiError, error_response
from battlescope_events.http_api.guard import AccessEndedError, watch_access

POLICY_VIOLATION: Final = 1008  # the close code of RFC 6455 for a connection that is no longer allowed
_MAX_REASON_BYTES: Final = 120  # of a close frame
_HEADERS: Final = {"cache-control": "no-store", "x-accel-buffering": "no"}


class EventStream(StreamingResponse):
    """Server-sent events of a guarded route. When the right ends, the last event is `access-ended` with the reason."""

    def __init__(self, events: AsyncIterable[str | bytes], status_code: int = 200) -> None:
        super().__init__(events, status_code, media_type="text/event-stream", headers=_HEADERS)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send events until there are no more, the client leaves, or the right ends."""
        has_started = False

        async def tracked_send(message: Message) -> None:
            nonlocal has_started
            await send(message)
            has_started = True

        connection = HTTPConnection(scope)
        try:
            async with watch_access(connection):
                await super().__call__(scope, receive, tracked_send)
        except AccessEndedError as ended:
            if not has_started:
                await error_response(connection, ApiError(401, str(ended)))(scope, receive, send)
                return
            event = f"event: access-ended\ndata: {json.dumps({'reason': str(ended)})}\n\n"
            await send({"type": "http.response.body", "body": event.encode(), "more_body": False})


@asynccontextmanager
async def guarded_websocket(websocket: WebSocket) -> AsyncGenerator[None]:
    """Accept the WebSocket of a guarded route; when the right ends, close it with 1008 and the reason.

    The block also ends when the client leaves.

    Raises:
        ApiError: the caller has too many streams (429); the WebSocket is not accepted.
    """
    try:
        async with watch_access(websocket):
            await websocket.accept()
            yield
    except WebSocketDisconnect:
        return
    except AccessEndedError as ended:
        if websocket.application_state is not WebSocketState.DISCONNECTED:
            await websocket.close(POLICY_VIOLATION, str(ended)[:_MAX_REASON_BYTES])
