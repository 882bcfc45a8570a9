"""The composition of local mode: stores, Jobs, functions, brokers, doors; started in that order, ended in reverse."""

import asyncio
import logging
import secrets
import shutil
import signal
import socket
import sys
import time
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from aiohttp import ClientSession, web

from battlescope_local.eventing import bucket_notifications
from battlescope_local.eventing.dead_letters import DeadLetter, read_dead_letters
from battlescope_local.eventing.runtime import Eventing, eventing
from battlescope_local.http_client import session
from battlescope_local.log.port import Log
from battlescope_local.log.sqlite_log import sqlite_log
from battlescope_local.manifests import load
from battlescope_local.manifests.model import Manifests
from battlescope_local.node import state
from battlescope_local.node.simulated_upstreams import overrides_for, upstream
from battlescope_local.node.startup_phases import Report
from battlescope_local.node.status import queues, status
from battlescope_local.node.workload_config import TOKEN, ResolvedConfig, environment, needs, provided
from battlescope_local.processes.children import Processes, end_leftovers
from battlescope_local.serving.gateway import gateway
from battlescope_local.serving.instances import Launcher, knative_environment
from battlescope_local.serving.internal_gateway import InternalGateway, fabric
from battlescope_local.serving.jobs import run_jobs
from battlescope_local.serving.revision import Revision, revision
from battlescope_local.settings import ExternalServers, Settings, base_environment, make_private
from battlescope_local.stores.group import Stores, stores
from battlescope_local.stores.ports import Ports
from battlescope_local.stores.postgres import provision
from battlescope_local.stores.state_file import StateFile

logger = logging.getLogger(__name__)

BIN: Final = Path(sys.executable).parent
LAST_REQUESTS: Final = 0.5  # seconds a closing door waits for the requests that are inside
# Seconds functions have at the end. What they had in hand is delivered again, and their databases know transactions:
# waiting longer saves work, never data.
LAST_WORDS: Final = 0.7


@dataclass(frozen=True, slots=True)
class Node:
    """A running one. `stop` is set by whoever wants it to end."""

    gateway: str
    fabric: str
    stop: asyncio.Event
    services: Mapping[str, Revision]


@dataclass(frozen=True, slots=True)
class _World:
    """What the doors lead to."""

    manifests: Manifests
    stores: Stores
    services: Mapping[str, Revision]
    events: Eventing
    log: Log


@asynccontextmanager
async def node(settings: Settings, given: ExternalServers, report: Report) -> AsyncGenerator[Node]:
    """Everything up when entered; nothing of ours left running when left."""
    folder = settings.folder
    make_private(folder)
    with state.sole_node(folder):
        for name in end_leftovers(folder / "run"):
            logger.warning("%s was left over by a killed node and is ended.", name)
        if settings.fresh:
            _empty(folder)
        processes = Processes(folder / "run", folder / "logs")
        try:
            async with AsyncExitStack() as stack:
                yield await _Composition(settings, given, processes, stack, report).node()
        finally:
            state.remove(folder)
            await processes.stop_all(LAST_WORDS)


class _Composition:
    """One start, step by step; what a step opens is closed by the stack."""

    def __init__(
        self, settings: Settings, given: ExternalServers, processes: Processes, stack: AsyncExitStack, report: Report
    ) -> None:  # fmt: skip
        self._settings, self._given, self._processes, self._stack = settings, given, processes, stack
        self._report, self._began = report, time.monotonic()
        self._memory = StateFile(settings.folder / "secrets.json")
        self._ports = Ports(self._memory)
        self._stop = asyncio.Event()

    async def node(self) -> Node:
        manifests = load(self._settings.manifests)
        door = self._stack.enter_context(_listen(self._settings.port))
        inner = self._stack.enter_context(_listen(0))
        addresses = InternalGateway(_origin(inner), {broker.name: broker.namespace for broker in manifests.brokers})
        running, secrets_ = await self._start_stores_and_jobs(
            manifests, f"{addresses.origin}{bucket_notifications.PATH}"
        )
        client = await self._stack.enter_async_context(session())
        services = await self._services(manifests, secrets_, addresses, client)
        log = await self._log()
        events = await self._stack.enter_async_context(
            eventing(manifests, log, addresses.resolve, services=services, timers=lambda: self._settings.timers)
        )
        self._phase("brokers")
        await self._start_gateways(_World(manifests, running, services, events, log), door, inner)
        self._stack.push_async_callback(_drain, events, tuple(services.values()))
        self._phase("gateway")
        return Node(_origin(door), addresses.origin, self._stop, services)

    async def _start_stores_and_jobs(self, manifests: Manifests, notices: str) -> tuple[Stores, ResolvedConfig]:
        """Stores, databases and Jobs: what functions stand on. `notices`: where the store tells of manifests."""
        overrides = dict(self._settings.overrides)
        if self._settings.upstream is not None:
            address = await self._stack.enter_async_context(
                upstream(self._settings.upstream, self._processes, self._ports, self._base())
            )
            overrides = overrides_for(address, overrides, self._settings.simulated_upstreams)
            self._phase("upstream")
        opening = stores(
            self._settings.folder, self._processes, self._given, self._memory, self._ports, notices=notices
        )
        running = await self._stack.enter_async_context(opening)
        self._phase("stores")
        urls = await provision(running.postgres_url, needs(manifests), self._memory)
        self._phase("databases")
        given = provided(manifests, running, urls, overrides, self._memory.password(TOKEN))
        await run_jobs(
            manifests.jobs,
            self._processes,
            Path(self._settings.project) / "functions",
            lambda job: {**self._base(), **environment(job.container, given, f"The Job {job.name}")},
        )
        self._phase("jobs")
        return running, given

    async def _log(self) -> Log:
        """Somebody's Kafka or Redpanda where its address is given, else the file of one machine."""
        bootstrap = self._given.kafka_bootstrap
        if bootstrap is None:
            return await self._stack.enter_async_context(sqlite_log(self._settings.folder / "log"))
        from battlescope_local.log.kafka_log import kafka_log  # noqa: PLC0415 -- a library that few nodes need

        return await self._stack.enter_async_context(kafka_log(bootstrap))

    async def _services(
        self, manifests: Manifests, given: ResolvedConfig, addresses: InternalGateway, client: ClientSession
    ) -> Mapping[str, Revision]:
        bindings = {binding.subject: binding for binding in manifests.sink_bindings}
        found: dict[str, Revision] = {}
        for service in manifests.services:
            binding = bindings.get(service.name)
            env = {
                **self._base(),
                **knative_environment(service, binding, addresses.resolve(binding.sink) if binding else ""),
                **environment(service.container, given, f"The Service {service.name}"),
            }
            launcher = Launcher(service, self._processes, client, self._settings.folder, env)
            found[service.name] = await self._stack.enter_async_context(revision(service, launcher, client))
        self._stack.push_async_callback(_close_all, tuple(found.values()))
        return found

    async def _start_gateways(self, world: "_World", door: socket.socket, inner: socket.socket) -> None:
        token = secrets.token_urlsafe(24)
        sinks = world.manifests.kafka_sinks

        def tell() -> Mapping[str, Any]:
            return status(_origin(door), self._settings, world.stores, world.services, world.events)

        async def dead_letters(limit: int) -> list[Mapping[str, Any]]:
            found = [one for sink in sinks for one in await read_dead_letters(world.log, sink, limit)]
            return [_told(one) for one in found[-limit:]]

        inside = fabric(
            world.services,
            world.events.ingress,
            status=tell,
            queues=lambda: queues(world.events),
            dead_letters=dead_letters,
            token=token,
            stop=self._stop,
            notices=bucket_notifications.hearing(world.manifests.brokers, world.log),
        )
        await self._serve(inside, inner)
        await self._serve(gateway(world.manifests.routes, world.services), door)
        state.write(self._settings.folder, _origin(door), _origin(inner), token)

    async def _serve(self, app: web.Application, listening: socket.socket) -> None:
        runner = web.AppRunner(app, handler_cancellation=True, access_log=None, shutdown_timeout=LAST_REQUESTS)
        await runner.setup()
        self._stack.push_async_callback(runner.cleanup)
        await web.SockSite(runner, listening).start()

    def _base(self) -> dict[str, str]:
        return {**base_environment(BIN), "PYTHONUNBUFFERED": "1", **self._settings.environment}

    def _phase(self, name: str) -> None:
        seconds = time.monotonic() - self._began
        logger.info("%s ready after %.2f s", name, seconds)
        self._report(name, seconds)


async def _drain(events: Eventing, services: Iterable[Revision]) -> None:
    """The beginning of the end: nothing starts any more, then nothing is sent, then functions end, doors still open."""
    for one in services:
        one.stop_scaling_up()
    await events.stop()
    await _close_all(services)


async def _close_all(services: Iterable[Revision]) -> None:
    """Side by side, ahead of their own contexts, which would wait for one after the other."""
    await asyncio.gather(*(one.close(LAST_WORDS) for one in services))


def _told(letter: DeadLetter) -> dict[str, Any]:
    names = ("type", "source", "id", "subject", "destination", "code", "reason", "data")
    return {"time": letter.time.isoformat(), **{name: getattr(letter, name) for name in names}}


def _listen(port: int) -> socket.socket:
    """Listening from now on: who connects before we serve waits instead of being refused."""
    try:
        return socket.create_server(("127.0.0.1", port), backlog=512)
    except OSError as error:
        raise PortTakenError(f"Port {port} is taken; choose another with --port.") from error


class PortTakenError(OSError):
    """Somebody else listens where the gateway should."""


def _origin(listening: socket.socket) -> str:
    return f"http://127.0.0.1:{listening.getsockname()[1]}"


def _empty(folder: Path) -> None:
    for entry in folder.iterdir():
        if entry.is_dir():
            shutil.rmtree(entry)
        elif entry.name != state.LOCK:
            entry.unlink()


def stop_on_signals(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop.set)


async def run(settings: Settings, given: ExternalServers, report: Report, ready: Callable[[str], None]) -> None:
    """Until a signal, or `/node/stop`. A signal during the start ends the start."""
    task = asyncio.current_task()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel if task else lambda: None)
    async with node(settings, given, report) as running:
        stop_on_signals(running.stop)
        ready(running.gateway)
        await running.stop.wait()
