"""Asks for the killmails around new or edited ones until everything is loaded that can affect their battles.

`neighbourhood.py` says why the loaded killmails are sufficient.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from battle_cluster.detection.clustering import Component, TimelineCache, cluster
from battle_cluster.detection.neighbourhood import (
    LoadedRange,
    PilotInterval,
    RequiredContext,
    SystemInterval,
    TimeWindow,
    boundary_pilot_intervals,
    required_context,
    system_intervals,
)
from battle_cluster.detection.rules import DetectionRules
from battle_cluster.domain.battle import StoredKillmail
from battle_cluster.domain.killmail import Killmail
from battle_cluster.edits.active_edits import ActiveEdits
from battle_cluster.edits.constraints import Constraints

NO_EDITS = ActiveEdits()
BATCH_THRESHOLD = 100
"""From this many killmails on, loading the whole time window costs less than computing which part of it is needed."""


@dataclass(frozen=True, slots=True)
class NeighbourhoodQuery:
    """Killmails to find by interval, id, stored component or time window; `loaded_ids` need not be returned.

    The result also has every member of each stored component that holds a killmail of the result.
    """

    system_intervals: tuple[SystemInterval, ...]
    pilot_intervals: tuple[PilotInterval, ...]
    component_ids: frozenset[str]
    killmail_ids: frozenset[int]
    loaded_ids: frozenset[int]
    time_window: TimeWindow | None = None


@dataclass(frozen=True, slots=True)
class Neighbourhood:
    """The loaded killmails, the stored component of each and the components they form now.

    Only killmails of `core` may get another component; the others surround them, and their components can be
    incomplete.
    """

    killmails: Mapping[int, StoredKillmail]
    stored_component_of: Mapping[int, str | None]
    core: frozenset[int]
    components: tuple[Component, ...]
    constraints: Constraints


@dataclass(frozen=True, slots=True)
class PrefetchHint:
    """The context of the system's previous killmail. Loading more than necessary costs little and changes nothing."""

    system_intervals: tuple[SystemInterval, ...]
    pilot_intervals: tuple[PilotInterval, ...]


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


class NeighbourhoodLoader:
    """Names the next query, takes its results, until there is no further query.

    `seeds` are the killmails that are new, edited or reclustered; `stored_component_of` has the component of each.
    """

    def __init__(
        self,
        seeds: Mapping[int, StoredKillmail],
        rules: DetectionRules,
        timeline_cache: TimelineCache,
        edits: ActiveEdits = NO_EDITS,
        *,
        stored_component_of: Mapping[int, str | None] | None = None,
        hint: PrefetchHint | None = None,
    ) -> None:
        self._seed_ids = frozenset(seeds)
        self._rules = rules
        self._timeline_cache = timeline_cache
        self._edits = edits
        self._hint = hint
        self._killmails = dict(seeds)
        self._stored_component_of: dict[int, str | None] = (
            dict(stored_component_of) if stored_component_of else dict.fromkeys(seeds)
        )
        self._changed_systems = {stored.killmail.system_id for stored in seeds.values()}
        self._queried_system_intervals: dict[int, list[SystemInterval]] = {}
        self._queried_pilot_intervals: list[PilotInterval] = []
        self._queried_components: frozenset[str] = frozenset()
        self._time_window: TimeWindow | None = None
        self._loaded_range: LoadedRange | None = None
        self._context: RequiredContext | None = None
        self._core: frozenset[int] = frozenset()
        self._components: tuple[Component, ...] = ()
        self._constraints = Constraints()
        self._clustered_count = 0

    def next_query(self) -> NeighbourhoodQuery | None:
        """The next query; None once everything is loaded.

        Clustering costs more than a query, so system intervals are completed first. A single killmail is clustered at
        once, so that one query asks for other systems too.
        """
        if self._clustered_count == len(self._killmails):
            return None  # the last query returned nothing new, so nothing more is required
        if len(self._seed_ids) >= BATCH_THRESHOLD and self._time_window is None:
            return self._time_window_query()
        changed_systems, self._changed_systems = self._changed_systems, set[int]()
        changed = [
            stored.killmail for stored in self._killmails.values() if stored.killmail.system_id in changed_systems
        ]
        intervals = self._new_system_intervals(system_intervals(self._seed_ids, changed, self._rules))
        if intervals and (self._queried_system_intervals or len(self._killmails) > 1):
            return self._query(intervals, (), frozenset(), frozenset())
        if self._time_window and self._loaded_range is None:
            boundary = self._boundary_intervals(self._time_window)
            if boundary:
                return self._query((), boundary, frozenset(), frozenset())
        return self._context_query()

    def add_results(
        self, stored_component_of: Mapping[int, str | None], killmails: Mapping[int, StoredKillmail]
    ) -> None:
        """Add the results of the last query: the stored component of each killmail, and the killmails."""
        self._stored_component_of |= stored_component_of
        self._killmails |= killmails
        self._changed_systems |= {stored.killmail.system_id for stored in killmails.values()}
        self._queried_components |= {
            component_id for component_id in stored_component_of.values() if component_id is not None
        }

    def result(self) -> Neighbourhood:
        return Neighbourhood(
            self._killmails, self._stored_component_of, self._core, self._components, self._constraints
        )

    def hint(self) -> PrefetchHint | None:
        """What to query at once for the system's next killmail: the context that was required this time."""
        context = self._context
        if context is None:
            return None
        systems = {self._killmails[killmail_id].killmail.system_id for killmail_id in context.core}
        intervals = tuple(interval for interval in context.system_intervals if interval.system_id in systems)
        return PrefetchHint(intervals, context.pilot_intervals)

    def _context_query(self) -> NeighbourhoodQuery | None:
        """Cluster the loaded killmails, and ask for the part of the required context that is not loaded."""
        context = self._required_context()
        intervals = self._new_system_intervals(context.system_intervals)
        pilot_intervals = self._new_pilot_intervals(context.pilot_intervals)
        if not self._queried_system_intervals and self._hint:
            intervals, pilot_intervals = widen_with_hint(intervals, pilot_intervals, self._hint)
        stored = (self._stored_component_of.get(killmail_id) for killmail_id in context.core)
        component_ids = frozenset(component_id for component_id in stored if component_id) - self._queried_components
        if intervals or pilot_intervals or component_ids or context.must_link_ids:
            return self._query(intervals, pilot_intervals, component_ids, context.must_link_ids)
        return None

    def _required_context(self) -> RequiredContext:
        """The context with all loaded members of the core's stored components, repeated until these add no others."""
        loaded = [stored.killmail for stored in self._killmails.values()]
        unconstrained_components = self._cluster(loaded)
        members: frozenset[int] = frozenset()
        while True:
            context = self._context = required_context(
                self._seed_ids,
                loaded,
                self._rules,
                self._constraints,
                members,
                unconstrained_components=unconstrained_components,
                loaded_range=self._loaded_range,
            )
            self._core = context.core
            core_components = {self._stored_component_of[killmail_id] for killmail_id in context.core} - {None}
            stored_members = frozenset(
                killmail_id
                for killmail_id, component_id in self._stored_component_of.items()
                if component_id in core_components
            )
            if stored_members <= context.core:
                return context
            members |= stored_members

    def _cluster(self, loaded: list[Killmail]) -> tuple[Component, ...]:
        """Cluster the loaded killmails with all constraints; the result is without splits."""
        self._clustered_count = len(loaded)
        self._constraints = self._edits.constraints(self._killmails.keys())
        # A lone killmail would replace the cached timeline of its system.
        is_complete = self._queried_system_intervals or self._time_window
        cache = self._timeline_cache if is_complete else None
        self._components = cluster(loaded, self._rules, self._constraints, cache)
        if self._constraints.cannot_link:
            return cluster(loaded, self._rules, replace(self._constraints, cannot_link=()), cache)
        return self._components

    def _query(
        self,
        intervals: tuple[SystemInterval, ...],
        pilot_intervals: tuple[PilotInterval, ...],
        component_ids: frozenset[str],
        killmail_ids: frozenset[int],
    ) -> NeighbourhoodQuery:
        for interval in intervals:
            self._queried_system_intervals.setdefault(interval.system_id, []).append(interval)
        self._queried_pilot_intervals += pilot_intervals
        self._queried_components |= component_ids
        return NeighbourhoodQuery(intervals, pilot_intervals, component_ids, killmail_ids, frozenset(self._killmails))

    def _time_window_query(self) -> NeighbourhoodQuery:
        """Everything between the first and the last killmail of a batch: most of it is required anyway."""
        times = [stored.killmail.time for stored in self._killmails.values()]
        margin = self._rules.max_gap_within_system
        self._time_window = TimeWindow(min(times) - margin, max(times) + margin)
        loaded_ids = frozenset(self._killmails)
        component_ids = frozenset(
            component_id for component_id in self._stored_component_of.values() if component_id is not None
        )
        self._queried_components |= component_ids
        return NeighbourhoodQuery((), (), component_ids, frozenset(), loaded_ids, self._time_window)

    def _boundary_intervals(self, time_window: TimeWindow) -> tuple[PilotInterval, ...]:
        """Pilot intervals of all loaded killmails, required or not: clustering a second time costs more."""
        self._loaded_range = LoadedRange(time_window, frozenset(self._killmails))
        loaded = (stored.killmail for stored in self._killmails.values())
        return tuple(boundary_pilot_intervals(loaded, self._rules, time_window))

    def _new_system_intervals(self, intervals: Iterable[SystemInterval]) -> tuple[SystemInterval, ...]:
        outside = (interval for interval in intervals if not self._in_time_window(interval.start, interval.end))
        return tuple(
            interval
            for interval in outside
            if not any(
                _covers(queried, interval) for queried in self._queried_system_intervals.get(interval.system_id, ())
            )
        )

    def _new_pilot_intervals(self, intervals: Iterable[PilotInterval]) -> tuple[PilotInterval, ...]:
        outside = (interval for interval in intervals if not self._in_time_window(interval.start, interval.end))
        return tuple(
            interval
            for interval in outside
            if not any(_covers_pilots(queried, interval) for queried in self._queried_pilot_intervals)
        )

    def _in_time_window(self, start: int, end: int) -> bool:
        return self._time_window is not None and self._time_window.contains(start, end)


def _covers(outer: SystemInterval, inner: SystemInterval) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end


def _covers_pilots(outer: PilotInterval, inner: PilotInterval) -> bool:
    return inner.pilots <= outer.pilots and outer.start <= inner.start and inner.end <= outer.end
