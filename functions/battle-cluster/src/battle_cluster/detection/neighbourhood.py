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

from battle_cluster.detection.classification import Kind, kind_of, structure
from battle_cluster.detection.clustering import Component, cluster, reach
from battle_cluster.detection.rules import Rules
from battle_cluster.domain.killmail import Mail
from battle_cluster.edits.constraints import NONE, Constraints, applied


class Span(NamedTuple):
    """All mails of a system between two times, both included."""

    system_id: int
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Trail:
    """All mails, in whatever system, that share one of these pilots between two times: running fights."""

    pilots: frozenset[int]
    start: int
    end: int


class Window(NamedTuple):
    """Everything between two times, wherever it was, both included."""

    start: int
    end: int

    def holds(self, start: int, end: int) -> bool:
        return self.start <= start and end <= self.end


class Seen(NamedTuple):
    """All of a window is loaded, and the trails of these mails."""

    window: Window
    trailed: Collection[int]

    def around(self, mail: Mail, near: int) -> bool:
        return mail.killmail_id in self.trailed or self.window.holds(mail.time - near, mail.time + near)


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a core needs around it. `tagged` are mails people tied to the core that are not at hand yet."""

    core: frozenset[int]
    spans: tuple[Span, ...]
    trails: tuple[Trail, ...]
    tagged: frozenset[int]


def wanted(
    arrived: Collection[int],
    loaded: Iterable[Mail],
    rules: Rules,
    constraints: Constraints = NONE,
    members: Collection[int] = (),
    *,
    united: Iterable[Component] | None = None,
    seen: Seen | None = None,
) -> Wanted:
    """The core in what is loaded so far, and everything it needs.

    `arrived` are the mails that are new or edited; `members` those of stored components that hold a core mail, since
    whatever leaves such a component has to be filed anew as well. `united` is what `cluster` makes of all that is
    loaded without any split, for callers who know it already. Around `seen` mails nothing is asked for again.
    """
    every = applied(loaded, replace(constraints, excluded=frozenset()))
    mails = [mail for mail in every if mail.killmail_id not in constraints.excluded]
    if united is None:
        united = cluster(mails, rules, replace(constraints, cannot_link=()))
    core = _core(arrived, members, every, rules, united)
    linking = [mail for mail in mails if mail.killmail_id in core and kind_of(mail) is not Kind.SHOWN]
    tagged = frozenset(one for pair in constraints.must_link if not core.isdisjoint(pair) for one in pair)
    spans = _spans(every, tagged | frozenset(arrived), rules)
    at_hand = frozenset(mail.killmail_id for mail in every)
    return Wanted(core, tuple(spans), tuple(_trails(linking, rules, seen)), tagged - at_hand)


def runs(arrived: Collection[int], loaded: Iterable[Mail], rules: Rules) -> tuple[Span, ...]:
    """The spans of `wanted` as far as no tag tells more: they need no clustering, so they are cheap to close over."""
    return tuple(_spans(applied(loaded, NONE), frozenset(arrived), rules))


def edges(loaded: Iterable[Mail], rules: Rules, window: Window) -> Iterator[Trail]:
    """The trails of `wanted` if every mail were of the core: needs no clustering, and leaves little to be asked."""
    linking = [mail for mail in applied(loaded, NONE) if kind_of(mail) is not Kind.SHOWN]
    return _trails(linking, rules, Seen(window, ()))


def _core(
    arrived: Collection[int], members: Collection[int], mails: Sequence[Mail], rules: Rules, united: Iterable[Component]
) -> frozenset[int]:
    """The components of what arrived, of what its arrival may change, and of what was with them before.

    Splits are left out here: what was parted still has a say in where the rest goes. What was excluded stands in no
    component, but those around it are others without it.
    """
    seeds = frozenset(members) | frozenset(_around(frozenset(arrived), mails, rules))
    whole = (component.killmail_ids for component in united if not seeds.isdisjoint(component.killmail_ids))
    return seeds | frozenset(one for killmail_ids in whole for one in killmail_ids)


def _around(arrived: frozenset[int], mails: Sequence[Mail], rules: Rules) -> Iterator[int]:
    """The arrived mails and all whose rhythm or chains they enter: none lies further than the reach."""
    places: dict[int, list[int]] = {}
    for mail in mails:
        if mail.killmail_id in arrived:
            places.setdefault(mail.system_id, []).append(mail.time)
    yield from arrived
    far = reach(rules)
    for mail in mails:
        if mail.system_id in places and _is_near(mail.time, places[mail.system_id], far):
            yield mail.killmail_id


def _is_near(time: int, times: Sequence[int], far: int) -> bool:
    """Whether one of the sorted times lies no further."""
    at = bisect_left(times, time - far)
    return at < len(times) and times[at] <= time + far


def _spans(mails: Iterable[Mail], named: frozenset[int], rules: Rules) -> Iterator[Span]:
    """The runs of everything at hand, with the silence around them: half a run would tell a wrong rhythm."""
    held: dict[int, Span] = {}
    long, short = reach(rules), rhythm(rules)
    for mail in mails:
        if mail.killmail_id not in named and kind_of(mail) is Kind.SHOWN:
            continue  # what links nothing carries no run further, unless people tied it to something
        far = long if mail.killmail_id in named or structure(mail) else short
        start, end = mail.time - far, mail.time + far
        span = held.get(mail.system_id)
        if span is None or start > span.end:
            if span is not None:
                yield span
            held[mail.system_id] = Span(mail.system_id, start, end)
        else:
            held[mail.system_id] = Span(mail.system_id, min(start, span.start), max(end, span.end))
    yield from held.values()


def rhythm(rules: Rules) -> int:
    """Inside one system: the longest pause between rounds, and how far the quiet limit looks."""
    return max(rules.window, rules.longest_quiet, rules.capsule)


def _trails(linking: Sequence[Mail], rules: Rules, seen: Seen | None) -> Iterator[Trail]:
    """Core mails close in time are asked for together: a superset of what each needs, with far fewer reads.

    Of many fights at once the pilots are many too, so there no trail is longer than it must be.
    """
    near = max(rules.window, rules.capsule)
    longest = None if seen is None else near
    if seen is not None:
        linking = [mail for mail in linking if not seen.around(mail, near)]
    for together in _together(linking, near, longest):
        pilots = frozenset[int]().union(*(mail.pilot_ids for mail in together))
        yield Trail(pilots, together[0].time - near, together[-1].time + near)


def _together(mails: Sequence[Mail], pause: int, longest: int | None) -> Iterator[Sequence[Mail]]:
    """Mails in order of time, cut at pauses and, where there is a limit, once they last longer."""
    first = 0
    for at in range(1, len(mails)):
        paused = mails[at].time - mails[at - 1].time > pause
        if paused or (longest is not None and mails[at].time - mails[first].time > longest):
            yield mails[first:at]
            first = at
    if mails:
        yield mails[first:]
