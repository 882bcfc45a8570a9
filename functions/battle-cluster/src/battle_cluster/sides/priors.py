"""What is known about parties from outside the battle: tie-breakers only, never over several mails of evidence."""

from collections.abc import Iterable
from itertools import combinations
from typing import NamedTuple

from battle_cluster.detection.rules import SideRules
from battle_cluster.domain.killmail import Party, PartyKind
from battle_cluster.sides.evidence import Evidence, Graph

CALDARI, MINMATAR, AMARR, GALLENTE = 500_001, 500_002, 500_003, 500_004
ALLIED_MILITIAS = (frozenset({CALDARI, AMARR}), frozenset({MINMATAR, GALLENTE}))


class Prior(NamedTuple):
    """Two parties and a leaning from -1 (war, opposed) to 1 (often on one side, same coalition)."""

    a: Party
    b: Party
    affinity: float


def prior_weights(evidence: Evidence, priors: Iterable[Prior], rules: SideRules) -> Graph:
    """The leanings that may speak: where one of the two has hardly been seen."""
    number = {party: at for at, party in enumerate(evidence.parties)}
    found: Graph = [{} for _ in evidence.parties]
    for a, b, affinity in [*militias(evidence.parties), *priors]:
        first, second = number.get(a), number.get(b)
        if first is None or second is None or first == second:
            continue
        if min(evidence.mails[first], evidence.mails[second]) < rules.prior_mails:
            tip = rules.prior_weight * min(max(affinity, -1.0), 1.0)
            found[first][second] = found[first].get(second, 0.0) + tip
            found[second][first] = found[second].get(first, 0.0) + tip
    return found


def militias(parties: Iterable[Party]) -> list[Prior]:
    """The four empires' militias are allied two against two."""
    known = [party for party in parties if party.kind is PartyKind.FACTION]
    return [Prior(a, b, _leaning(a, b)) for a, b in combinations(known, 2) if _leaning(a, b)]


def _leaning(a: Party, b: Party) -> float:
    sides = [next((at for at, bloc in enumerate(ALLIED_MILITIAS) if one.id in bloc), None) for one in (a, b)]
    if None in sides:
        return 0.0
    return 1.0 if sides[0] == sides[1] else -1.0
