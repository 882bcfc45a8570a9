"""How parties fit blocs, and which of them move, on evidence written by hand."""

import pytest
from edges import Edges, evidence

from battle_cluster.sides.correlation_clustering import fit_weights
from battle_cluster.sides.evidence import Evidence
from battle_cluster.sides.fit import Fitting, _better_bloc, margin, moved_to_best_fit
from battle_cluster.sides.rules import DEFAULT_SIDE_RULES as RULES
from battle_cluster.sides.structural_balance import blocs


def fitting(built: Evidence, *clusters: list[int]) -> Fitting:
    return Fitting(built, fit_weights(built, RULES), blocs(list(clusters), built))


def moved(built: Evidence, *clusters: list[int]) -> list[list[int]]:
    fitting = moved_to_best_fit(list(clusters), built, fit_weights(built, RULES), RULES)
    return [list(bloc.parties) for bloc in fitting.blocs]


STOMP: Edges = {(0, 1): 10.0, (0, 2): 6.0, (0, 3): 2.0}
"""Party 0 kills 1, 2 and 3."""


def test_common_enemy_counts_at_most_what_either_spends_on_it() -> None:
    assert fitting(evidence(4, STOMP), [0], [1], [2], [3]).fit(3) == pytest.approx({0: -5.0, 1: 1.25, 2: 0.75})
    assert fitting(evidence(4, STOMP), [0], [1], [2], [3]).fit(1)[3] == pytest.approx(2.0 * 2 / 8)


def test_common_enemy_counts_less_for_a_bloc_with_other_enemies() -> None:
    built = evidence(5, {**STOMP, (2, 4): 18.0})
    assert fitting(built, [0], [1], [2], [3], [4]).fit(3)[2] == pytest.approx(2.0 * 6 / 16 * 6 / 24)


def test_enemy_that_nobody_else_of_the_bloc_fights_is_no_common_enemy() -> None:
    assert fitting(evidence(4, {(0, 2): 4.0, (1, 3): 4.0}), [0, 1], [2], [3]).fit(0) == pytest.approx({1: -10.0})


def test_the_own_part_of_a_bloc_is_no_evidence_for_it() -> None:
    assert fitting(evidence(4, STOMP), [0], [1, 3], [2]).fit(3) == pytest.approx({0: -5.0, 1: 1.25, 2: 0.75})
    assert 3 not in fitting(evidence(4, STOMP), [0], [1], [2], [3]).fit(3)


def test_hostility_is_summed_by_bloc() -> None:
    assert fitting(evidence(4, STOMP), [0], [1, 3], [2]).hostility(0) == {1: 12.0, 2: 6.0}


def test_victim_tied_to_a_third_party_by_one_killmail_moves_to_the_other_victims() -> None:
    built = evidence(5, {**STOMP, (0, 4): 0.5}, {(3, 4): 0.3})
    assert moved(built, [0], [1, 2], [3, 4]) == [[0], [1, 2, 3, 4]]


def test_party_that_fits_its_own_cluster_stays() -> None:
    assert moved(evidence(4, STOMP, {(1, 2): 9.0}), [0], [1, 2, 3]) == [[0], [1, 2, 3]]


def test_party_does_not_move_to_a_cluster_on_which_it_spends_more_than_a_quarter_of_its_hostility() -> None:
    def clusters(mutual: float) -> list[list[int]]:
        hostility = {(0, 1): 50.0, (0, 2): 20.0 - mutual, (1, 2): mutual}
        return moved(evidence(3, hostility, {(1, 2): 30.0}), [0], [1], [2])

    assert clusters(5.0) == [[0], [1, 2]]
    assert clusters(5.1) == [[0], [1], [2]]


def test_party_that_shot_the_cluster_it_fits_best_fits_the_next_best_one() -> None:
    hostility = {(0, 1): 50.0, (0, 3): 50.0, (0, 2): 10.0, (1, 2): 8.0}
    built = evidence(4, hostility, {(1, 2): 90.0, (2, 3): 1.0})
    assert _better_bloc(2, fitting(built, [0], [1], [2], [3]), RULES) == 3


def test_kill_stealer_that_shoots_and_helps_both_sides_is_clearly_on_neither() -> None:
    """It fits one of them better than nobody, but neither is an alternative. Before, it was unassigned."""
    built = evidence(3, {(0, 1): 50.0, (0, 2): 4.0, (1, 2): 3.0}, {(0, 2): 6.0, (1, 2): 8.0})
    stealer = fitting(built, [0], [1], [2])
    assert stealer.fit(2)[1] > 0
    assert margin(2, stealer, RULES) == 1.0
    assert moved(built, [0], [1], [2]) == [[0], [1], [2]]


def test_each_party_moves_at_most_once() -> None:
    chain = evidence(4, {}, {(0, 1): 1.0, (1, 2): 2.0, (2, 3): 3.0})
    assert moved(chain, [0], [1], [2], [3]) == [[0], [1], [2, 3]]


def test_margin_of_a_party_without_evidence_is_zero() -> None:
    built = evidence(3, {(0, 1): 1.0})
    assert [margin(party, fitting(built, [0], [1], [2]), RULES) for party in range(3)] == [1.0, 1.0, 0.0]


def test_few_losses_beside_the_main_opponent_have_a_clear_side() -> None:
    """Before, every bloc that lost as much as the party was an equal alternative."""
    built = evidence(4, STOMP)
    assert margin(3, fitting(built, [0], [1, 3], [2]), RULES) == pytest.approx((1.25 - 0.75) / 2.0)
