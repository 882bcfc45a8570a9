"""A function with one WebSocket, which sends back what it receives: for tests of the way to it."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from fastapi import WebSocket

from battlescope_events.access.composition import open_guard
from battlescope_events.access.settings import AccessSettings
from battlescope_events.access.streams import guarded_websocket
from battlescope_events.http_api.app import api_app
from battlescope_events.http_api.guard import Guard, Right, Role, requires
from battlescope_events.http_api.routing import ApiRouter
from battlescope_events.publisher import RecordingPublisher

router = ApiRouter(prefix="/api/socket", dependencies=[requires(Right("battle-reports", Role.USER))])


@dataclass(frozen=True)
class Dependencies:
    guard: Guard


@router.websocket("/echo")
async def echo(websocket: WebSocket) -> None:
    async with guarded_websocket(websocket):
        while True:
            await websocket.send_text(await websocket.receive_text())


@asynccontextmanager
async def open_dependencies() -> AsyncGenerator[Dependencies]:
    settings = AccessSettings()
    async with open_guard(settings, lambda: datetime.now(UTC), RecordingPublisher(), "socket-api") as guard:
        yield Dependencies(guard)


async def ready(_: Dependencies) -> None:
    """Nothing else has to answer."""


app = api_app("socket-api", [router], open_dependencies, ready)
