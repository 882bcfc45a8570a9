"""The node's internal HTTP API: Services and Brokers by name, the node's status, and a request to stop it."""

import asyncio
from base64 import b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from hmac import compare_digest
from typing import Any, Final

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from battlescope_local.eventing.bucket_notifications import WEBHOOK_PATH, NotificationHandler
from battlescope_local.manifests.model import BrokerRef, Destination, ServiceRef, UriRef
from battlescope_local.serving.command_login import CommandLogins, command_login_app
from battlescope_local.serving.gateway import origin_form
from battlescope_local.serving.revision import Rejection, Revision

USER: Final = "node"  # in the URL of a sink, whose password is the token


@dataclass(frozen=True, slots=True)
class InternalGateway:
    """URLs of destinations below `origin`, the internal address of this node, which requires `token`."""

    origin: str
    namespaces: Mapping[str, str]
    token: str = field(repr=False)

    def resolve(self, destination: Destination) -> str:
        if isinstance(destination, ServiceRef):
            return f"{self.origin}/services/{destination.name}{destination.path}"
        if isinstance(destination, BrokerRef):
            return f"{self.origin}/brokers/{self.namespaces[destination.name]}/{destination.name}"
        if isinstance(destination, UriRef):
            return destination.uri
        message = f"The KafkaSink {destination.name} has no URL; its events go to its topic."
        raise ValueError(message)

    def sink_url(self, destination: Destination) -> str:
        """The URL of `destination` with the token, for the function that publishes to it; never for a log."""
        url = self.resolve(destination)
        if not url.startswith(self.origin):
            return url
        return url.replace("://", f"://{USER}:{self.token}@", 1)


def _token_check(token: str) -> Middleware:
    """Refuses every request without `token`: other users of the machine reach the port, and web pages in a browser."""
    valid = {f"Bearer {token}".encode(), b"Basic " + b64encode(f"{USER}:{token}".encode())}

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        header = request.headers.get("authorization", "").encode(errors="surrogateescape")
        if not any(compare_digest(header, expected) for expected in valid):
            return web.Response(status=403, text="This address needs the token of the node's state file.")
        return await handler(request)

    return check


def internal_app(
    services: Mapping[str, Revision],
    brokers: web.Application,
    *,
    status: Callable[[], Mapping[str, Any]],
    trigger_stats: Callable[[], Sequence[Mapping[str, Any]]],
    dead_letters: web.Application,
    token: str,
    stop_requested: asyncio.Event,
    new_owner_link: Callable[[], str] | None = None,
    command_logins: CommandLogins | None = None,
    notification_handler: NotificationHandler | None = None,
) -> web.Application:
    async def forward_to_service(request: web.Request) -> web.StreamResponse:
        name = request.match_info["name"]
        service = services.get(name)
        if service is None:
            return web.Response(status=404, text=f"There is no Service {name}.")
        response = await service.handle(request, origin_form(request).removeprefix(f"/services/{name}") or "/")
        return web.Response(status=response.status, text=response.text) if isinstance(response, Rejection) else response

    async def get_status(_: web.Request) -> web.Response:
        return web.json_response(await asyncio.to_thread(status))

    async def get_queues(_: web.Request) -> web.Response:
        """Without the memory of processes, whose measurement takes the status a tenth of a second."""
        return web.json_response(trigger_stats())

    async def make_owner_link(_: web.Request) -> web.Response:
        """A one-time link of the access mode `off`; null in the mode `sso`, where people log in."""
        return web.json_response({"url": new_owner_link() if new_owner_link else None})

    async def stop_node(_: web.Request) -> web.Response:
        stop_requested.set()
        return web.Response(status=202)

    app = web.Application(client_max_size=0, middlewares=[_token_check(token)])
    app.router.add_route("*", r"/services/{name}{path:(/.*)?}", forward_to_service)
    app.add_subapp("/brokers", brokers)
    if notification_handler is not None:
        app.router.add_post(WEBHOOK_PATH, notification_handler)
    app.router.add_get("/node/status", get_status)
    app.router.add_get("/node/queues", get_queues)
    app.add_subapp("/node/dead-letters", dead_letters)
    app.router.add_post("/node/owner-links", make_owner_link)
    if command_logins is not None:
        app.add_subapp("/node/command-logins", command_login_app(command_logins))
    app.router.add_post("/node/stop", stop_node)
    return app
