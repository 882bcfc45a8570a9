"""The two ways to load a neighbourhood, and when to use which. Both load at least what `neighbourhood.py` requires."""

from collections.abc import Mapping
from typing import Final

from battle_cluster.detection.clustering import MAX_CACHED_KILLMAILS, TimelineCache
from battle_cluster.detection.neighbourhood import (
    LoadedRange,
    PilotInterval,
    SystemInterval,
    TimeWindow,
    boundary_pilot_intervals,
)
from battle_cluster.detection.neighbourhood_loader import (
    NO_EDITS,
    NeighbourhoodLoader,
    NeighbourhoodQuery,
    PrefetchHint,
)
from battle_cluster.detection.rules import DetectionRules
from battle_cluster.domain.killmail import Killmail
from battle_cluster.edits.active_edits import ActiveEdits

BATCH_THRESHOLD: Final = 100
"""From this many killmails on, loading their whole time window costs less than computing which part is required."""


def is_batch(killmail_count: int) -> bool:
    return killmail_count >= BATCH_THRESHOLD


def widen_with_hint(
    intervals: tuple[SystemInterval, ...], pilot_intervals: tuple[PilotInterval, ...], hint: PrefetchHint
) -> tuple[tuple[SystemInterval, ...], tuple[PilotInterval, ...]]:
    """The intervals of a first killmail, widened by those of the hint that overlap."""
    first = intervals[0]
    if not any(_overlap(first, hinted) for hinted in hint.system_intervals):
        return intervals, pilot_intervals
    widened: dict[int, SystemInterval] = {first.system_id: first}
    for hinted in hint.system_intervals:
        interval = widened.get(hinted.system_id, hinted)
        if _overlap(interval, hinted):
            widened[hinted.system_id] = SystemInterval(
                hinted.system_id, min(interval.start, hinted.start), max(interval.end, hinted.end)
            )
    all_pilot_intervals = (*pilot_intervals, *hint.pilot_intervals)
    if not all_pilot_intervals:
        return tuple(widened.values()), ()
    pilots = frozenset[int]().union(*(interval.pilots for interval in all_pilot_intervals))
    start = min(interval.start for interval in all_pilot_intervals)
    end = max(interval.end for interval in all_pilot_intervals)
    return tuple(widened.values()), (PilotInterval(pilots, start, end),)


def _overlap(a: SystemInterval, b: SystemInterval) -> bool:
    return a.system_id == b.system_id and b.start <= a.end and a.start <= b.end


class NarrowLoader(NeighbourhoodLoader):
    """Loads what is required and no more. A single killmail is clustered at once, so that one query asks for all."""

    def __init__(
        self,
        seeds: Mapping[int, Killmail],
        rules: DetectionRules,
        timeline_cache: TimelineCache,
        edits: ActiveEdits = NO_EDITS,
        *,
        stored_component_of: Mapping[int, str | None] | None = None,
        hint: PrefetchHint | None = None,
    ) -> None:
        super().__init__(seeds, rules, timeline_cache, edits, stored_component_of=stored_component_of)
        self._hint = hint

    def _query_before_clustering(self) -> NeighbourhoodQuery | None:
        return self._system_query() if len(self._killmails) > 1 else None

    def _loaded_range(self) -> LoadedRange | None:
        return None

    def _is_loaded(self, start: int, end: int) -> bool:
        del start, end
        return False

    def _widened(
        self, intervals: tuple[SystemInterval, ...], pilot_intervals: tuple[PilotInterval, ...]
    ) -> tuple[tuple[SystemInterval, ...], tuple[PilotInterval, ...]]:
        if self._hint is None or self._has_queried():
            return intervals, pilot_intervals
        return widen_with_hint(intervals, pilot_intervals, self._hint)


class TimeWindowLoader(NeighbourhoodLoader):
    """Loads everything around a batch, and what the pilots at the edges of that window require, before it clusters.

    It clusters with a cache of its own: a batch would replace all timelines of the live systems.
    """

    def __init__(
        self,
        seeds: Mapping[int, Killmail],
        rules: DetectionRules,
        edits: ActiveEdits = NO_EDITS,
        *,
        stored_component_of: Mapping[int, str | None] | None = None,
    ) -> None:
        cache = TimelineCache(MAX_CACHED_KILLMAILS)
        super().__init__(seeds, rules, cache, edits, stored_component_of=stored_component_of)
        times = [killmail.time for killmail in seeds.values()]
        margin = rules.max_gap_within_system
        self._time_window = TimeWindow(min(times) - margin, max(times) + margin)
        self._window_queried = False
        self._range: LoadedRange | None = None

    def _query_before_clustering(self) -> NeighbourhoodQuery | None:
        if not self._window_queried:
            self._window_queried = True
            component_ids = frozenset(filter(None, self._stored_component_of.values()))
            return self._query(component_ids=component_ids, time_window=self._time_window)
        return self._system_query() or (None if self._range else self._boundary_query())

    def _boundary_query(self) -> NeighbourhoodQuery | None:
        """Pilot intervals of all loaded killmails, required or not: clustering a second time costs more."""
        self._range = LoadedRange(self._time_window, frozenset(self._killmails))
        intervals = tuple(boundary_pilot_intervals(self._killmails.values(), self._rules, self._time_window))
        return self._query(pilot_intervals=intervals) if intervals else None

    def _loaded_range(self) -> LoadedRange | None:
        return self._range

    def _is_loaded(self, start: int, end: int) -> bool:
        return self._window_queried and self._time_window.contains(start, end)

    def _has_queried(self) -> bool:
        return self._window_queried


def choose_loader(
    seeds: Mapping[int, Killmail],
    rules: DetectionRules,
    timeline_cache: TimelineCache,
    edits: ActiveEdits = NO_EDITS,
    *,
    stored_component_of: Mapping[int, str | None] | None = None,
    hint: PrefetchHint | None = None,
) -> NeighbourhoodLoader:
    """The loader that costs less for so many killmails; the result is the same."""
    if is_batch(len(seeds)):
        return TimeWindowLoader(seeds, rules, edits, stored_component_of=stored_component_of)
    return NarrowLoader(seeds, rules, timeline_cache, edits, stored_component_of=stored_component_of, hint=hint)
