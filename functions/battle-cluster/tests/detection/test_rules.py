"""Each figure of the rules decides something at its very edge; a smaller and a larger one decide it otherwise."""

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import pytest
from builders import CAPSULE, CITADEL, FAR, NEXT, component_of, groups, kill
from edges import A, B, C, D, evidence, merged, role, shares_crew, told_sides

from battle_cluster.detection.clustering import cluster
from battle_cluster.detection.rules import DetectionRules
from battle_cluster.detection.session_gap import inactivity_gaps
from battle_cluster.detection.split_suggestions import SplitReason, suggested_splits
from battle_cluster.detection.tiers import Tier
from battle_cluster.domain.killmail import Killmail
from battle_cluster.sides.assignment import Role, calibrated_confidence
from battle_cluster.sides.correlation_clustering import edge_weights
from battle_cluster.sides.defectors import awoxers, find_defectors
from battle_cluster.sides.evidence import collect_evidence, weight
from battle_cluster.sides.priors import Prior, prior_weights
from battle_cluster.sides.rules import SideRules

HOLE = 31_000_005


def one(rules: DetectionRules, *mails: Killmail) -> bool:
    return len(groups(mails, rules)) == 1


def later(seconds: float) -> float:
    return seconds / 60


def pause(rules: DetectionRules, seconds: int, *, second: str = "B2") -> bool:
    return one(rules, kill(1, 0, "B1", "A1 A2"), kill(2, later(seconds), second, "A1 A2"))


def met(rules: DetectionRules, first: str, second: str) -> bool:
    """One victim of each alliance named, and after 25 minutes again, by the same two pilots."""
    early = [kill(n, n / 60, f"{who}1", "A1 A2") for n, who in enumerate(first, 1)]
    late = [kill(10 + n, 25 + n / 60, f"{who}2", "A1 A2") for n, who in enumerate(second, 1)]
    return one(rules, *early, *late)


def besieged(rules: DetectionRules, seconds: int) -> bool:
    times = {1: ("A1", 0.0), 2: ("C1", later(seconds))}
    return one(rules, *(kill(n, at, "B1", by, hull=CITADEL, empty=True) for n, (by, at) in times.items()))


def capsule(rules: DetectionRules, seconds: int) -> list[str]:
    pod = kill(2, later(seconds), "B1", "D1", hull=CAPSULE)
    return [link.reason.value for link in component_of(1, cluster([kill(1, 0, "B1", "A1"), pod], rules)).links]


def police(rules: DetectionRules, seconds: int) -> bool:
    fight = [kill(1, 0, "B1", "A1"), kill(2, 4, "B2", "A1")]
    return bool(component_of(1, cluster([*fight, kill(3, 4 + later(seconds), "A1", "CONCORD")], rules)).non_combat_ids)


def bridged(rules: DetectionRules, mails: int) -> int:
    """Two strangers' fights, A1 on both; the second has that many mails, the one with A1 included."""
    first = [kill(n, n, f"B{n}", "A1 A2") for n in (1, 2, 3)]
    second = [kill(10 + n, 5 + n, f"D{n}", "C1 C2" if n > 1 else "A1 C1") for n in range(1, mails + 1)]
    return len(groups([*first, *second], rules))


def tier(
    rules: DetectionRules, mails: int, attackers: int, *, victims: int = 1, value: float = 1e6, enemy: str = "B"
) -> Tier:
    by = " ".join(f"A{100 + n}" for n in range(attackers))
    fight = [kill(n, n / 60, f"{enemy}{n % victims}", by, value=value) for n in range(1, mails + 1)]
    return component_of(1, cluster(fight, rules)).tier


def lull(rules: DetectionRules, seconds: int = 300, half: int = 3, crew: int = 11) -> bool:
    """Two halves of a battle, one pilot of A on both, the crews of one size."""
    common = [f"A{n}" for n in range(1, crew - half + 1)]
    others = ["A1", *(f"A{n}" for n in range(51, 50 + crew - half))]
    early = [kill(n, n / 60, f"B{n}", " ".join(common)) for n in range(1, half + 1)]
    late = [kill(20 + n, (half + n - 1 + seconds) / 60, f"B{20 + n}", " ".join(others)) for n in range(1, half + 1)]
    return any(found.reason is SplitReason.LULL for found in suggested_splits([*early, *late], rules))


def searched(rules: DetectionRules, mails: int) -> bool:
    pairs = [(f"B{n}", "A1 A2") if n % 2 else (f"D{n}", "C1 C2") for n in range(1, mails + 1)]
    fight = [kill(n, n / 60, who, by) for n, (who, by) in enumerate(pairs, 1)]
    return any(found.reason is SplitReason.SUB_FIGHTS for found in suggested_splits(fight, rules))


Probe = Callable[[Any], object]
DETECTION: dict[str, tuple[Probe, object]] = {
    "window": (lambda r: (pause(r, 1800), pause(r, 1801)), (True, False)),
    "default_gap": (lambda r: (pause(r, 900, second="C1"), pause(r, 901, second="C1")), (True, False)),
    "quiet_factor": (lambda r: inactivity_gaps([0, 120, 240, 360], r)[0], 720),
    "min_gap": (lambda r: inactivity_gaps([0, 5, 10, 15], r)[0], 360),
    "max_gap": (lambda r: inactivity_gaps([0, 600, 1200, 1800], r)[1], 1200),
    "quiet_gaps_each_way": (lambda r: inactivity_gaps([0, 400, 600, 700, 790, 850, 900, 980, 1280], r)[4], 510),
    "quiet_known": (lambda r: (inactivity_gaps([0, 5, 10, 15], r)[0], inactivity_gaps([0, 5, 10], r)[0]), (360, 900)),
    "moment": (lambda r: tuple(one(r, kill(1, 0, "B1", "A1"), kill(2, later(s), "B2", "A2")) for s in (240, 241)),
               (True, False)),
    "moment_parties": (lambda r: tuple(one(r, kill(1, 0, "B1", "A1"), kill(2, 1, f"{who}2", "A2")) for who in "BC"),
                       (True, False)),
    "crew_share": (lambda r: (shares_crew(r, 2, 5, minute=25), shares_crew(r, 1, 3, minute=25)), (True, False)),
    "moved_pilots": (lambda r: (shares_crew(r, 2, 3, system=NEXT), shares_crew(r, 1, 2, system=NEXT)), (True, False)),
    "moved_share_unknown_hole": (
        lambda r: (shares_crew(r, 2, 4, start=HOLE, system=FAR), shares_crew(r, 2, 5, start=HOLE, system=FAR)),
        (True, False)),
    "round_enemies": (lambda r: (met(r, "BC", "BD"), met(r, "BCE", "BDF")), (True, False)),
    "siege": (lambda r: (besieged(r, 3600), besieged(r, 3601)), (True, False)),
    "capsule": (lambda r: (capsule(r, 900), capsule(r, 901)), (["capsule"], [])),
    "shown_slack": (lambda r: (police(r, 60), police(r, 61)), (True, False)),
    "bridge_part": (lambda r: (bridged(r, 3), bridged(r, 2)), (2, 1)),
    "min_kills": (lambda r: tuple(cluster([kill(n, 0, "B1", "A1") for n in range(k)], r)[0].is_battle for k in (1, 2)),
                  (False, True)),
    "skirmish_mails": (lambda r: (tier(r, 2, 9), tier(r, 3, 9)), (Tier.SMALL, Tier.SKIRMISH)),
    "skirmish_parties": (lambda r: (tier(r, 3, 9, enemy="A"), tier(r, 3, 9)), (Tier.SMALL, Tier.SKIRMISH)),
    "skirmish_pilots": (lambda r: (tier(r, 3, 3), tier(r, 3, 4)), (Tier.SMALL, Tier.SKIRMISH)),
    "battle_mails": (lambda r: (tier(r, 9, 9), tier(r, 10, 9)), (Tier.SKIRMISH, Tier.BATTLE)),
    "battle_pilots": (lambda r: (tier(r, 3, 18), tier(r, 3, 19)), (Tier.SKIRMISH, Tier.BATTLE)),
    "battle_isk": (lambda r: (tier(r, 4, 9, value=1.24e9), tier(r, 4, 9, value=1.25e9)), (Tier.SKIRMISH, Tier.BATTLE)),
    "major_mails": (lambda r: (tier(r, 99, 9), tier(r, 100, 9)), (Tier.BATTLE, Tier.MAJOR)),
    "lull": (lambda r: (lull(r, 300), lull(r, 299)), (True, False)),
    "suggest_part": (lambda r: (lull(r, half=3), lull(r, half=2)), (True, False)),
    "suggest_crew": (lambda r: (lull(r, crew=10), lull(r, crew=9)), (True, False)),
    "suggest_most": (lambda r: (searched(r, 80), searched(r, 81)), (True, False)),
}  # fmt: skip


def score(rules: SideRules, between: float) -> float:
    """Of two parties that spend the rest of ten units of hostility on others."""
    shots = {(0, 1): between, (0, 2): 10 - between, (1, 3): 10 - between}
    return round(edge_weights(evidence(4, shots), rules, {})[0][1], 6)


def treason(rules: SideRules, pilots: int, mails: int) -> bool:
    by = " ".join(f"A{70 + n}" for n in range(pilots))
    loyal = [kill(n, n, f"B{n}", "A1 A2") for n in range(1, 6)]
    turned = [kill(300 + n, n, f"C{n}", f"{by} B8") for n in range(mails)]
    return bool(find_defectors([*loyal, *turned], {A: 1, C: 1, B: 2}, rules))


def tipped(rules: SideRules, mails: int) -> float:
    seen = replace(evidence(2, {(0, 1): 1.0}), mails=(mails, 9))
    return prior_weights(seen, [Prior(A, B, 1.0)], rules)[0].get(1, 0.0)


def awoxed(rules: SideRules, others: int) -> bool:
    return bool(awoxers([kill(1, 0, "A1", "A9"), *(kill(2 + n, n, f"B{n}", "A9") for n in range(others))], rules))


def one_mail(rules: SideRules) -> float:
    return round(collect_evidence([kill(1, 0, "B1", "A1 B2")], rules).hostility[0][1], 4)


SIDES: dict[str, tuple[Probe, object]] = {
    "weight_log_offset": (lambda r: weight(1e7, r), 2.0),
    "min_weight": (lambda r: weight(1, r), 0.3),
    "max_weight": (lambda r: weight(1e12, r), 3.0),
    "friendly_fire": (one_mail, 0.3536),
    "hostility": (lambda r: score(r, 1.0), -3.0),
    "hostility_hard": (lambda r: score(r, 2.0), -12.0),
    "hard_share": (lambda r: (score(r, 1.5), score(r, 1.4)), (-9.0, -4.2)),
    "balance_mutual": (lambda r: (merged(r, 5, 35, 35), merged(r, 6, 35, 35)), (True, False)),
    "balance_alike": (lambda r: (merged(r, 10, 85, 90), merged(r, 10, 80, 90)), (True, False)),
    "balance_friendly": (lambda r: (merged(r, 25, 75, 75, together=30), merged(r, 26, 74, 74, together=30)),
                         (True, False)),
    "balance_similarity": (lambda r: (merged(r, 20, 70, 80, together=30), merged(r, 20, 65, 80, together=30)),
                         (True, False)),
    "third_party_pilots": (lambda r: (role(r, pilots=9), role(r, pilots=10)), (Role.THIRD_PARTY, Role.SIDE)),
    "third_party_margin": (lambda r: (role(r, margin=0.49), role(r, margin=0.5)), (Role.THIRD_PARTY, Role.SIDE)),
    "unassigned": (lambda r: (told_sides(r, 0.2), told_sides(r, 0.19)), ({A, B, C, D}, {A, B, C})),
    "confidence_mass": (lambda r: calibrated_confidence(0.5, 7.0, r), 0.8719),
    "confidence_power": (lambda r: calibrated_confidence(0.5, 7.0, r), 0.8719),
    "awox_share": (lambda r: (awoxed(r, 1), awoxed(r, 2)), (True, False)),
    "split_killmails": (lambda r: (treason(r, 2, 3), treason(r, 2, 2)), (True, False)),
    "split_pilots": (lambda r: (treason(r, 2, 3), treason(r, 1, 3)), (True, False)),
    "prior_killmails": (lambda r: (tipped(r, 2), tipped(r, 3)), (0.1, 0.0)),
    "prior_weight": (lambda r: tipped(r, 2), 0.1),
}  # fmt: skip


def beside(value: float) -> tuple[float, float]:
    """As `make mutations` does it: small numbers count something, everything else is halved and doubled."""
    if isinstance(value, int):
        return (value - 1, value + 1) if value < 60 else (value // 2, value * 2)
    return value / 2, value * 2


@pytest.mark.parametrize("name", DETECTION)
def test_a_figure_of_detection_decides_at_its_edge_and_neither_less_nor_more_would_do(name: str) -> None:
    probe, expected = DETECTION[name]
    assert probe(DetectionRules()) == expected
    for other in beside(getattr(DetectionRules(), name)):
        assert probe(replace(DetectionRules(), **{name: other})) != expected


@pytest.mark.parametrize("name", SIDES)
def test_a_figure_of_sides_decides_at_its_edge_and_neither_less_nor_more_would_do(name: str) -> None:
    probe, expected = SIDES[name]
    assert probe(SideRules()) == expected
    for other in beside(getattr(SideRules(), name)):
        assert probe(replace(SideRules(), **{name: other})) != expected


def test_no_figure_is_without_such_a_test() -> None:
    assert {field.name for field in fields(DetectionRules)} == DETECTION.keys()
    assert {field.name for field in fields(SideRules)} == SIDES.keys()
