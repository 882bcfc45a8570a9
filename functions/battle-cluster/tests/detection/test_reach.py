"""How far links reach, by kind of loss, and between which systems a pilot can travel."""

import pytest
from builders import CITADEL, FAR, HOME, NEXT, RULES, TRACTOR, kill

from battle_cluster.detection.classification import classify_loss
from battle_cluster.detection.reach import Reach, can_travel, has_gate_route
from battle_cluster.domain.killmail import Killmail

WORMHOLE = 31_000_005


@pytest.mark.parametrize(
    ("loss", "seconds"),
    [
        (kill(1, 0, "B1", "A1"), RULES.max_gap_within_system),
        (kill(1, 0, "B1", "A1", ship=CITADEL, unpiloted=True), RULES.max_link_distance),
        (kill(1, 0, "B1", "A1", ship=TRACTOR, unpiloted=True), RULES.capsule_window),
        (kill(1, 0, "B1", "CONCORD"), RULES.capsule_window),
    ],
    ids=["ship", "structure", "tractor unit", "shot by CONCORD"],
)
def test_reach_depends_on_the_kind_of_loss(loss: Killmail, seconds: int) -> None:
    assert Reach(RULES).within_system(loss, classify_loss(loss)) == seconds


def test_the_three_reaches_differ() -> None:
    assert RULES.capsule_window < RULES.max_gap_within_system < RULES.max_link_distance


@pytest.mark.parametrize(
    ("first", "second", "travels", "by_gate"),
    [(HOME, NEXT, True, True), (NEXT, HOME, True, True), (HOME, FAR, False, False), (FAR, WORMHOLE, True, False)],
)
def test_pilots_travel_by_gates_and_wormholes(first: int, second: int, travels: bool, by_gate: bool) -> None:
    a, b = kill(1, 0, "B1", "A1", system=first), kill(2, 0, "B2", "A1", system=second)
    assert can_travel(a, b) is can_travel(b, a) is travels
    assert has_gate_route(a, b) is has_gate_route(b, a) is by_gate
