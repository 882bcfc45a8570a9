"""Side assignment: two or more sides, each party with a confidence; parties without a clear side stay unassigned."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Final, NamedTuple

from battle_cluster.detection.union_find import DisjointSets
from battle_cluster.domain.killmail import Killmail, Party
from battle_cluster.sides.correlation_clustering import PINNED, correlation_clusters, edge_weights, fit_weights
from battle_cluster.sides.defectors import Defectors, awoxers, find_defectors
from battle_cluster.sides.evidence import Evidence, Graph, collect_evidence
from battle_cluster.sides.fit import Fitting, Standing, moved_to_best_fit, standing
from battle_cluster.sides.priors import prior_weights
from battle_cluster.sides.rules import DEFAULT_SIDE_RULES, SideRules
from battle_cluster.sides.structural_balance import Bloc, blocs, merge_by_common_enemy


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


class _Certainty(NamedTuple):
    """The standing of each party (by index), and the parties whose side a person pinned."""

    standings: Mapping[int, Standing]
    pins: Mapping[Party, int]


def assign(
    killmails: Iterable[Killmail],
    rules: SideRules = DEFAULT_SIDE_RULES,
    pins: Mapping[Party, int] | None = None,
) -> Sides:
    """The sides of one component's killmails, in any order. `pins` are the side numbers that people gave to parties."""
    distinct = {killmail.killmail_id: killmail for killmail in killmails}.values()
    return assign_from_evidence(distinct, collect_evidence(distinct, rules, pins or NO_PINS), rules, pins or NO_PINS)


def assign_from_evidence(
    killmails: Collection[Killmail],
    evidence: Evidence,
    rules: SideRules = DEFAULT_SIDE_RULES,
    pins: Mapping[Party, int] = NO_PINS,
) -> Sides:
    """Like `assign`, with the evidence of exactly these killmails, collected with the same pins."""
    priors = prior_weights(evidence, rules)
    graph = edge_weights(evidence, rules, pins, priors)
    forbidden: Graph = [{b: score for b, score in row.items() if score <= -PINNED} for row in graph]
    merged = merge_by_common_enemy(correlation_clusters(graph), evidence, forbidden, rules)
    pinned = {index for index, party in enumerate(evidence.parties) if party in pins}
    fit_graph = fit_weights(evidence, rules, pins, priors)
    all_blocs = blocs(moved_to_best_fit(merged, evidence, fit_graph, rules, pinned), evidence)
    fitting = Fitting(evidence, fit_graph, all_blocs)
    return _build_sides(killmails, evidence, all_blocs, rules, _Certainty(_standings(fitting, rules, pinned), pins))


def confidence_margins(fitting: Fitting, rules: SideRules, pinned: Collection[int]) -> dict[int, float]:
    """How much better each party fits its own bloc than the next best one, from 0 to 1; 1 for a pinned party."""
    return {party: entry.margin for party, entry in _standings(fitting, rules, pinned).items()}


def _standings(fitting: Fitting, rules: SideRules, pinned: Collection[int]) -> dict[int, Standing]:
    return {
        party: Standing(1.0) if party in pinned else standing(party, fitting, rules)
        for party in sorted(fitting.bloc_of)
    }


def calibrated_confidence(margin: float, mass: float, rules: SideRules) -> float:
    """The probability that a party with this margin, on evidence of this total weight, is on the right side.

    It rises with both. A margin below `rules.unassigned` is returned unchanged, since that party gets no side. Above
    it a margin says too little: half a margin is right nine times in ten, and a full one on three killmails only five
    times in six.
    """
    if margin < rules.unassigned:
        return margin
    return round((1 - 1 / (mass + rules.confidence_mass)) * (1 - (1 - margin) ** rules.confidence_power), 4)


def _build_sides(
    killmails: Collection[Killmail],
    evidence: Evidence,
    all_blocs: Sequence[Bloc],
    rules: SideRules,
    certainty: _Certainty,
) -> Sides:
    standings, pins = certainty
    margins = {party: entry.margin for party, entry in standings.items()}
    clear = {party for party, margin in margins.items() if margin >= rules.unassigned}
    confidence = {
        party: 1.0
        if evidence.parties[party] in pins
        else calibrated_confidence(margin, evidence.total_weight(party), rules)
        for party, margin in margins.items()
    }
    kept = [index for index, bloc in enumerate(all_blocs) if clear.intersection(bloc.parties)]
    number_of = _numbers(kept, evidence, all_blocs, clear, pins)
    second_best = {
        party: None if entry.second_best is None else number_of.get(entry.second_best)
        for party, entry in standings.items()
    }
    side_of_index = {p: number_of[index] for index in kept for p in all_blocs[index].parties if p in clear}
    by_party = {
        party: side_of_index[p]
        for party, p in [*((party, index) for index, party in enumerate(evidence.parties)), *evidence.enlisted.items()]
        if p in side_of_index
    }
    defectors = find_defectors(killmails, by_party, rules)
    roles = _roles(evidence, all_blocs, margins, rules)
    sides = [
        Side(
            number_of[index],
            roles[index],
            _memberships((p for p in all_blocs[index].parties if p in clear), evidence, confidence, second_best),
        )
        for index in kept
    ]
    return Sides(
        sides=tuple(sorted(sides, key=lambda side: side.side_id)),
        unassigned=_memberships((party for party in margins if party not in clear), evidence, confidence, second_best),
        awoxers=awoxers(killmails, rules),
        defectors=defectors,
        separate_groups=_separate_groups(all_blocs, number_of),
        by_party=by_party,
        by_pilot={(group.party, pilot): group.side for group in defectors for pilot in group.pilots},
    )


def _memberships(
    parties: Iterable[int],
    evidence: Evidence,
    confidence: Mapping[int, float],
    second_best: Mapping[int, int | None],
) -> tuple[SideMembership, ...]:
    """Most pilots first; a militia before the pilots who are also listed by themselves."""
    ranked = sorted(parties, key=lambda party: (-evidence.pilots[party], evidence.parties[party].id, party))
    enlisted = {p: sorted(party for party, index in evidence.enlisted.items() if index == p) for p in ranked}
    return tuple(
        SideMembership(party, confidence[p], round(evidence.total_weight(p), 4), second_best[p])
        for p in ranked
        for party in (evidence.parties[p], *enlisted[p])
    )


def _numbers(
    kept: Sequence[int], evidence: Evidence, all_blocs: Sequence[Bloc], clear: set[int], pins: Mapping[Party, int]
) -> dict[int, int]:
    """Side numbers from 1: more pilots first, then the lower entity id; a pinned number stays with its bloc."""
    ranked = sorted(kept, key=lambda index: _rank([p for p in all_blocs[index].parties if p in clear], evidence))
    number_of: dict[int, int] = {}
    for index in ranked:
        pinned = {pins[evidence.parties[p]] for p in all_blocs[index].parties if evidence.parties[p] in pins}
        if len(pinned) == 1 and not pinned & set(number_of.values()):
            number_of[index] = pinned.pop()
    candidates = range(1, len(all_blocs) + len(pins) + 1)
    free = iter(number for number in candidates if number not in number_of.values())
    return {index: number_of[index] if index in number_of else next(free) for index in ranked}


def _rank(parties: Sequence[int], evidence: Evidence) -> tuple[int, int]:
    return -sum(evidence.pilots[p] for p in parties), min(evidence.parties[p].id for p in parties)


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
    ranked = sorted(range(len(all_blocs)), key=lambda index: _rank(all_blocs[index].parties, evidence))
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
