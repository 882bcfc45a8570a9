"""A Knative Service as processes: from zero at the first request to as many as it needs, and back to zero.

All requests pass the activator, as with Knative's `target-burst-capacity: -1`: it queues them while instances start,
enforces `containerConcurrency` as a hard limit, and sends nothing to an instance whose process has ended.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, TypeVar

from aiohttp import ClientError, web
from aiohttp.client_exceptions import ClientConnectorError

from battlescope_events.background import start_in_background
from battlescope_local.http_client import HttpResponse, post
from battlescope_local.manifests.model import Service
from battlescope_local.processes.memory import memory_usage
from battlescope_local.serving import autoscaler
from battlescope_local.serving.autoscaler import Concurrency
from battlescope_local.serving.instances import GRACE, INSTANCE_ORIGIN, POLL_INTERVAL, Instance, Launcher, StartError
from battlescope_local.serving.proxy import forward_request, forward_websocket, is_websocket, read_replayable_body

logger = logging.getLogger(__name__)
T = TypeVar("T")

SCALING_INTERVAL: Final = 0.5  # seconds between two checks whether instances can stop
MAX_ATTEMPTS: Final = 3  # instances tried when a connection fails, which is before anything is sent
REPEATABLE_METHODS: Final = frozenset({"GET", "HEAD"})  # they change nothing, so that a request can be repeated
TEXT_HEADERS: Final = {"content-type": "text/plain; charset=utf-8"}
RESTART_PAUSE: Final = 1.0  # seconds after a failed start in which the service is not started again


class Unavailable(RuntimeError):
    """No instance is available; the sender can retry."""


@dataclass(frozen=True, slots=True)
class Rejection:
    """The activator's response when no instance responded."""

    status: int
    text: str


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """One service as `battlescope status` shows it; `start_failure` is empty, or why its last start failed."""

    name: str
    instances: int
    ready: int
    in_flight: int
    queued: int
    pids: tuple[int, ...]
    memory: int
    start_failure: str


class Revision:
    """One Service with its instances; `start_revision` runs it."""

    def __init__(self, service: Service, launcher: Launcher) -> None:
        self.service, self._launcher = service, launcher
        self._instances: list[Instance] = []
        self._draining: set[Instance] = set()
        self._waiting: deque[asyncio.Future[Instance]] = deque()
        self._load = Concurrency(service.scale.window, time.monotonic())
        self._tasks: set[asyncio.Task[None]] = set()
        self._last_failure, self._start_failure = -RESTART_PAUSE, ""
        self._closing = False

    async def handle(self, request: web.Request, target: str) -> web.StreamResponse | Rejection:
        """Forward `request` to an instance; `target` is the encoded path and query."""
        seconds = self.service.scale.timeout
        if is_websocket(request):
            return await self._send(
                lambda instance: forward_websocket(
                    request, instance.client, f"{INSTANCE_ORIGIN}{target}", seconds=seconds
                ),
                replayable=True,
            )
        body = await read_replayable_body(request)
        return await self._send(
            lambda instance: forward_request(
                request, instance.client, f"{INSTANCE_ORIGIN}{target}", body=body, seconds=seconds
            ),
            replayable=body is not None,
            safe=body is not None and request.method in REPEATABLE_METHODS,
        )

    async def deliver(self, target: str, headers: Mapping[str, str], body: bytes) -> HttpResponse:
        """Post an event to an instance directly, without a request to the internal gateway."""
        seconds = self.service.scale.timeout
        response = await self._send(
            lambda instance: post(instance.client, f"{INSTANCE_ORIGIN}{target}", headers, body, seconds),
            replayable=True,
        )
        if isinstance(response, Rejection):
            return HttpResponse(response.status, TEXT_HEADERS, response.text.encode())
        return response

    async def _send(
        self, request: Callable[[Instance], Awaitable[T]], *, replayable: bool, safe: bool = False
    ) -> T | Rejection:
        """Make `request` to an instance.

        `replayable`: after a failed connection it goes to another instance. `safe`: after a broken connection as well.
        """
        self._load.change(1, time.monotonic())
        try:
            return await self._try_instances(request, replayable=replayable, safe=safe)
        except Unavailable as error:
            return Rejection(503, str(error))
        except TimeoutError:
            return Rejection(504, f"{self.service.name} did not respond in time.")
        finally:
            self._load.change(-1, time.monotonic())

    async def _try_instances(
        self, request: Callable[[Instance], Awaitable[T]], *, replayable: bool, safe: bool
    ) -> T | Rejection:
        for attempt in range(MAX_ATTEMPTS):
            instance = await self._acquire()
            try:
                return await request(instance)
            except ClientConnectorError:
                self._drop(instance)
                if not replayable:
                    break
            except ClientError as error:
                logger.warning("%s closed its connection: %s", instance.name, error or type(error).__name__)
                if safe and attempt + 1 < MAX_ATTEMPTS:
                    continue
                return Rejection(502, f"An instance of {self.service.name} closed its connection.")
            finally:
                self._release(instance)
        message = f"No instance of {self.service.name} accepts connections."
        raise Unavailable(message)

    async def _acquire(self) -> Instance:
        instance = self._least_loaded()
        if instance is not None and not self._waiting:
            instance.in_flight += 1
            self._scale_up()
            return instance
        waiter: asyncio.Future[Instance] = asyncio.get_running_loop().create_future()
        self._waiting.append(waiter)
        self._scale_up()
        try:
            async with asyncio.timeout(self.service.scale.timeout):
                return await waiter
        except asyncio.CancelledError:
            if waiter.done() and not waiter.cancelled() and waiter.exception() is None:
                self._release(waiter.result())
            raise

    def _least_loaded(self) -> Instance | None:
        cap = self.service.scale.container_concurrency
        available = [
            instance for instance in self._instances if instance.ready and (not cap or instance.in_flight < cap)
        ]
        return min(available, key=lambda instance: instance.in_flight, default=None)

    def _release(self, instance: Instance) -> None:
        instance.in_flight -= 1
        self._assign_waiting()

    def _assign_waiting(self) -> None:
        while self._waiting and (instance := self._least_loaded()) is not None:
            waiter = self._waiting.popleft()
            if not waiter.done():
                instance.in_flight += 1
                waiter.set_result(instance)

    def _drop(self, instance: Instance) -> None:
        """Send it no more requests and stop it; requests in flight fail by themselves."""
        instance.ready = False
        if instance in self._instances:
            self._instances.remove(instance)
            self._draining.add(instance)
            self._spawn(self._stop(instance))

    async def _stop(self, instance: Instance) -> None:
        await self._launcher.stop(instance)
        self._draining.discard(instance)

    def _scale_up(self) -> None:
        now = time.monotonic()
        if self._closing or now - self._last_failure < RESTART_PAUSE:
            self._reject_waiting(f"{self.service.name} failed to start less than {RESTART_PAUSE:g} s ago.")
            return
        wanted = autoscaler.desired_instances(self.service.scale, self._load.current, 0.0)
        for _ in range(max(wanted, int(bool(self._waiting))) - len(self._instances)):
            self._add_instance()

    def _add_instance(self) -> None:
        instance = Instance()
        self._instances.append(instance)
        self._spawn(self._run_instance(instance))

    async def _run_instance(self, instance: Instance) -> None:
        message = f"{self.service.name} cannot be started."
        try:
            await self._launcher.start(instance)
        except StartError as error:
            message = str(error)
            return
        finally:  # an instance that stays in the list after any failure would block its service for ever
            if not instance.ready:
                self._forget_failed(instance, message)
        if instance not in self._instances:
            await self._launcher.stop(instance)
            return
        self._start_failure = ""
        instance.ready = True
        self._assign_waiting()
        await self._launcher.wait(instance)
        self._handle_exit(instance)
        await self._launcher.stop(instance)

    def _forget_failed(self, instance: Instance, message: str) -> None:
        if instance not in self._instances:
            return  # replaced while it started
        logger.error("%s", message)
        self._start_failure = message
        self._last_failure = time.monotonic()
        self._instances.remove(instance)
        self._reject_waiting(message)

    def _handle_exit(self, instance: Instance) -> None:
        if instance in self._instances:
            logger.warning("%s ended unexpectedly; see its log.", instance.name)
            instance.ready = False
            self._instances.remove(instance)
            self._scale_up()

    def _reject_waiting(self, message: str) -> None:
        if self._instances:
            return
        while self._waiting:
            waiter = self._waiting.popleft()
            if not waiter.done():
                waiter.set_exception(Unavailable(message))

    def scale_down(self) -> None:
        """Stop instances that the load of the window does not need; the last one after idle window and retention."""
        now, scale = time.monotonic(), self.service.scale
        wanted = max(1, autoscaler.desired_instances(scale, self._load.current, self._load.average(now)))
        if self._load.idle_for(now) >= scale.window + scale.retention:
            wanted = scale.min_scale
        surplus = len(self._instances) - wanted
        idle = [instance for instance in self._instances if instance.ready and not instance.in_flight]
        for instance in idle[: max(surplus, 0)]:
            self._drop(instance)
        if len(self._instances) < scale.min_scale:
            self._scale_up()

    def replace_instances(self) -> int:
        """Replace all instances by new processes, because their code has changed, and return the number replaced.

        Replaced instances receive no more requests and stop when those in flight are finished. A service whose last
        start failed is started again at once, so that its log shows without a request whether it works now.
        """
        replaced, self._instances = self._instances, []
        self._last_failure = -RESTART_PAUSE
        for instance in replaced:
            instance.ready = False
            self._draining.add(instance)
            self._spawn(self._drain(instance))
        if (replaced or self._start_failure) and not self._closing:
            self._add_instance()
        return len(replaced)

    async def _drain(self, instance: Instance) -> None:
        deadline = time.monotonic() + GRACE
        while instance.in_flight and time.monotonic() < deadline:  # noqa: ASYNC110  # a counter, and the wait is rare
            await asyncio.sleep(POLL_INTERVAL)
        await self._stop(instance)

    def stop_scaling_up(self) -> None:
        """Start no more instances; running ones continue."""
        self._closing = True

    async def close(self, grace: float = GRACE) -> None:
        self.stop_scaling_up()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        instances = (*self._instances, *self._draining)
        await asyncio.gather(*(self._launcher.stop(instance, grace) for instance in instances))
        self._instances.clear()
        self._reject_waiting(f"{self.service.name} is stopping.")

    def status(self) -> ServiceStatus:
        pids = tuple(instance.pid for instance in self._instances if instance.pid)
        return ServiceStatus(
            name=self.service.name,
            instances=len(self._instances),
            ready=sum(instance.ready for instance in self._instances),
            in_flight=sum(instance.in_flight for instance in self._instances),
            queued=len(self._waiting),
            pids=pids,
            memory=sum(memory_usage(pid) for pid in pids),
            start_failure=self._start_failure,
        )

    def _spawn(self, coroutine: Coroutine[None, None, None]) -> None:
        task = start_in_background(coroutine, f"{self.service.name}: {coroutine.__qualname__}")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


@asynccontextmanager
async def start_revision(service: Service, launcher: Launcher) -> AsyncGenerator[Revision]:
    """Scale the service until exit, then stop all its processes."""
    running = Revision(service, launcher)
    scaling = start_in_background(_scale(running), f"scale-{service.name}")
    try:
        yield running
    finally:
        scaling.cancel()
        await asyncio.gather(scaling, return_exceptions=True)
        await running.close()


async def _scale(running: Revision) -> None:
    while True:
        running.scale_down()
        await asyncio.sleep(SCALING_INTERVAL)
