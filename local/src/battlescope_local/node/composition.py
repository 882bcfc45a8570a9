"""Composition of a node: stores, Jobs, functions, Brokers, gateways; started in this order, stopped in reverse."""

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

from aiohttp import web

from battlescope_events.edge.modes import AccessMode
from battlescope_local.devtools.spa_build import spa_environment
from battlescope_local.eventing import bucket_notifications
from battlescope_local.eventing.runtime import EventingRuntime, start_eventing
from battlescope_local.log.port import Log
from battlescope_local.log.sqlite_log import sqlite_log
from battlescope_local.manifests import load
from battlescope_local.manifests.model import Manifests
from battlescope_local.node import state
from battlescope_local.node.access import ACCESS_CONFIG_MAP, ANY_ADDRESS, OWNER_TOKEN_NAME, access_values, check_address
from battlescope_local.node.accounts import account_secrets, account_values
from battlescope_local.node.function_settings import check_settings
from battlescope_local.node.search import search_secrets, search_values
from battlescope_local.node.simulated_upstreams import simulator_overrides, start_simulator
from battlescope_local.node.startup_phases import ReportPhase
from battlescope_local.node.status import status, trigger_stats
from battlescope_local.node.web_app import building_web_app
from battlescope_local.node.workload_config import (
    ResolvedConfig,
    container_environment,
    required_databases,
    resolve_config,
)
from battlescope_local.processes.children import Processes, end_leftovers
from battlescope_local.processes.file_limit import connection_cap, raise_file_limit
from battlescope_local.processes.sockets import prepare_socket_folder
from battlescope_local.serving.command_login import CommandLogins
from battlescope_local.serving.connection_limits import ConnectionLimits, serve_limited
from battlescope_local.serving.dead_letter_api import dead_letter_app
from battlescope_local.serving.gateway import gateway_app
from battlescope_local.serving.instances import Launcher, knative_environment
from battlescope_local.serving.internal_gateway import InternalGateway, internal_app
from battlescope_local.serving.jobs import run_jobs
from battlescope_local.serving.owner_login import OwnerLogin
from battlescope_local.serving.revision import Revision, start_revision
from battlescope_local.settings import (
    LOOPBACK,
    NODE_LOG_FILE,
    ExternalServers,
    Settings,
    base_environment,
    make_private,
    whole_environment,
)
from battlescope_local.stores import s3
from battlescope_local.stores.group import Stores, start_stores
from battlescope_local.stores.ports import Ports
from battlescope_local.stores.postgres import provision
from battlescope_local.stores.seaweedfs_webhook import Webhook
from battlescope_local.stores.state_file import StateFile

logger = logging.getLogger(__name__)

BIN: Final = Path(sys.executable).parent
MAX_PUBLIC_CONNECTIONS: Final = 512
MAX_INTERNAL_CONNECTIONS: Final = 4096  # far more than all instances of all functions open
# Seconds that functions have to stop. The next node delivers their events in flight again, and their databases roll
# back open transactions: a longer wait saves work, never data.
FUNCTION_GRACE: Final = 0.7


@dataclass(frozen=True, slots=True)
class Node:
    """A running node. Setting `stop_requested` stops it."""

    gateway_url: str
    internal_url: str
    token: str
    stop_requested: asyncio.Event
    services: Mapping[str, Revision]
    owner_login: OwnerLogin | None


@dataclass(frozen=True, slots=True)
class _NodeParts:
    """The running parts that the gateways lead to."""

    manifests: Manifests
    stores: Stores
    services: Mapping[str, Revision]
    eventing: EventingRuntime
    log: Log
    owner_login: OwnerLogin | None
    command_logins: CommandLogins | None


@asynccontextmanager
async def start_node(settings: Settings, external: ExternalServers, report: ReportPhase) -> AsyncGenerator[Node]:
    """Start every part of the node; on exit stop every process that it started."""
    check_address(settings.host, settings.access_mode)
    folder = settings.folder
    make_private(folder)
    raise_file_limit()
    with state.lock_folder(folder):
        for process_name in end_leftovers(folder / "run"):
            logger.warning("Stopped %s, which a killed node had left running.", process_name)
        if settings.fresh:
            s3.remove_sockets(StateFile(folder / "secrets.json"))
            _delete_data(folder)
        processes = Processes(folder / "run", folder / "logs")
        try:
            async with AsyncExitStack() as stack:
                yield await _NodeBuilder(settings, external, processes, stack, report).build()
        finally:
            state.remove(folder)
            await processes.stop_all(FUNCTION_GRACE)


class _NodeBuilder:
    """Starts one node step by step; the stack closes what each step opens."""

    def __init__(
        self,
        settings: Settings,
        external: ExternalServers,
        processes: Processes,
        stack: AsyncExitStack,
        report: ReportPhase,
    ) -> None:
        self._settings, self._external, self._processes, self._stack = settings, external, processes, stack
        self._report, self._started_at = report, time.monotonic()
        self._state_file = StateFile(settings.folder / "secrets.json")
        self._ports = Ports(self._state_file)
        stack.callback(self._ports.release)
        self._stop_requested = asyncio.Event()
        self._token = secrets.token_urlsafe(24)

    async def build(self) -> Node:
        manifests = load(self._settings.manifests)
        public_socket = self._stack.enter_context(_listen(self._settings.host, self._settings.port))
        internal_socket = self._stack.enter_context(_listen(LOOPBACK, 0))
        if self._settings.build_web_app:  # only now: a node that is refused builds nothing
            project = Path(self._settings.project)
            await self._stack.enter_async_context(building_web_app(self._processes, project, whole_environment()))
        owner_login = self._owner_login(public_socket)
        internal_gateway = InternalGateway(
            _origin(internal_socket), {broker.name: broker.namespace for broker in manifests.brokers}, self._token
        )
        webhook = Webhook(f"{internal_gateway.origin}{bucket_notifications.WEBHOOK_PATH}", self._token)
        access = self._access(manifests, public_socket)
        stores, config = await self._start_stores_and_jobs(manifests, webhook, access)
        services = await self._start_services(manifests, config, internal_gateway)
        log = await self._open_log()
        eventing = await self._stack.enter_async_context(
            start_eventing(
                manifests, log, internal_gateway.resolve, services=services, timers=lambda: self._settings.timers
            )
        )
        self._report_phase("brokers")
        await self._start_gateways(
            _NodeParts(manifests, stores, services, eventing, log, owner_login, self._command_logins(public_socket)),
            public_socket,
            internal_socket,
        )
        self._stack.push_async_callback(_drain, eventing, tuple(services.values()))
        self._report_phase("gateway")
        return Node(
            _origin(public_socket), internal_gateway.origin, self._token, self._stop_requested, services, owner_login
        )

    def _owner_login(self, public_socket: socket.socket) -> OwnerLogin | None:
        """None in the access mode `sso`, in which the owner has no rights of his own."""
        if self._settings.access_mode != AccessMode.OFF:
            return None
        return OwnerLogin(self._state_file.password(OWNER_TOKEN_NAME), _origin(public_socket))

    def _command_logins(self, public_socket: socket.socket) -> CommandLogins | None:
        return CommandLogins(_origin(public_socket)) if self._settings.access_mode == AccessMode.SSO else None

    def _access(self, manifests: Manifests, public_socket: socket.socket) -> Mapping[str, str]:
        """The ConfigMap of this machine by which functions know their callers, if the manifests have it."""
        if ACCESS_CONFIG_MAP not in manifests.config_maps:
            return {}
        token, port = self._state_file.password(OWNER_TOKEN_NAME), public_socket.getsockname()[1]
        values = access_values(self._settings.access_mode, token, self._settings.host, port)
        return {**values, **self._settings.overrides.get(ACCESS_CONFIG_MAP, {})}

    async def _start_stores_and_jobs(
        self, manifests: Manifests, webhook: Webhook, access: Mapping[str, str]
    ) -> tuple[Stores, ResolvedConfig]:
        """Start stores, create databases and run Jobs. S3 posts its notifications of manifests to `webhook`."""
        overrides = {**self._settings.overrides, **({ACCESS_CONFIG_MAP: access} if access else {})}
        if self._settings.simulator_arguments is not None:
            address = await self._stack.enter_async_context(
                start_simulator(
                    self._settings.simulator_arguments, self._processes, self._ports, self._base_environment()
                )
            )
            overrides = simulator_overrides(address, overrides, self._settings.simulated_upstreams)
            self._report_phase("upstream")
        stores = await self._stack.enter_async_context(
            start_stores(
                self._settings.folder,
                self._processes,
                self._external,
                self._state_file,
                self._ports,
                webhook=webhook,
            )
        )
        self._report_phase("stores")
        urls = await provision(stores.postgres_url, required_databases(manifests), self._state_file)
        self._report_phase("databases")
        overrides = search_values(manifests.config_maps, account_values(manifests.config_maps, overrides))
        other_secrets = {**account_secrets(self._settings, self._state_file), **search_secrets()}
        config = resolve_config(manifests, stores, urls, overrides, other_secrets)
        await run_jobs(
            manifests.jobs,
            self._processes,
            Path(self._settings.project) / "functions",
            lambda job: {
                **self._base_environment(),
                **container_environment(job.container, config, f"The Job {job.name}"),
            },
        )
        self._report_phase("jobs")
        return stores, config

    async def _open_log(self) -> Log:
        """Kafka or Redpanda where BATTLESCOPE_KAFKA_BOOTSTRAP names one, else a SQLite file."""
        bootstrap = self._external.kafka_bootstrap
        if bootstrap is None:
            return await self._stack.enter_async_context(sqlite_log(self._settings.folder / "log"))
        from battlescope_local.log.kafka_log import kafka_log  # noqa: PLC0415  # a library that few nodes need

        return await self._stack.enter_async_context(kafka_log(bootstrap, self._external.kafka_security))

    async def _start_services(
        self, manifests: Manifests, config: ResolvedConfig, internal_gateway: InternalGateway
    ) -> Mapping[str, Revision]:
        bindings = {binding.subject: binding for binding in manifests.sink_bindings}
        sockets = prepare_socket_folder(self._settings.folder)
        services: dict[str, Revision] = {}
        environments: dict[str, Mapping[str, str]] = {}
        for service in manifests.services:
            binding = bindings.get(service.name)
            environments[service.name] = {
                **self._base_environment(),
                **knative_environment(service, binding, internal_gateway.sink_url(binding.sink) if binding else ""),
                **container_environment(service.container, config, f"The Service {service.name}"),
            }
        check_settings(manifests.services, environments)
        for service in manifests.services:
            launcher = Launcher(service, self._processes, self._settings.folder, sockets, environments[service.name])
            services[service.name] = await self._stack.enter_async_context(start_revision(service, launcher))
        self._stack.push_async_callback(_close_all, tuple(services.values()))
        return services

    async def _start_gateways(
        self, parts: "_NodeParts", public_socket: socket.socket, internal_socket: socket.socket
    ) -> None:

        def current_status() -> Mapping[str, Any]:
            return status(_origin(public_socket), self._settings, parts.stores, parts.services, parts.eventing)

        internal = internal_app(
            parts.services,
            parts.eventing.ingress,
            status=current_status,
            trigger_stats=lambda: trigger_stats(parts.eventing),
            dead_letters=dead_letter_app(parts.eventing.dead_letters),
            token=self._token,
            stop_requested=self._stop_requested,
            new_owner_link=parts.owner_login.new_link if parts.owner_login else None,
            command_logins=parts.command_logins,
            notification_handler=bucket_notifications.notification_handler(parts.manifests.brokers, parts.log),
        )
        await self._serve(internal, internal_socket, MAX_INTERNAL_CONNECTIONS)
        gateway = gateway_app(parts.manifests.routes, parts.services, parts.owner_login, parts.command_logins)
        await self._serve(gateway, public_socket, MAX_PUBLIC_CONNECTIONS)
        addresses = _origin(public_socket), _origin(internal_socket)
        state.write(self._settings.folder, *addresses, self._token, self._settings.access_mode)

    async def _serve(self, app: web.Application, listening: socket.socket, max_connections: int) -> None:
        limits = ConnectionLimits(connection_cap(max_connections))
        app.middlewares.insert(0, limits.middleware)
        await self._stack.enter_async_context(serve_limited(app, listening, limits))

    def _base_environment(self) -> dict[str, str]:
        spa = spa_environment(Path(self._settings.project))
        return {**base_environment(BIN), "PYTHONUNBUFFERED": "1", **spa, **self._settings.environment}

    def _report_phase(self, name: str) -> None:
        seconds = time.monotonic() - self._started_at
        logger.info("%s ready after %.2f s", name, seconds)
        self._report(name, seconds)


async def _drain(eventing: EventingRuntime, services: Iterable[Revision]) -> None:
    """Start no more instances, then stop the delivery of events, then stop the functions; gateways close later."""
    for service in services:
        service.stop_scaling_up()
    await eventing.stop()
    await _close_all(services)


async def _close_all(services: Iterable[Revision]) -> None:
    """Close all services at once; their own context managers would close them one after the other."""
    await asyncio.gather(*(service.close(FUNCTION_GRACE) for service in services))


def _listen(host: str, port: int) -> socket.socket:
    """Listen from now on: a client that connects before the gateway serves waits instead of being refused."""
    try:
        return socket.create_server((host, port), backlog=512)
    except PermissionError as error:
        raise PortTakenError(f"Port {port} needs root; choose one above 1023 with --port.") from error
    except OSError as error:
        raise PortTakenError(f"Port {port} is taken; choose another with --port.") from error


class PortTakenError(OSError):
    """The gateway cannot listen on its port: another process does, or only root may."""


def _origin(listening: socket.socket) -> str:
    host, port = listening.getsockname()[:2]
    return f"http://{LOOPBACK if host == ANY_ADDRESS else host}:{port}"


def _delete_data(folder: Path) -> None:
    for entry in folder.iterdir():
        if entry.is_dir():
            shutil.rmtree(entry)
        elif entry.name not in {state.LOCK_FILE, NODE_LOG_FILE}:  # both are open
            entry.unlink()


def stop_on_signals(stop_requested: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop_requested.set)


async def run_node(
    settings: Settings, external: ExternalServers, report: ReportPhase, ready: Callable[[Node], None]
) -> None:
    """Run a node until a signal or a request to `/node/stop`. A signal during the start cancels the start."""
    task = asyncio.current_task()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, task.cancel if task else lambda: None)
    async with start_node(settings, external, report) as node:
        stop_on_signals(node.stop_requested)
        ready(node)
        await node.stop_requested.wait()
