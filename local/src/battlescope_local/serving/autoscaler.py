"""How many instances a service should have: Knative's arithmetic on concurrency, without clock or processes."""

import math
import os
from collections import deque
from typing import Final

from battlescope_local.manifests.model import Scale

# A service without its own limit gets one process for each core, and at least two so that one slow request does not
# stop all: more Python processes than cores only compete for them, while a cluster would add machines.
NO_LIMIT: Final = max(2, os.cpu_count() or 1)

SLICES: Final = 60  # of a window: a minute is remembered by the second


def limit(scale: Scale) -> int:
    return scale.max_scale or max(NO_LIMIT, scale.min_scale)


def wanted(scale: Scale, now: float, average: float) -> int:
    """Instances for the concurrency `now` (scale up at once) and its `average` over the window (scale down slowly)."""
    each = scale.target * scale.target_utilization
    if scale.container_concurrency:
        each = min(each, scale.container_concurrency * scale.target_utilization)
    needed = math.ceil(max(now, average) / max(each, 0.01))
    return max(scale.min_scale, min(needed, limit(scale)))


class Concurrency:
    """Requests in flight, averaged over a sliding window in slices; `now` is any clock that only goes forward."""

    def __init__(self, window: float, now: float) -> None:
        self._window = window
        self._slices: deque[tuple[float, float]] = deque()  # end, and the area under the curve
        self._begin = self._last = now
        self._area = 0.0
        self._changed = now
        self.current = 0

    def change(self, by: int, now: float) -> None:
        self._advance(now)
        self._changed = now
        self.current += by

    def average(self, now: float) -> float:
        self._advance(now)
        return (self._area + sum(area for _, area in self._slices)) / self._window

    def idle_for(self, now: float) -> float:
        """Seconds since the last request ended; 0 while one is in flight."""
        return 0.0 if self.current else now - self._changed

    def _advance(self, now: float) -> None:
        self._area += self.current * (now - self._last)
        self._last = now
        if now - self._begin >= self._window / SLICES:
            self._slices.append((now, self._area))
            self._begin, self._area = now, 0.0
        while self._slices and self._slices[0][0] <= now - self._window:
            self._slices.popleft()
