"""Detection exactly at its limits: the last case that links and the first one that does not."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest
from builders import CAPSULE, CITADEL, FAR, NEXT, RULES, cluster_ids, component_of, kill
from edges import is_one_battle

from battle_cluster.detection.classification import LossKind, classify, classify_loss
from battle_cluster.detection.clustering import TimelineCache, cluster
from battle_cluster.detection.links import Link, LinkReason
from battle_cluster.detection.split_suggestions import SplitReason, _articulation_killmails, suggested_splits
from battle_cluster.domain.killmail import Killmail
from battle_cluster.edits.constraints import NO_CONSTRAINTS, Constraints

SECOND = 1 / 60
OTHER_STRUCTURE = (35825, 1404, 65)


def is_one(*killmails: Killmail) -> bool:
    return len(cluster_ids(killmails)) == 1


def links(*killmails: Killmail) -> list[tuple[LinkReason, float]]:
    return [(link.reason, link.score) for link in component_of(1, cluster(killmails, RULES)).links]


@pytest.mark.parametrize("category", [23, 40, 46, 65])
def test_losses_of_one_starbase_sovereignty_orbital_or_citadel_are_a_siege(category: int) -> None:
    losses = [kill(n, 50 * n, "B1", f"{'AC'[n]}1", ship=(900, 800, category), unpiloted=True) for n in (0, 1)]
    assert is_one(*losses)


@pytest.mark.parametrize("category", [18, 22, 87])
def test_drones_deployables_and_fighters_are_non_combat_losses(category: int) -> None:
    equipment = kill(1, 0, "B1", "A1", ship=(900, 800, category), unpiloted=True)
    assert classify_loss(equipment) is LossKind.NON_COMBAT
    assert classify_loss(kill(1, 0, "B1", "A1", ship=(900, 800, 6))) is LossKind.COMBAT


def test_running_fight_is_linked_after_exactly_the_longest_absence() -> None:
    first = kill(1, 0, "B1", "A1 A2")
    assert is_one(first, kill(2, 20, "B2", "A1 A2", system=NEXT))
    assert not is_one(first, kill(2, 20 + SECOND, "B2", "A1 A2", system=NEXT))


def test_gate_route_known_at_one_end_is_sufficient() -> None:
    first, second = kill(1, 0, "B1", "A1 A2"), kill(2, 5, "B2", "A1 A2", system=NEXT)
    without_route = frozenset[int]()
    assert is_one(first, replace(second, nearby_system_ids=without_route))
    assert is_one(replace(first, nearby_system_ids=without_route), second)
    assert not is_one(replace(first, nearby_system_ids=without_route), replace(second, nearby_system_ids=without_route))


def test_wormholes_have_the_game_s_range_of_system_ids() -> None:
    for system, is_wormhole in ((30_999_999, False), (31_000_000, True), (31_999_999, True), (32_000_000, False)):
        assert is_one(kill(1, 0, "B1", "A1 A2"), kill(2, 5, "B2", "A1 A2", system=system)) is is_wormhole
        assert is_one(kill(1, 0, "B1", "A1 A2", system=system), kill(2, 5, "B2", "A1 A2")) is is_wormhole


def test_exactly_the_required_share_of_pilots_is_sufficient() -> None:
    half = replace(RULES, crew_share=0.5)
    assert is_one_battle(half, 2, 4, minute=25)
    assert is_one_battle(half, 2, 4, system=NEXT)


def test_share_of_pilots_is_that_of_the_smaller_engagement() -> None:
    large = kill(1, 0, "B1", " ".join(f"A{n}" for n in range(1, 20)))
    assert is_one(large, kill(2, 25, "B2", "A1 A2"))
    assert is_one(large, kill(2, 5, "B2", "A1 A2", system=NEXT))


def test_fleet_may_travel_for_exactly_the_window() -> None:
    staying = [kill(n, n * 5, f"B{n}", "A3") for n in range(1, 6)]
    last_before = kill(9, 0, "B9", "A1 A2 A3")
    assert is_one(last_before, *staying, kill(10, 30, "B10", "A1 A2", system=NEXT))
    assert not is_one(last_before, *staying, kill(10, 30 + SECOND, "B10", "A1 A2", system=NEXT))


def test_second_round_needs_an_enemy_in_the_first() -> None:
    assert not is_one(kill(1, 0, "A9", "A1 A2"), kill(2, 25, "B1", "A1 A2"))


def test_own_party_that_was_shot_is_no_common_enemy() -> None:
    assert not is_one(kill(1, 0, "A8", "A1 A2"), kill(2, 25, "A9", "A1 A2"))
    assert not is_one(kill(1, 0, "A1", "B1 A5"), kill(2, 25, "A1", "C1 A6"))


def test_structures_without_an_owner_party_are_no_common_enemy() -> None:
    losses = [kill(1, 0, "x", "A1 A2", ship=CITADEL), kill(2, 25, "x", "A1 A2", ship=OTHER_STRUCTURE)]
    assert not is_one(*losses)


def test_party_that_shot_a_pilot_twice_is_a_common_enemy() -> None:
    assert is_one(kill(1, 0, "A1", "B1"), kill(2, 25, "A1", "B2"))


def test_npcs_on_both_killmails_are_no_common_enemy() -> None:
    assert not is_one(kill(1, 0, "A1", "B1 x"), kill(2, 25, "A1", "C1 x"))


def test_common_enemies_are_those_of_the_pilots_who_returned() -> None:
    first = [kill(1, 0, "B1", "A1 A2"), kill(2, SECOND, "C1", "A1 D1"), kill(3, 2 * SECOND, "E1", "D1 D2")]
    assert not is_one(*first, kill(4, 25, "E2", "A1 A2"))


def test_split_holds_for_killmails_of_the_same_second() -> None:
    split = Constraints(cannot_link=((frozenset({1}), frozenset({2})),))
    assert len(cluster_ids([kill(1, 0, "B1", "A1 A2"), kill(2, 0, "B2", "A1 A2")], constraints=split)) == 2


def test_second_round_link_connects_the_killmails_before_and_after_the_pause() -> None:
    first = [kill(1, 0, "B1", "A1 A2"), kill(2, 1, "B2", "A1 A2")]
    second = [kill(3, 26, "B3", "A1 A2"), kill(4, 27, "B4", "A1 A2")]
    (component,) = cluster([*first, *second], RULES)
    assert [
        (link.from_killmail_id, link.to_killmail_id) for link in component.links if link.reason is LinkReason.ROUND_TWO
    ] == [(2, 3)]


def test_capsule_may_die_in_an_adjacent_system_but_not_further_away() -> None:
    ship = kill(1, 0, "B1", "A1")
    assert is_one(ship, kill(2, 2, "B1", "C1", ship=CAPSULE, system=NEXT))
    assert not is_one(ship, kill(2, 2, "B1", "C1", ship=CAPSULE, system=FAR))


def test_capsule_lost_in_the_same_second_as_its_ship_is_linked_to_it() -> None:
    ship = kill(1, 0, "B1", "A1", system=NEXT)
    assert links(ship, kill(2, 0, "B1", "D1", ship=CAPSULE)) == [(LinkReason.CAPSULE, 1.0)]


def test_capsule_is_linked_to_the_last_ship_of_its_pilot() -> None:
    first, second = kill(1, 0, "B1", "A1"), kill(2, 5, "B1", "C1", system=FAR)
    capsule = kill(3, 6, "B1", "E1", ship=CAPSULE, system=NEXT)
    assert cluster_ids([first, second, capsule]) == {frozenset({1, 3}), frozenset({2})}
    later = kill(4, 5, "B1", "D1")
    assert [link[:2] for link in component_of(3, cluster([first, later, capsule], RULES)).links] == [(1, 4), (4, 3)]


def test_capsule_is_not_linked_to_a_ship_lost_after_it() -> None:
    capsule = kill(2, 0, "B1", "D1", ship=CAPSULE, system=NEXT)
    assert not is_one(kill(1, 1, "B1", "A1"), capsule)


def test_lone_capsule_of_a_shown_ship_joins_it_in_its_own_system_only() -> None:
    ship, capsule = kill(1, 0, "B1", "x"), kill(2, 2, "B1", "A1", ship=CAPSULE)
    assert links(ship, capsule) == [(LinkReason.CAPSULE, round(1 - 120 / 1800, 4))]
    assert not is_one(replace(ship, system_id=NEXT, nearby_system_ids=frozenset({capsule.system_id})), capsule)


def test_capsule_joins_the_fight_of_its_people_within_exactly_the_quiet_limit() -> None:
    """A8 fought at its beginning and end only, so that its capsule is linked to the silence of the fight, not to it."""
    fight = [kill(n, n / 2, f"B{n}", "A1 A2" if 1 < n < 50 else "A1 A2 A8") for n in range(1, 51)]
    middle = kill(90, 12, "A8", "C1", ship=CAPSULE)
    assert is_one(*fight, middle)
    assert not is_one(*fight, kill(90, 12, "A9", "C1", ship=CAPSULE))
    for minute in (35, -9.5):
        assert is_one(*fight, kill(90, minute, "A8", "C1", ship=CAPSULE))
        late = kill(90, minute + (SECOND if minute > 0 else -SECOND), "A8", "C1", ship=CAPSULE)
        assert not is_one(*fight, late)


def test_police_killmail_just_before_the_first_kill_is_listed_too() -> None:
    fight = [kill(1, 0, "B1", "A1"), kill(2, 4, "B2", "A1")]

    def listed(minute: float, victim: str) -> tuple[int, ...]:
        return component_of(1, cluster([*fight, kill(3, minute, victim, "CONCORD")], RULES)).non_combat_ids

    assert (listed(-1, "A9"), listed(-1 - SECOND, "A9")) == ((3,), ())
    assert (listed(-10, "A1"), listed(-10 - SECOND, "A1")) == ((3,), ())


def test_non_combat_link_scores_higher_with_shared_pilots_than_with_a_shared_party() -> None:
    fight = [kill(1, 0, "B1", "A1"), kill(2, 4, "B2", "A1")]
    link_of = {victim: links(*fight, kill(3, 2, victim, "x"))[-1] for victim in ("A1", "A9")}
    assert link_of == {"A1": (LinkReason.INSIDE, 0.5), "A9": (LinkReason.INSIDE, 0.25)}


def test_non_combat_killmail_joins_the_battle_with_most_shared_pilots() -> None:
    first = [kill(1, 0, "B1", "A1"), kill(2, 4, "B2", "A1")]
    second = [kill(3, 0, "D1", "C1 C2"), kill(4, 4, "D2", "C1 C2")]
    components = cluster([*first, *second, kill(5, 2, "C1", "CONCORD C2 A1")], RULES)
    assert component_of(1, components).non_combat_ids == ()
    assert component_of(3, components).non_combat_ids == (5,)


def test_link_has_the_earlier_killmail_first_and_a_score_by_number_of_pilots() -> None:
    (component,) = cluster([kill(1, 0, "B1", "A1 A2 A3"), kill(2, 5, "B2", "A1 A2 A3")], RULES)
    assert component.links == (Link(1, 2, LinkReason.SAME_PEOPLE, 0.6562, 600),)


def test_merge_edit_with_an_absent_killmail_links_nothing() -> None:
    merge = Constraints(must_link=frozenset({(1, 99), (98, 2)}))
    assert len(cluster_ids([kill(1, 0, "B1", "A1"), kill(2, 90, "D1", "C1")], constraints=merge)) == 2


def test_cached_timeline_is_not_used_for_other_killmails() -> None:
    cache = TimelineCache()
    before = [kill(1, 0, "B1", "A1"), kill(2, 12, "C2", "A1")]
    after = [*before, kill(3, 14, "D1", "A1"), kill(5, 14.5, "D2", "A1")]
    for killmails in (before, after, before, [*before, kill(4, 1, "B4", "A1", system=NEXT)]):
        assert cluster(killmails, RULES, timeline_cache=cache) == cluster(killmails, RULES)


def test_cached_timeline_forgets_killmails_that_are_gone() -> None:
    cache = TimelineCache()
    ends = [kill(1, 0, "B1", "A1 A2"), kill(2, 12, "B2", "A1 A2")]
    between = kill(3, 6, "B3", "A1")
    for killmails in (ends, [*ends, between], ends, [ends[1]], ends):
        assert cluster(killmails, RULES, timeline_cache=cache) == cluster(killmails, RULES)


def test_cached_killmail_does_not_keep_a_removed_pilot() -> None:
    cache = TimelineCache()
    killmails = [kill(1, 0, "B1", "A1 A2"), kill(2, 10, "C2", "A1 D1")]
    removal = Constraints(removed_pilots=frozenset({(2, killmails[0].attackers[0].character_id or 0)}))
    for constraints in (NO_CONSTRAINTS, removal, NO_CONSTRAINTS, removal):
        assert cluster(killmails, RULES, constraints, cache) == cluster(killmails, RULES, constraints)
    assert len(cluster(killmails, RULES, removal, cache)) == 2


def test_bridge_whose_killmails_arrive_one_by_one_is_split_too() -> None:
    cache = TimelineCache()
    first = [kill(n, n, f"B{n}", "A1 A2") for n in (1, 2, 3)]
    second = [kill(10 + n, 5 + n, f"D{n}", "C1 C2" if n > 1 else "C1 C2 A1") for n in (1, 2, 3)]
    cluster([*first, *second[1:]], RULES, timeline_cache=cache)
    assert cluster([*first, *second], RULES, timeline_cache=cache) == cluster([*first, *second], RULES)
    assert len(cluster_ids([*first, *second])) == 2


def part_with_bridge_kill(size: int, attackers: str) -> tuple[int, ...] | None:
    """The first part of two fights that killmail 100 connects; `size` killmails in all, C5 on a single one."""
    first = [kill(n, n / 60, f"B{n}", "A1 A2") for n in range(1, size // 2)]
    second = [kill(200 + n, n / 60, f"D{n}", "C1 C2" if n > 1 else "C1 C2 C5") for n in range(1, size - len(first))]
    splits = suggested_splits([*first, kill(100, 1, "E1", attackers), *second], RULES)
    return next((split.first for split in splits if split.reason is SplitReason.BRIDGE_KILL), None)


def test_bridge_kill_joins_the_part_with_which_it_shares_pilots_on_more_killmails() -> None:
    assert part_with_bridge_kill(12, "A1 C5") == (1, 2, 3, 4, 5, 100)
    assert part_with_bridge_kill(12, "A1 C1") == (1, 2, 3, 4, 5)


def test_bridge_kills_are_searched_in_battles_of_up_to_eighty_killmails() -> None:
    assert part_with_bridge_kill(80, "A1 C5") is not None
    assert part_with_bridge_kill(81, "A1 C5") is None


def connected_parts(killmails: Sequence[Killmail]) -> int:
    """Number of groups of pilots that killmails connect."""
    pilots = {pilot for killmail in killmails for pilot in killmail.pilot_ids}
    group_of = {pilot: {pilot} for pilot in pilots}
    for killmail in killmails:
        joined = set[int]().union(*(group_of[pilot] for pilot in killmail.pilot_ids))
        group_of.update(dict.fromkeys(joined, joined))
    return len({min(group) for group in group_of.values()})


def test_articulation_killmails_are_those_without_which_the_pilots_fall_apart() -> None:
    for seed in range(60):
        rng = Random(seed)
        names = [f"{letter}{number}" for letter in "ABC" for number in (1, 2, 3)]
        killmails = [kill(n, n, *map(" ".join, draw_names(rng, names))) for n in range(rng.randint(1, 9))]
        expected: set[int] = set()
        for index, killmail in enumerate(killmails):
            remaining = [*killmails[:index], *killmails[index + 1 :]]
            pilots = frozenset[int]().union(*(other.pilot_ids for other in remaining))
            if connected_parts(remaining) + len(killmail.pilot_ids - pilots) > connected_parts(killmails):
                expected.add(index)
        assert _articulation_killmails([classify(killmail) for killmail in killmails]) == expected


def draw_names(rng: Random, names: Sequence[str]) -> tuple[list[str], list[str]]:
    """A victim and attackers."""
    victim, *attackers = rng.sample(names, rng.randint(2, 4))
    return [victim], attackers
