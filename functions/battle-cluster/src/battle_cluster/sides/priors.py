"""Prior knowledge about parties from outside the battle. It breaks ties and never outweighs several killmails."""

from collections.abc import Iterable
from itertools import combinations
from typing import NamedTuple

from battle_cluster.domain.killmail import Party, PartyKind
from battle_cluster.sides.evidence import Evidence, Graph
from battle_cluster.sides.rules import SideRules

CALDARI, MINMATAR, AMARR, GALLENTE = 500_001, 500_002, 500_003, 500_004
ALLIED_MILITIAS = (frozenset({CALDARI, AMARR}), frozenset({MINMATAR, GALLENTE}))


class Prior(NamedTuple):
    """Two parties and their affinity: -1 (at war) or 1 (allied)."""

    a: Party
    b: Party
    affinity: float


def prior_weights(evidence: Evidence, rules: SideRules) -> Graph:
    """Edge weights of the priors; a prior counts when a party of the pair is on few killmails (`prior_killmails`)."""
    index_of = {party: index for index, party in enumerate(evidence.parties)}
    weights: Graph = [{} for _ in evidence.parties]
    for a, b, affinity in militias(evidence.parties):
        first, second = index_of[a], index_of[b]
        if min(evidence.killmails[first], evidence.killmails[second]) < rules.prior_killmails:
            weights[first][second] = weights[second][first] = rules.prior_weight * affinity
    return weights


def militias(parties: Iterable[Party]) -> list[Prior]:
    """Priors between the militias of the four empires, which are allied two against two."""
    factions = [party for party in parties if party.kind is PartyKind.FACTION]
    return [Prior(a, b, _affinity(a, b)) for a, b in combinations(factions, 2) if _affinity(a, b)]


def _affinity(a: Party, b: Party) -> float:
    blocs = [next((index for index, bloc in enumerate(ALLIED_MILITIAS) if party.id in bloc), None) for party in (a, b)]
    if None in blocs:
        return 0.0
    return 1.0 if blocs[0] == blocs[1] else -1.0
