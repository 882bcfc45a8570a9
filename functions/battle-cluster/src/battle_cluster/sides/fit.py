"""How well a party fits each bloc, and stage 3 of side assignment: parties move to the bloc that they fit best."""

from collections.abc import Sequence
from typing import NamedTuple

from battle_cluster.sides.correlation_clustering import EPSILON
from battle_cluster.sides.evidence import Evidence, Graph
from battle_cluster.sides.rules import SideRules
from battle_cluster.sides.structural_balance import Bloc, blocs_by_hostility


class Fitting:
    """The fit of parties (by index) to blocs (by index): the weights between them, and the enemies they have in common.

    A bloc of which a party knows nothing is not in its result.
    """

    def __init__(self, evidence: Evidence, graph: Graph, all_blocs: Sequence[Bloc]) -> None:
        self.blocs = all_blocs
        self.bloc_of = {party: index for index, bloc in enumerate(all_blocs) for party in bloc.parties}
        self._evidence = evidence
        self._graph = graph
        self._totals = [bloc.total for bloc in all_blocs]
        self._alternatives: dict[tuple[int, float], tuple[float, dict[int, float]]] = {}

    def fit(self, party: int) -> dict[int, float]:
        return self._fit(party, self.hostility(party))

    def _fit(self, party: int, hostility: dict[int, float]) -> dict[int, float]:
        fit = self._sums_by_bloc(self._graph[party])
        for index in range(len(self.blocs)):
            common = self._common_hostility(party, hostility, index)
            if common:
                fit[index] = fit.get(index, 0.0) + common
        return fit

    def own_and_alternatives(self, party: int, max_share: float) -> tuple[float, dict[int, float]]:
        """The fit of the party's own bloc, and of each other bloc that is not its enemy.

        A bloc is an enemy where shots at each other are more than `max_share` of all hostility of the party or of the
        bloc: a kill stealer fits its victims, since it shares enemies with each of them.
        """
        if (party, max_share) not in self._alternatives:
            self._alternatives[party, max_share] = self._own_and_alternatives(party, max_share)
        return self._alternatives[party, max_share]

    def _own_and_alternatives(self, party: int, max_share: float) -> tuple[float, dict[int, float]]:
        hostility = self.hostility(party)
        fit = self._fit(party, hostility)
        own_fit = fit.pop(self.bloc_of[party], 0.0)
        total = sum(hostility.values())
        return own_fit, {
            index: amount
            for index, amount in fit.items()
            if hostility.get(index, 0.0) <= max_share * min(total, self._totals[index])
        }

    def has_evidence(self, party: int) -> bool:
        return bool(self._evidence.hostility[party] or self._evidence.co_attack[party])

    def hostility(self, party: int) -> dict[int, float]:
        """The party's hostility by bloc."""
        return self._sums_by_bloc(self._evidence.hostility[party])

    def _sums_by_bloc(self, row: dict[int, float]) -> dict[int, float]:
        sums: dict[int, float] = {}
        for other, amount in row.items():
            bloc = self.bloc_of[other]
            sums[bloc] = sums.get(bloc, 0.0) + amount
        return sums

    def _common_hostility(self, party: int, hostility: dict[int, float], index: int) -> float:
        """Hostility that the party and the others of the bloc spend on the same enemies.

        Each enemy counts at most what either of the two spends on it, so that a bloc of one pilot does not attract an
        army. It is weighted by the bloc's share of all others' hostility to that enemy, so that victims of one enemy
        join its main opponent; and by the enemy's share of the bloc's hostility, so that they do not join a third
        party, which is hostile to many.
        """
        own_part = hostility if index == self.bloc_of[party] else {}
        focus = self._totals[index] - sum(own_part.values())
        if focus <= EPSILON:
            return 0.0
        common = 0.0
        for enemy, amount in self.blocs[index].hostility.items():
            spent, by_others = hostility.get(enemy, 0.0), amount - own_part.get(enemy, 0.0)
            if spent > EPSILON and by_others > EPSILON:
                all_others = self._totals[enemy] - spent
                common += min(spent, by_others) * (by_others / all_others) * (by_others / focus)
        return common


def moved_to_best_fit(
    clusters: Sequence[Sequence[int]],
    evidence: Evidence,
    graph: Graph,
    rules: SideRules,
) -> Fitting:
    """Move each party that fits another cluster better than its own, in order of index, until no more do.

    Clustering by co-attack alone lets a single shared killmail tie a victim to a third party, before the victims'
    common enemy is considered. A party moves at most once.
    """
    remaining = [sorted(cluster) for cluster in clusters]
    movable = list(range(len(graph)))
    fitting = Fitting(evidence, graph, blocs_by_hostility(remaining, evidence))
    moved = True
    while moved:
        moved = False
        for party in list(movable):
            target = _better_bloc(party, fitting, rules)
            if target is not None:
                movable.remove(party)
                remaining = _moved(party, remaining, fitting.bloc_of[party], target)
                fitting = Fitting(evidence, graph, blocs_by_hostility(remaining, evidence))
                moved = True
    return fitting


def _better_bloc(party: int, fitting: Fitting, rules: SideRules) -> int | None:
    """The bloc that the party fits best, if that is not its own; on a tie the first."""
    own_fit, fit = fitting.own_and_alternatives(party, rules.move_share)
    best = min(fit, key=lambda index: (-fit[index], index), default=None)
    return None if best is None or fit[best] <= max(own_fit, 0.0) + EPSILON else best


def _moved(party: int, clusters: Sequence[list[int]], source: int, target: int) -> list[list[int]]:
    changed = list(clusters)
    changed[source] = [other for other in clusters[source] if other != party]
    changed[target] = sorted([*clusters[target], party])
    return sorted(cluster for cluster in changed if cluster)


class Standing(NamedTuple):
    """The margin of a party, and the bloc (by index) that it fits next best; None without an alternative."""

    margin: float
    second_best: int | None = None


def margin(party: int, fitting: Fitting, rules: SideRules) -> float:
    """As `standing`."""
    return standing(party, fitting, rules).margin


def standing(party: int, fitting: Fitting, rules: SideRules) -> Standing:
    """How much better the party fits its own bloc than the next best one, from 0 to 1.

    A bloc of which nothing is known is no alternative, nor is one that the party mostly shot; without any alternative
    the margin is 1. A party of which nothing is known, such as the owner of a structure that shot beside pilots, has
    margin 0.
    """
    if not fitting.has_evidence(party):
        return Standing(0.0)
    own_fit, alternatives = fitting.own_and_alternatives(party, rules.move_share)
    second = min(alternatives, key=lambda index: (-alternatives[index], index), default=None)
    if second is None:
        return Standing(1.0)
    second_fit = alternatives[second]
    scale = abs(own_fit) + abs(second_fit)
    return Standing(0.0 if scale == 0 else round(min(max((own_fit - second_fit) / scale, 0.0), 1.0), 4), second)
