"""Supervises a server: starts it, checks that it is ready, and starts it again when it ends."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final, Literal

from battlescope_events.background import start_in_background
from battlescope_local.processes.children import Child, Command, Processes, log_tail
from battlescope_local.stores.errors import StoreError

logger = logging.getLogger(__name__)

START_LIMIT: Final = 60.0  # seconds, including the recovery after a crash
SHORTEST_POLL: Final = 0.01
LONGEST_POLL: Final = 0.25
# The pause between polls grows with the time waited so far: readiness is detected at most a twentieth later than it
# begins, and a server that recovers for a long time does not share its core with the polling.
POLL_SHARE: Final = 1 / 20
# Seconds that a server has to stop. A kill loses nothing that it acknowledged, so that a longer wait has no use.
GRACE: Final = 1.2
SHORTEST_PAUSE: Final = 0.05
LONGEST_PAUSE: Final = 5.0
STABLE_AFTER: Final = 10.0  # seconds after which the pause before the next restart is the shortest again
MAX_FIRST_STARTS: Final = 5  # failed first starts after which the error is raised

ServerState = Literal["external", "starting", "ready", "restarting", "stopped"]


async def accepts_connections(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


def poll_pause(waited: float) -> float:
    """Seconds until the next poll of a server that is not ready after `waited` seconds."""
    return min(max(waited * POLL_SHARE, SHORTEST_POLL), LONGEST_POLL)


class SupervisedProcess:
    """One server, which is started again whenever it ends, until it is stopped."""

    def __init__(self, processes: Processes, command: Command, probe: Callable[[], Awaitable[bool]]) -> None:
        """`probe` returns whether the server is usable; a StoreError means no, and gives the reason."""
        self._processes, self._command, self._probe = processes, command, probe
        self.state: ServerState = "starting"
        self._obstacle = ""
        self.child: Child | None = None
        self.restarts = 0

    async def start(self) -> asyncio.Task[None]:
        """Start the server, wait until it is ready, and return the task that restarts it when it ends.

        Raises:
            StoreError: the server ended several times, or did not become ready in time.
        """
        try:
            async with asyncio.timeout(START_LIMIT):
                await self._first_start()
        except TimeoutError:
            reason = f" {self._obstacle}" if self._obstacle else ""
            raise StoreError(f"{self._command.name} is not ready after {START_LIMIT:g} s.{reason}") from None
        return start_in_background(self._supervise(), f"keep-{self._command.name}")

    async def _first_start(self) -> None:
        for attempt in range(MAX_FIRST_STARTS):
            if await self._launch():
                return
            await asyncio.sleep(SHORTEST_PAUSE * 2**attempt)
        raise StoreError(self._failure_message())

    async def stop(self) -> None:
        self.state = "stopped"
        if self.child is not None:
            await self._processes.stop(self.child, GRACE)

    async def _supervise(self) -> None:
        pause = SHORTEST_PAUSE
        while True:
            started_at = time.monotonic()
            if self.child is not None:
                code = await self._processes.wait(self.child)
                logger.warning("%s ended with exit code %d; restarting it.", self._command.name, code)
            self.state, self.restarts = "restarting", self.restarts + 1
            if time.monotonic() - started_at > STABLE_AFTER:
                pause = SHORTEST_PAUSE
            elif pause == LONGEST_PAUSE:
                logger.error("%s", self._failure_message())
            await asyncio.sleep(pause)
            pause = min(2 * pause, LONGEST_PAUSE)
            await self._launch()

    async def _launch(self) -> bool:
        try:
            child = self.child = await self._processes.start(self._command)
        except OSError as error:  # no file descriptor or no memory now; the next attempt may find some
            self.child, self._obstacle = None, f"It cannot be started: {error}."
            return False
        started_at = time.monotonic()
        while child.alive:
            if await self._is_usable():
                self.state = "ready"
                return True
            await asyncio.sleep(poll_pause(time.monotonic() - started_at))
        await self._processes.wait(child)
        return False

    async def _is_usable(self) -> bool:
        try:
            return await self._probe()
        except StoreError as error:
            self._obstacle = str(error)
            return False

    def _failure_message(self) -> str:
        if self.child is None:
            return f"{self._command.name} does not start. {self._obstacle}"
        last_lines = log_tail(self._processes.log_file(self._command), 5)
        return f"{self._command.name} keeps ending; its last log lines:\n{last_lines}"
