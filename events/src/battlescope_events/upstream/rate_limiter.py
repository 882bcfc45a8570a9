"""Spaces requests."""

import asyncio


class RateLimiter:
    """Admits one request every 1/rate seconds; a pause never allows a burst."""

    def __init__(self, rate: float) -> None:
        self._interval = 1 / rate
        self._next = 0.0

    async def acquire(self) -> None:
        loop = asyncio.get_running_loop()
        starts_at = max(loop.time(), self._next)
        self._next = starts_at + self._interval
        if starts_at > loop.time():
            await asyncio.sleep(starts_at - loop.time())
