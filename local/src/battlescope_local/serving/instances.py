"""One instance of a service: its process, its Unix socket, and the wait until it is ready."""

import asyncio
import itertools
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from aiohttp import ClientError, ClientSession, ClientTimeout

from battlescope_events.settings import WRONG_SETTINGS
from battlescope_local.errors import UserError
from battlescope_local.http_client import open_session
from battlescope_local.manifests.labels import function_of
from battlescope_local.manifests.model import Service, SinkBinding
from battlescope_local.processes.children import Child, Command, Processes, log_tail
from battlescope_local.processes.priority import nice_level, stand_back

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
    "battlescope_events.websockets:protocol",
    "--ws-max-size",
    "65536",
    "--no-server-header",
)
START_LIMIT: Final = 30.0  # seconds from the start of a process to its readiness; a cold import takes one
LONGEST_START: Final = 120.0
POLL_INTERVAL: Final = 0.01
PROBE_TIMEOUT: Final = ClientTimeout(total=2)
INSTANCE_ORIGIN: Final = "http://localhost"  # for the header Host; the session has the address
GRACE: Final = 5.0  # seconds for the requests in flight of an instance that stops


class StartError(UserError):
    """The process ended during its start, or did not become ready."""


@dataclass(eq=False, slots=True)
class Instance:
    """`in_flight` is its number of requests; it receives none before it is ready."""

    child: Child | None = None
    socket: Path | None = None
    session: ClientSession | None = None
    ready: bool = False
    in_flight: int = 0

    @property
    def client(self) -> ClientSession:
        """The session to its socket; open from its start until it is stopped."""
        if self.session is None:
            message = f"{self.name} has not started."
            raise StartError(message)
        return self.session

    @property
    def name(self) -> str:
        return self.child.command.name if self.child else "an instance"

    @property
    def pid(self) -> int:
        return self.child.pid if self.child else 0


class Launcher:
    """Starts and stops processes of one Service; `env` is their complete environment.

    They listen on sockets in `sockets`, which only the user of the node can enter. A port of the loopback would be open
    to every user of the machine, and to the web pages in their browsers.

    A start that exceeds its limit is ended, and the next one gets twice the time, up to LONGEST_START: on a machine so
    busy that a start needs longer than the limit, equal attempts would all fail and make it busier. In a cluster a slow
    start goes on until the progress deadline of its Deployment (ten minutes).

    Raises:
        StartError: the Service has a command of its own, which would listen on a port.
    """

    def __init__(
        self, service: Service, processes: Processes, folder: Path, sockets: Path, env: Mapping[str, str]
    ) -> None:
        if service.container.command:
            raise StartError(f"The Service {service.name} has a command; local mode runs that of functions/Dockerfile.")
        self._service, self._processes = service, processes
        self._folder, self._sockets, self._env = folder, sockets, env
        self._numbers, self._start_limit = itertools.count(1), START_LIMIT

    async def start(self, instance: Instance) -> None:
        """Start the process of `instance` and wait until it is ready; on any failure stop the process.

        Raises:
            StartError: the process could not start, ended or did not become ready in time.
        """
        limit = self._start_limit
        try:
            async with asyncio.timeout(limit):
                await self._start(instance)
            self._start_limit = START_LIMIT
        except TimeoutError:
            self._start_limit = min(2 * limit, LONGEST_START)
            raise StartError(f"{self._service.name} is not ready after {limit:g} s.") from None
        except OSError as error:
            raise StartError(f"{self._service.name} cannot be started: {error}") from error
        finally:
            if not instance.ready:
                await self.stop(instance, 0)

    async def _start(self, instance: Instance) -> None:
        number = next(self._numbers)
        socket = instance.socket = self._sockets / f"{self._service.name}-{number}.sock"
        instance.session = open_session(socket)
        child = instance.child = await self._processes.start(self._command(number, socket))
        await self._until_ready(instance, child)
        cpu_request = self._service.container.cpu_request
        if cpu_request is not None:  # only now: with a small share it would not start in time on a busy machine
            await stand_back(child.pid, nice_level(cpu_request))

    async def _until_ready(self, instance: Instance, child: Child) -> None:
        while child.alive:
            if await self._is_ready(instance.client):
                instance.ready = True
                return
            await asyncio.sleep(POLL_INTERVAL)
        log = self._processes.log_file(child.command)
        if child.returncode == WRONG_SETTINGS:
            raise StartError(f"{self._service.name} refuses its settings; {log_tail(log, lines=1)}")
        last_lines = log_tail(log)
        raise StartError(f"{self._service.name} ended during its start; its last log lines:\n{last_lines}")

    async def _is_ready(self, client: ClientSession) -> bool:
        path = self._service.container.readiness_path or "/"
        try:
            async with client.get(f"{INSTANCE_ORIGIN}{path}", timeout=PROBE_TIMEOUT) as response:
                return response.ok or self._service.container.readiness_path is None
        except (ClientError, TimeoutError):
            return False

    async def wait(self, instance: Instance) -> None:
        if instance.child is not None:
            await self._processes.wait(instance.child)

    async def stop(self, instance: Instance, grace: float = GRACE) -> None:
        if instance.child is not None:
            await self._processes.stop(instance.child, grace)
        if instance.session is not None:
            await instance.session.close()
        if instance.socket is not None:
            instance.socket.unlink(missing_ok=True)

    def _command(self, number: int, socket: Path) -> Command:
        name = self._service.name
        return Command(f"{name}-{number}", _argv(self._service, socket), self._folder, env=self._env, log=name)


def _argv(service: Service, socket: Path) -> tuple[str, ...]:
    """The command of the image, with the Python of this process and a socket instead of a port."""
    app = f"{function_of(service).replace('-', '_')}.main:app"
    server = (sys.executable, "-m", "battlescope_events.server", app, "--uds", str(socket))
    return (*server, *UVICORN_OPTIONS, *service.container.args)


def knative_environment(service: Service, binding: SinkBinding | None, sink: str) -> dict[str, str]:
    """Variables that Knative sets in every container, and those that a SinkBinding adds."""
    name = service.name
    variables = {"K_SERVICE": name, "K_CONFIGURATION": name, "K_REVISION": f"{name}-00001"}
    if binding is None:
        return variables
    overrides = json.dumps({"extensions": dict(binding.extensions)}) if binding.extensions else ""
    return {**variables, "K_SINK": sink, **({"K_CE_OVERRIDES": overrides} if overrides else {})}
