"""Number of instances for a service: Knative's arithmetic on concurrency, without clock or processes."""

import math
import os
from collections import deque
from typing import Final

from battlescope_local.manifests.model import Scale

# Limit for a service without max-scale: one process per core, because more would compete for the cores, where a cluster
# adds machines; at least two, so that one slow request does not block all others.
DEFAULT_MAX_INSTANCES: Final = max(2, os.cpu_count() or 1)

SLICES_PER_WINDOW: Final = 60  # a window of a minute is averaged over slices of one second


def max_instances(scale: Scale) -> int:
    return scale.max_scale or max(DEFAULT_MAX_INSTANCES, scale.min_scale)


def desired_instances(scale: Scale, current: float, average: float) -> int:
    """Instances for the `current` concurrency (scales up at once) or its `average` (scales down slowly), if larger."""
    target = scale.target * scale.target_utilization
    if scale.container_concurrency:
        target = min(target, scale.container_concurrency * scale.target_utilization)
    instances = math.ceil(max(current, average) / max(target, 0.01))
    return max(scale.min_scale, min(instances, max_instances(scale)))


class Concurrency:
    """Requests in flight, averaged over a sliding window in slices; `now` is the time of a monotonic clock."""

    def __init__(self, window: float, now: float) -> None:
        self._window = window
        self._slices: deque[tuple[float, float]] = deque()  # end of the slice, request-seconds in it
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
        if now - self._begin >= self._window / SLICES_PER_WINDOW:
            self._slices.append((now, self._area))
            self._begin, self._area = now, 0.0
        while self._slices and self._slices[0][0] <= now - self._window:
            self._slices.popleft()
