"""The bloc of each party and the side number of each bloc: by the evidence, then by pins."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from battle_cluster.domain.killmail import Party
from battle_cluster.sides.correlation_clustering import correlation_clusters, edge_weights, fit_weights
from battle_cluster.sides.evidence import Evidence
from battle_cluster.sides.fit import Fitting, Standing, moved_to_best_fit, standing
from battle_cluster.sides.priors import prior_weights
from battle_cluster.sides.rules import SideRules
from battle_cluster.sides.structural_balance import Bloc, blocs_by_hostility, merge_by_common_enemy


class PartyStanding(NamedTuple):
    """How sure the side of a party is.

    margin: how much better it fits its own bloc than the next best one, from 0 to 1. confidence: the probability that
    it is on the right side. second_best: the number of the side that it fits next best; None without one.
    """

    margin: float
    confidence: float
    second_best: int | None = None


PINNED = PartyStanding(1.0, 1.0)
"""A person decided."""


@dataclass(frozen=True, slots=True)
class Placement:
    """Parties and blocs by index: parties in `evidence.parties`, blocs in `blocs`.

    number_of: the side number of each bloc that has a party with a clear side. clear: the parties with a clear side.
    """

    evidence: Evidence
    blocs: Sequence[Bloc]
    number_of: Mapping[int, int]
    standings: Mapping[int, PartyStanding]
    clear: frozenset[int]

    @property
    def by_party(self) -> dict[Party, int]:
        """The side number of each party with a clear side, and of the pilots enlisted in it."""
        number_of_party = {
            party: number
            for bloc, number in self.number_of.items()
            for party in self.blocs[bloc].parties
            if party in self.clear
        }
        entries = [
            *((party, index) for index, party in enumerate(self.evidence.parties)),
            *self.evidence.enlisted.items(),
        ]
        return {party: number_of_party[index] for party, index in entries if index in number_of_party}


def place_by_evidence(evidence: Evidence, rules: SideRules) -> Placement:
    priors = prior_weights(evidence, rules)
    clusters = merge_by_common_enemy(correlation_clusters(edge_weights(evidence, rules, priors)), evidence, rules)
    fitting = moved_to_best_fit(clusters, evidence, fit_weights(evidence, rules, priors), rules)
    return numbered_placement(evidence, fitting.blocs, fit_standings(fitting, rules), rules)


def place_with_pins(placement: Placement, evidence: Evidence, pins: Mapping[Party, int]) -> Placement:
    """The placement in which each pinned party has its pinned side, and every other party stays where it is.

    A pin is a person's word about one party. If it were evidence about others, an ally that shares a killmail with
    the pinned party would change sides too, and so would the numbers of the sides.

    evidence: of the same killmails, collected with the pins.
    """
    standings = _standings_with_pins(placement, evidence, pins)
    clear = _clear_parties(placement, evidence, pins)
    seat_of = _seats(placement)
    clusters: dict[_Seat, list[int]] = {}
    for index, party in enumerate(evidence.parties):
        clusters.setdefault(_Seat(pins[party]) if party in pins else seat_of[party], []).append(index)
    number_of = {
        bloc: seat.number
        for bloc, (seat, parties) in enumerate(clusters.items())
        if seat.number is not None and clear.intersection(parties)
    }
    numbers = set(number_of.values())
    return Placement(
        evidence,
        blocs_by_hostility(list(clusters.values()), evidence),
        number_of,
        {
            party: entry if entry.second_best in numbers else entry._replace(second_best=None)
            for party, entry in standings.items()
        },
        clear,
    )


class _Seat(NamedTuple):
    """A numbered side, or a bloc (by index) without a number."""

    number: int | None
    bloc: int | None = None


def _seats(placement: Placement) -> dict[Party, _Seat]:
    return {
        placement.evidence.parties[party]: _Seat(placement.number_of[index])
        if index in placement.number_of
        else _Seat(None, index)
        for index, bloc in enumerate(placement.blocs)
        for party in bloc.parties
    }


def _standings_with_pins(
    placement: Placement, evidence: Evidence, pins: Mapping[Party, int]
) -> dict[int, PartyStanding]:
    by_party = {placement.evidence.parties[index]: entry for index, entry in placement.standings.items()}
    return {index: PINNED if party in pins else by_party[party] for index, party in enumerate(evidence.parties)}


def _clear_parties(placement: Placement, evidence: Evidence, pins: Mapping[Party, int]) -> frozenset[int]:
    clear = {placement.evidence.parties[index] for index in placement.clear} | pins.keys()
    return frozenset(index for index, party in enumerate(evidence.parties) if party in clear)


def fit_standings(fitting: Fitting, rules: SideRules) -> dict[int, Standing]:
    """The standing of each party by its fit to the blocs."""
    return {party: standing(party, fitting, rules) for party in sorted(fitting.bloc_of)}


def numbered_placement(
    evidence: Evidence, all_blocs: Sequence[Bloc], standings: Mapping[int, Standing], rules: SideRules
) -> Placement:
    clear = frozenset(party for party, entry in standings.items() if entry.margin >= rules.unassigned)
    number_of = _numbers(evidence, all_blocs, clear)
    confident = {
        party: PartyStanding(
            entry.margin,
            calibrated_confidence(entry.margin, evidence.total_weight(party), rules),
            None if entry.second_best is None else number_of.get(entry.second_best),
        )
        for party, entry in standings.items()
    }
    return Placement(evidence, all_blocs, number_of, confident, clear)


def calibrated_confidence(margin: float, mass: float, rules: SideRules) -> float:
    """The probability that a party with this margin, on evidence of this total weight, is on the right side.

    It rises with both. A margin below `rules.unassigned` is returned unchanged, since that party gets no side. Above
    it a margin says too little: half a margin is right nine times in ten, and a full one on three killmails only five
    times in six.
    """
    if margin < rules.unassigned:
        return margin
    return round((1 - 1 / (mass + rules.confidence_mass)) * (1 - (1 - margin) ** rules.confidence_power), 4)


def _numbers(evidence: Evidence, all_blocs: Sequence[Bloc], clear: frozenset[int]) -> dict[int, int]:
    """Side numbers from 1 by bloc: more pilots first, then the lower entity id."""
    parties_of = {index: clear.intersection(bloc.parties) for index, bloc in enumerate(all_blocs)}
    kept = [index for index, parties in parties_of.items() if parties]
    ranked = sorted(kept, key=lambda index: size_rank(parties_of[index], evidence))
    return {index: number for number, index in enumerate(ranked, 1)}


def size_rank(parties: Collection[int], evidence: Evidence) -> tuple[int, int]:
    """A sort key that puts the parties with more pilots first, then those with the lower entity id."""
    return -sum(evidence.pilots[p] for p in parties), min(evidence.parties[p].id for p in parties)
