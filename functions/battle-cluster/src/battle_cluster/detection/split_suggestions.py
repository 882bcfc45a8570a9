"""Suggests where a battle could be split; never splits by itself. Both parts are fights with hardly a shared pilot."""

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

    reason: SplitReason
    first: tuple[int, ...]
    second: tuple[int, ...]


Node = tuple[bool, int]
"""A node of the graph of killmails and pilots: (True, character id) or (False, index of a killmail)."""


def suggested_splits(killmails: Iterable[Killmail], rules: DetectionRules) -> tuple[Suggestion, ...]:
    """Splits of one component: at a long gap, at a killmail that connects two fights, between two groups of pilots."""
    unique = {killmail.killmail_id: killmail for killmail in killmails}.values()
    timeline = [classify(killmail) for killmail in sorted(unique, key=lambda entry: (entry.time, entry.killmail_id))]
    counted = [classified for classified in timeline if classified.kind is not LossKind.NON_COMBAT]
    return tuple(
        dict.fromkeys([*_long_gaps(counted, rules), *_bridge_kills(counted, rules), *_sub_fights(counted, rules)])
    )


def _long_gaps(counted: Sequence[ClassifiedKillmail], rules: DetectionRules) -> Iterator[Suggestion]:
    for index in range(1, len(counted)):
        gap = counted[index].killmail.time - counted[index - 1].killmail.time
        if gap >= rules.lull and _is_separable(counted[:index], counted[index:], rules):
            yield _suggestion(SplitReason.LULL, counted[:index], counted[index:])


def _bridge_kills(counted: Sequence[ClassifiedKillmail], rules: DetectionRules) -> Iterator[Suggestion]:
    """Splits at an articulation killmail, which joins the part with which it shares pilots on more killmails."""
    is_small = len(counted) <= rules.suggestion_max_killmails
    for index in sorted(_articulation_killmails(counted)) if is_small else ():
        bridge = counted[index]
        remaining = [*counted[:index], *counted[index + 1 :]]
        first, second = _two_largest(remaining, min_shared=1)
        if len(first) + len(second) == len(remaining) and _is_separable(first, second, rules):
            part = first if _related_count(bridge, first) >= _related_count(bridge, second) else second
            part.append(bridge)
            yield _suggestion(SplitReason.BRIDGE_KILL, first, second)


def _articulation_killmails(counted: Sequence[ClassifiedKillmail]) -> set[int]:
    """Killmails without which the graph of killmails and pilots falls apart: its articulation points, by index."""
    neighbours: dict[Node, list[Node]] = {}
    for index, classified in enumerate(counted):
        for pilot in classified.pilots:
            neighbours.setdefault((False, index), []).append((True, pilot))
            neighbours.setdefault((True, pilot), []).append((False, index))
    depth: dict[Node, int] = {}
    killmails: set[int] = set()
    for root in [node for node in neighbours if not node[0]]:
        if root not in depth:
            points = _articulation_points(root, neighbours, depth)
            killmails |= {index for is_pilot, index in points if not is_pilot}
    return killmails


def _articulation_points(
    root: Node, neighbours: Mapping[Node, Sequence[Node]], depth: dict[Node, int]
) -> Iterator[Node]:
    """Tarjan's algorithm by depth-first search without recursion. `depth` collects the visited nodes."""
    low: dict[Node, int] = {}
    path: list[tuple[Node, Node | None, Iterator[Node]]] = [(root, None, iter(neighbours[root]))]
    depth[root] = low[root] = 0
    branches = 0
    while path:
        node, parent, remaining = path[-1]
        neighbour = next(remaining, None)
        if neighbour is None:
            path.pop()
            if parent is not None:
                low[parent] = min(low[parent], low[node])
                branches += parent == root
                if parent != root and low[node] >= depth[parent]:
                    yield parent
        elif neighbour not in depth:
            depth[neighbour] = low[neighbour] = depth[node] + 1
            path.append((neighbour, node, iter(neighbours[neighbour])))
        elif neighbour != parent:
            low[node] = min(low[node], depth[neighbour])
    if branches > 1:
        yield root


def _sub_fights(counted: Sequence[ClassifiedKillmail], rules: DetectionRules) -> Iterator[Suggestion]:
    """The two largest groups of killmails that share at least two pilots."""
    searched = counted if len(counted) <= rules.suggestion_max_killmails else ()
    first, second = _two_largest(searched, min_shared=2)
    if _is_separable(first, second, rules):
        yield _suggestion(SplitReason.SUB_FIGHTS, first, second)


def _two_largest(
    killmails: Sequence[ClassifiedKillmail], min_shared: int
) -> tuple[list[ClassifiedKillmail], list[ClassifiedKillmail]]:
    """The two largest components if killmails with so many shared pilots are linked; empty ones if there are fewer."""
    sets = DisjointSets(len(killmails))
    for b, later in enumerate(killmails):
        for a in range(b):
            if sets.find(a) != sets.find(b) and len(killmails[a].pilots & later.pilots) >= min_shared:
                sets.union(a, b)
    parts = sorted(sets.sets(), key=lambda part: (-len(part), part[0]))
    first, second = [*parts, [], []][:2]
    return [killmails[index] for index in first], [killmails[index] for index in second]


def _related_count(bridge: ClassifiedKillmail, part: Iterable[ClassifiedKillmail]) -> int:
    return sum(not bridge.pilots.isdisjoint(classified.pilots) for classified in part)


def _is_separable(
    first: Sequence[ClassifiedKillmail], second: Sequence[ClassifiedKillmail], rules: DetectionRules
) -> bool:
    if min(len(first), len(second)) < rules.suggestion_min_part:
        return False
    first_pilots, second_pilots = (frozenset[int]().union(*(c.pilots for c in part)) for part in (first, second))
    max_shared = rules.suggestion_max_shared * min(len(first_pilots), len(second_pilots))
    return len(first_pilots & second_pilots) <= max_shared


def _suggestion(
    reason: SplitReason, first: Iterable[ClassifiedKillmail], second: Iterable[ClassifiedKillmail]
) -> Suggestion:
    parts = sorted(tuple(sorted(c.killmail.killmail_id for c in part)) for part in (first, second))
    return Suggestion(reason, parts[0], parts[1])
