"""The node's inner address: Services and Brokers by name, what is running, and the switch that ends it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from battlescope_local.eventing.bucket_notifications import PATH, Hear
from battlescope_local.manifests.model import BrokerRef, Destination, ServiceRef, UriRef
from battlescope_local.serving.revision import Revision

DeadLetters = Callable[[int], Awaitable[Sequence[Mapping[str, Any]]]]


@dataclass(frozen=True, slots=True)
class InternalGateway:
    """URLs of destinations below `origin`, the address of this node."""

    origin: str
    namespaces: Mapping[str, str]

    def resolve(self, destination: Destination) -> str:
        if isinstance(destination, ServiceRef):
            return f"{self.origin}/services/{destination.name}{destination.path}"
        if isinstance(destination, BrokerRef):
            return f"{self.origin}/brokers/{self.namespaces[destination.name]}/{destination.name}"
        if isinstance(destination, UriRef):
            return destination.uri
        message = f"The KafkaSink {destination.name} has no address; its records go into the log."
        raise ValueError(message)


def fabric(
    services: Mapping[str, Revision],
    brokers: web.Application,
    *,
    status: Callable[[], Mapping[str, Any]],
    queues: Callable[[], Sequence[Mapping[str, Any]]],
    dead_letters: DeadLetters,
    token: str,
    stop: asyncio.Event,
    notices: Hear | None = None,
) -> web.Application:
    async def to_service(request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        one = services.get(name)
        if one is None:
            return web.Response(status=404, text=f"There is no Service {name}.")
        return await one.handle(request, request.raw_path.removeprefix(f"/services/{name}") or "/")

    async def tell(_: web.Request) -> web.Response:
        return web.json_response(await asyncio.to_thread(status))

    async def wait(_: web.Request) -> web.Response:
        """For whoever asks often: to weigh every process, as the status does, takes a tenth of a second."""
        return web.json_response(queues())

    async def bury(request: web.Request) -> web.Response:
        return web.json_response(await dead_letters(int(request.query.get("limit", "20"))))

    async def end(request: web.Request) -> web.Response:
        if request.headers.get("authorization") != f"Bearer {token}":
            return web.Response(status=403, text="The token in the state file is wanted.")
        stop.set()
        return web.Response(status=202)

    app = web.Application(client_max_size=0)
    app.router.add_route("*", r"/services/{name}{path:(/.*)?}", to_service)
    app.add_subapp("/brokers", brokers)
    if notices is not None:
        app.router.add_post(PATH, notices)
    app.router.add_get("/node/status", tell)
    app.router.add_get("/node/queues", wait)
    app.router.add_get("/node/dead-letters", bury)
    app.router.add_post("/node/stop", end)
    return app
