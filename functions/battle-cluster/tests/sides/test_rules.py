"""Each field of the side rules decides a case at its limit; a smaller and a larger value decide it differently."""

from dataclasses import fields, replace

import pytest
from builders import kill
from edges import (
    A,
    B,
    C,
    D,
    Probe,
    collect_evidence,
    collect_own_side_shots,
    collect_shots,
    evidence,
    is_merged,
    neighbouring_values,
    parties_on_sides,
    role_of_smallest_bloc,
)

from battle_cluster.domain.killmail import Party, PartyKind
from battle_cluster.sides.assignment import Role
from battle_cluster.sides.correlation_clustering import edge_weights, fit_weights
from battle_cluster.sides.defectors import awoxers, find_defectors
from battle_cluster.sides.evidence import weight
from battle_cluster.sides.fit import moved_to_best_fit
from battle_cluster.sides.placement import calibrated_confidence
from battle_cluster.sides.priors import AMARR, CALDARI, prior_weights
from battle_cluster.sides.rules import SideRules


def edge_weight(rules: SideRules, mutual: float) -> float:
    """The weight between two parties, each with ten units of hostility, of which this many against the other."""
    hostility = {(0, 1): mutual, (0, 2): 10 - mutual, (1, 3): 10 - mutual}
    return round(edge_weights(evidence(4, hostility), rules)[0][1], 6)


def moves(rules: SideRules, mutual: float) -> bool:
    """Whether a party moves to another that it shot with this many of its twenty units of hostility."""
    built = evidence(3, {(0, 1): 50, (0, 2): 20 - mutual, (1, 2): mutual}, {(1, 2): 30})
    fitting = moved_to_best_fit([[0], [1], [2]], built, fit_weights(built, rules), rules)
    return [bloc.parties for bloc in fitting.blocs] == [(0,), (1, 2)]


def is_split(rules: SideRules, pilots: int, killmails: int, loyal_pilots: int = 2) -> bool:
    defectors = " ".join(f"A{70 + n}" for n in range(pilots))
    loyal = [kill(n, n, f"B{n}", " ".join(f"A{k}" for k in range(1, loyal_pilots + 1))) for n in range(1, 6)]
    defected = [kill(300 + n, n, f"C{n}", f"{defectors} B8") for n in range(killmails)]
    killmails = [*loyal, *defected]
    side_of = {A: 1, C: 1, B: 2}
    return bool(find_defectors(collect_own_side_shots(killmails), collect_shots(killmails), side_of, rules))


def prior_weight(rules: SideRules, killmails: int) -> float:
    allies = (Party(PartyKind.FACTION, CALDARI), Party(PartyKind.FACTION, AMARR))
    evidence_of_two = replace(evidence(2, {(0, 1): 1.0}), parties=allies, killmails=(killmails, 9))
    return prior_weights(evidence_of_two, rules)[0].get(1, 0.0)


def has_awoxer(rules: SideRules, other_victims: int) -> bool:
    others = (kill(2 + n, n, f"B{n}", "A9") for n in range(other_victims))
    return bool(awoxers(collect_shots([kill(1, 0, "A1", "A9"), *others]), rules))


def hostility_with_friendly_fire(rules: SideRules) -> float:
    return round(collect_evidence([kill(1, 0, "B1", "A1 B2")], rules).hostility[0][1], 4)


CASES: dict[str, tuple[Probe, object]] = {
    "weight_log_offset": (lambda r: weight(1e7, r), 2.0),
    "min_weight": (lambda r: weight(1, r), 0.3),
    "max_weight": (lambda r: weight(1e12, r), 3.0),
    "friendly_fire": (hostility_with_friendly_fire, 0.3536),
    "hostility": (lambda r: edge_weight(r, 1.0), -3.0),
    "hostility_hard": (lambda r: edge_weight(r, 2.0), -12.0),
    "hard_share": (lambda r: (edge_weight(r, 1.5), edge_weight(r, 1.4)), (-9.0, -4.2)),
    "fit_hostility": (lambda r: fit_weights(evidence(2, {(0, 1): 2.0}), r)[0][1], -5.0),
    "move_share": (lambda r: (moves(r, 5.0), moves(r, 5.1)), (True, False)),
    "balance_mutual": (lambda r: (is_merged(r, 5, 35, 35), is_merged(r, 6, 35, 35)), (True, False)),
    "balance_alike": (lambda r: (is_merged(r, 10, 85, 90), is_merged(r, 10, 80, 90)), (True, False)),
    "balance_friendly": (
        lambda r: (is_merged(r, 25, 75, 75, co_attack=30), is_merged(r, 26, 74, 74, co_attack=30)), (True, False)),
    "balance_similarity": (
        lambda r: (is_merged(r, 20, 70, 80, co_attack=30), is_merged(r, 20, 65, 80, co_attack=30)), (True, False)),
    "third_party_pilots": (
        lambda r: tuple(role_of_smallest_bloc(r, pilots=pilots) for pilots in (9, 10)), (Role.THIRD_PARTY, Role.SIDE)),
    "third_party_margin": (
        lambda r: tuple(role_of_smallest_bloc(r, margin=margin) for margin in (0.49, 0.5)),
        (Role.THIRD_PARTY, Role.SIDE)),
    "unassigned": (lambda r: (parties_on_sides(r, 0.2), parties_on_sides(r, 0.19)), ({A, B, C, D}, {A, B, C})),
    "confidence_mass": (lambda r: calibrated_confidence(0.5, 7.0, r), 0.8719),
    "confidence_power": (lambda r: calibrated_confidence(0.5, 7.0, r), 0.8719),
    "awox_share": (lambda r: (has_awoxer(r, 1), has_awoxer(r, 2)), (True, False)),
    "split_killmails": (lambda r: (is_split(r, 2, 3), is_split(r, 2, 2)), (True, False)),
    "split_pilots": (lambda r: (is_split(r, 2, 3), is_split(r, 1, 3)), (True, False)),
    "split_share": (lambda r: (is_split(r, 2, 3, 38), is_split(r, 2, 3, 39)), (True, False)),
    "prior_killmails": (lambda r: (prior_weight(r, 2), prior_weight(r, 3)), (0.1, 0.0)),
    "prior_weight": (lambda r: prior_weight(r, 2), 0.1),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_each_field_decides_at_its_limit_and_other_values_decide_differently(name: str) -> None:
    probe, expected = CASES[name]
    assert probe(SideRules()) == expected
    for value in neighbouring_values(getattr(SideRules(), name)):
        assert probe(replace(SideRules(), **{name: value})) != expected


def test_every_field_has_a_case() -> None:
    assert {field.name for field in fields(SideRules)} == CASES.keys()
