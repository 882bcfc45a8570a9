"""Counts requests in a sliding window that all instances share in Valkey: exact, also across instances."""

import logging
import math
from collections import OrderedDict, deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from battlescope_events.edge.limits import Limit, Usage
from battlescope_events.valkey.connection import Valkey

if TYPE_CHECKING:
    from redis.asyncio import Redis

_SECOND: Final = 1_000_000  # microseconds
_MAX_LOCAL_WINDOWS: Final = 10_000
# A list of the times of the counted requests, at most as many as the limit. The clock is Valkey's, so that instances
# need not agree on theirs. A refused request is not counted. Returns: allowed, counted, microseconds until the oldest
# one leaves the window.
_COUNT: Final = """
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local limit, window = tonumber(ARGV[1]), tonumber(ARGV[2])
local oldest = redis.call('LINDEX', KEYS[1], 0)
while oldest and tonumber(oldest) <= now - window do
  redis.call('LPOP', KEYS[1])
  oldest = redis.call('LINDEX', KEYS[1], 0)
end
local count = redis.call('LLEN', KEYS[1])
local allowed = 0
if count < limit then
  allowed, count = 1, count + 1
  redis.call('RPUSH', KEYS[1], string.format('%.0f', now))
  redis.call('PEXPIRE', KEYS[1], math.ceil(window / 1000))
  oldest = oldest or now
end
return {allowed, count, tonumber(oldest) + window - now}"""
_log = logging.getLogger(__name__)


class RateLimiter:
    """While Valkey does not answer, each instance counts by itself, so that limits never vanish."""

    def __init__(self, valkey: Valkey, monotonic: Callable[[], float]) -> None:
        self._valkey, self._monotonic = valkey, monotonic
        self._script: Any = None  # made once, since its digest is computed
        self._local: OrderedDict[str, deque[float]] = OrderedDict()

    async def count(self, limit: Limit, who: str) -> Usage:
        """Count a request of an account or address, unless it is above the limit."""
        key = f"rate:{limit.name}:{who}"

        async def evaluate(redis: "Redis") -> list[int]:
            if self._script is None:
                self._script = redis.register_script(_COUNT)
            return await self._script([key], [limit.requests, limit.seconds * _SECOND])

        await self._valkey.connect()
        counted = await self._valkey.run(evaluate, None)
        if counted is None:
            return self._count_here(limit, key)
        allowed, count, microseconds = counted
        return Usage(limit, bool(allowed), limit.requests - count, math.ceil(microseconds / _SECOND))

    def _count_here(self, limit: Limit, key: str) -> Usage:
        now = self._monotonic()
        times = self._local.setdefault(key, deque())
        self._local.move_to_end(key)
        while len(self._local) > _MAX_LOCAL_WINDOWS:
            self._local.popitem(last=False)
        while times and times[0] <= now - limit.seconds:
            times.popleft()
        allowed = len(times) < limit.requests
        if allowed:
            times.append(now)
        return Usage(limit, allowed, limit.requests - len(times), math.ceil(times[0] + limit.seconds - now))
