"""Splits components at a guest: a pilot of one fight who is seen on a killmail of a fight of strangers."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from battle_cluster.detection.classification import ClassifiedKillmail
from battle_cluster.detection.links import IndexedLink
from battle_cluster.detection.rules import DetectionRules
from battle_cluster.detection.union_find import DisjointSets
from battle_cluster.domain.killmail import Attacker, Party, Victim

WeakEdge = tuple[int, int, int]
"""Two blocks, by index, and the one pilot who links them."""


@dataclass(frozen=True, slots=True)
class GuestCut:
    """A guest, and the fights that the component falls apart into without the guest's links, the largest first."""

    pilot: int
    fights: tuple[tuple[int, ...], ...]


def split_at_guests(
    members: Sequence[int],
    links: Sequence[IndexedLink],
    timeline: Sequence[ClassifiedKillmail],
    rules: DetectionRules,
) -> list[list[int]]:
    """The component as a whole, or its fights if only a guest connects them."""
    inside = set(members)
    inner_links = [link for link in links if link.a in inside and link.b in inside]
    cut = _best_cut(members, inner_links, timeline, rules) if len(members) >= 2 * rules.min_guest_fight else None
    if cut is None:
        return [list(members)]
    return [
        part for fight in _split(cut, timeline, rules) for part in split_at_guests(fight, inner_links, timeline, rules)
    ]


def _best_cut(
    members: Sequence[int],
    links: Sequence[IndexedLink],
    timeline: Sequence[ClassifiedKillmail],
    rules: DetectionRules,
) -> GuestCut | None:
    """The most even cut; a tie goes to the pilot with the lowest id."""
    blocks, weak_edges = _blocks(members, links)
    detachable = _detachable_killmails(blocks, weak_edges)
    cuts = [
        cut
        for pilot in sorted({pilot for _, _, pilot in weak_edges})
        if detachable[pilot] >= rules.min_guest_fight
        and (cut := _cut_at(pilot, blocks, weak_edges, timeline, rules)) is not None
    ]
    return max(cuts, key=lambda cut: (len(cut.fights[1]), -cut.pilot), default=None)


def _detachable_killmails(blocks: Sequence[Sequence[int]], weak_edges: Sequence[WeakEdge]) -> dict[int, int]:
    """By pilot: how many killmails at most come apart from the largest block without the pilot's links.

    In a tree from that block these are the branches that hang on the pilot, and what the tree does not reach. Most
    pilots hold a killmail or two: too few for a fight, however the parts are joined, so they need no closer look.
    """
    neighbours: dict[int, list[tuple[int, int]]] = {}
    for a, b, pilot in weak_edges:
        neighbours.setdefault(a, []).append((b, pilot))
        neighbours.setdefault(b, []).append((a, pilot))
    root = max(range(len(blocks)), key=lambda block: len(blocks[block]))
    parent: dict[int, tuple[int, int]] = {root: (root, 0)}
    reached = [root]
    for block in reached:  # grows meanwhile
        for other, pilot in neighbours.get(block, ()):
            if other not in parent:
                parent[other] = (block, pilot)
                reached.append(other)
    branch = [len(block) for block in blocks]
    unreached = sum(branch) - sum(branch[block] for block in reached)
    detachable = dict.fromkeys((pilot for _, _, pilot in weak_edges), unreached)
    for block in reversed(reached[1:]):
        above, pilot = parent[block]
        branch[above] += branch[block]
        detachable[pilot] += branch[block]
    return detachable


def _cut_at(
    pilot: int,
    blocks: Sequence[Sequence[int]],
    weak_edges: Sequence[WeakEdge],
    timeline: Sequence[ClassifiedKillmail],
    rules: DetectionRules,
) -> GuestCut | None:
    """The cut if two fights remain without the pilot's links, each large enough, and the pilot is a guest."""
    parts = _parts_without(pilot, blocks, weak_edges)
    if len(parts) == 1:
        return None
    own_parties = _parties_of_pilot(pilot, (index for part in parts for index in part), timeline)
    fights = _join_own(pilot, own_parties, _join_by_party(parts, own_parties, timeline), timeline, rules)
    fights.sort(key=lambda fight: (-len(fight), fight[0]))
    is_cut = len(fights) > 1 and len(fights[1]) >= rules.min_guest_fight
    return GuestCut(pilot, tuple(map(tuple, fights))) if is_cut else None


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


def _parts_without(pilot: int, blocks: Sequence[Sequence[int]], weak_edges: Iterable[WeakEdge]) -> list[list[int]]:
    sets = DisjointSets(len(blocks))
    for a, b, edge_pilot in weak_edges:
        if edge_pilot != pilot:
            sets.union(a, b)
    return [sorted(index for block in part for index in blocks[block]) for part in sets.sets()]


def _join_by_party(
    parts: Sequence[list[int]], own_parties: frozenset[Party], timeline: Sequence[ClassifiedKillmail]
) -> list[list[int]]:
    """The parts, those together that share another party than the pilot's own."""
    sets = DisjointSets(len(parts))
    first_part: dict[Party, int] = {}
    for number, part in enumerate(parts):
        for party in frozenset[Party]().union(*(timeline[index].parties for index in part)) - own_parties:
            sets.union(first_part.setdefault(party, number), number)
    return [sorted(index for number in group for index in parts[number]) for group in sets.sets()]


def _join_own(
    pilot: int,
    own_parties: frozenset[Party],
    fights: Sequence[list[int]],
    timeline: Sequence[ClassifiedKillmail],
    rules: DetectionRules,
) -> list[list[int]]:
    """The fights, those together in which the pilot is no guest but one of the fighters."""
    own: list[int] = []
    others: list[list[int]] = []
    for fight in fights:
        if _is_guest(pilot, own_parties, fight, timeline, rules):
            others.append(fight)
        else:
            own += fight
    return [*others, sorted(own)] if own else others


def _is_guest(
    pilot: int,
    own_parties: frozenset[Party],
    fight: Sequence[int],
    timeline: Sequence[ClassifiedKillmail],
    rules: DetectionRules,
) -> bool:
    """Whether the pilot is on few of the fight's killmails, and nobody else of the pilot's party is on any."""
    attended = sum(pilot in timeline[index].pilots for index in fight)
    return attended <= rules.guest_share * len(fight) and not any(
        person.party in own_parties and person.character_id != pilot
        for index in fight
        if not own_parties.isdisjoint(timeline[index].parties)
        for person in _participants(timeline[index])
    )


def _parties_of_pilot(pilot: int, part: Iterable[int], timeline: Sequence[ClassifiedKillmail]) -> frozenset[Party]:
    return frozenset(
        person.party
        for index in part
        if pilot in timeline[index].pilots
        for person in _participants(timeline[index])
        if person.character_id == pilot and person.party is not None
    )


def _participants(classified: ClassifiedKillmail) -> tuple[Victim | Attacker, ...]:
    return classified.killmail.victim, *classified.killmail.attackers


def _split(cut: GuestCut, timeline: Sequence[ClassifiedKillmail], rules: DetectionRules) -> list[list[int]]:
    """Every large enough fight; killmails of smaller ones join the fight that is closest to them in time."""
    cores = [fight for fight in cut.fights if len(fight) >= rules.min_guest_fight]
    fights = [list(core) for core in cores]
    for index in (index for fight in cut.fights if len(fight) < rules.min_guest_fight for index in fight):
        closest = min(range(len(cores)), key=lambda number: _distance(cores[number], index, timeline))
        fights[closest].append(index)
    return [sorted(fight) for fight in fights]


def _distance(part: Sequence[int], index: int, timeline: Sequence[ClassifiedKillmail]) -> tuple[int, int]:
    return min((abs(timeline[index].killmail.time - timeline[other].killmail.time), other) for other in part)
