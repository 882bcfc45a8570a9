from builders import CAPSULE, CITADEL, FAR, HOME, NEXT, RULES, SHUTTLE, TRACTOR, component_of, groups, kill

from battle_cluster.detection.clustering import cluster
from battle_cluster.detection.links import LinkReason
from battle_cluster.detection.rules import DetectionRules
from battle_cluster.detection.session_gap import inactivity_gaps, is_over
from battle_cluster.detection.tiers import Tier
from battle_cluster.edits.constraints import Constraints


def test_a_shared_pilot_within_the_quiet_limit_makes_one_battle() -> None:
    assert groups([kill(1, 0, "B1", "A1"), kill(2, 14, "B2", "A1")]) == {frozenset({1, 2})}


def test_beyond_the_quiet_limit_and_without_a_common_enemy_it_is_another() -> None:
    assert groups([kill(1, 0, "B1", "A1"), kill(2, 16, "C2", "A1")]) == {frozenset({1}), frozenset({2})}


def test_one_shared_alliance_is_no_link() -> None:
    assert len(groups([kill(1, 0, "B1", "A1"), kill(2, 1, "C1", "A2")])) == 2


def test_two_shared_parties_within_four_minutes_are_the_same_moment() -> None:
    (one,) = cluster([kill(1, 0, "B1", "A1"), kill(2, 4, "B2", "A2")], RULES)
    assert one.links[0].reason is LinkReason.SAME_MOMENT
    assert len(groups([kill(1, 0, "B1", "A1"), kill(2, 4.1, "B2", "A2")])) == 2


def test_other_systems_are_other_battles_unless_people_and_enemy_moved_together() -> None:
    here = [kill(1, 0, "B1", "A1 A2"), kill(2, 1, "B2", "A1 A3")]
    chase = [kill(3, 5, "B3", "A1 A2", system=NEXT), kill(4, 6, "B4", "A2 A3", system=NEXT)]
    roam = [kill(3, 5, "C3", "A1 A2", system=NEXT), kill(4, 6, "C4", "A2 A3", system=NEXT)]
    far = [kill(3, 5, "B3", "A1 A2", system=FAR), kill(4, 6, "B4", "A2 A3", system=FAR)]
    assert groups([*here, *chase]) == {frozenset({1, 2, 3, 4})}
    assert groups([*here, *roam]) == {frozenset({1, 2}), frozenset({3, 4})}
    assert groups([*here, *far]) == {frozenset({1, 2}), frozenset({3, 4})}


def test_the_link_of_a_running_fight_says_so() -> None:
    (one,) = cluster([kill(1, 0, "B1", "A1 A2"), kill(2, 5, "B2", "A1 A2", system=NEXT)], RULES)
    assert [(link.a, link.b, link.reason) for link in one.links] == [(1, 2, LinkReason.MOVED)]


def test_through_an_unknown_hole_half_of_the_crew_must_be_the_same() -> None:
    hole = 31_000_001
    inside = kill(1, 0, "B1", "A1 A2 A3", system=hole)
    assert len(groups([inside, kill(2, 3, "B2", "A1 A2", system=FAR)])) == 1
    assert len(groups([inside, kill(2, 3, "B2", "A1 A4 A5 A6", system=FAR)])) == 2


def test_a_reshipped_fleet_comes_back_for_round_two() -> None:
    first = [kill(1, 0, "B1", "A1 A2"), kill(2, 1, "A1", "B2 B3")]
    second = [kill(3, 28, "B4", "A1 A2"), kill(4, 29, "A2", "B2 B3")]
    assert groups([*first, *second]) == {frozenset({1, 2, 3, 4})}
    assert len(groups([*first, *(kill(m.killmail_id, 35 + n, "B4", "A1 A2") for n, m in enumerate(second))])) == 2


def test_a_gate_camp_on_strangers_has_no_second_round() -> None:
    assert len(groups([kill(1, 0, "B1", "A1 A2"), kill(2, 25, "C1", "A1 A2")])) == 2


def test_a_siege_of_one_structure_stays_together_for_an_hour() -> None:
    shots = [kill(1, 0, "B1", "A1", hull=CITADEL, empty=True), kill(2, 59, "B1", "C1", hull=CITADEL, empty=True)]
    (one,) = cluster(shots, RULES)
    assert one.links[0].reason is LinkReason.SAME_TARGET


def test_a_slow_siege_survives_what_cuts_a_fast_fleet_fight() -> None:
    slow = [kill(n, 3 * n, f"B{n}", "A1 A2") for n in range(1, 6)]
    fast = [kill(n, n / 12, f"B{n}", "A1 A2") for n in range(1, 6)]
    assert len(groups([*slow, kill(9, 15 + 17, "C9", "A1")])) == 1
    assert len(groups([*fast, kill(9, 5 / 12 + 7, "C9", "A1")])) == 2


def test_the_quiet_limit_is_six_median_gaps_between_bounds() -> None:
    assert inactivity_gaps([0, 180, 360, 540], RULES) == [1080, 1080, 1080, 1080]
    assert inactivity_gaps([0, 5, 10, 15], RULES)[0] == RULES.min_gap
    assert inactivity_gaps([0, 600, 1200, 1800], RULES)[1] == RULES.max_gap
    assert inactivity_gaps([0, 5, 10], RULES) == [RULES.default_gap] * 3


def test_what_lies_outside_the_window_does_not_change_the_limit() -> None:
    assert inactivity_gaps([0, 60, 120, 180, 180 + 1801], RULES)[3] == inactivity_gaps([0, 60, 120, 180], RULES)[3]


def test_capsules_never_open_a_battle() -> None:
    components = cluster([kill(1, 0, "B1", "A1", hull=CAPSULE), kill(2, 1, "B2", "A1", hull=CAPSULE)], RULES)
    assert [component.is_battle for component in components] == [False, False]


def test_a_capsule_joins_the_ship_of_its_pilot() -> None:
    ship, other = kill(1, 0, "B1", "A1"), kill(2, 1, "C1", "D1")
    pod = kill(3, 1.3, "B1", "D1", hull=CAPSULE)
    assert groups([ship, other, pod]) == {frozenset({1, 3}), frozenset({2})}


def test_a_capsule_caught_later_does_not_make_two_fights_one() -> None:
    first, second = kill(1, 0, "B1", "A1"), kill(2, 20, "D1", "C1")
    pod = kill(3, 10, "B1", "C1 A1", hull=CAPSULE)
    assert groups([first, second, pod]) == {frozenset({1, 3}), frozenset({2})}


def test_npc_police_tractor_and_self_destruct_mails_link_nothing() -> None:
    for odd in (kill(2, 5, "A1", "x"), kill(2, 5, "A1", "CONCORD C1"), kill(2, 5, "A1", "")):
        assert len(groups([kill(1, 0, "B1", "A1"), odd, kill(3, 16, "C1", "A1")])) == 3
    assert len(groups([kill(1, 0, "B1", "A1"), kill(2, 9, "A2", "C1", hull=TRACTOR), kill(3, 16, "D1", "C1")])) == 3


def test_they_are_shown_where_they_lie_inside_and_count_for_nothing() -> None:
    fight = [kill(1, 0, "B1", "A1"), kill(3, 4, "B2", "A1")]
    one = component_of(1, cluster([*fight, kill(2, 2, "A9", "x")], RULES))
    assert (one.killmail_ids, one.non_combat_ids) == ((1, 2, 3), (2,))
    alone = component_of(1, cluster([fight[0], kill(2, 0.3, "A1", "CONCORD")], RULES))
    assert (alone.non_combat_ids, alone.is_battle, alone.tier) == ((2,), False, Tier.SINGLE)


def test_a_stranger_s_loss_to_rats_is_not_shown_in_a_battle_next_to_it() -> None:
    fight = [kill(1, 0, "B1", "A1"), kill(3, 4, "B2", "A1")]
    assert groups([*fight, kill(2, 2, "Z1", "x")]) == {frozenset({1, 3}), frozenset({2})}


def test_ships_ejected_from_a_dying_structure_are_no_battle() -> None:
    spill = [kill(n, n / 60, "B1", "A1 A2", hull=SHUTTLE, empty=True) for n in range(1, 60)]
    assert not any(component.is_battle for component in cluster(spill, RULES))


def test_one_pilot_on_two_strangers_fights_is_a_bridge_and_no_link() -> None:
    first = [kill(n, n, f"B{n}", "A1 A2") for n in (1, 2, 3)]
    second = [kill(10 + n, 5 + n, f"D{n}", "C1 C2") for n in (1, 2, 3)]
    scout = [kill(20, 4, "E1", "A1"), kill(21, 5, "D9", "A1 C1")]
    assert groups([*first, *second, *scout]) == {frozenset({1, 2, 3, 20}), frozenset({11, 12, 13, 21})}


def test_fewer_than_three_mails_on_one_end_are_no_second_fight() -> None:
    first = [kill(n, n, f"B{n}", "A1 A2") for n in (1, 2, 3)]
    tail = [kill(11, 5, "D1", "A1 C1"), kill(12, 6, "D2", "C1")]
    assert len(groups([*first, *tail])) == 1


def test_a_bridge_between_fights_that_share_another_party_is_a_link() -> None:
    first = [kill(n, n, f"B{n}", "A1 A2") for n in (1, 2, 3)]
    second = [kill(10 + n, 5 + n, f"B{n + 5}", "C1 C2 A1" if n == 1 else "C1 C2") for n in (1, 2, 3)]
    assert len(groups([*first, *second])) == 1


def test_tiers_are_labels_by_size() -> None:
    def tier(mails: int, pilots: int, value: float = 1e6) -> Tier:
        fight = [kill(n, n / 10, f"B{n % pilots}", "A1 A2 A3", value=value) for n in range(1, mails + 1)]
        return component_of(1, cluster(fight, RULES)).tier

    assert [tier(1, 9), tier(2, 9), tier(3, 9), tier(10, 9), tier(100, 9)] == list(Tier)
    assert tier(9, 2) is Tier.SKIRMISH
    assert tier(3, 3, value=2e9) is Tier.BATTLE


def test_configuration_changes_window_quiet_limit_and_least_size_only() -> None:
    rules = DetectionRules.from_configuration(window_minutes=15, gap_max_minutes=5, min_kills=3)
    mails = [kill(1, 0, "B1", "A1"), kill(2, 6, "C1", "A1")]
    assert len(groups(mails)) == 1
    assert len(groups(mails, rules)) == 2
    assert [one.is_battle for one in cluster([mails[0], kill(2, 4, "B2", "A1")], rules)] == [False]


def test_links_explain_a_component_with_one_fewer_than_its_members() -> None:
    fight = [kill(n, n / 10, f"B{n}", "A1 A2 A3 A4") for n in range(1, 40)]
    (one,) = cluster(fight, RULES)
    assert len(one.links) == 38
    assert all(0 < link.score <= 1 and link.reason is LinkReason.SAME_PEOPLE for link in one.links)


def test_a_tag_links_what_nothing_else_does_and_a_split_parts_what_everything_ties() -> None:
    apart = [kill(1, 0, "B1", "A1"), kill(2, 300, "D1", "C1", system=FAR)]
    assert len(groups(apart, constraints=Constraints(must_link=frozenset({(1, 2)})))) == 1
    fight = [kill(n, n, f"B{n}", "A1 A2") for n in range(1, 7)]
    split = Constraints(cannot_link=((frozenset({1, 2}), frozenset({6})),))
    parts = groups(fight, constraints=split)
    assert len(parts) == 2
    assert next(part for part in parts if 1 in part).isdisjoint({6})


def test_an_excluded_mail_is_in_no_battle_and_ties_nothing() -> None:
    fight = [kill(1, 0, "B1", "A1"), kill(2, 10, "B2", "A1"), kill(3, 20, "C2", "A1")]
    assert groups(fight, constraints=Constraints(excluded=frozenset({2}))) == {frozenset({1}), frozenset({3})}


def test_a_scrubbed_pilot_ties_nothing() -> None:
    fight = [kill(1, 0, "B1", "A1 A2"), kill(2, 10, "C2", "A1 D1")]
    scrub = Constraints(removed_pilots=frozenset({(2, next(iter(fight[0].pilots())))}))
    assert len(groups(fight, constraints=scrub)) == 1
    scrub = Constraints(removed_pilots=frozenset({(2, fight[0].attackers[0].character_id or 0)}))
    assert len(groups(fight, constraints=scrub)) == 2


def test_last_week_s_mail_does_not_land_in_today_s_battle() -> None:
    assert len(groups([kill(1, 0, "B1", "A1"), kill(2, -7 * 24 * 60, "B2", "A1")])) == 2


def test_a_battle_is_not_cut_at_the_hour_nor_after_thirty_minutes() -> None:
    long = [kill(n, 50 + 2 * n, f"B{n}", "A1 A2") for n in range(1, 60)]
    assert len(groups(long)) == 1


def test_a_battle_is_over_by_event_time() -> None:
    assert not is_over(last_mail=1000, quiet=360, watermark=1000 + 360 + 120, feed_delay=120)
    assert is_over(last_mail=1000, quiet=360, watermark=1000 + 360 + 121, feed_delay=120)


def test_systems_of_different_battles_do_not_share_a_rhythm() -> None:
    calm = [kill(1, 0, "B1", "A1"), kill(2, 14, "B2", "A1")]
    storm = [kill(10 + n, n / 60, f"D{n}", "C1 C2", system=FAR) for n in range(30)]
    assert frozenset({1, 2}) in groups([*calm, *storm])
    assert calm[0].system_id == HOME
