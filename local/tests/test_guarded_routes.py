"""Every route of every function asks for its right: for each caller, direct and through the gateway."""

import asyncio
import re
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from time import monotonic
from typing import Any, NamedTuple
from uuid import uuid4

import httpx2
import pytest
import uvicorn
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from battlescope_events.access.account_changes import subscription
from battlescope_events.access.denials import DenialRecorder
from battlescope_events.access.public_guard import PublicGuard
from battlescope_events.access.rate_limits import RateLimiter
from battlescope_events.access.session_guard import SessionGuard
from battlescope_events.access.sessions import Sessions
from battlescope_events.access.stream_slots import StreamSlots
from battlescope_events.edge.limits import ANONYMOUS
from battlescope_events.edge.origins import OriginPolicy, origin_policy
from battlescope_events.errors import TransientError
from battlescope_events.http_api.app import WEBSOCKET, ApiApp
from battlescope_events.http_api.guard import ANY_FEATURE, INSTALLATION, OWN_ACCOUNT, PUBLIC_ROUTES, Guard, Right
from battlescope_events.publisher import RecordingPublisher
from battlescope_events.valkey.connection import Valkey
from battlescope_local.devtools.http_apps import http_apps
from battlescope_local.devtools.project import ROOT, functions
from battlescope_local.manifests import load
from battlescope_local.serving.gateway import gateway_app
from battlescope_local.serving.internal_gateway import internal_app
from battlescope_local.serving.proxy import forward_request
from battlescope_local.testing.sessions import RANKS, AccountWriter

pytestmark = pytest.mark.stores
ORIGIN = "https://battlescope.example"
UUID = "00000000-0000-0000-0000-000000000001"
_PARAMETER = re.compile(r"\{[^}]+\}")
APPS: Mapping[str, ApiApp] = http_apps()
EVENT_FUNCTIONS = [function.name for function in functions() if function.name not in APPS]


class CallerCase(NamedTuple):
    """Who asks, his rank in every feature, and how he logs in."""

    name: str
    rank: int
    headers: Callable[[AccountWriter, str], dict[str, str]]
    is_token: bool = False
    may_write: bool = True


def session(role: str) -> CallerCase:
    return CallerCase(
        role, RANKS[role], lambda accounts, feature: accounts.log_in(roles={feature: RANKS[role]}).headers
    )


def token(name: str, *, can_write: bool) -> CallerCase:
    def headers(accounts: AccountWriter, feature: str) -> dict[str, str]:
        return accounts.create_access_token(roles={feature: RANKS["admin"]}, can_write=can_write).headers

    return CallerCase(name, RANKS["admin"], headers, is_token=True, may_write=can_write)


CALLERS = (
    CallerCase("anonymous", -1, lambda *_: {}),
    *map(session, RANKS),
    CallerCase("superadmin", 100, lambda accounts, _: accounts.log_in(roles={}, is_super_admin=True).headers),
    CallerCase("blocked", -2, lambda accounts, feature: accounts.log_in(roles={feature: 40}, is_blocked=True).headers),
    token("reading token", can_write=False),
    token("writing token", can_write=True),
)


def expected(caller: CallerCase, right: Right) -> int:
    """401, 403, or 200 where the caller is let through; the table of the requirements, written once more."""
    if caller.rank < 0:
        return 401 if caller.name == "anonymous" else 403
    if caller.is_token and right.writes and not (caller.may_write and right.feature == "battle-reports"):
        return 403
    if caller.name == "superadmin" or right.feature == OWN_ACCOUNT:
        return 200
    return 200 if right.feature != INSTALLATION and caller.rank >= right.role else 403


class NothingBehindTheGuard:
    """The dependencies of a function of which only the guard works: what gets past it answers 503 or 400."""

    def __init__(self, guard: Guard) -> None:
        self.guard = guard

    def __getattr__(self, name: str) -> Any:
        raise TransientError(f"{name} is not there.")


async def decided(client: httpx2.AsyncClient, method: str, path: str, **options: Any) -> httpx2.Response:
    """The answer once the guard could ask for the session: on a busy machine Valkey takes longer than it waits."""
    deadline = monotonic() + 60
    while True:
        response = await client.request(method, path, **options)
        if response.status_code != 503 or response.json()["error"] != "sessions-unavailable":
            return response
        assert monotonic() < deadline
        await asyncio.sleep(1)


def decision(status: int) -> int:
    """What the guard decided, seen from outside."""
    if status in {401, 403}:
        return status
    assert status != 429
    return 200


def operations() -> Iterator[tuple[str, str, str, Right]]:
    for name, app in APPS.items():
        for (method, path), right in app.rights.items():
            yield name, method, _PARAMETER.sub(lambda found: "1" if "killmail" in found[0] else UUID, path), right


@pytest.fixture
async def guard(valkey: str) -> AsyncGenerator[Guard]:
    connection = Valkey(valkey, monotonic)
    now = partial(datetime.now, UTC)
    sessions = Sessions(connection, now, monotonic)
    async with subscription(valkey, sessions):
        guard = SessionGuard(
            sessions,
            RateLimiter(connection, monotonic),
            StreamSlots(connection, uuid4),
            origin_policy([ORIGIN]),
            DenialRecorder(RecordingPublisher(), "test", now=now, monotonic=monotonic, new_id=uuid4),
            now=now,
            trusted_hops=1,
        )
        for app in APPS.values():
            app.state.dependencies = NothingBehindTheGuard(guard)
        yield guard
    await connection.close()


@pytest.fixture
def accounts(valkey: str) -> Iterator[AccountWriter]:
    writer = AccountWriter(valkey)
    yield writer
    writer.close()


@asynccontextmanager
async def served(app: ApiApp) -> AsyncGenerator[str]:
    """The address of the app on a real server in this process."""
    server = uvicorn.Server(uvicorn.Config(app, port=0, lifespan="off", log_level="warning"))
    task = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    try:
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        await task


class ServedRevision:
    """What the gateway forwards to: the function on a server of its own."""

    def __init__(self, client: ClientSession, address: str) -> None:
        self._client, self._address = client, address

    async def handle(self, request: web.Request, target: str) -> web.StreamResponse:
        body = await request.read()
        return await forward_request(request, self._client, self._address + target, body=body, seconds=60)


@asynccontextmanager
async def gateway() -> AsyncGenerator[str]:
    """The address of local mode's gateway with the routes of the manifests, in the access mode `sso`."""
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(ClientSession(auto_decompress=False))
        services: Any = {
            name: ServedRevision(client, await stack.enter_async_context(served(app))) for name, app in APPS.items()
        }
        server = TestServer(gateway_app(load(ROOT / "knative" / "base").routes, services))
        await server.start_server()
        stack.push_async_callback(server.close)
        yield str(server.make_url("/"))


def client_at(url: str, number: int) -> httpx2.AsyncClient:
    """A client with an address of its own, since one address may make 100 requests a minute without a login."""
    transport = httpx2.AsyncHTTPTransport(local_address=f"127.0.{number // 250}.{number % 250 + 1}")
    return httpx2.AsyncClient(transport=transport, base_url=url)


def test_every_route_is_known() -> None:
    """An app rejects a route without a guard when it is composed; nothing is mounted beside its routes."""
    for name, app in APPS.items():
        described = {(method.upper(), path) for path, methods in app.openapi()["paths"].items() for method in methods}
        public = {path for _, path in described if path in PUBLIC_ROUTES}
        assert {path for method, path in described - app.rights.keys()} <= public, name
        assert {key for key in app.rights if key[0] != WEBSOCKET} <= described, name
        allowed = PUBLIC_ROUTES.keys() | {path for _, path in app.rights} | {"/docs", ""}
        served = [(getattr(route, "path", ""), getattr(route, "path_format", "")) for route in app.routes]
        assert [paths for paths in served if not allowed & set(paths)] == [], name


@pytest.mark.usefixtures("guard")
async def test_every_route_declares_and_enforces_a_guard(accounts: AccountWriter) -> None:
    assert len(list(operations())) > 40
    wrong: list[str] = []
    async with gateway() as url:
        for number, (name, method, path, right) in enumerate(operations()):
            transport = httpx2.ASGITransport(APPS[name], raise_app_exceptions=False)
            async with (
                httpx2.AsyncClient(transport=transport, base_url=ORIGIN) as direct,
                client_at(url, number) as through_gateway,
            ):
                for caller in CALLERS:
                    feature = "battle-reports" if right.feature in {ANY_FEATURE, OWN_ACCOUNT} else right.feature
                    for way, client in (("direct", direct), ("gateway", through_gateway)):
                        address = {"x-forwarded-for": f"198.51.100.{number % 250}"}
                        headers = {"origin": ORIGIN, **address, **caller.headers(accounts, feature)}
                        body = {} if method in {"GET", "DELETE"} else {"json": {}}
                        response = await decided(client, method, path, headers=headers, **body)
                        if decision(response.status_code) != expected(caller, right):
                            wrong.append(f"{way}: {caller.name}: {method} {path}: {response.status_code}")
    assert wrong == []


@pytest.mark.usefixtures("guard")
async def test_public_routes_need_no_login(accounts: AccountWriter) -> None:
    for name, app in APPS.items():
        transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, base_url=ORIGIN) as client:
            for path in PUBLIC_ROUTES:
                response = await client.get(path)
                assert response.status_code not in {401, 403}, (name, path)


@pytest.mark.usefixtures("guard", "accounts")
async def test_nobody_chooses_the_address_by_which_he_is_counted() -> None:
    """The gateway adds the address of its client behind whatever the client has written, and that one counts."""
    async with gateway() as url, client_at(url, 0) as client:
        statuses = [
            (
                await client.get("/api/battles", headers={"x-forwarded-for": f"203.0.113.{number}, 10.0.0.{number}"})
            ).status_code
            for number in range(ANONYMOUS.requests + 1)
        ]
    assert statuses == [401] * ANONYMOUS.requests + [429]


@pytest.mark.usefixtures("guard")
@pytest.mark.parametrize("name", APPS)
async def test_every_change_of_a_foreign_page_is_refused(accounts: AccountWriter, name: str) -> None:
    """Whatever the right, and although the browser sends the cookie of a SuperAdmin."""
    app = APPS[name]
    transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
    async with httpx2.AsyncClient(transport=transport, base_url=ORIGIN) as client:
        login = accounts.log_in(roles={}, is_super_admin=True)
        for _, method, path, right in operations():
            if right.writes:
                for origin in ({"origin": "https://evil.example"}, {}):
                    response = await client.request(method, path, headers={**login.headers, **origin})
                    assert response.status_code == 403, (method, path)


@pytest.mark.usefixtures("guard")
async def test_expired_sessions_and_tokens_open_nothing(accounts: AccountWriter) -> None:
    past = datetime.now(UTC) - timedelta(seconds=1)
    for number, (name, method, path, _) in enumerate(operations()):
        transport = httpx2.ASGITransport(APPS[name], raise_app_exceptions=False)
        async with httpx2.AsyncClient(transport=transport, base_url=ORIGIN) as client:
            for make in (accounts.log_in, accounts.create_access_token):
                login = make(roles={"battle-reports": 40}, is_super_admin=True, expires_at=past)
                address = {"origin": ORIGIN, "x-forwarded-for": f"198.51.100.{number % 250}"}
                response = await client.request(method, path, headers={**login.headers, **address})
                assert response.status_code == 401, (method, path)


async def test_event_endpoints_are_reached_by_the_node_only() -> None:
    """No public route leads to them; the internal port takes nobody without the secret of the node.

    Their sockets are in a folder that only the node's user enters (`node/test_access.py`); in a cluster the
    NetworkPolicies fence them, which `manifests-check` holds.
    """
    routes = load(ROOT / "knative" / "base").routes
    assert {route.service for route in routes} <= APPS.keys()
    internal: Any = internal_app(
        {}, web.Application(), status=dict, trigger_stats=list, dead_letters=web.Application(), token="secret",
        stop_requested=asyncio.Event(),
    )  # fmt: skip
    event = {
        "ce-id": "1",
        "ce-source": "me",
        "ce-specversion": "1.0",
        "ce-type": "com.battlescope.killmail.ingested.v1",
    }
    APPS["web-serve"].state.dependencies = NothingBehindTheGuard(PublicGuard(OriginPolicy()))
    async with AsyncExitStack() as stack:
        session = await stack.enter_async_context(ClientSession())
        web_app = ServedRevision(session, await stack.enter_async_context(served(APPS["web-serve"])))
        services: Any = {"web-serve": web_app}  # the only one that has paths outside the API
        outside, inside = TestServer(gateway_app(routes, services)), TestServer(internal)
        for server in (outside, inside):
            await server.start_server()
            stack.push_async_callback(server.close)
        client = await stack.enter_async_context(httpx2.AsyncClient())
        for name in EVENT_FUNCTIONS:
            for path in ("/", f"/services/{name}/", f"/brokers/battlescope/{name}"):
                public = await client.post(str(outside.make_url(path)), headers=event, json={})
                assert public.status_code in {404, 405}, path
                if path != "/":
                    for headers in (event, {**event, "authorization": "Bearer guess"}):
                        refused = await client.post(str(inside.make_url(path)), headers=headers, json={})
                        assert refused.status_code == 403, path
