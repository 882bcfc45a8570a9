"""A Service of the echo project as processes from zero and back, behind an HTTP server of the test."""

import asyncio
import os
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer

from battlescope_local.manifests.labels import FUNCTION_LABEL
from battlescope_local.manifests.model import Container, Scale, Service
from battlescope_local.processes.children import Processes
from battlescope_local.processes.sockets import prepare_socket_folder
from battlescope_local.serving.instances import Launcher
from battlescope_local.serving.revision import Rejection, Revision, start_revision


@asynccontextmanager
async def serving(
    folder: Path,
    scale: Scale,
    package: str = "echo_api",
    env: dict[str, str] | None = None,
    *,
    suffix: str = "",
    cpu_request: int | None = None,
) -> AsyncGenerator[tuple[Revision, ClientSession]]:
    """`suffix`: what the Service's name has beside that of its function."""
    function = package.replace("_", "-")
    container = Container("image", readiness_path="/ready", cpu_request=cpu_request)
    service = Service(function + suffix, container, scale, {FUNCTION_LABEL: function})
    processes = Processes(folder / "run", folder / "logs")
    base = {"PATH": os.environ["PATH"], "PYTHONPATH": str(folder), **(env or {})}
    launcher = Launcher(service, processes, folder, prepare_socket_folder(folder), base)
    async with start_revision(service, launcher) as revision:

        async def handle(request: web.Request) -> web.StreamResponse:
            response = await revision.handle(request, request.raw_path)
            if isinstance(response, Rejection):
                return web.Response(status=response.status, text=response.text)
            return response

        app = web.Application(client_max_size=0)
        app.router.add_route("*", "/{path:.*}", handle)
        async with TestServer(app, handler_cancellation=True) as server, ClientSession(server.make_url("/")) as user:
            yield revision, user
    assert not list((folder / "run").iterdir())


async def eventually(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not condition():
            await asyncio.sleep(0.02)
