"""Stage 1 of the sides: parties agglomerate by what speaks for and against them being together."""

from collections.abc import Mapping
from heapq import heapify, heappop, heappush

from battle_cluster.detection.rules import SideRules
from battle_cluster.domain.killmail import Party
from battle_cluster.sides.evidence import Evidence, Graph

EPSILON = 1e-9
"""Below it a sum of floats is noise, and parties without evidence for each other stay apart."""

PINNED = 1e9
"""More than any evidence: what people pinned holds."""


def edge_weights(evidence: Evidence, rules: SideRules, pins: Mapping[Party, int], priors: Graph | None = None) -> Graph:
    """Signed weight of every pair that anything is known of."""
    total = [evidence.total_hostility(at) for at in range(len(evidence.parties))]
    found: Graph = []
    for a, (hostile, together) in enumerate(zip(evidence.hostility, evidence.co_attack, strict=True)):
        row = dict(together)
        for b, amount in hostile.items():
            mostly = amount >= rules.hard_share * min(total[a], total[b])
            row[b] = row.get(b, 0.0) - amount * (rules.hostility_hard if mostly else rules.hostility)
        found.append(row)
    for a, row in enumerate(priors or ()):
        for b, tip in row.items():
            found[a][b] = found[a].get(b, 0.0) + tip
    _pin(found, evidence.parties, pins)
    return found


def _pin(found: Graph, parties: tuple[Party, ...], pins: Mapping[Party, int]) -> None:
    """Parties of one number together, of different numbers apart.

    Towards everybody else only what speaks for a pinned party counts: who was put beside his enemy's ally must not
    drive that ally away.
    """
    pinned = {at: pins[party] for at, party in enumerate(parties) if party in pins}
    for a, side in pinned.items():
        for b in [b for b, score in found[a].items() if b not in pinned and score < 0]:
            del found[a][b], found[b][a]
        for b, other in pinned.items():
            if a != b:
                found[a][b] = PINNED if side == other else -PINNED


def correlation_clusters(graph: Graph) -> list[list[int]]:
    """Greedy agglomeration, then single moves until nothing improves."""
    home = _agglomerated(graph)
    while _local_moves(graph, home):
        pass
    members: dict[int, list[int]] = {}
    for at, cluster in enumerate(home):
        members.setdefault(cluster, []).append(at)
    return sorted(members.values())


def _agglomerated(graph: Graph) -> list[int]:
    """The best positive pair first, sums as linkage, ties by number."""
    rows = {at: dict(row) for at, row in enumerate(graph)}
    members = {at: [at] for at in rows}
    heap = [(-score, a, b) for a, row in rows.items() for b, score in row.items() if a < b and score > EPSILON]
    heapify(heap)
    while heap:
        score, a, b = heappop(heap)
        if a not in rows or b not in rows or rows[a].get(b) != -score:
            continue
        _merge(rows, a, b)
        members[a] += members.pop(b)
        for other, value in rows[a].items():
            if value > EPSILON:
                heappush(heap, (-value, min(a, other), max(a, other)))
    home = [0] * len(graph)
    for cluster, parties in members.items():
        for party in parties:
            home[party] = cluster
    return home


def _merge(rows: dict[int, dict[int, float]], a: int, b: int) -> None:
    gone = rows.pop(b)
    for other, value in gone.items():
        del rows[other][b]
        if other != a:
            rows[a][other] = rows[other][a] = rows[a].get(other, 0.0) + value


def _local_moves(graph: Graph, home: list[int]) -> bool:
    """One pass in order: each party goes where it fits best, or on its own. Whether any moved."""
    moved = False
    free = max(home, default=0) + 1
    for party, row in enumerate(graph):
        fit: dict[int, float] = {}
        for other, score in row.items():
            fit[home[other]] = fit.get(home[other], 0.0) + score
        best = max(fit, key=lambda cluster: (fit[cluster], -cluster), default=home[party])
        here = fit.get(home[party], 0.0)
        if fit.get(best, 0.0) > max(here, 0.0) + EPSILON:
            home[party], moved = best, True
        elif here < -EPSILON:
            home[party], moved, free = free, True, free + 1
    return moved
