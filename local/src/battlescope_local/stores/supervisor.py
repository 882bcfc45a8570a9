"""What all stores share: remembered ports and passwords, and a supervisor that keeps a server running."""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from typing import Final, Literal

from battlescope_local.processes.children import Child, Command, Processes, tail_of
from battlescope_local.stores.errors import StoreError

logger = logging.getLogger(__name__)

START_LIMIT: Final = 60.0  # seconds; a recovery after a crash belongs to a start
POLL: Final = 0.01
# Seconds a server has at the end. All of them survive a kill with what they acknowledged, so patience buys nothing.
GRACE: Final = 1.2
SHORTEST_PAUSE: Final = 0.05
LONGEST_PAUSE: Final = 5.0
STEADY: Final = 10.0  # seconds of life after which a death counts as the first again
HOPELESS: Final = 5  # deaths while starting for the first time, after which people are told

State = Literal["external", "starting", "ready", "restarting", "stopped"]


async def accepts(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    return True


class SupervisedProcess:
    """One server that is started again whenever it dies, until it is stopped."""

    def __init__(self, processes: Processes, command: Command, probe: Callable[[], Awaitable[bool]]) -> None:
        self._processes, self._command, self._probe = processes, command, probe
        self.state: State = "starting"
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
            raise StoreError(f"{self._command.name} is not ready after {START_LIMIT:g} s.") from None
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
        while child.alive:
            if await self._probe():
                self.state = "ready"
                return True
            await asyncio.sleep(POLL)
        await self._processes.wait(child)
        return False

    def _why(self) -> str:
        said = tail_of(self._processes.log_file(self._command), 5)
        return f"{self._command.name} ends again and again; it said last:\n{said}"
