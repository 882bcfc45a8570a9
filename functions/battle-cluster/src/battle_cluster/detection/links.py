"""Links between killmails of one system: shared pilots, simultaneous losses, one structure under siege.

Candidates come from an index (the previous killmail of each pilot, the parties of the last minutes), never from all
pairs.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple

from battle_cluster.detection.chains import ChainLink
from battle_cluster.detection.classification import ClassifiedKillmail, Target
from battle_cluster.detection.rules import DetectionRules
from battle_cluster.detection.union_find import DisjointSets


class LinkReason(StrEnum):
    SAME_PEOPLE = "same-people"
    SAME_MOMENT = "same-moment"
    MOVED = "moved"
    ROUND_TWO = "round-two"
    SAME_TARGET = "same-target"
    CAPSULE = "capsule"
    INSIDE = "inside"
    TAGGED = "tagged"
    """A merge edit."""

    __hash__ = str.__hash__  # Enum.__hash__ is a Python function, and links are dictionary keys


class Link(NamedTuple):
    """Two killmails, the earlier one first, why they belong together and how strongly (0 to 1).

    A row of `battle_links`. quiet_limit_seconds: the longest silence that the rule bridges; None for a merge
    edit.
    """

    from_killmail_id: int
    to_killmail_id: int
    reason: LinkReason
    score: float
    quiet_limit_seconds: int | None = None


class IndexedLink(NamedTuple):
    """A link by index into the timeline of its system, over `pause` seconds.

    `pilot` is set if the link rests on one pilot alone.
    """

    a: int
    b: int
    reason: LinkReason
    score: float
    pause: int
    pilot: int | None = None


def link_sort_key(link: IndexedLink) -> tuple[float, int, int, int]:
    """Sorts the strongest link first, then the closest, then the earliest; as `ChainLink` sorts."""
    return -link.score, link.pause, link.a, link.b


def find_links(
    timeline: Sequence[ClassifiedKillmail],
    rules: DetectionRules,
    within_limit: Iterable[ChainLink],
    beyond_limit: Iterable[ChainLink],
) -> list[IndexedLink]:
    """The links of one system's combat and capsule losses, which are in time order.

    within_limit, beyond_limit: the links of the timeline's `PilotChains`.
    """
    sets = DisjointSets(len(timeline))
    index_of = {classified.killmail.killmail_id: index for index, classified in enumerate(timeline)}
    same_people = [_indexed(link, index_of) for link in within_limit]
    waiting = [_indexed(link, index_of) for link in beyond_limit]
    _join(sets, same_people)
    same_people += _of_ongoing_fights(waiting, timeline, sets, rules)
    others = [*_same_target(timeline, rules), *_same_moment(timeline, sets, rules)]
    _join(sets, others)
    same_people += _of_lone_losses(waiting, sets, rules)
    return [*dict.fromkeys(same_people), *others]


def _indexed(link: ChainLink, index_of: Mapping[int, int]) -> IndexedLink:
    a, b = index_of[link.first], index_of[link.second]
    return IndexedLink(a, b, LinkReason.SAME_PEOPLE, -link.weakness, link.pause, link.pilot)


def _join(sets: DisjointSets, links: Iterable[IndexedLink]) -> None:
    for link in links:
        sets.union(link.a, link.b)


def _of_ongoing_fights(
    candidates: Sequence[IndexedLink], timeline: Sequence[ClassifiedKillmail], sets: DisjointSets, rules: DetectionRules
) -> list[IndexedLink]:
    """The candidates inside one fight, which was never silent for longer than the quiet limit while the pilot was.

    Two fights become one where a candidate joins them. That shortens silences, so the others are tried again; the
    result does not depend on their order. Joins the sets.
    """
    apart = list(candidates)
    while apart := [link for link in apart if sets.find(link.a) != sets.find(link.b)]:
        members = {sets.find(indexes[0]): indexes for indexes in sets.sets()}
        joining = [link for link in apart if _is_never_silent(link, members, timeline, sets, rules)]
        if not joining:
            break
        _join(sets, joining)
    return [link for link in candidates if sets.find(link.a) == sets.find(link.b)]


def _is_never_silent(
    link: IndexedLink,
    members: Mapping[int, Sequence[int]],
    timeline: Sequence[ClassifiedKillmail],
    sets: DisjointSets,
    rules: DetectionRules,
) -> bool:
    """Whether the killmails of both fights leave no silence longer than the quiet limit between a and b."""
    times = sorted(
        timeline[index].killmail.time
        for fight in (members[sets.find(link.a)], members[sets.find(link.b)])
        for index in fight[bisect_left(fight, link.a) : bisect_right(fight, link.b)]
    )
    return all(later - earlier <= rules.quiet_limit for earlier, later in pairwise(times))


def _of_lone_losses(candidates: Sequence[IndexedLink], sets: DisjointSets, rules: DetectionRules) -> list[IndexedLink]:
    """The candidates between lone losses: a ship and its capsule are too little to show when a fight ended."""
    lone = {sets.find(indexes[0]) for indexes in sets.sets() if len(indexes) <= rules.lone_losses}
    return [link for link in candidates if {sets.find(link.a), sets.find(link.b)} <= lone]


def _same_target(timeline: Sequence[ClassifiedKillmail], rules: DetectionRules) -> Iterator[IndexedLink]:
    last: dict[Target, int] = {}
    for index, classified in enumerate(timeline):
        target = classified.target
        if target is None:
            continue
        before = last.get(target)
        last[target] = index
        if before is not None and _within(timeline, before, index, rules.siege_window):
            yield IndexedLink(before, index, LinkReason.SAME_TARGET, 0.5, _pause(timeline, before, index))


def _same_moment(
    timeline: Sequence[ClassifiedKillmail], same_people: DisjointSets, rules: DetectionRules
) -> Iterator[IndexedLink]:
    """Links between components of same-people links: one per pair of them is enough to join them."""
    joined = DisjointSets(len(timeline))
    recent: dict[int, list[int]] = {}  # killmails of the last minutes by same-people component
    for index in range(len(timeline)):
        component = same_people.find(index)
        for other in sorted(recent.keys() - {component}):
            recent[other] = candidates = [
                before for before in recent[other] if _within(timeline, before, index, rules.simultaneity_window)
            ]
            if not candidates:
                del recent[other]
            elif joined.find(other) != joined.find(component):
                link = _simultaneity_link(timeline, candidates, index, rules)
                if link is not None:
                    joined.union(component, other)
                    yield link
        recent.setdefault(component, []).append(index)


def _simultaneity_link(
    timeline: Sequence[ClassifiedKillmail], candidates: Sequence[int], index: int, rules: DetectionRules
) -> IndexedLink | None:
    parties = timeline[index].parties
    for before in reversed(candidates):
        if _within(timeline, before, index, rules.simultaneity_window):
            common = len(parties & timeline[before].parties)
            if common >= rules.simultaneity_parties:
                score = round(common / (common + 1) / 2, 4)
                return IndexedLink(before, index, LinkReason.SAME_MOMENT, score, _pause(timeline, before, index))
    return None


def _within(timeline: Sequence[ClassifiedKillmail], a: int, b: int, seconds: int) -> bool:
    return _pause(timeline, a, b) <= seconds


def _pause(timeline: Sequence[ClassifiedKillmail], a: int, b: int) -> int:
    return timeline[b].killmail.time - timeline[a].killmail.time
