"""Each field of the detection rules decides a case at its limit; a smaller and a larger value decide it differently."""

from dataclasses import fields, replace

import pytest
from builders import CAPSULE, CITADEL, FAR, NEXT, cluster_ids, component_of, kill
from edges import Probe, is_one_battle, neighbouring_values

from battle_cluster.detection.clustering import cluster
from battle_cluster.detection.rules import DetectionRules
from battle_cluster.detection.split_suggestions import SplitReason, suggested_splits
from battle_cluster.detection.tiers import Tier
from battle_cluster.domain.killmail import Killmail

WORMHOLE = 31_000_005


def is_one(rules: DetectionRules, *killmails: Killmail) -> bool:
    return len(cluster_ids(killmails, rules)) == 1


def minutes(seconds: float) -> float:
    return seconds / 60


def linked_after_pause(rules: DetectionRules, seconds: int, *, second_victim: str = "B2") -> bool:
    return is_one(rules, kill(1, 0, "B1", "A1 A2"), kill(2, minutes(seconds), second_victim, "A1 A2"))


def rejoined(rules: DetectionRules, seconds: int) -> bool:
    """Whether A1 joins two fights of three losses each, the second against others after a silence."""
    first = [kill(n, n - 3, f"B{n}", "A1 A2") for n in (1, 2, 3)]
    second = [kill(10 + n, minutes(seconds) + n - 1, f"C{n}", "A1 A2") for n in (1, 2, 3)]
    return is_one(rules, *first, *second)


def lone_losses_linked(rules: DetectionRules, losses: int) -> bool:
    """Whether so many losses within two minutes and a single one after a quarter of an hour are one battle."""
    earlier = [kill(n, n / 2, f"B{n}", "A1 A2") for n in range(1, losses + 1)]
    return is_one(rules, *earlier, kill(9, 16, "C1", "A1 A2"))


def same_enemies(rules: DetectionRules, first: str, second: str) -> bool:
    """Two pilots kill one victim of each alliance in `first`, and after 25 minutes one of each in `second`."""
    earlier = [kill(n, n / 60, f"{alliance}1", "A1 A2") for n, alliance in enumerate(first, 1)]
    later = [kill(10 + n, 25 + n / 60, f"{alliance}2", "A1 A2") for n, alliance in enumerate(second, 1)]
    return is_one(rules, *earlier, *later)


def simultaneous(rules: DetectionRules, seconds: int, *, second_victim: str = "B2") -> bool:
    return is_one(rules, kill(1, 0, "B1", "A1"), kill(2, minutes(seconds), second_victim, "A2"))


def besieged(rules: DetectionRules, seconds: int) -> bool:
    attackers = {1: ("A1", 0.0), 2: ("C1", minutes(seconds))}
    return is_one(
        rules,
        *(kill(n, minute, "B1", by, ship=CITADEL, unpiloted=True) for n, (by, minute) in attackers.items()),
    )


def capsule_links(rules: DetectionRules, seconds: int) -> list[str]:
    capsule = kill(2, minutes(seconds), "B1", "D1", ship=CAPSULE, system=NEXT)
    return [link.reason.value for link in component_of(1, cluster([kill(1, 0, "B1", "A1"), capsule], rules)).links]


def police_attached(rules: DetectionRules, seconds: int) -> bool:
    fight = [kill(1, 0, "B1", "A1"), kill(2, 4, "B2", "A1")]
    police = kill(3, 4 + minutes(seconds), "A9", "CONCORD")
    return bool(component_of(1, cluster([*fight, police], rules)).non_combat_ids)


def bridged_battles(rules: DetectionRules, killmails: int, guest_on: int = 1, home: int = 3) -> int:
    """Number of battles of two strangers' fights with A1 on both; `killmails` is the size of the second fight."""
    first = [kill(n, n, f"B{n}", "A1 A2") for n in range(1, home + 1)]
    second = [kill(10 + n, 5 + n, f"D{n}", "C1 C2" if n > guest_on else "A1 C1 C2") for n in range(1, killmails + 1)]
    return len(cluster_ids([*first, *second], rules))


def jumped(rules: DetectionRules, both: str) -> bool:
    """Whether these attackers, a minute later next door, make one fight of two victims of different alliances."""
    return is_one(rules, kill(1, 0, "B1", "A1 A2 A3"), kill(2, 1, "C1", both, system=NEXT))


def tier(
    rules: DetectionRules, killmails: int, attackers: int, *, victims: int = 1, value: float = 1e6, enemy: str = "B"
) -> Tier:
    names = " ".join(f"A{100 + n}" for n in range(attackers))
    fight = [kill(n, n / 60, f"{enemy}{n % victims}", names, value=value) for n in range(1, killmails + 1)]
    return component_of(1, cluster(fight, rules)).tier


def lull_suggested(rules: DetectionRules, seconds: int = 300, half: int = 3, pilots: int = 11) -> bool:
    """Two halves of a battle with this number of pilots each; one pilot of A is on both."""
    first = [f"A{n}" for n in range(1, pilots - half + 1)]
    second = ["A1", *(f"A{n}" for n in range(51, 50 + pilots - half))]
    earlier = [kill(n, n / 60, f"B{n}", " ".join(first)) for n in range(1, half + 1)]
    later = [kill(20 + n, (half + n - 1 + seconds) / 60, f"B{20 + n}", " ".join(second)) for n in range(1, half + 1)]
    return any(split.reason is SplitReason.LULL for split in suggested_splits([*earlier, *later], rules))


def sub_fights_suggested(rules: DetectionRules, killmails: int) -> bool:
    pairs = [(f"B{n}", "A1 A2") if n % 2 else (f"D{n}", "C1 C2") for n in range(1, killmails + 1)]
    fight = [kill(n, n / 60, victim, attackers) for n, (victim, attackers) in enumerate(pairs, 1)]
    return any(split.reason is SplitReason.SUB_FIGHTS for split in suggested_splits(fight, rules))


CASES: dict[str, tuple[Probe, object]] = {
    "window": (lambda r: (linked_after_pause(r, 1800), linked_after_pause(r, 1801)), (True, False)),
    "quiet_limit": (lambda r: (rejoined(r, 600), rejoined(r, 601)), (True, False)),
    "max_absence": (
        lambda r: tuple(linked_after_pause(r, pause, second_victim="C1") for pause in (1200, 1201)), (True, False)),
    "lone_losses": (lambda r: tuple(lone_losses_linked(r, losses) for losses in (2, 3)), (True, False)),
    "simultaneity_window": (lambda r: (simultaneous(r, 240), simultaneous(r, 241)), (True, False)),
    "simultaneity_parties": (
        lambda r: (simultaneous(r, 60), simultaneous(r, 60, second_victim="C2")), (True, False)),
    "crew_share": (lambda r: (is_one_battle(r, 1, 3, minute=25), is_one_battle(r, 1, 4, minute=25)), (True, False)),
    "moved_share_unknown_hole": (
        lambda r: tuple(is_one_battle(r, 2, pilots, start=WORMHOLE, system=FAR) for pilots in (4, 5)), (True, False)),
    "jump_share": (lambda r: (jumped(r, "A1 A2"), jumped(r, "A1 A2 D1")), (True, False)),
    "round_enemies": (lambda r: (same_enemies(r, "BC", "BD"), same_enemies(r, "BCE", "BDF")), (True, False)),
    "siege_window": (lambda r: (besieged(r, 3600), besieged(r, 3601)), (True, False)),
    "capsule_window": (lambda r: (capsule_links(r, 900), capsule_links(r, 901)), (["capsule"], [])),
    "guest_share": (lambda r: (bridged_battles(r, 3), bridged_battles(r, 5, guest_on=2)), (2, 1)),
    "non_combat_slack": (lambda r: (police_attached(r, 60), police_attached(r, 61)), (True, False)),
    "min_guest_fight": (lambda r: (bridged_battles(r, 3), bridged_battles(r, 3, home=2)), (2, 1)),
    "min_kills": (lambda r: tuple(cluster([kill(n, 0, "B1", "A1") for n in range(k)], r)[0].is_battle for k in (1, 2)),
                  (False, True)),
    "skirmish_killmails": (lambda r: (tier(r, 2, 9), tier(r, 3, 9)), (Tier.SMALL, Tier.SKIRMISH)),
    "skirmish_parties": (lambda r: (tier(r, 3, 9, enemy="A"), tier(r, 3, 9)), (Tier.SMALL, Tier.SKIRMISH)),
    "skirmish_pilots": (lambda r: (tier(r, 3, 3), tier(r, 3, 4)), (Tier.SMALL, Tier.SKIRMISH)),
    "battle_killmails": (lambda r: (tier(r, 9, 9), tier(r, 10, 9)), (Tier.SKIRMISH, Tier.BATTLE)),
    "battle_pilots": (lambda r: (tier(r, 3, 18), tier(r, 3, 19)), (Tier.SKIRMISH, Tier.BATTLE)),
    "battle_isk": (lambda r: (tier(r, 4, 9, value=1.24e9), tier(r, 4, 9, value=1.25e9)), (Tier.SKIRMISH, Tier.BATTLE)),
    "major_killmails": (lambda r: (tier(r, 99, 9), tier(r, 100, 9)), (Tier.BATTLE, Tier.MAJOR)),
    "lull": (lambda r: (lull_suggested(r, 300), lull_suggested(r, 299)), (True, False)),
    "suggestion_min_part": (lambda r: (lull_suggested(r, half=3), lull_suggested(r, half=2)), (True, False)),
    "suggestion_max_shared": (lambda r: (lull_suggested(r, pilots=10), lull_suggested(r, pilots=9)), (True, False)),
    "suggestion_max_killmails": (lambda r: (sub_fights_suggested(r, 80), sub_fights_suggested(r, 81)), (True, False)),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_each_field_decides_at_its_limit_and_other_values_decide_differently(name: str) -> None:
    probe, expected = CASES[name]
    assert probe(DetectionRules()) == expected
    for value in neighbouring_values(getattr(DetectionRules(), name)):
        assert probe(replace(DetectionRules(), **{name: value})) != expected


def test_every_field_has_a_case() -> None:
    assert {field.name for field in fields(DetectionRules)} == CASES.keys()
