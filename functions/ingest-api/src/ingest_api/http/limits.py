"""How much a request may bring: what nobody reads to its end cannot fill the memory."""

from typing import Final

from fastapi import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

MOST_BYTES: Final = 64 * 1024  # a ruleset with every list full is 40 kB


class LimitedBody:
    """Middleware that counts what arrives, also where no length was announced."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        taken = 0

        async def counted() -> Message:
            nonlocal taken
            message = await receive()
            taken += len(message.get("body", b""))
            if taken > MOST_BYTES:
                raise HTTPException(413, f"The body is larger than {MOST_BYTES} bytes.")
            return message

        await self._app(scope, counted, send)
