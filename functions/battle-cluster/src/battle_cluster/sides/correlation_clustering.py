"""Stage 1 of side assignment: correlation clustering of parties by the signed evidence between them."""

from collections.abc import Iterable, Mapping

from battle_cluster.sides.evidence import Evidence, Graph
from battle_cluster.sides.rules import SideRules

EPSILON = 1e-9
"""A smaller sum of floats is noise; parties without evidence for each other stay apart."""


def edge_weights(evidence: Evidence, rules: SideRules, priors: Graph | None = None) -> Graph:
    """Signed weight of every pair of parties that has evidence or a prior, for clustering."""
    total = [evidence.total_hostility(party) for party in range(len(evidence.parties))]
    penalties: Graph = [
        {
            b: amount
            * (rules.hostility_hard if amount >= rules.hard_share * min(total[a], total[b]) else rules.hostility)
            for b, amount in row.items()
        }
        for a, row in enumerate(evidence.hostility)
    ]
    return _weights(evidence, penalties, priors)


def fit_weights(evidence: Evidence, rules: SideRules, priors: Graph | None = None) -> Graph:
    """Signed weight of every pair, for the choice of one party between clusters: all hostility weighs the same."""
    penalties: Graph = [{b: amount * rules.fit_hostility for b, amount in row.items()} for row in evidence.hostility]
    return _weights(evidence, penalties, priors)


def _weights(evidence: Evidence, penalties: Graph, priors: Graph | None) -> Graph:
    weights: Graph = []
    for co_attack, row_of_penalties in zip(evidence.co_attack, penalties, strict=True):
        row = dict(co_attack)
        for b, penalty in row_of_penalties.items():
            row[b] = row.get(b, 0.0) - penalty
        weights.append(row)
    for a, row in enumerate(priors or ()):
        for b, prior in row.items():
            weights[a][b] = weights[a].get(b, 0.0) + prior
    return weights


def correlation_clusters(graph: Graph) -> list[list[int]]:
    """Greedy agglomeration, then single moves until none improves the clustering."""
    cluster_of = _agglomerated(graph)
    while _local_moves(graph, cluster_of):
        pass
    members: dict[int, list[int]] = {}
    for party, cluster in enumerate(cluster_of):
        members.setdefault(cluster, []).append(party)
    return sorted(members.values())


Pair = tuple[float, int, int]
"""Negated weight and the two clusters, the lower index first: the strongest pair sorts first, then the first ones."""


def _agglomerated(graph: Graph) -> list[int]:
    """Merge the pair with the greatest positive weight first (linkage: sum of weights; ties by index)."""
    rows = {party: dict(row) for party, row in enumerate(graph)}
    members = {party: [party] for party in rows}
    best = {a: pair for a in rows if (pair := _best_pair(a, rows)) is not None}
    while best:
        _, a, b = min(best.values())
        changed = rows[b].keys() - {a}
        _merge(rows, a, b)
        members[a] += members.pop(b)
        best.pop(b, None)
        _update_best(best, rows, a, b, changed)
    cluster_of = [0] * len(graph)
    for cluster, parties in members.items():
        for party in parties:
            cluster_of[party] = cluster
    return cluster_of


def _best_pair(a: int, rows: Mapping[int, Mapping[int, float]]) -> Pair | None:
    """The strongest pair of this cluster with one of a higher index; each pair belongs to its lower index."""
    return min([(-score, a, b) for b, score in rows[a].items() if b > a and score > EPSILON], default=None)


def _update_best(
    best: dict[int, Pair], rows: Mapping[int, Mapping[int, float]], a: int, b: int, changed: Iterable[int]
) -> None:
    """After b was merged into a: the weights of `changed` to a are others now, and those to b are gone."""
    for other in (a, *changed):
        known = best.get(other)
        pair = (-rows[other][a], other, a) if other < a else None
        if pair is not None and -pair[0] > EPSILON and (known is None or pair <= known):
            best[other] = pair
        elif other == a or (known is not None and known[2] in {a, b}):
            next_best = _best_pair(other, rows)
            if next_best is None:
                best.pop(other, None)
            else:
                best[other] = next_best


def _merge(rows: dict[int, dict[int, float]], a: int, b: int) -> None:
    merged = rows.pop(b)
    for other, value in merged.items():
        del rows[other][b]
        if other != a:
            rows[a][other] = rows[other][a] = rows[a].get(other, 0.0) + value


def _local_moves(graph: Graph, cluster_of: list[int]) -> bool:
    """Move each party, in order, to the cluster it fits best or to one of its own; returns whether any moved."""
    moved = False
    free = max(cluster_of, default=0) + 1
    for party, row in enumerate(graph):
        fit: dict[int, float] = {}
        for other, score in row.items():
            fit[cluster_of[other]] = fit.get(cluster_of[other], 0.0) + score
        best = max(fit, key=lambda cluster: (fit[cluster], -cluster), default=cluster_of[party])
        current = fit.get(cluster_of[party], 0.0)
        if fit.get(best, 0.0) > max(current, 0.0) + EPSILON:
            cluster_of[party], moved = best, True
        elif current < -EPSILON:
            cluster_of[party], moved, free = free, True, free + 1
    return moved
