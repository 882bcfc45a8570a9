"""The killmails to load so that the battles around new killmails come out exactly, without clustering everything.

Invariant (`test_clustering_properties.py`): load what `required_context` names until it names nothing new, and cluster
the loaded killmails. Then every component with a killmail of `core` is exactly the one that clustering all killmails
gives, and every component that the new killmails changed has a killmail of `core`. A component without one can be
incomplete and must not be saved.

Two facts make it hold. Inside a system the result depends only on the system interval: killmails without a long pause
between them. Between systems only engagements that share a pilot can be linked: pilot intervals find them, and only
engagements that are in fact linked extend the core.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from battle_cluster.detection.classification import ClassifiedKillmail, LossKind, classify, classify_loss
from battle_cluster.detection.clustering import Component, cluster
from battle_cluster.detection.reach import Reach
from battle_cluster.detection.rules import DetectionRules
from battle_cluster.domain.killmail import Killmail
from battle_cluster.edits.constraints import NO_CONSTRAINTS, Constraints, apply_constraints

Classify = Callable[[Killmail], ClassifiedKillmail]
"""Of a process that has classified most killmails before: a killmail of a large battle is read with all others."""


class SystemInterval(NamedTuple):
    """All killmails of a system between two times, both included."""

    system_id: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class PilotInterval:
    """All killmails of any system with one of these pilots between two times, both included."""

    pilots: frozenset[int]
    start: int
    end: int

    def contains(self, killmail: Killmail) -> bool:
        return self.start <= killmail.time <= self.end and not self.pilots.isdisjoint(killmail.pilot_ids)


class TimeWindow(NamedTuple):
    """All killmails of any system between two times, both included."""

    start: int
    end: int

    def contains(self, start: int, end: int) -> bool:
        return self.start <= start and end <= self.end


class LoadedRange(NamedTuple):
    """All of the time window is loaded, and so are the pilot intervals of these killmails."""

    time_window: TimeWindow
    killmail_ids: Collection[int]

    def covers(self, killmail: Killmail, margin: int) -> bool:
        """Whether the pilot interval of the killmail is loaded, `margin` seconds before and after it."""
        return killmail.killmail_id in self.killmail_ids or self.time_window.contains(
            killmail.time - margin, killmail.time + margin
        )


@dataclass(frozen=True, slots=True)
class RequiredContext:
    """The core and the killmails it requires. `must_link_ids` are killmails that merge edits link to it."""

    core: frozenset[int]
    system_intervals: tuple[SystemInterval, ...]
    pilot_intervals: tuple[PilotInterval, ...]
    must_link_ids: frozenset[int]


def required_context(
    seed_ids: Collection[int],
    loaded: Iterable[Killmail],
    rules: DetectionRules,
    constraints: Constraints = NO_CONSTRAINTS,
    members: Collection[int] = (),
    *,
    unconstrained_components: Iterable[Component] | None = None,
    loaded_range: LoadedRange | None = None,
    classify: Classify = classify,
) -> RequiredContext:
    """The core within the loaded killmails, and everything it requires.

    Args:
        seed_ids: new, edited or reclustered killmails.
        loaded: the killmails loaded so far.
        rules: the rules of detection.
        constraints: the edits that affect the loaded killmails.
        members: killmails of stored components that hold a killmail of the core. A killmail that leaves such a
            component needs a new one, so it belongs to the core as well.
        unconstrained_components: the loaded killmails clustered without splits, if the caller has them.
        loaded_range: no pilot interval is required inside it.
        classify: `classification.classify`, or a kept result of it.
    """
    present = [classify(killmail) for killmail in apply_constraints(loaded, replace(constraints, excluded=frozenset()))]
    if unconstrained_components is None:
        killmails = [entry.killmail for entry in present]
        unconstrained_components = cluster(killmails, rules, replace(constraints, cannot_link=()))
    core = _core(seed_ids, members, present, rules, unconstrained_components)
    linking_ids = core - constraints.excluded
    linking = [
        entry.killmail
        for entry in present
        if entry.killmail.killmail_id in linking_ids and entry.kind is not LossKind.NON_COMBAT
    ]
    must_link_ids = frozenset(
        killmail_id for pair in constraints.must_link if not core.isdisjoint(pair) for killmail_id in pair
    )
    intervals = _system_intervals(present, must_link_ids | frozenset(seed_ids), rules)
    loaded_ids = {entry.killmail.killmail_id for entry in present} if must_link_ids else set[int]()
    pilot_intervals = tuple(_pilot_intervals(linking, rules, loaded_range))
    return RequiredContext(core, tuple(intervals), pilot_intervals, must_link_ids - loaded_ids)


def system_intervals(
    seed_ids: Collection[int], loaded: Iterable[Killmail], rules: DetectionRules, classify: Classify = classify
) -> tuple[SystemInterval, ...]:
    """The system intervals of `required_context` as far as they follow without clustering, which is cheap."""
    present = [classify(killmail) for killmail in apply_constraints(loaded, NO_CONSTRAINTS)]
    return tuple(_system_intervals(present, frozenset(seed_ids), rules))


def boundary_pilot_intervals(
    loaded: Iterable[Killmail], rules: DetectionRules, time_window: TimeWindow
) -> Iterator[PilotInterval]:
    """The pilot intervals of `required_context` if every killmail were of the core: more than needed, no clustering."""
    linking = [
        killmail
        for killmail in apply_constraints(loaded, NO_CONSTRAINTS)
        if classify_loss(killmail) is not LossKind.NON_COMBAT
    ]
    return _pilot_intervals(linking, rules, LoadedRange(time_window, ()))


def _core(
    seed_ids: Collection[int],
    members: Collection[int],
    killmails: Sequence[ClassifiedKillmail],
    rules: DetectionRules,
    unconstrained_components: Iterable[Component],
) -> frozenset[int]:
    """The components of the seeds, of killmails whose links the seeds can change, and of their former members.

    Splits are ignored here: killmails on the other side of a split still influence where the others go. An excluded
    killmail is in no component, but the components near it change without it.
    """
    core_seeds = frozenset(members) | frozenset(_affected(frozenset(seed_ids), killmails, rules))
    touched = (
        component.killmail_ids
        for component in unconstrained_components
        if not core_seeds.isdisjoint(component.killmail_ids)
    )
    return core_seeds | frozenset(killmail_id for killmail_ids in touched for killmail_id in killmail_ids)


def _affected(
    seed_ids: frozenset[int], killmails: Sequence[ClassifiedKillmail], rules: DetectionRules
) -> Iterator[int]:
    """The seeds, and killmails whose pilot chains a seed can change: none is further than the link distance.

    A non-combat loss is in no chain; it is in the core where its fight is.
    """
    seed_times: dict[int, list[int]] = {}
    for killmail, *_ in killmails:
        if killmail.killmail_id in seed_ids:
            seed_times.setdefault(killmail.system_id, []).append(killmail.time)
    yield from seed_ids
    distance = rules.max_link_distance
    for killmail, kind, *_ in _within_distance(killmails, seed_times.values(), distance):
        times = seed_times.get(killmail.system_id)
        if times and kind is not LossKind.NON_COMBAT and _is_near(killmail.time, times, distance):
            yield killmail.killmail_id


def _within_distance(
    killmails: Sequence[ClassifiedKillmail], times: Iterable[Sequence[int]], distance: int
) -> Sequence[ClassifiedKillmail]:
    """The killmails from `distance` seconds before the first of these times until as long after the last one."""
    ordered = sorted(time for of_system in times for time in of_system)
    if not ordered:
        return ()
    start = bisect_left(killmails, ordered[0] - distance, key=_time)
    return killmails[start : bisect_right(killmails, ordered[-1] + distance, key=_time)]


def _time(classified: ClassifiedKillmail) -> int:
    return classified.killmail.time


def _is_near(time: int, sorted_times: Sequence[int], distance: int) -> bool:
    index = bisect_left(sorted_times, time - distance)
    return index < len(sorted_times) and sorted_times[index] <= time + distance


def _system_intervals(
    killmails: Iterable[ClassifiedKillmail], required_ids: frozenset[int], rules: DetectionRules
) -> Iterator[SystemInterval]:
    """Time intervals per system, padded by the maximum gap; in a partial interval a fight could seem silent."""
    open_intervals: dict[int, tuple[int, int]] = {}
    reach = Reach(rules)
    for killmail, kind, _, _, target in killmails:
        if killmail.killmail_id in required_ids:
            margin = rules.max_link_distance
        elif kind is not LossKind.NON_COMBAT:
            margin = reach.fight if target is None else reach.siege
        else:
            continue  # it links nothing, so it extends no interval unless it is a seed or a merge edit links it
        system_id, start, end = killmail.system_id, killmail.time - margin, killmail.time + margin
        first, last = open_intervals.get(system_id, (start, end))
        if start > last:
            yield SystemInterval(system_id, first, last)
            first, last = start, end
        open_intervals[system_id] = (first if first < start else start, last if last > end else end)  # noqa: FURB136  # min() and max() are slower here
    for system_id, interval in open_intervals.items():
        yield SystemInterval(system_id, *interval)


def _pilot_intervals(
    linking: Sequence[Killmail], rules: DetectionRules, loaded_range: LoadedRange | None
) -> Iterator[PilotInterval]:
    """One interval for core killmails close in time: a superset of what each needs, with far fewer reads.

    A batch has many fights and so many pilots; with a loaded range no interval is longer than necessary.
    """
    margin = rules.pilot_window
    max_duration = None if loaded_range is None else margin
    if loaded_range is not None:
        linking = [killmail for killmail in linking if not loaded_range.covers(killmail, margin)]
    for run in _runs(linking, margin, max_duration):
        pilots = frozenset[int]().union(*(killmail.pilot_ids for killmail in run))
        yield PilotInterval(pilots, run[0].time - margin, run[-1].time + margin)


def _runs(killmails: Sequence[Killmail], max_pause: int, max_duration: int | None) -> Iterator[Sequence[Killmail]]:
    """Killmails in time order, cut at longer pauses and, if there is a maximum, once a run lasts longer."""
    first = 0
    for index in range(1, len(killmails)):
        paused = killmails[index].time - killmails[index - 1].time > max_pause
        if paused or (max_duration is not None and killmails[index].time - killmails[first].time > max_duration):
            yield killmails[first:index]
            first = index
    if killmails:
        yield killmails[first:]
