"""Links between killmails of one system: shared pilots, simultaneous losses, one structure under siege.

Candidates come from an index (the previous killmail of each pilot, the parties of the last minutes), never from all
pairs.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple

from battle_cluster.detection.classification import ClassifiedKillmail, structure_target
from battle_cluster.detection.rules import DetectionRules
from battle_cluster.detection.union_find import DisjointSets

TimeKey = tuple[int, int]
"""Time and id of a killmail."""


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
    """A link by index into the timeline of its system. `pilot` is set if the link rests on one pilot alone."""

    a: int
    b: int
    reason: LinkReason
    score: float
    pilot: int | None = None


def link_sort_key(link: IndexedLink) -> tuple[float, int, int, int]:
    """Sorts the strongest link first, then the closest, then the earliest."""
    return -link.score, link.b - link.a, link.a, link.b


class PilotChains:
    """Each pilot's killmails in one system, in time order, as consecutive pairs with the pilots they share.

    Updated incrementally: adding or removing a killmail costs its own pilots only.
    """

    def __init__(self) -> None:
        self._killmails: dict[int, ClassifiedKillmail] = {}
        self._killmails_by_pilot: dict[int, list[TimeKey]] = {}
        self._pilots_by_pair: dict[tuple[int, int], set[int]] = {}

    def sync(self, timeline: Sequence[ClassifiedKillmail]) -> None:
        """Add and remove killmails until exactly those of the timeline are in the chains."""
        target = {classified.killmail.killmail_id: classified for classified in timeline}
        for killmail_id, classified in list(self._killmails.items()):
            if target.get(killmail_id) is not classified:
                self._remove(classified)
        for killmail_id, classified in target.items():
            if killmail_id not in self._killmails:
                self._add(classified)

    def pairs(self) -> Iterable[tuple[tuple[int, int], set[int]]]:
        """Pairs of killmail ids, the earlier first, and the pilots for whom these are consecutive killmails."""
        return self._pilots_by_pair.items()

    def _add(self, classified: ClassifiedKillmail) -> None:
        key = (classified.killmail.time, classified.killmail.killmail_id)
        self._killmails[key[1]] = classified
        for pilot in classified.pilots:
            chain = self._killmails_by_pilot.setdefault(pilot, [])
            index = bisect_left(chain, key)
            before, after = chain[index - 1 : index], chain[index : index + 1]
            self._remove_pair(before, after, pilot)
            chain.insert(index, key)
            self._add_pair(before, [key], pilot)
            self._add_pair([key], after, pilot)

    def _remove(self, classified: ClassifiedKillmail) -> None:
        key = (classified.killmail.time, classified.killmail.killmail_id)
        del self._killmails[key[1]]
        for pilot in classified.pilots:
            chain = self._killmails_by_pilot[pilot]
            index = bisect_left(chain, key)
            before, after = chain[max(0, index - 1) : index], chain[index + 1 : index + 2]
            self._remove_pair(before, [key], pilot)
            self._remove_pair([key], after, pilot)
            del chain[index]
            self._add_pair(before, after, pilot)

    def _add_pair(self, before: list[TimeKey], after: list[TimeKey], pilot: int) -> None:
        if before and after:
            self._pilots_by_pair.setdefault((before[0][1], after[0][1]), set()).add(pilot)

    def _remove_pair(self, before: list[TimeKey], after: list[TimeKey], pilot: int) -> None:
        if before and after:
            pair = (before[0][1], after[0][1])
            self._pilots_by_pair[pair].discard(pilot)
            if not self._pilots_by_pair[pair]:
                del self._pilots_by_pair[pair]


def find_links(timeline: Sequence[ClassifiedKillmail], rules: DetectionRules, chains: PilotChains) -> list[IndexedLink]:
    """All links of one system's combat and capsule losses, which are in time order and in `chains`."""
    sets = DisjointSets(len(timeline))
    within_limit, beyond_limit = _same_people(timeline, rules, chains)
    _join(sets, within_limit)
    same_people = [*within_limit, *_of_ongoing_fights(beyond_limit, timeline, sets, rules)]
    others = [*_same_target(timeline, rules), *_same_moment(timeline, sets, rules)]
    _join(sets, others)
    same_people += _of_lone_losses(beyond_limit, sets, rules)
    return [*sorted(set(same_people), key=link_sort_key), *others]


def _join(sets: DisjointSets, links: Iterable[IndexedLink]) -> None:
    for link in links:
        sets.union(link.a, link.b)


def _same_people(
    timeline: Sequence[ClassifiedKillmail], rules: DetectionRules, chains: PilotChains
) -> tuple[list[IndexedLink], list[IndexedLink]]:
    """Links between consecutive killmails of a pilot: up to the quiet limit, and beyond it up to `max_absence`."""
    index_of = {classified.killmail.killmail_id: index for index, classified in enumerate(timeline)}
    within_limit: list[IndexedLink] = []
    beyond_limit: list[IndexedLink] = []
    for (first, second), pilots in chains.pairs():
        a, b = index_of[first], index_of[second]
        pause = timeline[b].killmail.time - timeline[a].killmail.time
        if pause <= rules.max_pause:
            score = round(len(pilots) / (len(pilots) + 1) * (1 - pause / rules.max_pause / 2), 4)
            pilot = next(iter(pilots)) if len(pilots) == 1 else None
            links = within_limit if pause <= rules.quiet_limit else beyond_limit
            links.append(IndexedLink(a, b, LinkReason.SAME_PEOPLE, score, pilot))
    return within_limit, beyond_limit


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
    last: dict[tuple[int, int, int | None], int] = {}
    for index, classified in enumerate(timeline):
        target = structure_target(classified.killmail)
        if target is None:
            continue
        before = last.get(target)
        last[target] = index
        if before is not None and classified.killmail.time - timeline[before].killmail.time <= rules.siege_window:
            yield IndexedLink(before, index, LinkReason.SAME_TARGET, 0.5)


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
                return IndexedLink(before, index, LinkReason.SAME_MOMENT, round(common / (common + 1) / 2, 4))
    return None


def _within(timeline: Sequence[ClassifiedKillmail], a: int, b: int, seconds: int) -> bool:
    return timeline[b].killmail.time - timeline[a].killmail.time <= seconds
