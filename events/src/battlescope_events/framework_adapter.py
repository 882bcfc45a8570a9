"""What the framework lacks: an empty 204, a limit on bodies, and a way from its one target to the right function."""

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
LARGEST_EVENT: Final = 2 * 1024 * 1024  # the Broker takes 1 MiB; twice that leaves room for structured mode
_TOO_LARGE: Final = "The event is larger than 2 MiB; send a claim check instead."


class Shell:
    """The framework's app with its 200 `OK` turned into an empty 204.

    A 2xx answer with a body that is no CloudEvent counts as a failed delivery and goes to the dead letters unseen.
    """

    def __init__(self, receive: Callable[[CloudEvent], Awaitable[None]]) -> None:
        self._receive = receive
        source = str(Path(__file__).with_name("framework_target.py"))
        self._framework: ASGIApp = create_asgi_app("receive", source, "cloudevent")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if int(dict(scope["headers"]).get(b"content-length", b"0")) > LARGEST_EVENT:
            refusal = Response(status_code=413, headers={"Kne-Reason": _TOO_LARGE})
            await refusal(scope, receive, send)
            return
        RECEIVER.set(self._receive)
        await self._framework(scope, receive, _Acknowledging(send))


class _Acknowledging:
    def __init__(self, send: Send) -> None:
        self._send = send
        self._silent = False

    async def __call__(self, message: Message) -> None:
        starts = message["type"] == "http.response.start"
        self._silent = self._silent or (starts and message["status"] == HTTPStatus.OK)
        if self._silent and starts:
            await self._send({"type": "http.response.start", "status": 204, "headers": []})
        else:
            await self._send({**message, "body": b""} if self._silent else message)
