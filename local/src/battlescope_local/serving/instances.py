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
from battlescope_local.processes.children import Child, Command, Processes, tail_of

# As in functions/Dockerfile; what is named need not be looked for, which saves 20 ms of each cold start.
SERVER: Final = ("--no-access-log", "--loop", "uvloop", "--http", "httptools", "--lifespan", "on", "--ws", "none")
START_LIMIT: Final = 30.0  # seconds from the start of a process to its readiness; a cold import takes one
POLL: Final = 0.01
PROBE: Final = ClientTimeout(total=2)
GRACE: Final = 5.0  # seconds for the requests in flight when one instance of several goes


class StartError(UserError):
    """The process ended or stayed unready."""


@dataclass(eq=False, slots=True)
class Instance:
    """`in_flight` counts the requests that it holds; it takes none before it is ready."""

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
    """Makes processes of one Service. `env` is what its manifest gives, on top of what every child gets."""

    def __init__(
        self, service: Service, processes: Processes, client: ClientSession, folder: Path, env: Mapping[str, str]
    ) -> None:
        self._service, self._processes, self._client = service, processes, client
        self._folder, self._env = folder, env
        self._numbers = itertools.count(1)

    async def start(self, instance: Instance) -> None:
        """Raises StartFailed; whatever happens, no process is left that is not ready."""
        instance.port = free_port()
        try:
            child = instance.child = await self._processes.start(self._command(instance.port))
        except OSError as error:
            raise StartError(f"{self._service.name} cannot be started: {error}") from error
        try:
            async with asyncio.timeout(START_LIMIT):
                await self._until_ready(instance, child)
        except TimeoutError:
            raise StartError(f"{self._service.name} is not ready after {START_LIMIT:g} s.") from None
        finally:
            if not instance.ready:
                await self._processes.stop(child, 0)

    async def _until_ready(self, instance: Instance, child: Child) -> None:
        while child.alive:
            if await self._is_ready(instance.origin):
                instance.ready = True
                return
            await asyncio.sleep(POLL)
        said = tail_of(self._processes.log_file(child.command))
        raise StartError(f"{self._service.name} ended while starting; it said last:\n{said}")

    async def _is_ready(self, origin: str) -> bool:
        path = self._service.container.readiness_path or "/"
        try:
            async with self._client.get(f"{origin}{path}", timeout=PROBE) as answer:
                return answer.ok or self._service.container.readiness_path is None
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
        given = {**self._env, "PORT": str(port), "HOST": "127.0.0.1"}
        name = self._service.name
        return Command(f"{name}-{number}", _argv(self._service, port), self._folder, env=given, log=name)


def _argv(service: Service, port: int) -> tuple[str, ...]:
    """The image's own command where the manifest has none; `python` is ours."""
    if service.container.command:
        return (*service.container.command, *service.container.args)
    app = f"{service.name.replace('-', '_')}.main:app"
    address = ("--host", "127.0.0.1", "--port", str(port))
    return (sys.executable, "-m", "uvicorn", app, *address, *SERVER, *service.container.args)


def knative_environment(service: Service, binding: SinkBinding | None, sink: str) -> dict[str, str]:
    """What Knative tells every container, and what a SinkBinding adds."""
    name = service.name
    known = {"K_SERVICE": name, "K_CONFIGURATION": name, "K_REVISION": f"{name}-00001"}
    if binding is None:
        return known
    overrides = json.dumps({"extensions": dict(binding.extensions)}) if binding.extensions else ""
    return {**known, "K_SINK": sink, **({"K_CE_OVERRIDES": overrides} if overrides else {})}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
