"""A bridge is not a link: two strangers' fights that only one common pilot ties together are two battles."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from battle_cluster.detection.classification import ClassifiedKillmail
from battle_cluster.detection.links import IndexedLink
from battle_cluster.detection.rules import DetectionRules
from battle_cluster.detection.union_find import DisjointSets
from battle_cluster.domain.killmail import Party


@dataclass(frozen=True, slots=True)
class BridgeCut:
    """The pilot who is no link, and what is left of the component without his ties, largest part first."""

    pilot: int
    parts: tuple[tuple[int, ...], ...]


def split_at_bridges(
    members: Sequence[int], ties: Sequence[IndexedLink], line: Sequence[ClassifiedKillmail], rules: DetectionRules
) -> list[list[int]]:
    """The component as one, or as the battles it is when no bridge counts."""
    inside = set(members)
    own = [tie for tie in ties if tie.a in inside and tie.b in inside]
    cut = _cut(members, own, line, rules) if len(members) >= 2 * rules.bridge_part else None
    if cut is None:
        return [list(members)]
    return [part for half in _split(cut, line, rules) for part in split_at_bridges(half, own, line, rules)]


def _cut(
    members: Sequence[int], ties: Sequence[IndexedLink], line: Sequence[ClassifiedKillmail], rules: DetectionRules
) -> BridgeCut | None:
    """The most even cut; between equals the pilot with the lowest id."""
    blocks, thin = _blocks(members, ties)
    cuts = [
        cut
        for pilot in sorted({pilot for _, _, pilot in thin})
        if len((cut := BridgeCut(pilot, _parts_without(pilot, blocks, thin))).parts) > 1
        and _share_no_party(cut, line, rules)
    ]
    return max(cuts, key=lambda cut: (len(cut.parts[1]), -cut.pilot), default=None)


WeakEdge = tuple[int, int, int]
"""Two blocks, by number, and the one pilot who ties them."""


def _blocks(members: Sequence[int], ties: Iterable[IndexedLink]) -> tuple[list[list[int]], list[WeakEdge]]:
    """What no single pilot can part, and what ties it: two pilots between the same two blocks make them one."""
    position = {at: number for number, at in enumerate(members)}
    groups = DisjointSets(len(members))
    weak: list[WeakEdge] = []
    for tie in ties:
        a, b = position[tie.a], position[tie.b]
        if tie.pilot is None:
            groups.union(a, b)
        else:
            weak.append((a, b, tie.pilot))
    while (weak := _between(groups, weak)) and _united(groups, weak):
        pass
    numbered = {groups.find(part[0]): number for number, part in enumerate(groups.members())}
    blocks = [[members[at] for at in part] for part in groups.members()]
    return blocks, [(numbered[groups.find(a)], numbered[groups.find(b)], pilot) for a, b, pilot in weak]


def _between(groups: DisjointSets, weak: Iterable[WeakEdge]) -> list[WeakEdge]:
    return [entry for entry in weak if groups.find(entry[0]) != groups.find(entry[1])]


def _united(groups: DisjointSets, weak: Iterable[WeakEdge]) -> bool:
    """Unite what two pilots tie. Whether there was any."""
    first: dict[tuple[int, int], int] = {}
    found = False
    for a, b, pilot in weak:
        low, high = sorted((groups.find(a), groups.find(b)))
        if first.setdefault((low, high), pilot) != pilot:
            found = groups.union(low, high) or found
    return found


def _parts_without(
    pilot: int, blocks: Sequence[Sequence[int]], thin: Iterable[WeakEdge]
) -> tuple[tuple[int, ...], ...]:
    groups = DisjointSets(len(blocks))
    for a, b, who in thin:
        if who != pilot:
            groups.union(a, b)
    parts = [tuple(sorted(at for block in part for at in blocks[block])) for part in groups.members()]
    return tuple(sorted(parts, key=lambda part: (-len(part), part[0])))


def _share_no_party(cut: BridgeCut, line: Sequence[ClassifiedKillmail], rules: DetectionRules) -> bool:
    """The two largest parts count for three mails each and share no party but the pilot's own."""
    first, second = cut.parts[:2]
    if len(second) < rules.bridge_part:
        return False
    return not (_parties(first, line) & _parties(second, line)) - _own(cut.pilot, (*first, *second), line)


def _parties(part: Iterable[int], line: Sequence[ClassifiedKillmail]) -> frozenset[Party]:
    return frozenset[Party]().union(*(line[at].parties for at in part))


def _own(pilot: int, part: Iterable[int], line: Sequence[ClassifiedKillmail]) -> frozenset[Party]:
    mails = [line[at].mail for at in part if pilot in line[at].pilots]
    people = [who for mail in mails for who in (mail.victim, *mail.attackers) if who.character_id == pilot]
    return frozenset(who.party for who in people if who.party is not None)


def _split(cut: BridgeCut, line: Sequence[ClassifiedKillmail], rules: DetectionRules) -> list[list[int]]:
    """Every part large enough stands alone; what hung on the pilot goes with the part it is closest to in time."""
    halves = [list(part) for part in cut.parts if len(part) >= rules.bridge_part]
    loose = [at for part in cut.parts if len(part) < rules.bridge_part for at in part]
    cores = [tuple(half) for half in halves]
    for at in loose:
        closest = min(range(len(cores)), key=lambda half: _distance(cores[half], at, line))
        halves[closest].append(at)
    return [sorted(half) for half in halves]


def _distance(part: Sequence[int], at: int, line: Sequence[ClassifiedKillmail]) -> tuple[int, int]:
    return min((abs(line[at].mail.time - line[other].mail.time), other) for other in part)
