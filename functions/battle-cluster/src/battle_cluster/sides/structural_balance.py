"""Stage 2 of side assignment: merge clusters that share an enemy, such as the losers of a stomp, who never attack."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from battle_cluster.domain.cached_attribute import CachedAttribute
from battle_cluster.sides.correlation_clustering import EPSILON
from battle_cluster.sides.evidence import Evidence, Graph
from battle_cluster.sides.rules import SideRules


@dataclass(frozen=True)
class Bloc:
    """Parties of one cluster; `hostility` and `co_attack` are weights by the index of the other bloc."""

    parties: tuple[int, ...]
    hostility: dict[int, float]
    co_attack: dict[int, float]

    @CachedAttribute
    def total(self) -> float:
        return sum(self.hostility.values())


def blocs(clusters: Sequence[Sequence[int]], evidence: Evidence) -> list[Bloc]:
    bloc_of = {party: index for index, cluster in enumerate(clusters) for party in cluster}
    return [
        Bloc(
            tuple(cluster),
            _sums_by_other_bloc(index, cluster, evidence.hostility, bloc_of),
            _sums_by_other_bloc(index, cluster, evidence.co_attack, bloc_of),
        )
        for index, cluster in enumerate(clusters)
    ]


def blocs_by_hostility(clusters: Sequence[Sequence[int]], evidence: Evidence) -> list[Bloc]:
    """As `blocs`, without `co_attack`: most parties of a brawl have shot together, and only merging asks for it."""
    bloc_of = {party: index for index, cluster in enumerate(clusters) for party in cluster}
    return [
        Bloc(tuple(cluster), _sums_by_other_bloc(index, cluster, evidence.hostility, bloc_of), {})
        for index, cluster in enumerate(clusters)
    ]


def _sums_by_other_bloc(
    this_bloc: int, cluster: Sequence[int], graph: Graph, bloc_of: Mapping[int, int]
) -> dict[int, float]:
    sums: dict[int, float] = {}
    for party in cluster:
        for other, amount in graph[party].items():
            bloc = bloc_of[other]
            if bloc != this_bloc:
                sums[bloc] = sums.get(bloc, 0.0) + amount
    return sums


def merge_by_common_enemy(clusters: Sequence[Sequence[int]], evidence: Evidence, rules: SideRules) -> list[list[int]]:
    """Merge in rounds, the most similar pair first and each cluster once a round, until no pair qualifies.

    A pair qualifies when it shares an enemy and is not hostile to each other.
    """
    merged = [sorted(cluster) for cluster in clusters]
    while True:
        pairs = sorted(_pairs(blocs(merged, evidence), rules))
        if not pairs:
            return sorted(merged)
        merged = sorted(_merge_pairs(merged, [(a, b) for _, a, b in pairs]))


def _merge_pairs(clusters: list[list[int]], pairs: list[tuple[int, int]]) -> Iterator[list[int]]:
    partner: dict[int, int] = {}
    for a, b in pairs:
        if a not in partner and b not in partner:
            partner[a], partner[b] = b, a
    for index, cluster in enumerate(clusters):
        if index not in partner:
            yield cluster
        elif index < partner[index]:
            yield sorted([*cluster, *clusters[partner[index]]])


def _pairs(all_blocs: list[Bloc], rules: SideRules) -> Iterator[tuple[float, int, int]]:
    """(negated similarity, a, b) of each pair that qualifies; sorting puts the most similar pair first."""
    enemies = [_enemies(bloc, all_blocs, rules) for bloc in all_blocs]
    for b, second in enumerate(all_blocs):
        for a, first in enumerate(all_blocs[:b]):
            if not enemies[a].isdisjoint(enemies[b]) and _not_hostile(a, b, all_blocs, rules):
                yield -round(enemy_profile_similarity(first, second), 9), a, b


def _not_hostile(a: int, b: int, all_blocs: list[Bloc], rules: SideRules) -> bool:
    first, second = all_blocs[a], all_blocs[b]
    mutual, smaller_total = first.hostility.get(b, 0.0), min(first.total, second.total)
    if mutual <= rules.balance_mutual * smaller_total:
        return True
    similarity = enemy_profile_similarity(first, second)
    if similarity >= rules.balance_alike and mutual <= rules.hard_share * smaller_total:
        return True
    mostly_allied = mutual <= rules.balance_friendly * smaller_total and mutual < first.co_attack.get(b, 0.0)
    return mostly_allied and similarity >= rules.balance_similarity


def _enemies(bloc: Bloc, all_blocs: list[Bloc], rules: SideRules) -> frozenset[int]:
    """Blocs to which this one is hostile by more than a stray hit."""
    min_share = rules.balance_mutual
    return frozenset(
        other
        for other, amount in bloc.hostility.items()
        if amount > min_share * min(bloc.total, all_blocs[other].total)
    )


def enemy_profile_similarity(first: Bloc, second: Bloc) -> float:
    """How far two blocs spend their hostility on the same enemies, from 0 to 1."""
    if first.total <= EPSILON or second.total <= EPSILON:
        return 0.0
    return sum(
        min(amount / first.total, second.hostility.get(other, 0.0) / second.total)
        for other, amount in first.hostility.items()
    )
