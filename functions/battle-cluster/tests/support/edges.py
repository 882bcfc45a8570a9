"""Evidence, blocs and engagements exactly at a limit of the rules."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from builders import HOME, cluster_ids, kill, party

from battle_cluster.detection.rules import DetectionRules
from battle_cluster.domain.killmail import Killmail, Party
from battle_cluster.sides.assignment import Role, _roles
from battle_cluster.sides.defectors import OwnSideShots
from battle_cluster.sides.evidence import Evidence, EvidenceAccumulator, Graph
from battle_cluster.sides.fit import Standing
from battle_cluster.sides.placement import numbered_placement
from battle_cluster.sides.rules import SideRules
from battle_cluster.sides.shots import ShotIndex
from battle_cluster.sides.structural_balance import Bloc, _pairs, blocs

A, B, C, D = (party(letter) for letter in "ABCD")
Edges = Mapping[tuple[int, int], float]
Probe = Callable[[Any], object]
"""Computes from rules a result that one field of the rules decides."""


def neighbouring_values(value: float) -> tuple[float, float]:
    """A smaller and a larger value, as `make mutations` chooses them: small integers change by one, others by half."""
    if isinstance(value, int):
        return (value - 1, value + 1) if value < 60 else (value // 2, value * 2)
    return value / 2, value * 2


def graph(size: int, edges: Edges) -> Graph:
    rows: Graph = [{} for _ in range(size)]
    for (a, b), amount in edges.items():
        rows[a][b] = rows[b][a] = amount
    return rows


def evidence(size: int, hostility: Edges, co_attack: Edges | None = None) -> Evidence:
    """Evidence of parties A, B, C ... with ten pilots each, who lost one ship each."""
    parties = tuple(party(chr(ord("A") + index)) for index in range(size))
    hostility_graph, co_attack_graph = graph(size, hostility), graph(size, co_attack or {})
    return Evidence(parties, hostility_graph, co_attack_graph, (5,) * size, (10,) * size, (1,) * size)


def collect_evidence(killmails: Iterable[Killmail], rules: SideRules) -> Evidence:
    accumulator = EvidenceAccumulator(rules)
    for killmail in killmails:
        accumulator.add(killmail)
    return accumulator.evidence()


def collect_shots(killmails: Iterable[Killmail]) -> ShotIndex:
    shots = ShotIndex()
    for killmail in killmails:
        shots.add(killmail)
    return shots


def collect_own_side_shots(killmails: Iterable[Killmail]) -> OwnSideShots:
    shots = OwnSideShots()
    for killmail in killmails:
        shots.add(killmail)
    return shots


def is_merged(rules: SideRules, mutual: float, first: float, second: float, *, co_attack: float = 0.0) -> bool:
    """Whether A and B are merged. Each directs 100 of hostility: `mutual` at the other, `first` or `second` at C, the
    remaining part at D or E."""
    hostility = {
        (0, 1): mutual,
        (0, 2): second,
        (0, 3): 100 - mutual - second,
        (1, 2): first,
        (1, 4): 100 - mutual - first,
    }
    positive = {pair: amount for pair, amount in hostility.items() if amount > 0}
    all_blocs = blocs([[0], [1], [2], [3], [4]], evidence(5, positive, {(0, 1): co_attack}))
    return (0, 1) in {(a, b) for _, a, b in _pairs(all_blocs, rules)}


def is_one_battle(
    rules: DetectionRules, shared: int, pilots: int, *, minute: float = 5, start: int = HOME, system: int = HOME
) -> bool:
    """Whether two kills by one alliance are one battle, with so many pilots on each and so many of them on both."""
    both = [f"A{n}" for n in range(1, shared + 1)]
    first = [f"A{10 + n}" for n in range(pilots - 1 - shared)]
    second = [f"A{30 + n}" for n in range(pilots - 1 - shared)]
    earlier = kill(1, 0, "B1", " ".join([*both, *first]), system=start)
    later = kill(2, minute, "B2", " ".join([*both, *second]), system=system)
    return len(cluster_ids([earlier, later], rules)) == 1


def role_of_smallest_bloc(rules: SideRules, *, pilots: int = 9, margin: float = 0.4) -> Role:
    """The role of the smallest of three blocs with 100 pilots together; it fights only the largest."""
    evidence_of_three = Evidence(
        (A, B, C), [{}, {}, {}], [{}, {}, {}], (5, 5, 5), (100 - 41 - pilots, 41, pilots), (1, 1, 1)
    )
    all_blocs = [Bloc((0,), {1: 9.0, 2: 1.0}, {}), Bloc((1,), {0: 9.0}, {}), Bloc((2,), {0: 1.0}, {})]
    return _roles(evidence_of_three, all_blocs, {0: 1.0, 1: 1.0, 2: margin}, rules)[2]


def parties_on_sides(rules: SideRules, margin: float) -> set[Party]:
    """The parties on a side if the last of four parties has this margin."""
    evidence_of_four = evidence(4, {(0, 1): 1.0, (2, 3): 1.0})
    all_blocs = [Bloc((0, 2), {1: 2.0}, {}), Bloc((1, 3), {0: 2.0}, {})]
    standings = {index: Standing(margin if index == 3 else 1.0) for index in range(4)}
    return set(numbered_placement(evidence_of_four, all_blocs, standings, rules).by_party)
