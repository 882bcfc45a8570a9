"""A bridge is not a link: two strangers' fights that only one common pilot ties together are two battles."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from battle_cluster.groups import Groups
from battle_cluster.links import Tie
from battle_cluster.mails import Party
from battle_cluster.rules import Rules
from battle_cluster.sightings import Sighting


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
    position = {at: number for number, at in enumerate(members)}
    blocks = Groups(len(members))
    for tie in ties:
        if tie.pilot is None:
            blocks.unite(position[tie.a], position[tie.b])
    thin = {
        tie for tie in ties if tie.pilot is not None and blocks.root(position[tie.a]) != blocks.root(position[tie.b])
    }
    cuts = [
        Cut(pilot, parts)
        for pilot in sorted({tie.pilot for tie in thin if tie.pilot is not None})
        if len(parts := _parts_without(pilot, members, [tie for tie in ties if tie.pilot != pilot])) > 1
        and _are_strangers(Cut(pilot, parts), line, rules)
    ]
    return max(cuts, key=lambda cut: (len(cut.parts[1]), -cut.pilot), default=None)


def _parts_without(pilot: int, members: Sequence[int], ties: Iterable[Tie]) -> tuple[tuple[int, ...], ...]:
    del pilot
    position = {at: number for number, at in enumerate(members)}
    groups = Groups(len(members))
    for tie in ties:
        groups.unite(position[tie.a], position[tie.b])
    parts = [tuple(members[number] for number in part) for part in groups.members()]
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
