"""A bridge is not a link: two strangers' fights that only one common pilot ties together are two battles."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from battle_cluster.detection.classification import Sighting
from battle_cluster.detection.links import Tie
from battle_cluster.detection.rules import Rules
from battle_cluster.detection.union_find import Groups
from battle_cluster.domain.killmail import Party


@dataclass(frozen=True, slots=True)
class Cut:
    """The pilot who is no link, and what is left of the component without his ties, largest part first."""

    pilot: int
    parts: tuple[tuple[int, ...], ...]


def parted(members: Sequence[int], ties: Sequence[Tie], line: Sequence[Sighting], rules: Rules) -> list[list[int]]:
    """The component as one, or as the battles it is when no bridge counts."""
    inside = set(members)
    own = [tie for tie in ties if tie.a in inside and tie.b in inside]
    cut = _cut(members, own, line, rules) if len(members) >= 2 * rules.bridge_part else None
    if cut is None:
        return [list(members)]
    return [part for half in _halves(cut, line, rules) for part in parted(half, own, line, rules)]


def _cut(members: Sequence[int], ties: Sequence[Tie], line: Sequence[Sighting], rules: Rules) -> Cut | None:
    """The most even cut; between equals the pilot with the lowest id."""
    blocks, thin = _blocks(members, ties)
    cuts = [
        cut
        for pilot in sorted({pilot for _, _, pilot in thin})
        if len((cut := Cut(pilot, _parts_without(pilot, blocks, thin))).parts) > 1 and _are_strangers(cut, line, rules)
    ]
    return max(cuts, key=lambda cut: (len(cut.parts[1]), -cut.pilot), default=None)


Thin = tuple[int, int, int]
"""Two blocks, by number, and the one pilot who ties them."""


def _blocks(members: Sequence[int], ties: Iterable[Tie]) -> tuple[list[list[int]], list[Thin]]:
    """What no single pilot can part, and what ties it: two pilots between the same two blocks make them one."""
    position = {at: number for number, at in enumerate(members)}
    groups = Groups(len(members))
    weak: list[Thin] = []
    for tie in ties:
        a, b = position[tie.a], position[tie.b]
        if tie.pilot is None:
            groups.unite(a, b)
        else:
            weak.append((a, b, tie.pilot))
    while (weak := _between(groups, weak)) and _united(groups, weak):
        pass
    numbered = {groups.root(part[0]): number for number, part in enumerate(groups.members())}
    blocks = [[members[at] for at in part] for part in groups.members()]
    return blocks, [(numbered[groups.root(a)], numbered[groups.root(b)], pilot) for a, b, pilot in weak]


def _between(groups: Groups, weak: Iterable[Thin]) -> list[Thin]:
    return [entry for entry in weak if groups.root(entry[0]) != groups.root(entry[1])]


def _united(groups: Groups, weak: Iterable[Thin]) -> bool:
    """Unite what two pilots tie. Whether there was any."""
    first: dict[tuple[int, int], int] = {}
    found = False
    for a, b, pilot in weak:
        low, high = sorted((groups.root(a), groups.root(b)))
        if first.setdefault((low, high), pilot) != pilot:
            found = groups.unite(low, high) or found
    return found


def _parts_without(pilot: int, blocks: Sequence[Sequence[int]], thin: Iterable[Thin]) -> tuple[tuple[int, ...], ...]:
    groups = Groups(len(blocks))
    for a, b, who in thin:
        if who != pilot:
            groups.unite(a, b)
    parts = [tuple(sorted(at for block in part for at in blocks[block])) for part in groups.members()]
    return tuple(sorted(parts, key=lambda part: (-len(part), part[0])))


def _are_strangers(cut: Cut, line: Sequence[Sighting], rules: Rules) -> bool:
    """The two largest parts count for three mails each and share no party but the pilot's own."""
    first, second = cut.parts[:2]
    if len(second) < rules.bridge_part:
        return False
    return not (_parties(first, line) & _parties(second, line)) - _own(cut.pilot, (*first, *second), line)


def _parties(part: Iterable[int], line: Sequence[Sighting]) -> frozenset[Party]:
    return frozenset[Party]().union(*(line[at].parties for at in part))


def _own(pilot: int, part: Iterable[int], line: Sequence[Sighting]) -> frozenset[Party]:
    mails = [line[at].mail for at in part if pilot in line[at].pilots]
    people = [who for mail in mails for who in (mail.victim, *mail.attackers) if who.character_id == pilot]
    return frozenset(who.party for who in people if who.party is not None)


def _halves(cut: Cut, line: Sequence[Sighting], rules: Rules) -> list[list[int]]:
    """Every part large enough stands alone; what hung on the pilot goes with the part it is closest to in time."""
    halves = [list(part) for part in cut.parts if len(part) >= rules.bridge_part]
    loose = [at for part in cut.parts if len(part) < rules.bridge_part for at in part]
    cores = [tuple(half) for half in halves]
    for at in loose:
        closest = min(range(len(cores)), key=lambda half: _distance(cores[half], at, line))
        halves[closest].append(at)
    return [sorted(half) for half in halves]


def _distance(part: Sequence[int], at: int, line: Sequence[Sighting]) -> tuple[int, int]:
    return min((abs(line[at].mail.time - line[other].mail.time), other) for other in part)
