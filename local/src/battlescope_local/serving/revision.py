"""A Knative Service as processes: from zero at the first request, to as many as are needed, and back.

The activator is always in the path, as with Knative's `target-burst-capacity: -1`: it queues while instances start,
holds `containerConcurrency` as a hard cap, and forgets an instance at the moment when it dies.
"""

import asyncio
import logging
import time
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, TypeVar

from aiohttp import ClientError, ClientSession, web
from aiohttp.client_exceptions import ClientConnectorError

from battlescope_local.http_client import Answer, post
from battlescope_local.manifests.model import Service
from battlescope_local.processes.memory import memory
from battlescope_local.serving import autoscaler
from battlescope_local.serving.autoscaler import Concurrency
from battlescope_local.serving.instances import GRACE, POLL, Instance, Launcher, StartError
from battlescope_local.serving.proxy import body_of, forward

logger = logging.getLogger(__name__)
T = TypeVar("T")

TICK: Final = 0.5  # seconds between looks at what may end
ATTEMPTS: Final = 3  # instances asked when connecting fails, which is before anything was sent
SAFE: Final = frozenset({"GET", "HEAD"})  # what changes nothing may be asked again though it was sent
TEXT: Final = {"content-type": "text/plain; charset=utf-8"}
PAUSE_AFTER_FAILURE: Final = 1.0  # seconds in which a service that cannot start is not started again


class Unavailable(RuntimeError):  # noqa: N818 -- an outcome, named by what it is
    """No instance can be had; the sender may try again."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """What the activator answers where no instance did."""

    status: int
    text: str


@dataclass(frozen=True, slots=True)
class ServiceStatus:
    """One service as `battlescope status` shows it."""

    name: str
    instances: int
    ready: int
    in_flight: int
    queued: int
    pids: tuple[int, ...]
    memory: int


class Revision:
    """One Service with its instances. Runs inside `revision`."""

    def __init__(self, service: Service, launcher: Launcher, client: ClientSession) -> None:
        self.service = service
        self._launcher, self._client = launcher, client
        self._instances: list[Instance] = []
        self._draining: set[Instance] = set()
        self._waiting: deque[asyncio.Future[Instance]] = deque()
        self._load = Concurrency(service.scale.window, time.monotonic())
        self._tasks: set[asyncio.Task[None]] = set()
        self._failed_at, self._failed = -PAUSE_AFTER_FAILURE, False
        self._closing = False

    async def handle(self, request: web.Request, target: str) -> web.StreamResponse:
        """Answer `request` by an instance, asked for `target` (path and query, encoded)."""
        body, seconds = await body_of(request), self.service.scale.timeout
        answer = await self._asked(
            lambda origin: forward(request, self._client, f"{origin}{target}", body=body, seconds=seconds),
            again=body is not None,
            safe=body is not None and request.method in SAFE,
        )
        return web.Response(status=answer.status, text=answer.text) if isinstance(answer, Refusal) else answer

    async def deliver(self, target: str, headers: Mapping[str, str], body: bytes) -> Answer:
        """An event to an instance, without the detour through a door of ours."""
        seconds = self.service.scale.timeout
        answer = await self._asked(
            lambda origin: post(self._client, f"{origin}{target}", headers, body, seconds), again=True
        )
        return Answer(answer.status, TEXT, answer.text.encode()) if isinstance(answer, Refusal) else answer

    async def _asked(self, ask: Callable[[str], Awaitable[T]], *, again: bool, safe: bool = False) -> T | Refusal:
        """`again`: may be asked of another instance when one cannot be connected; `safe`: also when one breaks off."""
        self._load.change(1, time.monotonic())
        try:
            return await self._answer(ask, again=again, safe=safe)
        except Unavailable as error:
            return Refusal(503, str(error))
        except TimeoutError:
            return Refusal(504, f"{self.service.name} did not answer in time.")
        finally:
            self._load.change(-1, time.monotonic())

    async def _answer(self, ask: Callable[[str], Awaitable[T]], *, again: bool, safe: bool) -> T | Refusal:
        for attempt in range(ATTEMPTS):
            instance = await self._acquire()
            try:
                return await ask(instance.origin)
            except ClientConnectorError:
                self._drop(instance)
                if not again:
                    break
            except ClientError as error:
                logger.warning("%s broke off: %s", instance.name, error or type(error).__name__)
                if safe and attempt + 1 < ATTEMPTS:
                    continue
                return Refusal(502, f"An instance of {self.service.name} broke off.")
            finally:
                self._release(instance)
        message = f"No instance of {self.service.name} can be reached."
        raise Unavailable(message)

    async def _acquire(self) -> Instance:
        free = self._free()
        if free is not None and not self._waiting:
            free.in_flight += 1
            self._scale_up()
            return free
        turn: asyncio.Future[Instance] = asyncio.get_running_loop().create_future()
        self._waiting.append(turn)
        self._scale_up()
        try:
            async with asyncio.timeout(self.service.scale.timeout):
                return await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled() and turn.exception() is None:
                self._release(turn.result())
            raise

    def _free(self) -> Instance | None:
        cap = self.service.scale.container_concurrency
        open_ones = [one for one in self._instances if one.ready and (not cap or one.in_flight < cap)]
        return min(open_ones, key=lambda one: one.in_flight, default=None)

    def _release(self, instance: Instance) -> None:
        instance.in_flight -= 1
        self._serve_waiting()

    def _serve_waiting(self) -> None:
        while self._waiting and (free := self._free()) is not None:
            turn = self._waiting.popleft()
            if not turn.done():
                free.in_flight += 1
                turn.set_result(free)

    def _drop(self, instance: Instance) -> None:
        """Take it out of the round; whoever is in flight with it finds out by itself."""
        instance.ready = False
        if instance in self._instances:
            self._instances.remove(instance)
            self._spawn(self._launcher.stop(instance))

    def _scale_up(self) -> None:
        now = time.monotonic()
        if self._closing or now - self._failed_at < PAUSE_AFTER_FAILURE:
            self._refuse_if_nobody_comes(f"{self.service.name} could not be started a moment ago.")
            return
        wanted = autoscaler.wanted(self.service.scale, self._load.current, 0.0)
        for _ in range(max(wanted, int(bool(self._waiting))) - len(self._instances)):
            self._add_instance()

    def _add_instance(self) -> None:
        instance = Instance()
        self._instances.append(instance)
        self._spawn(self._live(instance))

    async def _live(self, instance: Instance) -> None:
        try:
            await self._launcher.start(instance)
        except StartError as error:
            if instance not in self._instances:
                return  # replaced while it started
            logger.error("%s", error)  # noqa: TRY400 -- the sentence says all; the log has what the process said
            self._failed = True
            self._failed_at = time.monotonic()
            self._instances.remove(instance)
            self._refuse_if_nobody_comes(str(error))
            return
        if instance not in self._instances:
            await self._launcher.stop(instance)
            return
        self._failed = False
        instance.ready = True
        self._serve_waiting()
        await self._launcher.wait(instance)
        self._died(instance)

    def _died(self, instance: Instance) -> None:
        if instance in self._instances:
            logger.warning("%s ended by itself; see its log.", instance.name)
            instance.ready = False
            self._instances.remove(instance)
            self._scale_up()

    def _refuse_if_nobody_comes(self, message: str) -> None:
        if self._instances:
            return
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_exception(Unavailable(message))

    def scale_down(self) -> None:
        """End what the window no longer asks for; the last one only after window and retention in silence."""
        now, scale = time.monotonic(), self.service.scale
        wanted = max(1, autoscaler.wanted(scale, self._load.current, self._load.average(now)))
        if self._load.idle_for(now) >= scale.window + scale.retention:
            wanted = scale.min_scale
        surplus = len(self._instances) - wanted
        for instance in [one for one in self._instances if one.ready and not one.in_flight][: max(surplus, 0)]:
            self._drop(instance)
        if len(self._instances) < scale.min_scale:
            self._scale_up()

    def replace(self) -> int:
        """Put new processes in the place of all instances, whose code has changed; gives the number replaced.

        The old ones take no request any more and end when those they hold are answered. A service whose last start
        failed is started again at once, so that its error or its success is seen without a request.
        """
        old, self._instances = self._instances, []
        self._failed_at = -PAUSE_AFTER_FAILURE
        for instance in old:
            instance.ready = False
            self._draining.add(instance)
            self._spawn(self._drain(instance))
        if (old or self._failed) and not self._closing:
            self._add_instance()
        return len(old)

    async def _drain(self, instance: Instance) -> None:
        deadline = time.monotonic() + GRACE
        while instance.in_flight and time.monotonic() < deadline:  # noqa: ASYNC110 -- a count; waiting for it is rare
            await asyncio.sleep(POLL)
        await self._launcher.stop(instance)
        self._draining.discard(instance)

    def stop_scaling_up(self) -> None:
        """From now on nothing is started; what runs goes on."""
        self._closing = True

    async def close(self, grace: float = GRACE) -> None:
        self.stop_scaling_up()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await asyncio.gather(*(self._launcher.stop(one, grace) for one in (*self._instances, *self._draining)))
        self._instances.clear()
        self._refuse_if_nobody_comes(f"{self.service.name} ends.")

    def look(self) -> ServiceStatus:
        pids = tuple(one.pid for one in self._instances if one.pid)
        return ServiceStatus(
            name=self.service.name,
            instances=len(self._instances),
            ready=sum(one.ready for one in self._instances),
            in_flight=sum(one.in_flight for one in self._instances),
            queued=len(self._waiting),
            pids=pids,
            memory=sum(memory(pid) for pid in pids),
        )

    def _spawn(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)


@asynccontextmanager
async def revision(service: Service, launcher: Launcher, client: ClientSession) -> AsyncGenerator[Revision]:
    """Scales until left, and leaves no process behind."""
    one = Revision(service, launcher, client)
    scaling = asyncio.create_task(_scale(one), name=f"scale-{service.name}")
    try:
        yield one
    finally:
        scaling.cancel()
        await asyncio.gather(scaling, return_exceptions=True)
        await one.close()


async def _scale(one: Revision) -> None:
    while True:
        one.scale_down()
        await asyncio.sleep(TICK)
