"""Adapts functions-framework: an empty 204, a limit on the body, and a target that calls the right function."""

from collections.abc import Awaitable, Callable
from contextvars import ContextVar
from http import HTTPStatus
from pathlib import Path
from typing import Final

from cloudevents.http import CloudEvent
from functions_framework.aio import create_asgi_app  # pyright: ignore[reportUnknownVariableType]  # ships no types
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

RECEIVER: Final[ContextVar[Callable[[CloudEvent], Awaitable[None]]]] = ContextVar("battlescope_receiver")
MAX_EVENT_SIZE: Final = 2 * 1024 * 1024  # bytes; the Broker accepts 1 MiB, twice that leaves room for structured mode
_TOO_LARGE: Final = "The event is larger than 2 MiB; send a claim check instead."


class FrameworkAdapter:
    """The app of functions-framework, with its 200 `OK` replaced by an empty 204.

    Knative treats a 2xx response whose body is no CloudEvent as a failed delivery and dead-letters the event.
    """

    def __init__(self, receive: Callable[[CloudEvent], Awaitable[None]]) -> None:
        self._receive = receive
        source = str(Path(__file__).with_name("framework_target.py"))
        self._framework: ASGIApp = create_asgi_app("receive", source, "cloudevent")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if int(dict(scope["headers"]).get(b"content-length", b"0")) > MAX_EVENT_SIZE:
            response = Response(status_code=413, headers={"Kne-Reason": _TOO_LARGE})
            await response(scope, receive, send)
            return
        RECEIVER.set(self._receive)
        await self._framework(scope, receive, _EmptyAcknowledgement(send))


class _EmptyAcknowledgement:
    def __init__(self, send: Send) -> None:
        self._send = send
        self._is_acknowledgement = False

    async def __call__(self, message: Message) -> None:
        is_start = message["type"] == "http.response.start"
        self._is_acknowledgement = self._is_acknowledgement or (is_start and message["status"] == HTTPStatus.OK)
        if self._is_acknowledgement and is_start:
            await self._send({"type": "http.response.start", "status": 204, "headers": []})
        else:
            await self._send({**message, "body": b""} if self._is_acknowledgement else message)
