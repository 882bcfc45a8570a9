"""Which mails must be at hand to know the battles a new mail touches, so that nobody ever has to cluster everything.

The theorem the tests hold: fetch what `wanted` names until it names nothing new and cluster what was fetched; then
every component that holds a mail of `core` is exactly what clustering all mails would give, and every component that
the arrival changed holds one. Components without a core mail may lack a part: they are to be left alone.

It rests on two steps. What happens inside one system depends only on its run: mails with no long pause between them.
Between systems only chapters that share a pilot can be linked: trails find them, and only those that are linked in
fact carry the core further.
"""

from bisect import bisect_left
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

from battle_cluster.detection.classification import LossKind, classify_loss, structure_target
from battle_cluster.detection.clustering import Component, cluster, max_link_distance
from battle_cluster.detection.rules import DetectionRules
from battle_cluster.domain.killmail import Killmail
from battle_cluster.edits.constraints import NONE, Constraints, apply_constraints


class SystemInterval(NamedTuple):
    """All mails of a system between two times, both included."""

    system_id: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class PilotInterval:
    """All mails, in whatever system, that share one of these pilots between two times: running fights."""

    pilots: frozenset[int]
    start: int
    end: int


class TimeWindow(NamedTuple):
    """Everything between two times, wherever it was, both included."""

    start: int
    end: int

    def holds(self, start: int, end: int) -> bool:
        return self.start <= start and end <= self.end


class LoadedRange(NamedTuple):
    """All of a window is loaded, and the trails of these mails."""

    window: TimeWindow
    trailed: Collection[int]

    def around(self, mail: Killmail, near: int) -> bool:
        return mail.killmail_id in self.trailed or self.window.holds(mail.time - near, mail.time + near)


@dataclass(frozen=True, slots=True)
class RequiredContext:
    """What a core needs around it. `tagged` are mails people tied to the core that are not at hand yet."""

    core: frozenset[int]
    spans: tuple[SystemInterval, ...]
    trails: tuple[PilotInterval, ...]
    must_link_ids: frozenset[int]


def required_context(
    arrived: Collection[int],
    loaded: Iterable[Killmail],
    rules: DetectionRules,
    constraints: Constraints = NONE,
    members: Collection[int] = (),
    *,
    unconstrained_components: Iterable[Component] | None = None,
    seen: LoadedRange | None = None,
) -> RequiredContext:
    """The core in what is loaded so far, and everything it needs.

    `arrived` are the mails that are new or edited; `members` those of stored components that hold a core mail, since
    whatever leaves such a component has to be filed anew as well. `united` is what `cluster` makes of all that is
    loaded without any split, for callers who know it already. Around `seen` mails nothing is asked for again.
    """
    every = apply_constraints(loaded, replace(constraints, excluded=frozenset()))
    mails = [mail for mail in every if mail.killmail_id not in constraints.excluded]
    if unconstrained_components is None:
        unconstrained_components = cluster(mails, rules, replace(constraints, cannot_link=()))
    core = _core(arrived, members, every, rules, unconstrained_components)
    linking = [mail for mail in mails if mail.killmail_id in core and classify_loss(mail) is not LossKind.SHOWN]
    must_link_ids = frozenset(one for pair in constraints.must_link if not core.isdisjoint(pair) for one in pair)
    spans = _spans(every, must_link_ids | frozenset(arrived), rules)
    at_hand = frozenset(mail.killmail_id for mail in every)
    return RequiredContext(core, tuple(spans), tuple(_trails(linking, rules, seen)), must_link_ids - at_hand)


def system_intervals(
    arrived: Collection[int], loaded: Iterable[Killmail], rules: DetectionRules
) -> tuple[SystemInterval, ...]:
    """The spans of `wanted` as far as no tag tells more: they need no clustering, so they are cheap to close over."""
    return tuple(_spans(apply_constraints(loaded, NONE), frozenset(arrived), rules))


def boundary_pilot_intervals(
    loaded: Iterable[Killmail], rules: DetectionRules, window: TimeWindow
) -> Iterator[PilotInterval]:
    """The trails of `wanted` if every mail were of the core: needs no clustering, and leaves little to be asked."""
    linking = [mail for mail in apply_constraints(loaded, NONE) if classify_loss(mail) is not LossKind.SHOWN]
    return _trails(linking, rules, LoadedRange(window, ()))


def _core(
    arrived: Collection[int],
    members: Collection[int],
    mails: Sequence[Killmail],
    rules: DetectionRules,
    unconstrained_components: Iterable[Component],
) -> frozenset[int]:
    """The components of what arrived, of what its arrival may change, and of what was with them before.

    Splits are left out here: what was parted still has a say in where the rest goes. What was excluded stands in no
    component, but those around it are others without it.
    """
    seeds = frozenset(members) | frozenset(_around(frozenset(arrived), mails, rules))
    whole = (
        component.killmail_ids for component in unconstrained_components if not seeds.isdisjoint(component.killmail_ids)
    )
    return seeds | frozenset(one for killmail_ids in whole for one in killmail_ids)


def _around(arrived: frozenset[int], mails: Sequence[Killmail], rules: DetectionRules) -> Iterator[int]:
    """The arrived mails and all whose rhythm or chains they enter: none lies further than the reach."""
    places: dict[int, list[int]] = {}
    for mail in mails:
        if mail.killmail_id in arrived:
            places.setdefault(mail.system_id, []).append(mail.time)
    yield from arrived
    far = max_link_distance(rules)
    for mail in mails:
        if mail.system_id in places and _is_near(mail.time, places[mail.system_id], far):
            yield mail.killmail_id


def _is_near(time: int, times: Sequence[int], far: int) -> bool:
    """Whether one of the sorted times lies no further."""
    at = bisect_left(times, time - far)
    return at < len(times) and times[at] <= time + far


def _spans(mails: Iterable[Killmail], named: frozenset[int], rules: DetectionRules) -> Iterator[SystemInterval]:
    """The runs of everything at hand, with the silence around them: half a run would tell a wrong rhythm."""
    held: dict[int, SystemInterval] = {}
    long, short = max_link_distance(rules), max_gap_within_system(rules)
    for mail in mails:
        if mail.killmail_id not in named and classify_loss(mail) is LossKind.SHOWN:
            continue  # what links nothing carries no run further, unless people tied it to something
        far = long if mail.killmail_id in named or structure_target(mail) else short
        start, end = mail.time - far, mail.time + far
        span = held.get(mail.system_id)
        if span is None or start > span.end:
            if span is not None:
                yield span
            held[mail.system_id] = SystemInterval(mail.system_id, start, end)
        else:
            held[mail.system_id] = SystemInterval(mail.system_id, min(start, span.start), max(end, span.end))
    yield from held.values()


def max_gap_within_system(rules: DetectionRules) -> int:
    """Inside one system: the longest pause between rounds, and how far the quiet limit looks."""
    return max(rules.window, rules.longest_quiet, rules.capsule)


def _trails(linking: Sequence[Killmail], rules: DetectionRules, seen: LoadedRange | None) -> Iterator[PilotInterval]:
    """Core mails close in time are asked for together: a superset of what each needs, with far fewer reads.

    Of many fights at once the pilots are many too, so there no trail is longer than it must be.
    """
    near = max(rules.window, rules.capsule)
    longest = None if seen is None else near
    if seen is not None:
        linking = [mail for mail in linking if not seen.around(mail, near)]
    for together in _together(linking, near, longest):
        pilots = frozenset[int]().union(*(mail.pilot_ids for mail in together))
        yield PilotInterval(pilots, together[0].time - near, together[-1].time + near)


def _together(mails: Sequence[Killmail], pause: int, longest: int | None) -> Iterator[Sequence[Killmail]]:
    """Mails in order of time, cut at pauses and, where there is a limit, once they last longer."""
    first = 0
    for at in range(1, len(mails)):
        paused = mails[at].time - mails[at - 1].time > pause
        if paused or (longest is not None and mails[at].time - mails[first].time > longest):
            yield mails[first:at]
            first = at
    if mails:
        yield mails[first:]
