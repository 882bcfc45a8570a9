"""Stage 2 of the sides: who never attacked together may still share an enemy, as the losers of a stomp do."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from battle_cluster.detection.rules import SideRules
from battle_cluster.sides.correlation_clustering import EPSILON
from battle_cluster.sides.evidence import Evidence, Graph


@dataclass(frozen=True, slots=True)
class Bloc:
    """Parties that belong together; hostility and common kills by number of the other bloc."""

    parties: tuple[int, ...]
    hostility: dict[int, float]
    together: dict[int, float]

    @property
    def total(self) -> float:
        return sum(self.hostility.values())


def blocs(clusters: Sequence[Sequence[int]], evidence: Evidence) -> list[Bloc]:
    home = {party: at for at, cluster in enumerate(clusters) for party in cluster}
    return [
        Bloc(
            tuple(cluster),
            _outward(at, cluster, evidence.hostility, home),
            _outward(at, cluster, evidence.co_attack, home),
        )
        for at, cluster in enumerate(clusters)
    ]


def _outward(own: int, cluster: Sequence[int], graph: Graph, home: Mapping[int, int]) -> dict[int, float]:
    sums: dict[int, float] = {}
    for party in cluster:
        for other, amount in graph[party].items():
            at = home[other]
            if at != own:
                sums[at] = sums.get(at, 0.0) + amount
    return sums


def merge_by_common_enemy(
    clusters: Sequence[Sequence[int]], evidence: Evidence, forbidden: Graph, rules: SideRules
) -> list[list[int]]:
    """Merge in rounds, the most alike first and each cluster once a round, until none share an enemy in peace."""
    current = [sorted(cluster) for cluster in clusters]
    while True:
        pairs = sorted(_pairs(blocs(current, evidence), forbidden, rules))
        if not pairs:
            return sorted(current)
        current = sorted(_joined(current, [(a, b) for _, a, b in pairs]))


def _joined(current: list[list[int]], pairs: list[tuple[int, int]]) -> Iterator[list[int]]:
    partner: dict[int, int] = {}
    for a, b in pairs:
        if a not in partner and b not in partner:
            partner[a], partner[b] = b, a
    for at, cluster in enumerate(current):
        if at not in partner:
            yield cluster
        elif at < partner[at]:
            yield sorted([*cluster, *current[partner[at]]])


def _pairs(found: list[Bloc], forbidden: Graph, rules: SideRules) -> Iterator[tuple[float, int, int]]:
    enemies = [_enemies(bloc, found, rules) for bloc in found]
    for b, second in enumerate(found):
        for a, first in enumerate(found[:b]):
            if (
                enemies[a] & enemies[b]
                and _not_hostile(a, b, found, rules)
                and not _kept_apart(first, second, forbidden)
            ):
                yield -round(enemy_profile_similarity(first, second), 9), a, b


def _not_hostile(a: int, b: int, found: list[Bloc], rules: SideRules) -> bool:
    first, second = found[a], found[b]
    mutual, least = first.hostility.get(b, 0.0), min(first.total, second.total)
    if mutual <= rules.balance_mutual * least:
        return True
    alike = enemy_profile_similarity(first, second)
    if alike >= rules.balance_alike and mutual <= rules.hard_share * least:
        return True
    shot_together = mutual <= rules.balance_friendly * least and mutual < first.together.get(b, 0.0)
    return shot_together and alike >= rules.balance_likeness


def _enemies(bloc: Bloc, found: list[Bloc], rules: SideRules) -> frozenset[int]:
    """A stray hit makes no enemy."""
    least = rules.balance_mutual
    return frozenset(
        other for other, amount in bloc.hostility.items() if amount > least * min(bloc.total, found[other].total)
    )


def _kept_apart(first: Bloc, second: Bloc, forbidden: Graph) -> bool:
    return any(b in forbidden[a] for a in first.parties for b in second.parties)


def enemy_profile_similarity(first: Bloc, second: Bloc) -> float:
    """How far two blocs spend their hostility on the same enemies, from 0 to 1."""
    if first.total <= EPSILON or second.total <= EPSILON:
        return 0.0
    return sum(
        min(amount / first.total, second.hostility.get(other, 0.0) / second.total)
        for other, amount in first.hostility.items()
    )
