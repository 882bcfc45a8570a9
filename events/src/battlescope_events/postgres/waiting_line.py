"""Requests that wait in order for one of few connections, where nothing before the function makes them wait."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from battlescope_events.errors import OverloadedError


class WaitingLine:
    """Lets as many callers in as there are slots; the others wait in the order of their arrival."""

    def __init__(self, slots: int, max_waiting: int, max_seconds: float) -> None:
        """`max_waiting`: how many callers may wait; `max_seconds`: how long each of them waits."""
        self._slots = asyncio.Semaphore(slots)
        self._max_waiting = max_waiting
        self._max_seconds = max_seconds
        self._waiting = 0

    @asynccontextmanager
    async def slot(self) -> AsyncGenerator[None]:
        """A slot until the end of the `async with` block.

        Raises:
            OverloadedError: at once where too many wait, or after a wait of `max_seconds`.
        """
        if self._slots.locked() and self._waiting >= self._max_waiting:
            raise OverloadedError(f"{self._waiting} requests wait for a connection already.")
        self._waiting += 1
        try:
            async with asyncio.timeout(self._max_seconds):
                await self._slots.acquire()
        except TimeoutError as error:
            raise OverloadedError(f"No connection was free within {self._max_seconds:g} s.") from error
        finally:
            self._waiting -= 1
        try:
            yield
        finally:
            self._slots.release()
