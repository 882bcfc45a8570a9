"""Instances of the small API whose guard reads sessions from a real Valkey, and a way to Valkey that can be cut."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit
from uuid import uuid4

import httpx2
from small_api import Dependencies, make_app

from battlescope_events.access.account_changes import subscription
from battlescope_events.access.denials import DenialRecorder
from battlescope_events.access.rate_limits import RateLimiter
from battlescope_events.access.session_guard import SessionGuard
from battlescope_events.access.sessions import Sessions
from battlescope_events.access.stream_slots import StreamSlots
from battlescope_events.edge.origins import origin_policy
from battlescope_events.http_api.app import ApiApp
from battlescope_events.publisher import Publish, RecordingPublisher
from battlescope_events.valkey.connection import Valkey

OWN = "https://battlescope.example"
FOREIGN = "https://tools.example"


async def until(condition: Callable[[], bool]) -> None:
    """Wait until the condition holds."""
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.005)


@dataclass
class Clock:
    """The real time, which a test can move forward."""

    offset: float = 0.0

    def monotonic(self) -> float:
        return time.monotonic() + self.offset

    def now(self) -> datetime:
        return datetime.now(UTC) + timedelta(seconds=self.offset)


@dataclass
class Instance:
    """One instance of the function."""

    clock: Clock
    app: ApiApp
    client: httpx2.AsyncClient
    sessions: Sessions


@asynccontextmanager
async def instance(url: str, *, subscribed: bool = True, publish: Publish | None = None) -> AsyncGenerator[Instance]:
    """An instance whose subscription has begun."""
    clock = Clock()
    valkey = Valkey(url, time.monotonic, retry_seconds=0.0)
    sessions = Sessions(valkey, clock.now, clock.monotonic)
    limits = RateLimiter(valkey, clock.monotonic)
    streams = StreamSlots(valkey, uuid4)
    publish = publish or RecordingPublisher()
    denials = DenialRecorder(publish, "sample", now=clock.now, monotonic=clock.monotonic, new_id=uuid4)
    origins = origin_policy([OWN], [FOREIGN])
    guard = SessionGuard(sessions, limits, streams, origins, denials, now=clock.now, trusted_hops=1)
    app = make_app(Dependencies(guard=guard))
    async with AsyncExitStack() as stack:
        stack.push_async_callback(valkey.close)
        await stack.enter_async_context(denials.running())
        if subscribed:
            await stack.enter_async_context(subscription(url, sessions))
            await until(lambda: sessions.is_subscribed)
        transport = httpx2.ASGITransport(app, raise_app_exceptions=False, client=("192.0.2.7", 50000))
        client = await stack.enter_async_context(httpx2.AsyncClient(transport=transport, base_url=OWN))
        yield Instance(clock, app, client, sessions)


class Line:
    """The way to Valkey, which a test cuts and mends: as if Valkey were killed and back with its data."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._target = parts.hostname or "", parts.port or 0
        self._url, self._writers = url, set[asyncio.StreamWriter]()
        self._server: asyncio.Server | None = None
        self._port = 0

    @property
    def url(self) -> str:
        return self._url.replace(f":{self._target[1]}", f":{self._port}")

    async def mend(self) -> None:
        self._server = await asyncio.start_server(self._forward, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    async def cut(self) -> None:
        if self._server is not None:
            self._server.close()
            for writer in self._writers:
                writer.transport.abort()
            self._writers.clear()
            self._server = None

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection(*self._target)
        self._writers |= {writer, far_writer}
        with suppress(OSError):
            await asyncio.gather(copy(reader, far_writer), copy(far_reader, writer))


async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65536):
        writer.write(data)
    writer.transport.abort()
