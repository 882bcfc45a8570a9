"""A connection to an app inside the process that stays open: server-sent events, or a WebSocket."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager, suppress
from typing import Any


class AsgiConnection:
    """What the app sends arrives in `sent`; `receive` takes what the client does."""

    def __init__(self) -> None:
        self.sent: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self.to_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()

    async def next(self, kind: str) -> dict[str, Any]:
        """The next message of this kind."""
        while True:
            message = await self.sent.get()
            if message["type"] == kind:
                return message


@asynccontextmanager
async def connected(app: Any, kind: str, path: str, headers: dict[str, str]) -> AsyncGenerator[AsgiConnection]:
    """Connect, `kind` being http or websocket, and leave at the end of the block."""
    connection = AsgiConnection()
    scope: dict[str, Any] = {
        "type": kind,
        "asgi": {"version": "3.0", "spec_version": "2.4"},
        "path": path,
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("192.0.2.7", 50000),
        "server": ("api.example", 80),
        "root_path": "",
        "scheme": "http" if kind == "http" else "ws",
        "http_version": "1.1",
        "extensions": {"websocket.http.response": {}},
        "app": app,
    } | ({"method": "GET"} if kind == "http" else {"subprotocols": []})
    connection.to_app.put_nowait(
        {"type": "http.request", "body": b"", "more_body": False} if kind == "http" else {"type": "websocket.connect"}
    )
    task = asyncio.create_task(app(scope, connection.to_app.get, connection.sent.put))
    try:
        yield connection
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
