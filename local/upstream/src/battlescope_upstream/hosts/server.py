"""All simulated hosts on one loopback server."""

from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager

from aiohttp import web

from battlescope_upstream.hosts.control import Control
from battlescope_upstream.hosts.esi import Esi
from battlescope_upstream.hosts.everef import Everef
from battlescope_upstream.hosts.market import Market
from battlescope_upstream.hosts.r2z2 import R2z2
from battlescope_upstream.hosts.sso import Sso
from battlescope_upstream.hosts.state import UpstreamState
from battlescope_upstream.hosts.static_data import StaticFiles


def make_app(state: UpstreamState, *, changeable: bool) -> web.Application:
    app = web.Application(middlewares=[_counting_middleware(state.response_counts)], client_max_size=4 * 2**20)
    sso, control = Sso(state, changeable), Control(state, changeable=changeable)
    for host in (R2z2(state), Esi(state), Everef(state), Market(state), StaticFiles(state), sso, control):
        app.add_routes(host.routes())
    return app


def _counting_middleware(response_counts: Counter[str]) -> Callable[..., Awaitable[web.StreamResponse]]:
    @web.middleware
    async def count_response(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        response = await handler(request)
        resource = request.match_info.route.resource
        response_counts[f"{resource.canonical if resource else request.path} {response.status}"] += 1
        return response

    return count_response


@asynccontextmanager
async def serving(state: UpstreamState, port: int = 0, *, changeable: bool = False) -> AsyncGenerator[int]:
    """Serve on 127.0.0.1 while the context is open; yields the port.

    changeable: whether requests can change the faults.
    """
    runner = web.AppRunner(make_app(state, changeable=changeable), access_log=None)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", port).start()
        yield runner.addresses[0][1]
    finally:
        await runner.cleanup()
