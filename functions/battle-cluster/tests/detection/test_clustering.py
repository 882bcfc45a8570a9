"""Which killmails form a battle, on small fights."""

from dataclasses import replace

from builders import CAPSULE, CITADEL, FAR, HOME, NEXT, RULES, SHUTTLE, TRACTOR, cluster_ids, component_of, kill

from battle_cluster.detection.classification import LossKind, classify_loss
from battle_cluster.detection.clustering import cluster
from battle_cluster.detection.links import LinkReason
from battle_cluster.detection.rules import DetectionRules
from battle_cluster.detection.tiers import Tier
from battle_cluster.domain.killmail import Attacker, Killmail, party_of
from battle_cluster.edits.constraints import Constraints


def three_kills(minute: int, enemy: str = "B") -> list[Killmail]:
    """Ids are minutes."""
    return [kill(minute + n, minute + n, f"{enemy}{n}", "A1 A2") for n in (1, 2, 3)]


def test_shared_pilot_within_ten_minutes_makes_one_battle() -> None:
    assert cluster_ids([*three_kills(0), *three_kills(12, "C")]) == {frozenset({1, 2, 3, 13, 14, 15})}


def test_shared_pilot_after_a_longer_silence_against_another_enemy_makes_two_battles() -> None:
    assert cluster_ids([*three_kills(0), *three_kills(13, "C")]) == {frozenset({1, 2, 3}), frozenset({14, 15, 16})}


def test_lone_losses_wait_twenty_minutes_for_each_other_because_they_show_no_pace() -> None:
    ship_and_capsule = [kill(1, 0, "B1", "A1"), kill(2, 1, "B1", "A1", ship=CAPSULE)]
    assert cluster_ids([*ship_and_capsule, kill(3, 21, "C1", "A1")]) == {frozenset({1, 2, 3})}
    assert cluster_ids([*ship_and_capsule, kill(3, 21.1, "C1", "A1")]) == {frozenset({1, 2}), frozenset({3})}


def test_lone_loss_does_not_wait_for_a_fight() -> None:
    assert cluster_ids([kill(90, 0, "C1", "A1"), *three_kills(14)]) == {frozenset({90}), frozenset({15, 16, 17})}


def test_pilot_unseen_for_twenty_minutes_stays_in_a_fight_that_was_never_silent() -> None:
    fight = [kill(n, n, f"B{n}", "A2 A3") for n in range(1, 25)]
    ends = [kill(100, 0, "B99", "A1 A2"), kill(101, 20, "D1", "A1")]
    assert len(cluster_ids([*fight, *ends])) == 1
    assert frozenset({101}) in cluster_ids([*fight[:4], *fight[15:], *ends])
    assert frozenset({101}) in cluster_ids([*fight, ends[0], kill(101, 20.1, "D1", "A1")])


def test_pilot_of_two_fights_joins_them_only_where_one_of_them_was_going_on() -> None:
    first, second = three_kills(0), [kill(20 + n, 15 + n, f"D{n}", "C1 C2") for n in range(3)]
    assert len(cluster_ids([*first, *second, kill(90, 18, "D9", "A1 C1")])) == 2


def test_one_shared_alliance_is_no_link() -> None:
    assert len(cluster_ids([kill(1, 0, "B1", "A1"), kill(2, 1, "C1", "A2")])) == 2


def test_two_shared_parties_within_four_minutes_are_a_same_moment_link() -> None:
    (component,) = cluster([kill(1, 0, "B1", "A1"), kill(2, 4, "B2", "A2")], RULES)
    assert component.links[0].reason is LinkReason.SAME_MOMENT
    assert len(cluster_ids([kill(1, 0, "B1", "A1"), kill(2, 4.1, "B2", "A2")])) == 2


def test_other_system_is_another_battle_unless_pilots_and_enemy_moved_together() -> None:
    first = [kill(1, 0, "B1", "A1 A2"), kill(2, 1, "B2", "A1 A3")]
    chase = [kill(3, 5, "B3", "A1 A2", system=NEXT), kill(4, 6, "B4", "A2 A3", system=NEXT)]
    roam = [kill(3, 6, "C3", "A1 A2", system=NEXT), kill(4, 7, "C4", "A2 A3", system=NEXT)]
    far = [kill(3, 5, "B3", "A1 A2", system=FAR), kill(4, 6, "B4", "A2 A3", system=FAR)]
    assert cluster_ids([*first, *chase]) == {frozenset({1, 2, 3, 4})}
    assert cluster_ids([*first, *roam]) == {frozenset({1, 2}), frozenset({3, 4})}
    assert cluster_ids([*first, *far]) == {frozenset({1, 2}), frozenset({3, 4})}


def test_gang_on_both_sides_of_a_gate_within_four_minutes_is_in_one_fight_with_either_next_victim() -> None:
    ganked = kill(1, 0, "B1", "A1 A2 A3")
    capsules = [kill(2 + n, 4, f"A{n}", "C1", ship=CAPSULE, system=NEXT) for n in (1, 2)]
    assert cluster_ids([ganked, *capsules]) == {frozenset({1, 3, 4})}
    late = [kill(2 + n, 4.1, f"A{n}", "C1", ship=CAPSULE, system=NEXT) for n in (1, 2)]
    assert cluster_ids([ganked, *late]) == {frozenset({1}), frozenset({3, 4})}
    through_wormhole = kill(1, 0, "B1", "A1 A2 A3", system=31_000_001)
    assert len(cluster_ids([through_wormhole, kill(2, 4, "C1", "A1 A2", system=FAR)])) == 2


def test_one_pilot_on_both_sides_of_a_gate_joins_no_fights_of_strangers() -> None:
    assert len(cluster_ids([kill(1, 0, "B1", "A1"), kill(2, 1, "C1", "A1", system=NEXT)])) == 2


def test_link_of_a_running_fight_has_the_reason_moved() -> None:
    (component,) = cluster([kill(1, 0, "B1", "A1 A2"), kill(2, 5, "B2", "A1 A2", system=NEXT)], RULES)
    assert [(link.from_killmail_id, link.to_killmail_id, link.reason) for link in component.links] == [
        (1, 2, LinkReason.MOVED)
    ]


def test_running_fight_through_a_wormhole_needs_half_of_the_pilots() -> None:
    in_wormhole = kill(1, 0, "B1", "A1 A2 A3", system=31_000_001)
    assert len(cluster_ids([in_wormhole, kill(2, 3, "B2", "A1 A2", system=FAR)])) == 1
    assert len(cluster_ids([in_wormhole, kill(2, 3, "B2", "A1 A4 A5 A6", system=FAR)])) == 2


def test_fleet_that_returns_to_the_same_enemy_fights_a_second_round() -> None:
    first = [kill(1, 0, "B1", "A1 A2"), kill(2, 1, "A1", "B2 B3")]
    second = [kill(3, 28, "B4", "A1 A2"), kill(4, 29, "A2", "B2 B3")]
    assert cluster_ids([*first, *second]) == {frozenset({1, 2, 3, 4})}
    too_late = (kill(killmail.killmail_id, 35 + n, "B4", "A1 A2") for n, killmail in enumerate(second))
    assert len(cluster_ids([*first, *too_late])) == 2


def test_gate_camp_on_strangers_has_no_second_round() -> None:
    assert len(cluster_ids([kill(1, 0, "B1", "A1 A2"), kill(2, 25, "C1", "A1 A2")])) == 2


def test_siege_of_one_structure_stays_together_for_an_hour() -> None:
    shots = [
        kill(1, 0, "B1", "A1", ship=CITADEL, unpiloted=True),
        kill(2, 59, "B1", "C1", ship=CITADEL, unpiloted=True),
    ]
    (component,) = cluster(shots, RULES)
    assert component.links[0].reason is LinkReason.SAME_TARGET


def test_pace_of_a_fight_does_not_change_when_it_ends() -> None:
    slow = [kill(n, 3 * n, f"B{n}", "A1 A2") for n in range(1, 6)]
    fast = [kill(n, n / 12, f"B{n}", "A1 A2") for n in range(1, 6)]
    for fight, end in ((slow, 15), (fast, 5 / 12)):
        assert len(cluster_ids([*fight, *[kill(20 + n, end + 10 + n, f"C{n}", "A1") for n in range(3)]])) == 1
        assert len(cluster_ids([*fight, *[kill(20 + n, end + 10.1 + n, f"C{n}", "A1") for n in range(3)]])) == 2


def test_capsules_alone_are_no_battle() -> None:
    components = cluster([kill(1, 0, "B1", "A1", ship=CAPSULE), kill(2, 1, "B2", "A1", ship=CAPSULE)], RULES)
    assert not any(component.is_battle for component in components)


def test_capsule_joins_the_ship_of_its_pilot() -> None:
    ship, other = kill(1, 0, "B1", "A1"), kill(2, 1, "C1", "D1")
    capsule = kill(3, 1.3, "B1", "E1", ship=CAPSULE)
    assert cluster_ids([ship, other, capsule]) == {frozenset({1, 3}), frozenset({2})}


def test_capsule_joins_the_fight_it_died_in_not_the_ship_lost_elsewhere() -> None:
    ship = kill(90, 0, "B9", "D1", system=NEXT)
    capsule = kill(91, 2.5, "B9", "A1", ship=CAPSULE)
    assert cluster_ids([ship, *three_kills(0), capsule]) == {frozenset({90}), frozenset({1, 2, 3, 91})}


def test_capsule_lost_long_after_its_ship_in_the_same_fight_is_in_it() -> None:
    fight = [kill(n, n, f"B{n}", "A1 A2") for n in range(1, 30)]
    assert len(cluster_ids([*fight, kill(90, 21, "B1", "D1", ship=CAPSULE)])) == 1


def test_capsule_links_like_any_loss() -> None:
    first, second = kill(1, 0, "B1", "A1"), kill(2, 20, "D1", "C1")
    capsule = kill(3, 10, "B1", "C1 A1", ship=CAPSULE)
    assert cluster_ids([first, second, capsule]) == {frozenset({1, 2, 3})}


def test_npc_police_tractor_and_self_destruct_killmails_link_nothing() -> None:
    first, second = three_kills(0), [kill(30 + n, 18 + n, f"C{n}", "A1 A2") for n in (1, 2, 3)]
    for non_combat in (kill(9, 10, "A1", "x"), kill(9, 10, "A1", "CONCORD C1"), kill(9, 10, "A1", "")):
        assert len(cluster_ids([*first, non_combat, *second])) == 2
    tractor = kill(9, 10, "A2", "C1", ship=TRACTOR)
    assert len(cluster_ids([*first, tractor, *second])) == 2


def test_bubble_shot_while_cleaning_up_joins_the_battle_and_extends_it_for_nobody() -> None:
    bubbles = [kill(80 + n, 3 + 10 * n, "B1", "A1", ship=TRACTOR, unpiloted=True) for n in (1, 2)]
    assert cluster_ids([*three_kills(0), *bubbles]) == {frozenset({1, 2, 3, 81}), frozenset({82})}


def test_bubble_shot_before_the_first_ship_dies_joins_the_battle() -> None:
    bubbles = [kill(80 + n, 11 - 10 * n, "B1", "A1", ship=TRACTOR, unpiloted=True) for n in (1, 2)]
    assert cluster_ids([*three_kills(10), *bubbles]) == {frozenset({11, 12, 13, 81}), frozenset({82})}


def test_drone_of_a_party_of_the_fight_joins_it_by_its_owner() -> None:
    drone = kill(80, 8, "B", "C1", ship=(2488, 100, 18))
    battle = component_of(1, cluster([*three_kills(0), drone], RULES))
    assert battle.non_combat_ids == (80,)
    assert {link.reason for link in battle.links if 80 in link[:2]} == {LinkReason.INSIDE}


def test_shown_loss_is_linked_to_the_nearest_killmail_of_its_people() -> None:
    fight = [*three_kills(0), kill(4, 4, "B4", "A2 A3"), kill(5, 5, "B5", "A2")]
    links = component_of(1, cluster([*fight, kill(80, 6, "B9", "A1", ship=TRACTOR)], RULES)).links
    assert [(link.from_killmail_id, link.reason) for link in links if link.to_killmail_id == 80] == [
        (3, LinkReason.INSIDE)
    ]


def test_non_combat_killmail_is_listed_with_the_battle_and_not_counted() -> None:
    fight = [kill(1, 0, "B1", "A1"), kill(3, 4, "B2", "A1")]
    battle = component_of(1, cluster([*fight, kill(2, 2, "A9", "x")], RULES))
    assert (battle.killmail_ids, battle.non_combat_ids) == ((1, 2, 3), (2,))
    single = component_of(1, cluster([fight[0], kill(2, 0.3, "A1", "CONCORD")], RULES))
    assert (single.non_combat_ids, single.is_battle, single.tier) == ((2,), False, Tier.SINGLE)


def test_strangers_loss_to_npcs_is_not_listed_with_a_battle_near_it() -> None:
    fight = [kill(1, 0, "B1", "A1"), kill(3, 4, "B2", "A1")]
    assert cluster_ids([*fight, kill(2, 2, "Z1", "x")]) == {frozenset({1, 3}), frozenset({2})}


def test_losses_to_a_structure_of_players_without_its_pilot_are_a_battle() -> None:
    losses = [kill(n, n / 2, f"A{n}", "B") for n in range(1, 5)]
    (component,) = cluster(losses, RULES)
    assert component.is_battle
    assert component.non_combat_ids == ()


def test_faction_as_a_corporation_is_no_party_and_glues_no_fights() -> None:
    faction = Attacker(None, 500_010, None, party_of(None, 500_010, None, None), 11_029, 500, final_blow=False)
    fights = (kill(1, 0, "A1", "B1"), kill(2, 0.25, "A2", "C1"))
    with_faction = [replace(killmail, attackers=(*killmail.attackers, faction)) for killmail in fights]
    assert len(cluster_ids(with_faction)) == 2
    assert not any(classify_loss(replace(killmail, attackers=(faction,))) is LossKind.COMBAT for killmail in fights)


def test_ships_ejected_from_a_dying_structure_are_no_battle() -> None:
    ejected = [kill(n, n / 60, "B1", "A1 A2", ship=SHUTTLE, unpiloted=True) for n in range(1, 60)]
    assert not any(component.is_battle for component in cluster(ejected, RULES))


def test_fights_of_strangers_that_one_pilot_connects_are_two_battles() -> None:
    first = [kill(n, n, f"B{n}", "A1 A2") for n in (1, 2, 3)]
    second = [kill(10 + n, 5 + n, f"D{n}", "C1 C2") for n in (1, 2, 3)]
    scout = [kill(20, 4, "E1", "A1"), kill(21, 5, "D9", "A1 C1")]
    assert cluster_ids([*first, *second, *scout]) == {frozenset({1, 2, 3, 20}), frozenset({11, 12, 13, 21})}


def test_part_of_fewer_than_three_killmails_is_not_split_at_a_bridge() -> None:
    first = [kill(n, n, f"B{n}", "A1 A2") for n in (1, 2, 3)]
    second = [kill(11, 5, "D1", "A1 C1"), kill(12, 6, "D2", "C1")]
    assert len(cluster_ids([*first, *second])) == 1


def test_fights_that_share_another_party_are_not_split_at_a_bridge() -> None:
    first = [kill(n, n, f"B{n}", "A1 A2") for n in (1, 2, 3)]
    second = [kill(10 + n, 5 + n, f"B{n + 5}", "C1 C2 A1" if n == 1 else "C1 C2") for n in (1, 2, 3)]
    assert len(cluster_ids([*first, *second])) == 1


def test_tier_follows_the_size() -> None:
    def tier(killmails: int, pilots: int, value: float = 1e6) -> Tier:
        fight = [kill(n, n / 10, f"B{n % pilots}", "A1 A2 A3", value=value) for n in range(1, killmails + 1)]
        return component_of(1, cluster(fight, RULES)).tier

    assert [tier(1, 9), tier(2, 9), tier(3, 9), tier(10, 9), tier(100, 9)] == list(Tier)
    assert tier(9, 2) is Tier.SKIRMISH
    assert tier(3, 3, value=2e9) is Tier.BATTLE


def test_configuration_sets_window_longest_absence_and_minimum_size() -> None:
    rules = DetectionRules.from_configuration(window_minutes=15, gap_max_minutes=5, min_kills=3)
    killmails = [kill(1, 0, "B1", "A1"), kill(2, 6, "C1", "A1")]
    assert len(cluster_ids(killmails)) == 1
    assert (rules.max_absence, rules.quiet_limit) == (300, 300)
    assert DetectionRules.from_configuration(30, 20, 2) == RULES
    assert len(cluster_ids(killmails, rules)) == 2
    components = cluster([killmails[0], kill(2, 4, "B2", "A1")], rules)
    assert [component.is_battle for component in components] == [False]


def test_component_has_one_link_fewer_than_members() -> None:
    fight = [kill(n, n / 10, f"B{n}", "A1 A2 A3 A4") for n in range(1, 40)]
    (component,) = cluster(fight, RULES)
    assert len(component.links) == 38
    assert all(0 < link.score <= 1 and link.reason is LinkReason.SAME_PEOPLE for link in component.links)


def test_merge_edit_links_unrelated_killmails_and_split_edit_separates_linked_ones() -> None:
    unrelated = [kill(1, 0, "B1", "A1"), kill(2, 300, "D1", "C1", system=FAR)]
    assert len(cluster_ids(unrelated, constraints=Constraints(must_link=frozenset({(1, 2)})))) == 1
    fight = [kill(n, n, f"B{n}", "A1 A2") for n in range(1, 7)]
    split = Constraints(cannot_link=((frozenset({1, 2}), frozenset({6})),))
    parts = cluster_ids(fight, constraints=split)
    assert len(parts) == 2
    assert next(part for part in parts if 1 in part).isdisjoint({6})


def test_excluded_killmail_is_in_no_battle_and_links_nothing() -> None:
    fight = [kill(1, 0, "B1", "A1"), kill(2, 15, "B2", "A1"), kill(3, 30, "C2", "A1")]
    assert cluster_ids(fight, constraints=Constraints(excluded=frozenset({2}))) == {frozenset({1}), frozenset({3})}


def test_removed_pilot_links_nothing() -> None:
    fight = [kill(1, 0, "B1", "A1 A2"), kill(2, 10, "C2", "A1 D1")]
    without_victim = Constraints(removed_pilots=frozenset({(2, next(iter(fight[0].pilots())))}))
    assert len(cluster_ids(fight, constraints=without_victim)) == 1
    without_attacker = Constraints(removed_pilots=frozenset({(2, fight[0].attackers[0].character_id or 0)}))
    assert len(cluster_ids(fight, constraints=without_attacker)) == 2


def test_killmail_of_last_week_is_not_in_a_battle_of_today() -> None:
    assert len(cluster_ids([kill(1, 0, "B1", "A1"), kill(2, -7 * 24 * 60, "B2", "A1")])) == 2


def test_long_battle_is_not_cut_at_the_hour_nor_after_thirty_minutes() -> None:
    long = [kill(n, 50 + 2 * n, f"B{n}", "A1 A2") for n in range(1, 60)]
    assert len(cluster_ids(long)) == 1


def test_fight_in_another_system_breaks_no_silence() -> None:
    slow = [kill(1, 0, "B1", "A1"), kill(2, 14, "B2", "A1")]
    fast = [kill(10 + n, n / 60, f"D{n}", "C1 C2", system=FAR) for n in range(30)]
    assert frozenset({1, 2}) in cluster_ids([*slow, *fast])
    assert slow[0].system_id == HOME
