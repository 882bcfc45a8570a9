"""The named fights and traps of four real days: grouped, sided and counted as players would."""

from functools import cache
from random import Random

import pytest
from builders import RULES, Archive
from real_days import at, days, shared, systems

from battle_cluster.detection.classification import LossKind, classify_loss
from battle_cluster.detection.clustering import Component, cluster
from battle_cluster.detection.tiers import Tier
from battle_cluster.domain.killmail import Killmail
from battle_cluster.sides.assignment import Role, Sides, assign
from battle_cluster.statistics.battle_totals import BattleTotals, totals

pytestmark = shared


@cache
def mails() -> dict[int, Killmail]:
    return {mail.killmail_id: mail for mail in days()}


@cache
def components() -> tuple[Component, ...]:
    return cluster(mails().values(), RULES)


def members(component: Component) -> list[Killmail]:
    return [mails()[one] for one in component.killmail_ids]


def counted(component: Component) -> int:
    return len(component.killmail_ids) - len(component.non_combat_ids)


@cache
def fought(system: str, start: str, minutes: int = 40) -> Component:
    """The largest component with a mail of the system in the minutes after a time of November 2021."""
    place, begin = systems()[system], at(start)
    there = {m.killmail_id for m in days() if m.system_id == place and begin - 60 <= m.time <= begin + 60 * minutes}
    return max((c for c in components() if there.intersection(c.killmail_ids)), key=counted)


@cache
def sided(system: str, start: str) -> tuple[Sides, BattleTotals]:
    found = members(fought(system, start))
    return assign(found), totals(found, assign(found))


def test_the_largest_battle_is_one_of_two_coalitions() -> None:
    sides, told = sided("Jorund", "28 10:21")
    assert (told.kills, told.pilots, told.duration // 60) == (1108, 1592, 241)
    assert [len(side.parties) > 10 for side in sides.sides] == [True, True]
    assert sum(row.side_id is None for row in told.participants) < 0.02 * told.pilots


def test_a_fight_of_more_than_a_thousand_pilots_is_followed_through_its_systems() -> None:
    _, told = sided("O-IVNH", "28 17:03")
    assert told.pilots > 1250
    assert [side.pilots > 400 for side in told.sides[:2]] == [True, True]


@pytest.mark.parametrize(
    ("system", "start", "kills"),
    [
        ("LXQ2-T", "27 20:43", 259),
        ("UW9B-F", "30 00:26", 186),
        ("9P4O-F", "27 00:45", 158),
        ("X47L-Q", "30 19:22", 174),
    ],
)
def test_ordinary_fleet_fights_have_two_main_sides(system: str, start: str, kills: int) -> None:
    sides, told = sided(system, start)
    assert counted(fought(system, start)) == kills
    assert sum(side.pilots for side in told.sides[:2]) >= 0.9 * told.pilots
    assert [side.role for side in sides.sides[:2]] == [Role.SIDE, Role.SIDE]


def test_rounds_eighteen_minutes_apart_are_one_battle_and_thirty_six_are_two() -> None:
    first, second, third = (fought("EC-P8R", f"28 {start}", 5) for start in ("03:05", "04:46", "05:11"))
    assert first != second == third
    assert {link.reason.value for link in third.links} >= {"round-two"}


def test_hours_later_is_another_battle() -> None:
    assert fought("R1O-GN", "27 00:11") != fought("R1O-GN", "27 08:41")
    assert [counted(fought("R1O-GN", start)) for start in ("27 00:11", "27 08:41")] == [112, 70]


def test_dreadnoughts_weigh_more_and_decide_nothing_alone() -> None:
    sides, _ = sided("0T-LIB", "28 17:54")
    assert len(sides.sides) == 2


@pytest.mark.parametrize(("system", "start"), [("J105951", "30 19:58"), ("J150859", "29 18:42")])
def test_ships_spilled_from_a_dying_structure_are_no_battle(system: str, start: str) -> None:
    place, begin = systems()[system], at(start)
    spilled = {m.killmail_id for m in days() if m.system_id == place and begin <= m.time <= begin + 480}
    assert len(spilled) > 90
    assert not any(c.is_battle for c in components() if spilled.intersection(c.killmail_ids))


@pytest.mark.parametrize("start", ["27 03:36", "27 15:51", "28 11:32"])
def test_a_low_sec_chain_is_not_one_battle_of_five_hours(start: str) -> None:
    assert counted(fought("Tama", start)) < 100


@pytest.mark.parametrize(
    ("system", "start", "stomped"),
    [("Elarel", "30 01:43", 170), ("Angymonne", "30 19:20", 75), ("Ahbazon", "28 15:28", 59)],
)
def test_one_sided_fights_have_two_sides(system: str, start: str, stomped: int) -> None:
    sides, told = sided(system, start)
    assert len(sides.sides) == 2
    assert not sides.unassigned
    assert told.outcome.decisive
    assert max(side.losses for side in told.sides) == stomped


@pytest.mark.parametrize(("system", "start"), [("Hek", "27 18:35"), ("Kourmonen", "27 19:16"), ("Amamake", "29 19:23")])
def test_wars_and_militias_have_two_sides(system: str, start: str) -> None:
    sides, told = sided(system, start)
    assert len(sides.sides) == 2
    assert told.kills > 50


@pytest.mark.parametrize("system", ["Aakari", "Kamio", "Uedama"])
def test_police_ties_no_strangers(system: str) -> None:
    place = systems()[system]
    police = [m for m in days() if m.system_id == place and classify_loss(m) is LossKind.NON_COMBAT]
    assert police
    shown = {one for c in components() for one in c.non_combat_ids}
    alone = {c.killmail_ids[0] for c in components() if len(c.killmail_ids) == 1}
    assert {mail.killmail_id for mail in police} <= shown | alone


def test_figures_of_the_four_days() -> None:
    sizes = sorted(counted(c) for c in components())
    assert 130 <= sum(size >= 10 for size in sizes) / 4 <= 200
    assert 4 <= sum(size >= 100 for size in sizes) / 4 <= 7
    assert sum(c.tier is Tier.MAJOR for c in components()) == sum(size >= 100 for size in sizes)


def test_order_and_place_of_cutting_change_nothing() -> None:
    day = [mail for mail in days() if at("30 00:00") <= mail.time < at("30 06:00")]
    turned = list(day)
    Random(7).shuffle(turned)
    assert cluster(turned, RULES) == cluster(day, RULES)


def test_each_battle_is_known_from_its_neighbourhood() -> None:
    day = [mail for mail in days() if at("30 17:00") <= mail.time < at("30 20:00")]
    whole = cluster(day, RULES)
    archive = Archive(day)
    for mail in Random(7).sample(day, 12):
        core, loaded = archive.around({mail.killmail_id}, RULES)
        near = {c for c in cluster(loaded, RULES) if core.intersection(c.killmail_ids)}
        assert near == {c for c in whole if core.intersection(c.killmail_ids)}


def test_no_loss_is_lost_or_counted_twice() -> None:
    for component in components():
        if component.tier in {Tier.MAJOR, Tier.BATTLE}:
            found = members(component)
            told = totals(found, assign(found))
            assert sum(side.losses for side in told.sides) == told.kills
            assert sum(side.isk_lost for side in told.sides) == told.isk_destroyed
