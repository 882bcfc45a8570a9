"""For tests of clients of upstreams: a host that answers as a test says, a clock to turn, cooldowns in memory."""

from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
from aiohttp import web

from battlescope_events.upstream.client import RequestPolicy, UpstreamClient
from battlescope_events.upstream.cooldown import NO_COOLDOWN, Cooldowns, CooldownState, later
from battlescope_events.upstream.http import ExternalHttp, ExternalResponse, NoResponse

NOON = datetime(2026, 10, 3, 12, tzinfo=UTC)


@dataclass
class AdjustableClock:
    """Stands still until a test moves it."""

    now: datetime = NOON

    def __call__(self) -> datetime:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@dataclass
class MemoryCooldowns:
    """Implements `Cooldowns` for tests of what uses them; several clients may share one."""

    states: dict[str, CooldownState] = field(default_factory=dict[str, CooldownState])
    reasons: list[str] = field(default_factory=list[str])

    async def load(self, upstream: str) -> CooldownState:
        return self.states.get(upstream, NO_COOLDOWN)

    async def save(self, upstream: str, state: CooldownState, reason: str) -> None:
        self.states[upstream] = later(self.states.get(upstream, NO_COOLDOWN), state)
        self.reasons.append(reason)

    async def clear(self, upstream: str, ended: CooldownState) -> None:
        stored = self.states.get(upstream, NO_COOLDOWN)
        if stored.quiet_until is None or (ended.quiet_until is not None and stored.quiet_until <= ended.quiet_until):
            self.states.pop(upstream, None)


@dataclass
class _MockResponse:
    status: int
    headers: Mapping[str, str]
    body: bytes | None

    async def read_piece(self) -> bytes | None:
        piece, self.body = self.body, None
        return piece or None


@dataclass(frozen=True)
class MockHttp:
    """Implements `ExternalHttp` without a host: `respond` gives each answer, or raises an error of httpx2."""

    respond: Callable[[httpx2.Request], httpx2.Response | Awaitable[httpx2.Response]]

    @asynccontextmanager
    async def stream(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes
    ) -> AsyncGenerator[ExternalResponse]:
        try:
            answer = self.respond(httpx2.Request(method, url, headers=dict(headers), content=body))
            response = answer if isinstance(answer, httpx2.Response) else await answer
        except httpx2.TransportError as error:
            raise NoResponse(f"{error}.") from error
        yield _MockResponse(response.status_code, response.headers, response.content)


def instant_client(
    name: str,
    http: ExternalHttp,
    *,
    cooldowns: Cooldowns | None = None,
    policy: RequestPolicy | None = None,
    now: Callable[[], datetime] | None = None,
    **options: Any,
) -> UpstreamClient:
    """A client that does not wait between its tries; cooldowns last as long as without jitter."""

    async def no_sleep(_: float) -> None:
        pass

    return UpstreamClient(
        name,
        http,
        cooldowns or MemoryCooldowns(),
        policy or RequestPolicy(),
        now=now or AdjustableClock(),
        jitter=lambda: 0.0,
        sleep=no_sleep,
        **options,
    )


@dataclass(frozen=True)
class HostResponse:
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict[str, str])
    body: bytes = b"{}"


Received = tuple[str, Mapping[str, str], bytes]  # path, headers and body of a request


@dataclass
class ScriptedHost:
    """Answers the next requests with `queued` responses, and all others with `response`."""

    url: str = ""
    response: HostResponse = HostResponse()
    queued: deque[HostResponse] = field(default_factory=deque[HostResponse])
    requests: list[Received] = field(default_factory=list[Received])

    @property
    def paths(self) -> list[str]:
        return [path for path, _, _ in self.requests]

    async def respond(self, request: web.Request) -> web.Response:
        self.requests.append((request.path, request.headers, await request.read()))
        response = self.queued.popleft() if self.queued else self.response
        return web.Response(status=response.status, headers=response.headers, body=response.body)


@asynccontextmanager
async def scripted_host() -> AsyncGenerator[ScriptedHost]:
    host, app = ScriptedHost(), web.Application(client_max_size=2**24)
    app.router.add_route("*", "/{path:.*}", host.respond)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host.url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield host
    finally:
        await runner.cleanup()
