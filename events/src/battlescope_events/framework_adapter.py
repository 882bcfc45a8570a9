"""The way of a request through functions-framework to a function, and back as a response that Knative understands.

A body over 2 MiB → 413; no CloudEvent → 400; else the framework parses the event and calls `receive`, and its 200 `OK`
becomes an empty 204.
"""

from collections.abc import Awaitable, Callable
from http import HTTPStatus
from types import SimpleNamespace
from typing import Final

from cloudevents.http import CloudEvent
from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from battlescope_events.server.stand_ins import standing_in_for

MAX_EVENT_SIZE: Final = 2 * 1024 * 1024  # bytes; the Broker accepts 1 MiB, twice that leaves room for structured mode
_TOO_LARGE: Final = "The event is larger than 2 MiB; send a claim check instead."


# Its WSGI app needs Flask, its ASGI app does not: 60 ms of CPU, a quarter of the imports of an event function.
with standing_in_for("flask", "werkzeug", "werkzeug.local"):
    from functions_framework.aio import (
        create_asgi_app_from_module,  # pyright: ignore[reportUnknownVariableType]  # ships no types
    )


class FrameworkAdapter:
    """An ASGI app that passes each CloudEvent to `receive`.

    Knative treats a 2xx response whose body is no CloudEvent as a failed delivery and dead-letters the event.
    """

    def __init__(self, receive: Callable[[CloudEvent], Awaitable[None]]) -> None:
        async def target(event: CloudEvent) -> None:  # the framework takes a plain function, out of a module
            await receive(event)

        module = SimpleNamespace(target=target)
        self._framework: ASGIApp = create_asgi_app_from_module("target", __file__, "cloudevent", module, None)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if int(dict(scope["headers"]).get(b"content-length", b"0")) > MAX_EVENT_SIZE:
            raise _too_large()
        await self._framework(scope, _limited(receive), _with_empty_acknowledgement(send))


def _limited(receive: Receive) -> Receive:
    """Bodies without a content-length are counted while they arrive."""
    size = 0

    async def receive_limited() -> Message:
        nonlocal size
        message = await receive()
        size += len(message.get("body", b""))
        if size > MAX_EVENT_SIZE:
            raise _too_large()
        return message

    return receive_limited


def _with_empty_acknowledgement(send: Send) -> Send:
    is_acknowledgement = False

    async def send_empty(message: Message) -> None:
        nonlocal is_acknowledgement
        if message["type"] == "http.response.start" and message["status"] == HTTPStatus.OK:
            is_acknowledgement = True
            await send({**message, "status": HTTPStatus.NO_CONTENT, "headers": []})
        else:
            await send({**message, "body": b""} if is_acknowledgement else message)

    return send_empty


def _too_large() -> HTTPException:
    return HTTPException(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, headers={"Kne-Reason": _TOO_LARGE})
