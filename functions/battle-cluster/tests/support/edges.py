"""Evidence, blocs and crews written down by hand, to stand exactly on an edge of the rules."""

from collections.abc import Mapping

from builders import HOME, groups, kill, party

from battle_cluster.detection.rules import DetectionRules
from battle_cluster.domain.killmail import Party
from battle_cluster.sides.assignment import Role, _build_sides, _Certainty, _roles  # pyright: ignore[reportPrivateUsage]
from battle_cluster.sides.evidence import Evidence, Graph
from battle_cluster.sides.rules import SideRules
from battle_cluster.sides.structural_balance import Bloc, merge_by_common_enemy

A, B, C, D = (party(letter) for letter in "ABCD")
Edges = Mapping[tuple[int, int], float]


def graph(size: int, edges: Edges) -> Graph:
    rows: Graph = [{} for _ in range(size)]
    for (a, b), amount in edges.items():
        rows[a][b] = rows[b][a] = amount
    return rows


def evidence(size: int, hostility: Edges, together: Edges | None = None) -> Evidence:
    """Parties A, B, C ... of ten pilots who lost one ship each."""
    parties = tuple(party(chr(ord("A") + at)) for at in range(size))
    shot, beside = graph(size, hostility), graph(size, together or {})
    return Evidence(parties, shot, beside, (5,) * size, (10,) * size, (1,) * size)


def merged(rules: SideRules, mutual: float, first: float, second: float, *, together: float = 0.0) -> bool:
    """Whether A and B become one: of 100 each spends `mutual` on the other, so much on C, and the rest on D or E."""
    hostility = {
        (0, 1): mutual,
        (0, 2): second,
        (0, 3): 100 - mutual - second,
        (1, 2): first,
        (1, 4): 100 - mutual - first,
    }
    held = evidence(5, {pair: amount for pair, amount in hostility.items() if amount > 0}, {(0, 1): together})
    apart = graph(5, {(2, 3): 1.0, (2, 4): 1.0, (3, 4): 1.0})
    return [0, 1] in merge_by_common_enemy([[0], [1], [2], [3], [4]], held, apart, rules)


def shares_crew(
    rules: DetectionRules, shared: int, crew: int, *, minute: float = 5, start: int = HOME, system: int = HOME
) -> bool:
    """Whether two kills of one alliance are one battle, with so many pilots of two crews in common."""
    known = [f"A{n}" for n in range(1, shared + 1)]
    first = [f"A{10 + n}" for n in range(crew - 1 - shared)]
    second = [f"A{30 + n}" for n in range(crew - 1 - shared)]
    early = kill(1, 0, "B1", " ".join([*known, *first]), system=start)
    return len(groups([early, kill(2, minute, "B2", " ".join([*known, *second]), system=system)], rules)) == 1


def role(rules: SideRules, *, pilots: int = 9, margin: float = 0.4) -> Role:
    """Of the smallest of three blocs of 100 pilots, which fights the largest alone."""
    held = Evidence((A, B, C), [{}, {}, {}], [{}, {}, {}], (5, 5, 5), (100 - 41 - pilots, 41, pilots), (1, 1, 1))
    found = [Bloc((0,), {1: 9.0, 2: 1.0}, {}), Bloc((1,), {0: 9.0}, {}), Bloc((2,), {0: 1.0}, {})]
    return _roles(held, found, {0: 1.0, 1: 1.0, 2: margin}, rules)[2]


def told_sides(rules: SideRules, margin: float) -> set[Party]:
    """Who is on a side, when the last of four parties has this margin."""
    held = evidence(4, {(0, 1): 1.0, (2, 3): 1.0})
    found = [Bloc((0, 2), {1: 2.0}, {}), Bloc((1, 3), {0: 2.0}, {})]
    return set(_build_sides([], held, found, rules, _Certainty({0: 1.0, 1: 1.0, 2: 1.0, 3: margin}, {})).by_party)
