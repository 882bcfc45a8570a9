"""One instance of a service: its process, its port, and the wait until it is ready."""

import asyncio
import itertools
import json
import socket
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aiohttp import ClientError, ClientSession, ClientTimeout

from battlescope_local.errors import UserError
from battlescope_local.manifests.model import Service, SinkBinding
from battlescope_local.processes.children import Child, Command, Processes, log_tail

# As in functions/Dockerfile; explicit options spare uvicorn its detection, which saves 20 ms of each cold start.
UVICORN_OPTIONS: Final = (
    "--no-access-log",
    "--loop",
    "uvloop",
    "--http",
    "httptools",
    "--lifespan",
    "on",
    "--ws",
    "none",
    "--no-server-header",
)
START_TIMEOUT: Final = 30.0  # seconds from the start of a process to its readiness; a cold import takes one
POLL_INTERVAL: Final = 0.01
PROBE_TIMEOUT: Final = ClientTimeout(total=2)
GRACE: Final = 5.0  # seconds for the requests in flight of an instance that stops


class StartError(UserError):
    """The process ended during its start, or did not become ready."""


@dataclass(eq=False, slots=True)
class Instance:
    """`in_flight` is its number of requests; it receives none before it is ready."""

    child: Child | None = None
    port: int = 0
    ready: bool = False
    in_flight: int = 0

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def name(self) -> str:
        return self.child.command.name if self.child else "an instance"

    @property
    def pid(self) -> int:
        return self.child.pid if self.child else 0


class Launcher:
    """Starts and stops processes of one Service; `env` is their complete environment except PORT and HOST."""

    def __init__(
        self, service: Service, processes: Processes, client: ClientSession, folder: Path, env: Mapping[str, str]
    ) -> None:
        self._service, self._processes, self._client = service, processes, client
        self._folder, self._env = folder, env
        self._numbers = itertools.count(1)

    async def start(self, instance: Instance) -> None:
        """Start the process of `instance` and wait until it is ready; on any failure stop the process.

        Raises:
            StartError: the process could not start, ended or did not become ready in time.
        """
        instance.port = free_port()
        try:
            child = instance.child = await self._processes.start(self._command(instance.port))
        except OSError as error:
            raise StartError(f"{self._service.name} cannot be started: {error}") from error
        try:
            async with asyncio.timeout(START_TIMEOUT):
                await self._until_ready(instance, child)
        except TimeoutError:
            raise StartError(f"{self._service.name} is not ready after {START_TIMEOUT:g} s.") from None
        finally:
            if not instance.ready:
                await self._processes.stop(child, 0)

    async def _until_ready(self, instance: Instance, child: Child) -> None:
        while child.alive:
            if await self._is_ready(instance.origin):
                instance.ready = True
                return
            await asyncio.sleep(POLL_INTERVAL)
        last_lines = log_tail(self._processes.log_file(child.command))
        raise StartError(f"{self._service.name} ended during its start; its last log lines:\n{last_lines}")

    async def _is_ready(self, origin: str) -> bool:
        path = self._service.container.readiness_path or "/"
        try:
            async with self._client.get(f"{origin}{path}", timeout=PROBE_TIMEOUT) as response:
                return response.ok or self._service.container.readiness_path is None
        except (ClientError, TimeoutError):
            return False

    async def wait(self, instance: Instance) -> None:
        if instance.child is not None:
            await self._processes.wait(instance.child)

    async def stop(self, instance: Instance, grace: float = GRACE) -> None:
        if instance.child is not None:
            await self._processes.stop(instance.child, grace)

    def _command(self, port: int) -> Command:
        number = next(self._numbers)
        variables = {**self._env, "PORT": str(port), "HOST": "127.0.0.1"}
        name = self._service.name
        return Command(f"{name}-{number}", _argv(self._service, port), self._folder, env=variables, log=name)


def _argv(service: Service, port: int) -> tuple[str, ...]:
    """The manifest's command, else that of the image with the Python of this process."""
    if service.container.command:
        return (*service.container.command, *service.container.args)
    app = f"{service.name.replace('-', '_')}.main:app"
    address = ("--host", "127.0.0.1", "--port", str(port))
    return (sys.executable, "-m", "uvicorn", app, *address, *UVICORN_OPTIONS, *service.container.args)


def knative_environment(service: Service, binding: SinkBinding | None, sink: str) -> dict[str, str]:
    """Variables that Knative sets in every container, and those that a SinkBinding adds."""
    name = service.name
    variables = {"K_SERVICE": name, "K_CONFIGURATION": name, "K_REVISION": f"{name}-00001"}
    if binding is None:
        return variables
    overrides = json.dumps({"extensions": dict(binding.extensions)}) if binding.extensions else ""
    return {**variables, "K_SINK": sink, **({"K_CE_OVERRIDES": overrides} if overrides else {})}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
