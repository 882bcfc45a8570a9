"""Local mode's public gateway before functions that run as its processes, in the access mode `sso`."""

import os
import socket
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path

from battlescope_local.devtools.project import ROOT
from battlescope_local.manifests import load
from battlescope_local.manifests.model import Container, RouteMatch, Scale, Service
from battlescope_local.processes.children import Processes
from battlescope_local.processes.sockets import prepare_socket_folder
from battlescope_local.serving.connection_limits import ConnectionLimits, serve_limited
from battlescope_local.serving.gateway import gateway_app
from battlescope_local.serving.instances import Launcher
from battlescope_local.serving.revision import Revision, start_revision

SOCKET_API = "socket-api"
SOCKET_PATH = "/api/socket/echo"
SUPPORT = Path(__file__).parent
Environments = Mapping[str, Mapping[str, str]]


@asynccontextmanager
async def running_site(
    folder: Path, environments: Callable[[str], Environments]
) -> AsyncGenerator[tuple[str, Mapping[str, Revision]]]:
    """The address of the gateway, and its Services.

    `environments` gives the environment of each function for this address; `socket-api` is that of the tests.
    """
    listening = socket.create_server(("127.0.0.1", 0))
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    processes, sockets = Processes(folder / "run", folder / "logs"), prepare_socket_folder(folder)
    async with AsyncExitStack() as stack:
        services: dict[str, Revision] = {}
        for name, environment in environments(url).items():
            service = Service(name, Container("image", readiness_path="/health/readiness"), Scale(min_scale=1))
            base = {"PATH": os.environ["PATH"], "PYTHONPATH": str(SUPPORT), "PUBLIC_ORIGINS": url}
            launcher = Launcher(service, processes, folder, sockets, {**base, **environment})
            services[name] = await stack.enter_async_context(start_revision(service, launcher))
        route = RouteMatch("/api/socket", "PathPrefix", SOCKET_API, f"{SOCKET_API}.test.svc.cluster.local")
        routes = [route, *load(ROOT / "knative" / "base").routes]
        app = gateway_app([route for route in routes if route.service in services], services)
        limits = ConnectionLimits(max_connections=512)
        app.middlewares.insert(0, limits.middleware)
        await stack.enter_async_context(serve_limited(app, listening, limits))
        yield url, services
