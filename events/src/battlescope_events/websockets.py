"""WebSockets of uvicorn, imported with the first one: no other cold start needs their 15 to 30 ms of CPU."""

import asyncio
from typing import Any


def protocol(**arguments: Any) -> asyncio.Protocol:
    """The protocol of one connection; uvicorn gives the arguments (`--ws battlescope_events.websockets:protocol`)."""
    from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol  # noqa: PLC0415  # see above

    return WebSocketsSansIOProtocol(**arguments)
