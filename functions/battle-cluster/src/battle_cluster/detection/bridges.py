"""Splits components that are connected only through a single pilot: two strangers' fights are two battles."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from battle_cluster.detection.classification import ClassifiedKillmail
from battle_cluster.detection.links import IndexedLink
from battle_cluster.detection.rules import DetectionRules
from battle_cluster.detection.union_find import DisjointSets
from battle_cluster.domain.killmail import Party


@dataclass(frozen=True, slots=True)
class BridgeCut:
    """A bridging pilot, and the parts of the component without that pilot's links, the largest part first."""

    pilot: int
    parts: tuple[tuple[int, ...], ...]


def split_at_bridges(
    members: Sequence[int],
    links: Sequence[IndexedLink],
    timeline: Sequence[ClassifiedKillmail],
    rules: DetectionRules,
) -> list[list[int]]:
    """The component as a whole, or its parts if a bridge connects them."""
    inside = set(members)
    inner_links = [link for link in links if link.a in inside and link.b in inside]
    cut = _best_cut(members, inner_links, timeline, rules) if len(members) >= 2 * rules.min_bridge_part else None
    if cut is None:
        return [list(members)]
    return [
        part for half in _split(cut, timeline, rules) for part in split_at_bridges(half, inner_links, timeline, rules)
    ]


def _best_cut(
    members: Sequence[int],
    links: Sequence[IndexedLink],
    timeline: Sequence[ClassifiedKillmail],
    rules: DetectionRules,
) -> BridgeCut | None:
    """The most even cut; a tie goes to the pilot with the lowest id."""
    blocks, weak_edges = _blocks(members, links)
    cuts = [
        cut
        for pilot in sorted({pilot for _, _, pilot in weak_edges})
        if len((cut := BridgeCut(pilot, _parts_without(pilot, blocks, weak_edges))).parts) > 1
        and _share_no_party(cut, timeline, rules)
    ]
    return max(cuts, key=lambda cut: (len(cut.parts[1]), -cut.pilot), default=None)


WeakEdge = tuple[int, int, int]
"""Two blocks, by index, and the one pilot who links them."""


def _blocks(members: Sequence[int], links: Iterable[IndexedLink]) -> tuple[list[list[int]], list[WeakEdge]]:
    """Blocks that no single pilot holds together, and the weak edges between them.

    Two pilots between the same two blocks make them one block.
    """
    position_of = {index: position for position, index in enumerate(members)}
    sets = DisjointSets(len(members))
    weak: list[WeakEdge] = []
    for link in links:
        a, b = position_of[link.a], position_of[link.b]
        if link.pilot is None:
            sets.union(a, b)
        else:
            weak.append((a, b, link.pilot))
    while (weak := _between_sets(sets, weak)) and _union_double_edges(sets, weak):
        pass
    block_of = {sets.find(block[0]): number for number, block in enumerate(sets.sets())}
    blocks = [[members[position] for position in block] for block in sets.sets()]
    return blocks, [(block_of[sets.find(a)], block_of[sets.find(b)], pilot) for a, b, pilot in weak]


def _between_sets(sets: DisjointSets, weak: Iterable[WeakEdge]) -> list[WeakEdge]:
    return [edge for edge in weak if sets.find(edge[0]) != sets.find(edge[1])]


def _union_double_edges(sets: DisjointSets, weak: Iterable[WeakEdge]) -> bool:
    """Join sets that two pilots link. False if there were none."""
    first_pilot: dict[tuple[int, int], int] = {}
    joined = False
    for a, b, pilot in weak:
        low, high = sorted((sets.find(a), sets.find(b)))
        if first_pilot.setdefault((low, high), pilot) != pilot:
            joined = sets.union(low, high) or joined
    return joined


def _parts_without(
    bridging_pilot: int, blocks: Sequence[Sequence[int]], weak_edges: Iterable[WeakEdge]
) -> tuple[tuple[int, ...], ...]:
    sets = DisjointSets(len(blocks))
    for a, b, pilot in weak_edges:
        if pilot != bridging_pilot:
            sets.union(a, b)
    parts = [tuple(sorted(index for block in part for index in blocks[block])) for part in sets.sets()]
    return tuple(sorted(parts, key=lambda part: (-len(part), part[0])))


def _share_no_party(cut: BridgeCut, timeline: Sequence[ClassifiedKillmail], rules: DetectionRules) -> bool:
    """Whether the two largest parts are large enough and share no party except the pilot's own."""
    first, second = cut.parts[:2]
    if len(second) < rules.min_bridge_part:
        return False
    shared = _parties(first, timeline) & _parties(second, timeline)
    return not shared - _parties_of_pilot(cut.pilot, (*first, *second), timeline)


def _parties(part: Iterable[int], timeline: Sequence[ClassifiedKillmail]) -> frozenset[Party]:
    return frozenset[Party]().union(*(timeline[index].parties for index in part))


def _parties_of_pilot(pilot: int, part: Iterable[int], timeline: Sequence[ClassifiedKillmail]) -> frozenset[Party]:
    killmails = [timeline[index].killmail for index in part if pilot in timeline[index].pilots]
    participants = [
        person
        for killmail in killmails
        for person in (killmail.victim, *killmail.attackers)
        if person.character_id == pilot
    ]
    return frozenset(person.party for person in participants if person.party is not None)


def _split(cut: BridgeCut, timeline: Sequence[ClassifiedKillmail], rules: DetectionRules) -> list[list[int]]:
    """Every large enough part; killmails of smaller parts join the part that is closest to them in time."""
    halves = [list(part) for part in cut.parts if len(part) >= rules.min_bridge_part]
    loose = [index for part in cut.parts if len(part) < rules.min_bridge_part for index in part]
    cores = [tuple(half) for half in halves]
    for index in loose:
        closest = min(range(len(cores)), key=lambda half: _distance(cores[half], index, timeline))
        halves[closest].append(index)
    return [sorted(half) for half in halves]


def _distance(part: Sequence[int], index: int, timeline: Sequence[ClassifiedKillmail]) -> tuple[int, int]:
    return min((abs(timeline[index].killmail.time - timeline[other].killmail.time), other) for other in part)
