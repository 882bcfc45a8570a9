"""Where a battle might be two: offered to people, never done. Both halves are fights, with hardly anybody on both."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from battle_cluster.detection.classification import ClassifiedKillmail, LossKind, classify
from battle_cluster.detection.rules import DetectionRules
from battle_cluster.detection.union_find import DisjointSets
from battle_cluster.domain.killmail import Killmail


class SplitReason(StrEnum):
    LULL = "lull"
    BRIDGE_KILL = "bridge-kill"
    SUB_FIGHTS = "sub-fights"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Two groups of killmail ids that could be split apart."""

    doubt: SplitReason
    first: tuple[int, ...]
    second: tuple[int, ...]


Node = tuple[bool, int]
"""Whether it is a pilot, and which; otherwise a mail by place."""


def suggested_splits(mails: Iterable[Killmail], rules: DetectionRules) -> tuple[Suggestion, ...]:
    """Of the mails of one component: a long silence, one mail that holds two fights, or two crews side by side."""
    once = {mail.killmail_id: mail for mail in mails}.values()
    sightings = [classify(mail) for mail in sorted(once, key=lambda mail: (mail.time, mail.killmail_id))]
    counted = [sighting for sighting in sightings if sighting.kind is not LossKind.SHOWN]
    return tuple(
        dict.fromkeys([*_long_gaps(counted, rules), *_bridge_kills(counted, rules), *_sub_fights(counted, rules)])
    )


def _long_gaps(counted: Sequence[ClassifiedKillmail], rules: DetectionRules) -> Iterator[Suggestion]:
    for at in range(1, len(counted)):
        pause = counted[at].mail.time - counted[at - 1].mail.time
        if pause >= rules.lull and _is_separable(counted[:at], counted[at:], rules):
            yield _suggestion(SplitReason.LULL, counted[:at], counted[at:])


def _bridge_kills(counted: Sequence[ClassifiedKillmail], rules: DetectionRules) -> Iterator[Suggestion]:
    """Without the mail everybody falls into two groups; it then goes with the one it has more mails in common with."""
    for at in sorted(_articulation_killmails(counted)) if len(counted) <= rules.suggest_most else ():
        sighting = counted[at]
        rest = [*counted[:at], *counted[at + 1 :]]
        first, second = _two_largest(rest, shared=1)
        if len(first) + len(second) == len(rest) and _is_separable(first, second, rules):
            half = first if _with(sighting, first) >= _with(sighting, second) else second
            half.append(sighting)
            yield _suggestion(SplitReason.BRIDGE_KILL, first, second)


def _articulation_killmails(counted: Sequence[ClassifiedKillmail]) -> set[int]:
    """Mails without which those who share pilots fall apart: the cut vertices of mails and pilots, by depth first."""
    links: dict[Node, list[Node]] = {}
    for at, sighting in enumerate(counted):
        for pilot in sighting.pilots:
            links.setdefault((False, at), []).append((True, pilot))
            links.setdefault((True, pilot), []).append((False, at))
    depth: dict[Node, int] = {}
    found: set[int] = set()
    for root in [node for node in links if not node[0]]:
        if root not in depth:
            found |= {at for is_pilot, at in _cut_below(root, links, depth) if not is_pilot}
    return found


def _cut_below(root: Node, links: Mapping[Node, Sequence[Node]], depth: dict[Node, int]) -> Iterator[Node]:
    low: dict[Node, int] = {}
    path: list[tuple[Node, Node | None, Iterator[Node]]] = [(root, None, iter(links[root]))]
    depth[root] = low[root] = 0
    branches = 0
    while path:
        node, parent, rest = path[-1]
        other = next(rest, None)
        if other is None:
            path.pop()
            if parent is not None:
                low[parent] = min(low[parent], low[node])
                branches += parent == root
                if parent != root and low[node] >= depth[parent]:
                    yield parent
        elif other not in depth:
            depth[other] = low[other] = depth[node] + 1
            path.append((other, node, iter(links[other])))
        elif other != parent:
            low[node] = min(low[node], depth[other])
    if branches > 1:
        yield root


def _sub_fights(counted: Sequence[ClassifiedKillmail], rules: DetectionRules) -> Iterator[Suggestion]:
    """Groups that at least two pilots hold together."""
    first, second = _two_largest(counted if len(counted) <= rules.suggest_most else (), shared=2)
    if _is_separable(first, second, rules):
        yield _suggestion(SplitReason.SUB_FIGHTS, first, second)


def _two_largest(
    sightings: Sequence[ClassifiedKillmail], shared: int
) -> tuple[list[ClassifiedKillmail], list[ClassifiedKillmail]]:
    groups = DisjointSets(len(sightings))
    for b, later in enumerate(sightings):
        for a in range(b):
            if groups.find(a) != groups.find(b) and len(sightings[a].pilots & later.pilots) >= shared:
                groups.union(a, b)
    parts = sorted(groups.members(), key=lambda part: (-len(part), part[0]))
    first, second = [*parts, [], []][:2]
    return [sightings[at] for at in first], [sightings[at] for at in second]


def _with(sighting: ClassifiedKillmail, others: Iterable[ClassifiedKillmail]) -> int:
    return sum(not sighting.pilots.isdisjoint(other.pilots) for other in others)


def _is_separable(
    first: Sequence[ClassifiedKillmail], second: Sequence[ClassifiedKillmail], rules: DetectionRules
) -> bool:
    if min(len(first), len(second)) < rules.suggest_part:
        return False
    ours, theirs = (frozenset[int]().union(*(s.pilots for s in half)) for half in (first, second))
    return len(ours & theirs) <= rules.suggest_crew * min(len(ours), len(theirs))


def _suggestion(
    doubt: SplitReason, first: Iterable[ClassifiedKillmail], second: Iterable[ClassifiedKillmail]
) -> Suggestion:
    halves = sorted(tuple(sorted(s.mail.killmail_id for s in half)) for half in (first, second))
    return Suggestion(doubt, halves[0], halves[1])
