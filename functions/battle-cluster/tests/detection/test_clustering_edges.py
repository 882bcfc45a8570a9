"""Detection exactly on its edges: what still links, and what no longer does."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest
from builders import CAPSULE, CITADEL, FAR, NEXT, RULES, component_of, groups, kill
from edges import shares_crew

from battle_cluster.detection.classification import LossKind, classify, classify_loss
from battle_cluster.detection.clustering import TimelineCache, cluster
from battle_cluster.detection.links import Link, LinkReason
from battle_cluster.detection.session_gap import inactivity_gaps
from battle_cluster.detection.split_suggestions import SplitReason, _articulation_killmails, suggested_splits
from battle_cluster.domain.killmail import Killmail
from battle_cluster.edits.constraints import NO_CONSTRAINTS, Constraints

SECOND = 1 / 60
OTHER_STRUCTURE = (35825, 1404, 65)


def one(*mails: Killmail) -> bool:
    return len(groups(mails)) == 1


def links(*mails: Killmail) -> list[tuple[LinkReason, float]]:
    return [(link.reason, link.score) for link in component_of(1, cluster(mails, RULES)).links]


@pytest.mark.parametrize("category", [23, 40, 46, 65])
def test_starbases_sovereignty_orbitals_and_citadels_are_besieged(category: int) -> None:
    shots = [kill(n, 50 * n, "B1", f"{'AC'[n]}1", hull=(900, 800, category), empty=True) for n in (0, 1)]
    assert one(*shots)


@pytest.mark.parametrize("category", [18, 22, 87])
def test_drones_deployables_and_fighters_link_nothing(category: int) -> None:
    assert classify_loss(kill(1, 0, "B1", "A1", hull=(900, 800, category), empty=True)) is LossKind.NON_COMBAT
    assert classify_loss(kill(1, 0, "B1", "A1", hull=(900, 800, 6))) is LossKind.COMBAT


def test_a_gap_that_ends_exactly_with_the_window_counts_for_the_rhythm() -> None:
    assert inactivity_gaps([0, 600, 1200, 1800], RULES) == [1200] * 4
    assert inactivity_gaps([0, 600, 1200, 1801], RULES)[0] == RULES.default_gap


def test_a_fight_may_move_after_exactly_the_quiet_limit() -> None:
    first = kill(1, 0, "B1", "A1 A2")
    assert one(first, kill(2, 15, "B2", "A1 A2", system=NEXT))
    assert not one(first, kill(2, 15 + SECOND, "B2", "A1 A2", system=NEXT))


def test_a_gate_that_only_one_end_knows_of_is_a_gate() -> None:
    here, there = kill(1, 0, "B1", "A1 A2"), kill(2, 5, "B2", "A1 A2", system=NEXT)
    assert one(here, replace(there, nearby_system_ids=frozenset()))
    assert one(replace(here, nearby_system_ids=frozenset()), there)
    assert not one(replace(here, nearby_system_ids=frozenset()), replace(there, nearby_system_ids=frozenset()))


def test_wormholes_are_those_of_the_game_s_id_range() -> None:
    for system, is_hole in ((30_999_999, False), (31_000_000, True), (31_999_999, True), (32_000_000, False)):
        assert one(kill(1, 0, "B1", "A1 A2"), kill(2, 5, "B2", "A1 A2", system=system)) is is_hole
        assert one(kill(1, 0, "B1", "A1 A2", system=system), kill(2, 5, "B2", "A1 A2")) is is_hole


def test_exactly_the_asked_share_of_a_crew_is_enough() -> None:
    half = replace(RULES, crew_share=0.5)
    assert shares_crew(half, 2, 4, minute=25)
    assert shares_crew(half, 2, 4, system=NEXT)


def test_the_share_is_of_the_smaller_crew() -> None:
    crowd = kill(1, 0, "B1", " ".join(f"A{n}" for n in range(1, 20)))
    assert one(crowd, kill(2, 25, "B2", "A1 A2"))
    assert one(crowd, kill(2, 5, "B2", "A1 A2", system=NEXT))


def test_a_fleet_may_take_exactly_the_window_on_its_way() -> None:
    stay = [kill(n, n * 5, f"B{n}", "A3") for n in range(1, 6)]
    left = kill(9, 0, "B9", "A1 A2 A3")
    assert one(left, *stay, kill(10, 30, "B10", "A1 A2", system=NEXT))
    assert not one(left, *stay, kill(10, 30 + SECOND, "B10", "A1 A2", system=NEXT))


def test_who_met_no_enemy_the_first_time_does_not_meet_him_again() -> None:
    assert not one(kill(1, 0, "A9", "A1 A2"), kill(2, 25, "B1", "A1 A2"))


def test_own_people_that_were_hit_are_no_enemy_to_meet_again() -> None:
    assert not one(kill(1, 0, "A8", "A1 A2"), kill(2, 25, "A9", "A1 A2"))
    assert not one(kill(1, 0, "A1", "B1 A5"), kill(2, 25, "A1", "C1 A6"))


def test_structures_of_nobody_are_no_common_enemy() -> None:
    shots = [kill(1, 0, "x", "A1 A2", hull=CITADEL), kill(2, 25, "x", "A1 A2", hull=OTHER_STRUCTURE)]
    assert not one(*shots)


def test_who_shot_a_pilot_twice_is_an_enemy_met_again() -> None:
    assert one(kill(1, 0, "A1", "B1"), kill(2, 25, "A1", "B2"))


def test_npcs_on_both_mails_are_no_common_enemy() -> None:
    assert not one(kill(1, 0, "A1", "B1 x"), kill(2, 25, "A1", "C1 x"))


def test_enemies_are_those_of_the_people_who_came_back() -> None:
    first = [kill(1, 0, "B1", "A1 A2"), kill(2, SECOND, "C1", "A1 D1"), kill(3, 2 * SECOND, "E1", "D1 D2")]
    assert not one(*first, kill(4, 25, "E2", "A1 A2"))


def test_mails_of_one_second_that_people_split_stay_split() -> None:
    split = Constraints(cannot_link=((frozenset({1}), frozenset({2})),))
    assert len(groups([kill(1, 0, "B1", "A1 A2"), kill(2, 0, "B2", "A1 A2")], constraints=split)) == 2


def test_round_two_is_told_by_the_last_mail_before_the_pause_and_the_first_after() -> None:
    first = [kill(1, 0, "B1", "A1 A2"), kill(2, 1, "B2", "A1 A2")]
    second = [kill(3, 26, "B3", "A1 A2"), kill(4, 27, "B4", "A1 A2")]
    (whole,) = cluster([*first, *second], RULES)
    assert [(link.a, link.b) for link in whole.links if link.reason is LinkReason.ROUND_TWO] == [(2, 3)]


def test_a_capsule_may_be_lost_next_door_and_no_further() -> None:
    ship = kill(1, 0, "B1", "A1")
    assert one(ship, kill(2, 2, "B1", "C1", hull=CAPSULE, system=NEXT))
    assert not one(ship, kill(2, 2, "B1", "C1", hull=CAPSULE, system=FAR))


def test_a_capsule_lost_in_the_second_of_its_ship_follows_it() -> None:
    assert links(kill(1, 0, "B1", "A1"), kill(2, 0, "B1", "D1", hull=CAPSULE)) == [(LinkReason.CAPSULE, 1.0)]


def test_a_capsule_follows_its_pilot_s_last_ship() -> None:
    ships = [kill(1, 0, "B1", "A1"), kill(2, 10, "B1", "C1")]
    assert groups([*ships, kill(3, 11, "B1", "E1", hull=CAPSULE)]) == {frozenset({1, 2, 3})}
    first, second = kill(1, 0, "B1", "A1"), kill(2, 5, "B1", "C1", system=FAR)
    assert groups([first, second, kill(3, 6, "B1", "E1", hull=CAPSULE)]) == {frozenset({1, 3}), frozenset({2})}


def test_a_capsule_comes_after_its_ship() -> None:
    assert links(kill(1, 1, "B1", "A1"), kill(2, 0, "B1", "D1", hull=CAPSULE)) == [(LinkReason.SAME_PEOPLE, 0.5)]


def test_a_capsule_without_ship_joins_its_hunters_within_exactly_the_quiet_limit() -> None:
    for pause in (15, -15):
        assert links(kill(1, 0, "B1", "A1"), kill(2, pause, "C1", "A1", hull=CAPSULE)) == [(LinkReason.SAME_PEOPLE, 0.5)]
        beyond = pause + (SECOND if pause > 0 else -SECOND)
        assert not one(kill(1, 0, "B1", "A1"), kill(2, beyond, "C1", "A1", hull=CAPSULE))


def test_a_capsule_without_ship_joins_the_mail_it_is_closest_to() -> None:
    early, late = kill(1, 0, "B1", "A1"), kill(2, 20, "D1", "C1")
    assert groups([early, late, kill(3, 12, "E1", "A1 C1", hull=CAPSULE)]) == {frozenset({1}), frozenset({2, 3})}
    assert groups([early, late, kill(3, 8, "E1", "A1 C1", hull=CAPSULE)]) == {frozenset({1, 3}), frozenset({2})}


def test_police_just_before_the_first_kill_is_shown_as_well() -> None:
    fight = [kill(1, 0, "B1", "A1"), kill(2, 4, "B2", "A1")]
    assert component_of(1, cluster([*fight, kill(3, -1, "A1", "CONCORD")], RULES)).non_combat_ids == (3,)
    assert component_of(1, cluster([*fight, kill(3, -1 - SECOND, "A1", "CONCORD")], RULES)).non_combat_ids == ()


def test_a_shown_mail_with_people_is_surer_than_one_with_a_party_alone() -> None:
    fight = [kill(1, 0, "B1", "A1"), kill(2, 4, "B2", "A1")]
    inside = {name: links(*fight, kill(3, 2, name, "x"))[-1] for name in ("A1", "A9")}
    assert inside == {"A1": (LinkReason.INSIDE, 0.5), "A9": (LinkReason.INSIDE, 0.25)}


def test_a_shown_mail_goes_where_it_shares_most_people() -> None:
    ours = [kill(1, 0, "B1", "A1"), kill(2, 4, "B2", "A1")]
    theirs = [kill(3, 0, "D1", "C1 C2"), kill(4, 4, "D2", "C1 C2")]
    assert component_of(1, cluster([*ours, *theirs, kill(5, 2, "C1", "CONCORD C2 A1")], RULES)).non_combat_ids == ()
    assert component_of(3, cluster([*ours, *theirs, kill(5, 2, "C1", "CONCORD C2 A1")], RULES)).non_combat_ids == (5,)


def test_a_link_names_the_earlier_mail_first_and_how_many_it_rests_on() -> None:
    (whole,) = cluster([kill(1, 0, "B1", "A1 A2 A3"), kill(2, 5, "B2", "A1 A2 A3")], RULES)
    assert whole.links == (Link(1, 2, LinkReason.SAME_PEOPLE, 0.625),)


def test_a_tag_to_a_mail_that_is_not_at_hand_ties_nothing() -> None:
    tag = Constraints(must_link=frozenset({(1, 99), (98, 2)}))
    assert len(groups([kill(1, 0, "B1", "A1"), kill(2, 90, "D1", "C1")], constraints=tag)) == 2


def test_what_was_remembered_of_a_system_is_not_told_of_other_mails() -> None:
    lines = TimelineCache()
    before = [kill(1, 0, "B1", "A1"), kill(2, 12, "B2", "A1")]
    after = [*before, kill(3, 14, "D1", "C1")]
    for mails in (before, after, before, [*before, kill(4, 1, "B4", "A1", system=NEXT)]):
        assert cluster(mails, RULES, timeline_cache=lines) == cluster(mails, RULES)


def test_mails_that_come_between_and_go_again_leave_nothing_behind() -> None:
    lines = TimelineCache()
    ends = [kill(1, 0, "B1", "A1 A2"), kill(2, 12, "B2", "A1 A2")]
    between = kill(3, 6, "B3", "A1")
    for mails in (ends, [*ends, between], ends, [ends[1]], ends):
        assert cluster(mails, RULES, timeline_cache=lines) == cluster(mails, RULES)


def test_a_pilot_who_was_scrubbed_is_not_remembered_on_the_mail() -> None:
    lines = TimelineCache()
    mails = [kill(1, 0, "B1", "A1 A2"), kill(2, 10, "C2", "A1 D1")]
    scrub = Constraints(removed_pilots=frozenset({(2, mails[0].attackers[0].character_id or 0)}))
    for constraints in (NO_CONSTRAINTS, scrub, NO_CONSTRAINTS, scrub):
        assert cluster(mails, RULES, constraints, lines) == cluster(mails, RULES, constraints)
    assert len(cluster(mails, RULES, scrub, lines)) == 2


def test_a_bridge_is_no_link_either_when_its_mails_came_one_by_one() -> None:
    lines = TimelineCache()
    first = [kill(n, n, f"B{n}", "A1 A2") for n in (1, 2, 3)]
    second = [kill(10 + n, 5 + n, f"D{n}", "C1 C2" if n > 2 else "C1 C2 A1") for n in (1, 2, 3)]
    cluster([*first, *second[1:]], RULES, timeline_cache=lines)
    assert cluster([*first, *second], RULES, timeline_cache=lines) == cluster([*first, *second], RULES)
    assert len(groups([*first, *second])) == 2


def bridge_kill(size: int, by: str) -> tuple[int, ...] | None:
    """Two crews of which so many mails tell, and a mail of both: the half it goes with. C5 is on a single mail."""
    early = [kill(n, n / 60, f"B{n}", "A1 A2") for n in range(1, size // 2)]
    late = [kill(200 + n, n / 60, f"D{n}", "C1 C2" if n > 1 else "C1 C2 C5") for n in range(1, size - len(early))]
    found = suggested_splits([*early, kill(100, 1, "E1", by), *late], RULES)
    return next((one.first for one in found if one.reason is SplitReason.BRIDGE_KILL), None)


def test_a_mail_between_two_fights_goes_with_the_one_it_shares_more_mails_with() -> None:
    assert bridge_kill(12, "A1 C5") == (1, 2, 3, 4, 5, 100)
    assert bridge_kill(12, "A1 C1") == (1, 2, 3, 4, 5)


def test_bridging_mails_are_looked_for_in_battles_of_exactly_eighty_mails_too() -> None:
    assert bridge_kill(80, "A1 C5") is not None
    assert bridge_kill(81, "A1 C5") is None


def pieces(mails: Sequence[Killmail]) -> int:
    """Of mails and all pilots ever named, held together by who is on which mail."""
    named = {("pilot", pilot) for mail in mails for pilot in mail.pilot_ids}
    group = {one: {one} for one in named}
    for mail in mails:
        joined = set[tuple[str, int]]().union(*(group[("pilot", pilot)] for pilot in mail.pilot_ids))
        group.update(dict.fromkeys(joined, joined))
    return len({min(one) for one in group.values()})


def test_mails_that_hold_everybody_together_are_those_without_which_they_fall_apart() -> None:
    for seed in range(60):
        rng = Random(seed)
        names = [f"{letter}{number}" for letter in "ABC" for number in (1, 2, 3)]
        mails = [kill(n, n, *map(" ".join, drawn(rng, names))) for n in range(rng.randint(1, 9))]
        fall_apart = set()
        for at, mail in enumerate(mails):
            rest = [*mails[:at], *mails[at + 1 :]]
            left = frozenset[int]().union(*(one.pilot_ids for one in rest))
            if pieces(rest) + len(mail.pilot_ids - left) > pieces(mails):
                fall_apart.add(at)
        assert _articulation_killmails([classify(mail) for mail in mails]) == fall_apart


def drawn(rng: Random, names: Sequence[str]) -> tuple[list[str], list[str]]:
    victim, *attackers = rng.sample(names, rng.randint(2, 4))
    return [victim], attackers
