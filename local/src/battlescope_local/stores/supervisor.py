"""What all stores share: remembered ports and passwords, and a supervisor that keeps a server running."""

import asyncio
import json
import logging
import os
import secrets
import socket
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from threading import Lock
from typing import Final, Literal

from battlescope_local.errors import UserError
from battlescope_local.node.processes import Child, Command, Processes, tail_of

logger = logging.getLogger(__name__)

# Below the ports that the system hands out for outgoing connections, so that nobody takes ours by chance while a
# server restarts; and 10000 below another such range, because SeaweedFS derives gRPC ports by adding that.
PORT_RANGE: Final = range(20_000, 22_700)
START_LIMIT: Final = 60.0  # seconds; a recovery after a crash belongs to a start
SHORTEST_POLL: Final = 0.01
LONGEST_POLL: Final = 0.25
# Polls grow rarer in step with the time waited so far: readiness is noticed at most a twentieth later than it begins,
# and a server that recovers for a long time does not share its core with our polling.
POLL_SHARE: Final = 1 / 20
# Seconds a server has at the end. All of them survive a kill with what they acknowledged, so patience buys nothing.
GRACE: Final = 1.2
SHORTEST_PAUSE: Final = 0.05
LONGEST_PAUSE: Final = 5.0
STEADY: Final = 10.0  # seconds of life after which a death counts as the first again
HOPELESS: Final = 5  # deaths while starting for the first time, after which people are told

State = Literal["external", "starting", "ready", "restarting", "stopped"]


class StoreError(UserError):
    """A store cannot be had; the message says why in a sentence."""


class StateFile:
    """A small JSON file of names and values that outlives the node, readable for its owner only.

    The stores of a node start in threads of their own, and all of them remember something.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._one_writes = Lock()
        self._values: dict[str, str] = json.loads(path.read_text()) if path.is_file() else {}

    def get(self, name: str) -> str | None:
        return self._values.get(name)

    def put(self, name: str, value: str) -> str:
        with self._one_writes:
            self._values[name] = value
            fresh = self._path.with_suffix(".new")
            with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:  # noqa: PTH123 -- pathlib cannot create with a mode
                json.dump(self._values, file, indent=1)
            fresh.replace(self._path)
        return value

    def password(self, name: str) -> str:
        key = f"password-{name}"
        return self.get(key) or self.put(key, secrets.token_urlsafe(24))


class Ports:
    """A port for each name, the same one every time as long as it is free."""

    def __init__(self, memory: StateFile) -> None:
        self._memory = memory
        self._given: dict[str, int] = {}

    def get(self, name: str, usable: Callable[[int], bool] = lambda _: True) -> int:
        """`usable`: what else must hold for whoever listens there."""
        if name not in self._given:
            remembered = int(self._memory.get(f"port-{name}") or 0)
            fits = remembered and self._free(remembered) and usable(remembered)
            self._given[name] = remembered if fits else self._choose(usable)
            self._memory.put(f"port-{name}", str(self._given[name]))
        return self._given[name]

    def _choose(self, usable: Callable[[int], bool]) -> int:
        for _ in range(len(PORT_RANGE)):
            port = secrets.choice(PORT_RANGE)
            if self._free(port) and self._free(port + 10_000) and usable(port):
                return port
        message = f"No port between {PORT_RANGE.start} and {PORT_RANGE.stop} is free."
        raise StoreError(message)

    def _free(self, port: int) -> bool:
        return port not in self._given.values() and is_free(port)


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


async def accepts(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


def poll_pause(waited: float) -> float:
    """Seconds until the next look at a server that is not ready yet."""
    return min(max(waited * POLL_SHARE, SHORTEST_POLL), LONGEST_POLL)


class SupervisedProcess:
    """One server that is started again whenever it dies, until it is stopped."""

    def __init__(self, processes: Processes, command: Command, probe: Callable[[], Awaitable[bool]]) -> None:
        """`probe`: whether the server can be used; a StoreError counts as no, with the reason why."""
        self._processes, self._command, self._probe = processes, command, probe
        self.state: State = "starting"
        self._obstacle = ""
        self.child: Child | None = None
        self.restarts = 0

    async def start(self) -> asyncio.Task[None]:
        """Start, wait until ready, and give the task that keeps it so.

        Raises:
            StoreError: the server ends again and again, or does not become ready.
        """
        try:
            async with asyncio.timeout(START_LIMIT):
                await self._first_start()
        except TimeoutError:
            reason = f" {self._obstacle}" if self._obstacle else ""
            raise StoreError(f"{self._command.name} is not ready after {START_LIMIT:g} s.{reason}") from None
        return asyncio.create_task(self._keep(), name=f"keep-{self._command.name}")

    async def _first_start(self) -> None:
        for attempt in range(HOPELESS):
            if await self._launch():
                return
            await asyncio.sleep(SHORTEST_PAUSE * 2**attempt)
        raise StoreError(self._why())

    async def stop(self) -> None:
        self.state = "stopped"
        if self.child is not None:
            await self._processes.stop(self.child, GRACE)

    async def _keep(self) -> None:
        pause = SHORTEST_PAUSE
        while True:
            born = time.monotonic()
            if self.child is not None:
                code = await self._processes.wait(self.child)
                logger.warning("%s ended with %d and is started again.", self._command.name, code)
            self.state, self.restarts = "restarting", self.restarts + 1
            if time.monotonic() - born > STEADY:
                pause = SHORTEST_PAUSE
            elif pause == LONGEST_PAUSE:
                logger.error("%s", self._why())
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
            await self._launch()

    async def _launch(self) -> bool:
        child = self.child = await self._processes.start(self._command)
        born = time.monotonic()
        while child.alive:
            if await self._usable():
                self.state = "ready"
                return True
            await asyncio.sleep(poll_pause(time.monotonic() - born))
        await self._processes.wait(child)
        return False

    async def _usable(self) -> bool:
        try:
            return await self._probe()
        except StoreError as error:
            self._obstacle = str(error)
            return False

    def _why(self) -> str:
        said = tail_of(self._processes.log_file(self._command), 5)
        return f"{self._command.name} ends again and again; it said last:\n{said}"
