"""Named fights and difficult cases of four real days: clustering, sides and totals as players would expect them."""

from functools import cache
from random import Random

import pytest
from builders import RULES, totals
from killmail_archive import Archive
from real_days import components_of_all_days, event_time, killmails_of_all_days, needs_real_days, systems

from battle_cluster.detection.classification import LossKind, classify_loss
from battle_cluster.detection.clustering import Component, cluster
from battle_cluster.detection.tiers import Tier
from battle_cluster.domain.isk import to_cents, to_decimal
from battle_cluster.domain.killmail import Killmail
from battle_cluster.sides.assignment import Role, Sides, assign
from battle_cluster.statistics.battle_totals import BattleTotals

pytestmark = needs_real_days


@cache
def killmails_by_id() -> dict[int, Killmail]:
    return {killmail.killmail_id: killmail for killmail in killmails_of_all_days()}


def members(component: Component) -> list[Killmail]:
    return [killmails_by_id()[killmail_id] for killmail_id in component.killmail_ids]


def size(component: Component) -> int:
    return len(component.killmail_ids) - len(component.non_combat_ids)


@cache
def battle_in(system: str, start: str, minutes: int = 40) -> Component:
    """The largest component with a killmail of the system in the minutes after a time of November 2021."""
    system_id, begin = systems()[system], event_time(start)
    ids = {
        killmail.killmail_id
        for killmail in killmails_of_all_days()
        if killmail.system_id == system_id and begin - 60 <= killmail.time <= begin + 60 * minutes
    }
    return max(
        (component for component in components_of_all_days() if ids.intersection(component.killmail_ids)), key=size
    )


@cache
def sides_and_totals(system: str, start: str) -> tuple[Sides, BattleTotals]:
    killmails = members(battle_in(system, start))
    return assign(killmails), totals(killmails, assign(killmails))


def test_largest_battle_has_two_coalitions() -> None:
    sides, battle = sides_and_totals("Jorund", "28 10:21")
    assert (battle.kills, battle.pilots, (battle.end - battle.start) // 60) == (1105, 1590, 241)
    assert [len(side.parties) > 10 for side in sides.sides] == [True, True]
    assert sum(row.side_id is None for row in battle.participants.values()) < 0.02 * battle.pilots


def test_running_fight_of_more_than_a_thousand_pilots_is_one_battle() -> None:
    _, battle = sides_and_totals("O-IVNH", "28 17:03")
    assert battle.pilots > 1250
    assert [battle.sides[number].pilots > 400 for number in (1, 2)] == [True, True]


@pytest.mark.parametrize(
    ("system", "start", "kills"),
    [
        ("LXQ2-T", "27 20:43", 262),
        ("UW9B-F", "30 00:26", 188),
        ("9P4O-F", "27 00:45", 160),
        ("X47L-Q", "30 19:22", 174),
    ],
)
def test_fleet_fights_have_two_main_sides(system: str, start: str, kills: int) -> None:
    sides, battle = sides_and_totals(system, start)
    assert size(battle_in(system, start)) == kills
    assert sum(battle.sides[number].pilots for number in (1, 2)) >= 0.9 * battle.pilots
    assert [side.role for side in sides.sides[:2]] == [Role.SIDE, Role.SIDE]


def test_rounds_eighteen_minutes_apart_are_one_battle_and_thirty_six_are_two() -> None:
    first, second, third = (battle_in("EC-P8R", f"28 {start}", 5) for start in ("03:05", "04:46", "05:11"))
    assert first != second == third
    assert {link.reason.value for link in third.links} >= {"round-two"}


def test_fight_hours_later_is_another_battle() -> None:
    assert battle_in("R1O-GN", "27 00:11") != battle_in("R1O-GN", "27 08:41")
    assert [size(battle_in("R1O-GN", start)) for start in ("27 00:11", "27 08:41")] == [112, 70]


def test_dreadnought_losses_alone_do_not_decide_the_sides() -> None:
    sides, _ = sides_and_totals("0T-LIB", "28 17:54")
    assert len(sides.sides) == 2


@pytest.mark.parametrize(("system", "start"), [("J105951", "30 19:58"), ("J150859", "29 18:42")])
def test_ships_ejected_from_a_dying_structure_are_no_battle(system: str, start: str) -> None:
    system_id, begin = systems()[system], event_time(start)
    ejected = {
        killmail.killmail_id
        for killmail in killmails_of_all_days()
        if killmail.system_id == system_id and begin <= killmail.time <= begin + 480
    }
    assert len(ejected) > 90
    assert not any(c.is_battle for c in components_of_all_days() if ejected.intersection(c.killmail_ids))


@pytest.mark.parametrize("start", ["27 03:36", "27 15:51", "28 11:32"])
def test_chain_of_skirmishes_in_low_sec_is_not_one_battle_of_five_hours(start: str) -> None:
    battle = battle_in("Tama", start)
    assert size(battle) < 100
    assert members(battle)[-1].time - members(battle)[0].time < 4 * 3600


@pytest.mark.parametrize(
    ("system", "start", "stomped"),
    [("Elarel", "30 01:43", 169), ("Angymonne", "30 19:20", 75), ("Ahbazon", "28 15:28", 59)],
)
def test_one_sided_fights_have_two_sides(system: str, start: str, stomped: int) -> None:
    sides, battle = sides_and_totals(system, start)
    assert len(sides.sides) == 2
    assert not sides.unassigned
    assert battle.outcome.decisive
    assert max(side.losses for side in battle.sides.values()) == stomped


@pytest.mark.parametrize(("system", "start"), [("Hek", "27 18:35"), ("Kourmonen", "27 19:16"), ("Amamake", "29 19:23")])
def test_wars_and_militias_have_two_sides(system: str, start: str) -> None:
    sides, battle = sides_and_totals(system, start)
    assert len(sides.sides) == 2
    assert battle.kills > 50


@pytest.mark.parametrize("system", ["Aakari", "Kamio", "Uedama"])
def test_police_killmails_link_no_strangers(system: str) -> None:
    system_id = systems()[system]
    police = [
        killmail
        for killmail in killmails_of_all_days()
        if killmail.system_id == system_id and classify_loss(killmail) is LossKind.NON_COMBAT
    ]
    assert police
    non_combat = {killmail_id for component in components_of_all_days() for killmail_id in component.non_combat_ids}
    single = {component.killmail_ids[0] for component in components_of_all_days() if len(component.killmail_ids) == 1}
    assert {killmail.killmail_id for killmail in police} <= non_combat | single


def component_with(killmail_id: int) -> Component:
    return next(component for component in components_of_all_days() if killmail_id in component.killmail_ids)


def test_pilots_unseen_for_six_minutes_stay_in_the_fight_of_ekpb_3_which_was_never_silent_for_three() -> None:
    assert component_with(96981981) == component_with(96982109)
    assert len(killmails_by_id()[96981981].pilot_ids & killmails_by_id()[96982109].pilot_ids) == 9


def test_dense_fight_of_t_j6ht_is_not_cut_because_its_pace_is_fast() -> None:
    system_id, begin = systems()["T-J6HT"], event_time("30 00:00")
    losses = [k.killmail_id for k in killmails_by_id().values() if k.system_id == system_id and k.time >= begin]
    fight = component_with(97032026)
    assert len(set(losses).intersection(fight.killmail_ids)) == 44


@pytest.mark.parametrize(
    ("capsule", "people"),
    [(97019283, 97019289), (97031395, 97031393), (97001649, 97001676)],
    ids=["WVMS-X", "A-ELE2", "UGR-J2"],
)
def test_capsule_is_in_the_fight_it_died_in_although_its_ship_was_lost_next_door(capsule: int, people: int) -> None:
    assert component_with(capsule) == component_with(people)
    assert killmails_by_id()[capsule].system_id == killmails_by_id()[people].system_id
    ships = [
        killmail
        for killmail in killmails_by_id().values()
        if killmail.victim.character_id == killmails_by_id()[capsule].victim.character_id
        and 0 < killmails_by_id()[capsule].time - killmail.time <= RULES.capsule_window
    ]
    assert [ship.system_id == killmails_by_id()[capsule].system_id for ship in ships] == [False]


def test_bubbles_and_drones_shot_while_cleaning_up_are_in_the_report() -> None:
    assert len(battle_in("9P4O-F", "27 00:45").non_combat_ids) == 15


def test_strangers_beside_two_fleets_in_u_qvwd_are_another_battle() -> None:
    fight = battle_in("U-QVWD", "27 01:26")
    pilots = frozenset[int]().union(*(killmail.pilot_ids for killmail in members(fight)))
    beside = [
        killmail
        for killmail in killmails_by_id().values()
        if killmail.system_id == systems()["U-QVWD"]
        and event_time("27 01:26") <= killmail.time <= event_time("27 01:37")
        and killmail.killmail_id not in fight.killmail_ids
    ]
    assert beside
    assert all(killmail.pilot_ids.isdisjoint(pilots) for killmail in beside)


def test_number_of_battles_by_size_over_four_days() -> None:
    sizes = sorted(size(component) for component in components_of_all_days())
    assert 130 <= sum(killmails >= 10 for killmails in sizes) / 4 <= 200
    assert 4 <= sum(killmails >= 100 for killmails in sizes) / 4 <= 7
    assert sum(c.tier is Tier.MAJOR for c in components_of_all_days()) == sum(killmails >= 100 for killmails in sizes)


def test_order_does_not_change_the_result() -> None:
    killmails = [k for k in killmails_of_all_days() if event_time("30 00:00") <= k.time < event_time("30 06:00")]
    shuffled = list(killmails)
    Random(7).shuffle(shuffled)
    assert cluster(shuffled, RULES) == cluster(killmails, RULES)


def test_neighbourhood_alone_gives_the_battles_of_all_killmails() -> None:
    killmails = [k for k in killmails_of_all_days() if event_time("30 17:00") <= k.time < event_time("30 20:00")]
    expected = cluster(killmails, RULES)
    archive = Archive(killmails)
    for killmail in Random(7).sample(killmails, 12):
        core, loaded = archive.neighbourhood({killmail.killmail_id}, RULES)
        from_neighbourhood = {c for c in cluster(loaded, RULES) if core.intersection(c.killmail_ids)}
        assert from_neighbourhood == {c for c in expected if core.intersection(c.killmail_ids)}


def test_every_loss_is_counted_exactly_once() -> None:
    for component in components_of_all_days():
        if component.tier in {Tier.MAJOR, Tier.BATTLE}:
            killmails = members(component)
            battle = totals(killmails, assign(killmails))
            unassigned = [row for row in battle.killmails.values() if row.side_id is None]
            assert sum(side.losses for side in battle.sides.values()) + len(unassigned) == battle.kills
            isk_lost = [side.isk_lost for side in battle.sides.values()]
            isk_lost += [to_decimal(to_cents(row.isk_value)) for row in unassigned]
            assert sum(isk_lost) == battle.isk_destroyed
