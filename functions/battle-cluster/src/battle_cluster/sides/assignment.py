"""Side assignment: two or more sides, each party with a confidence; parties without a clear side stay unassigned."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

from battle_cluster.detection.union_find import DisjointSets
from battle_cluster.domain.killmail import Killmail, Party
from battle_cluster.sides.defectors import Defectors, OwnSideShots, awoxers, find_defectors
from battle_cluster.sides.evidence import Evidence, EvidenceAccumulator
from battle_cluster.sides.placement import Placement, place_by_evidence, place_with_pins, size_rank
from battle_cluster.sides.rules import DEFAULT_SIDE_RULES, SideRules
from battle_cluster.sides.shots import ShotIndex
from battle_cluster.sides.structural_balance import Bloc


class Role(StrEnum):
    SIDE = "side"
    THIRD_PARTY = "third-party"
    KILL_STEALER = "kill-stealer"


class SideMembership(NamedTuple):
    """A party, the probability (0 to 1) that it is on its side, and the weight of the evidence about it.

    second_best: the number of the side that it fits next best; None without one.
    """

    party: Party
    confidence: float
    evidence: float
    second_best: int | None = None


@dataclass(frozen=True, slots=True)
class Side:
    side_id: int
    role: Role
    parties: tuple[SideMembership, ...]


@dataclass(frozen=True, slots=True)
class Sides:
    """The sides of one battle.

    Each party is on one side or unassigned. defectors: pilots who fought for another side than their party's.
    separate_groups: groups of side ids without hostility between the groups; several groups suggest separate fights.
    by_party: side id of each assigned party. by_pilot: side id of each defector.
    """

    sides: tuple[Side, ...] = ()
    unassigned: tuple[SideMembership, ...] = ()
    awoxers: tuple[int, ...] = ()
    defectors: tuple[Defectors, ...] = ()
    separate_groups: tuple[tuple[int, ...], ...] = ()
    by_party: Mapping[Party, int] = field(default_factory=dict[Party, int])
    by_pilot: Mapping[tuple[Party, int], int] = field(default_factory=dict[tuple[Party, int], int])

    def side_of(self, party: Party | None, character_id: int | None) -> int | None:
        """The side of a pilot: a defector's own side, otherwise the party's; None for an unassigned party."""
        if party is None:
            return None
        if character_id is not None and (party, character_id) in self.by_pilot:
            return self.by_pilot[party, character_id]
        return self.by_party.get(party)


NO_PINS: Final[Mapping[Party, int]] = {}
NO_COMPANIONS: Final[Mapping[Party, Party]] = {}


def assign(
    killmails: Iterable[Killmail],
    rules: SideRules = DEFAULT_SIDE_RULES,
    pins: Mapping[Party, int] = NO_PINS,
    companions: Mapping[Party, Party] = NO_COMPANIONS,
) -> Sides:
    """The sides of one component's killmails, in any order.

    pins: the side numbers that people gave to parties. companions: of a pinned party the one beside which it was put;
    where that one is decides, since numbers change when the other side becomes the larger one.
    """
    accumulator = SidesAccumulator(rules)
    for killmail in {killmail.killmail_id: killmail for killmail in killmails}.values():
        accumulator.add(killmail)
    return accumulator.sides(pins, companions)


class SidesAccumulator:
    """What decides the sides of a battle, built up killmail by killmail, each added once, in any order."""

    def __init__(self, rules: SideRules = DEFAULT_SIDE_RULES) -> None:
        self._rules = rules
        self._evidence = EvidenceAccumulator(rules)
        self._shots = ShotIndex()
        self._own_side_shots = OwnSideShots()

    def add(self, killmail: Killmail) -> None:
        self._evidence.add(killmail)
        self._shots.add(killmail)
        self._own_side_shots.add(killmail)

    def sides(self, pins: Mapping[Party, int] = NO_PINS, companions: Mapping[Party, Party] = NO_COMPANIONS) -> Sides:
        """As `assign` of the killmails added so far."""
        placement = place_by_evidence(self._evidence.evidence(), self._rules)
        by_party = placement.by_party
        defectors = find_defectors(self._own_side_shots, self._shots, by_party, self._rules)
        if pins:
            side_of = {party: by_party.get(companion) for party, companion in companions.items()}
            numbers_now = {party: side_of.get(party) or side for party, side in pins.items()}
            placement = place_with_pins(placement, self._evidence.evidence(pins), numbers_now)
            numbers = set(placement.number_of.values())
            defectors = tuple(group for group in defectors if group.party not in pins and group.side in numbers)
        return _build_sides(placement, awoxers(self._shots, self._rules), defectors, self._rules)


def _build_sides(
    placement: Placement, awoxing_pilots: tuple[int, ...], defectors: tuple[Defectors, ...], rules: SideRules
) -> Sides:
    roles = _roles(
        placement.evidence,
        placement.blocs,
        {party: entry.margin for party, entry in placement.standings.items()},
        rules,
    )
    sides = [
        Side(number, roles[bloc], _memberships(placement.clear.intersection(placement.blocs[bloc].parties), placement))
        for bloc, number in placement.number_of.items()
    ]
    return Sides(
        sides=tuple(sorted(sides, key=lambda side: side.side_id)),
        unassigned=_memberships(placement.standings.keys() - placement.clear, placement),
        awoxers=awoxing_pilots,
        defectors=defectors,
        separate_groups=_separate_groups(placement.blocs, placement.number_of),
        by_party=placement.by_party,
        by_pilot={(group.party, pilot): group.side for group in defectors for pilot in group.pilots},
    )


def _memberships(parties: Iterable[int], placement: Placement) -> tuple[SideMembership, ...]:
    """Most pilots first; a militia before the pilots who are also listed by themselves."""
    evidence = placement.evidence
    ranked = sorted(parties, key=lambda party: (-evidence.pilots[party], evidence.parties[party].id, party))
    enlisted = {p: sorted(party for party, index in evidence.enlisted.items() if index == p) for p in ranked}
    return tuple(
        SideMembership(party, entry.confidence, round(evidence.total_weight(p), 4), entry.second_best)
        for p in ranked
        for entry in [placement.standings[p]]
        for party in (evidence.parties[p], *enlisted[p])
    )


def _roles(
    evidence: Evidence, all_blocs: Sequence[Bloc], margins: Mapping[int, float], rules: SideRules
) -> dict[int, Role]:
    """The two largest blocs that fight each other are sides; the others may be third parties or kill stealers."""
    principals = _principals(evidence, all_blocs)
    total = sum(evidence.pilots)
    roles: dict[int, Role] = {}
    for index, bloc in enumerate(all_blocs):
        enemies = [other for other, amount in bloc.hostility.items() if amount > rules.balance_mutual * bloc.total]
        pilots = sum(evidence.pilots[p] for p in bloc.parties)
        is_small = (
            pilots < rules.third_party_pilots * total
            and max(margins[p] for p in bloc.parties) < rules.third_party_margin
        )
        roles[index] = Role.SIDE
        if index not in principals and (len(enemies) > 1 or is_small):
            has_losses = any(evidence.losses[p] for p in bloc.parties)
            is_stealer = not has_losses and len(enemies) >= len(principals)
            roles[index] = Role.KILL_STEALER if is_stealer else Role.THIRD_PARTY
    return roles


def _principals(evidence: Evidence, all_blocs: Sequence[Bloc]) -> tuple[int, ...]:
    """The largest bloc and the largest of those that fight it."""
    ranked = sorted(range(len(all_blocs)), key=lambda index: size_rank(all_blocs[index].parties, evidence))
    if not ranked:
        return ()
    enemy = next((index for index in ranked[1:] if index in all_blocs[ranked[0]].hostility), None)
    return (ranked[0],) if enemy is None else (ranked[0], enemy)


def _separate_groups(all_blocs: Sequence[Bloc], number_of: Mapping[int, int]) -> tuple[tuple[int, ...], ...]:
    """Side numbers of each connected component of the hostility between blocs."""
    sets = DisjointSets(len(all_blocs))
    for index, bloc in enumerate(all_blocs):
        for other in bloc.hostility:
            sets.union(index, other)
    groups = (tuple(sorted(number_of[index] for index in part if index in number_of)) for part in sets.sets())
    return tuple(sorted(group for group in groups if group))
