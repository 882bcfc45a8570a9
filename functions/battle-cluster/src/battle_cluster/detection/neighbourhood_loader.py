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
    required_context,
    system_intervals,
)
from battle_cluster.detection.rules import DetectionRules
from battle_cluster.domain.killmail import Killmail
from battle_cluster.edits.active_edits import ActiveEdits
from battle_cluster.edits.constraints import Constraints, in_time_order

NO_EDITS = ActiveEdits()


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

    killmails: Mapping[int, Killmail]
    stored_component_of: Mapping[int, str | None]
    core: frozenset[int]
    components: tuple[Component, ...]
    constraints: Constraints


@dataclass(frozen=True, slots=True)
class PrefetchHint:
    """The context of the system's previous killmail. Loading more than necessary costs little and changes nothing."""

    system_intervals: tuple[SystemInterval, ...]
    pilot_intervals: tuple[PilotInterval, ...]


class NeighbourhoodLoader:
    """Names the next query and takes its results, until there is no further query.

    It loads what is required and no more. A single killmail is clustered at once, so that one query asks for all.
    """

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
        """`seeds` are new, edited or reclustered killmails; `stored_component_of` has the component of each."""
        self._seed_ids = frozenset(seeds)
        self._rules = rules
        self._timeline_cache = timeline_cache
        self._edits = edits
        self._hint = hint
        self._killmails = dict(seeds)
        self._stored_component_of: dict[int, str | None] = (
            dict(stored_component_of) if stored_component_of else dict.fromkeys(seeds)
        )
        self._changed_systems = {killmail.system_id for killmail in seeds.values()}
        self._queried_system_intervals: dict[int, list[SystemInterval]] = {}
        self._queried_pilot_intervals: list[PilotInterval] = []
        self._queried_components: frozenset[str] = frozenset()
        self._context: RequiredContext | None = None
        self._components: tuple[Component, ...] = ()
        self._constraints = Constraints()
        self._clustered_count = 0

    def next_query(self) -> NeighbourhoodQuery | None:
        """The next query; None once everything is loaded. Clustering costs more than a query, so it comes last."""
        if self._clustered_count == len(self._killmails):
            return None  # the last query returned nothing new, so nothing more is required
        return self._query_before_clustering() or self._context_query()

    def add_results(self, stored_component_of: Mapping[int, str | None], killmails: Mapping[int, Killmail]) -> None:
        """Add the results of the last query: the stored component of each killmail, and the killmails."""
        self._stored_component_of |= stored_component_of
        self._killmails |= killmails
        self._changed_systems |= {killmail.system_id for killmail in killmails.values()}
        self._queried_components |= {
            component_id for component_id in stored_component_of.values() if component_id is not None
        }

    def result(self) -> Neighbourhood:
        core = self._context.core if self._context else frozenset[int]()
        return Neighbourhood(self._killmails, self._stored_component_of, core, self._components, self._constraints)

    def hint(self) -> PrefetchHint | None:
        """What to query at once for the system's next killmail: the context that was required this time.

        Of the systems those that the core or a pilot interval reaches: any other one was loaded by an earlier hint.
        """
        context = self._context
        if context is None:
            return None
        systems = {self._killmails[killmail_id].system_id for killmail_id in context.core}
        systems |= {
            killmail.system_id
            for killmail in self._killmails.values()
            if killmail.system_id not in systems
            and any(interval.contains(killmail) for interval in context.pilot_intervals)
        }
        intervals = tuple(interval for interval in context.system_intervals if interval.system_id in systems)
        return PrefetchHint(intervals, context.pilot_intervals)

    def _query_before_clustering(self) -> NeighbourhoodQuery | None:
        """What to load before anything is clustered; None when that is loaded."""
        return self._system_query() if len(self._killmails) > 1 else None

    def _loaded_range(self) -> LoadedRange | None:
        """Killmails whose pilot intervals are loaded already."""
        return None

    def _is_loaded(self, start: int, end: int) -> bool:
        """Whether all killmails of all systems between two times are loaded."""
        del start, end
        return False

    def _widened(
        self, intervals: tuple[SystemInterval, ...], pilot_intervals: tuple[PilotInterval, ...]
    ) -> tuple[tuple[SystemInterval, ...], tuple[PilotInterval, ...]]:
        """What the first query asks for instead, to save a later one."""
        if self._hint is None or self._has_queried():
            return intervals, pilot_intervals
        return _widened_with_hint(intervals, pilot_intervals, self._hint)

    def _system_query(self) -> NeighbourhoodQuery | None:
        """The system intervals that are known to be required without clustering."""
        changed_systems, self._changed_systems = self._changed_systems, set[int]()
        changed = [killmail for killmail in self._killmails.values() if killmail.system_id in changed_systems]
        intervals = self._new_system_intervals(
            system_intervals(self._seed_ids, changed, self._rules, self._timeline_cache.classify)
        )
        return self._query(system_intervals=intervals) if intervals else None

    def _context_query(self) -> NeighbourhoodQuery | None:
        """Cluster the loaded killmails, and ask for the part of the required context that is not loaded."""
        context = self._context = self._required_context()
        intervals, pilot_intervals = self._widened(
            self._new_system_intervals(context.system_intervals), self._new_pilot_intervals(context.pilot_intervals)
        )
        stored = (self._stored_component_of.get(killmail_id) for killmail_id in context.core)
        component_ids = frozenset(component_id for component_id in stored if component_id) - self._queried_components
        if intervals or pilot_intervals or component_ids or context.must_link_ids:
            return self._query(intervals, pilot_intervals, component_ids, context.must_link_ids)
        return None

    def _required_context(self) -> RequiredContext:
        """The context with all loaded members of the core's stored components, repeated until these add no others."""
        loaded = in_time_order(self._killmails.values())  # once for all that need them in order
        unconstrained_components = self._cluster(loaded)
        members: frozenset[int] = frozenset()
        while True:
            context = required_context(
                self._seed_ids,
                loaded,
                self._rules,
                self._constraints,
                members,
                unconstrained_components=unconstrained_components,
                loaded_range=self._loaded_range(),
                classify=self._timeline_cache.classify,
            )
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
        self._constraints = self._edits.constraints(self._killmails.keys())
        # A lone killmail would replace the cached timeline of its system.
        cache = self._timeline_cache if self._has_queried() else None
        self._clustered_count = len(loaded)
        self._components = cluster(loaded, self._rules, self._constraints, cache)
        if self._constraints.cannot_link:
            return cluster(loaded, self._rules, replace(self._constraints, cannot_link=()), cache)
        return self._components

    def _has_queried(self) -> bool:
        return bool(self._queried_system_intervals)

    def _query(
        self,
        system_intervals: tuple[SystemInterval, ...] = (),
        pilot_intervals: tuple[PilotInterval, ...] = (),
        component_ids: frozenset[str] = frozenset(),
        killmail_ids: frozenset[int] = frozenset(),
        time_window: TimeWindow | None = None,
    ) -> NeighbourhoodQuery:
        for interval in system_intervals:
            self._queried_system_intervals.setdefault(interval.system_id, []).append(interval)
        self._queried_pilot_intervals += pilot_intervals
        self._queried_components |= component_ids
        loaded_ids = frozenset(self._killmails)
        return NeighbourhoodQuery(
            system_intervals, pilot_intervals, component_ids, killmail_ids, loaded_ids, time_window
        )

    def _new_system_intervals(self, intervals: Iterable[SystemInterval]) -> tuple[SystemInterval, ...]:
        return tuple(
            interval
            for interval in intervals
            if not self._is_loaded(interval.start, interval.end)
            and not any(
                _covers(queried, interval) for queried in self._queried_system_intervals.get(interval.system_id, ())
            )
        )

    def _new_pilot_intervals(self, intervals: Iterable[PilotInterval]) -> tuple[PilotInterval, ...]:
        return tuple(
            interval
            for interval in intervals
            if not self._is_loaded(interval.start, interval.end)
            and not any(_covers_pilots(queried, interval) for queried in self._queried_pilot_intervals)
        )


def _covers(outer: SystemInterval, inner: SystemInterval) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end


def _covers_pilots(outer: PilotInterval, inner: PilotInterval) -> bool:
    return inner.pilots <= outer.pilots and outer.start <= inner.start and inner.end <= outer.end


def _widened_with_hint(
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
