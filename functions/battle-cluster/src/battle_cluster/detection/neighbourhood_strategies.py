"""Loads the neighbourhood of a batch, and decides what is one. Loads at least what `neighbourhood.py` requires."""

from collections.abc import Mapping
from typing import Final

from battle_cluster.detection.clustering import MAX_CACHED_KILLMAILS, TimelineCache
from battle_cluster.detection.neighbourhood import (
    LoadedRange,
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
    """The loader that costs less for so many killmails; the result is the same.

    It names queries, takes what they return, and in the end clusters the killmails of `seeds` together with all stored
    killmails that can be in a battle with them: every killmail is then in exactly one component, unless it is excluded.
    """
    if is_batch(len(seeds)):
        return TimeWindowLoader(seeds, rules, edits, stored_component_of=stored_component_of)
    return NeighbourhoodLoader(seeds, rules, timeline_cache, edits, stored_component_of=stored_component_of, hint=hint)
