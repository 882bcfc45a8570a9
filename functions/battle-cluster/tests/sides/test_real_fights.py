"""Sides of named fights of real days; the name of each test says what is difficult about the fight."""

from functools import cache

from real_days import event_time, killmails_of_day, needs_real_days, systems

from battle_cluster.domain.killmail import Killmail, Party, PartyKind
from battle_cluster.sides.assignment import Role, Sides, assign

pytestmark = needs_real_days

REKTD, CONDI, INIT, FRATERNITY = 99_005_338, 1_354_830_081, 1_900_696_668, 99_003_581

VICTIMS_IN_J_ZYSZ = (1411711376, 99008469, 741557221, 99008809, 982284363, 99002685, 99009168)


@cache
def fight(system: str, start: str, minutes: int) -> tuple[Killmail, ...]:
    """The killmails of a system in some minutes of November 2021 on which players attacked."""
    begin = event_time(start)
    return tuple(
        killmail
        for killmail in killmails_of_day(f"2021-11-{start[:2]}")
        if killmail.system_id == systems()[system]
        and begin <= killmail.time <= begin + 60 * minutes
        and killmail.has_attacking_player
    )


def side_of_alliance(sides: Sides, alliance_id: int) -> int | None:
    return sides.by_party.get(Party(PartyKind.ALLIANCE, alliance_id))


def test_bombs_of_a_fortizar_that_hit_everybody_in_u_qvwd_split_no_coalition() -> None:
    sides = assign(fight("U-QVWD", "27 01:26", 10))
    assert [side.role for side in sides.sides][:2] == [Role.SIDE, Role.SIDE]
    assert side_of_alliance(sides, REKTD) not in {None, side_of_alliance(sides, CONDI)}
    allies = {side_of_alliance(sides, alliance_id) for alliance_id in (498125261, 982284363, 1411711376, 99008809)}
    assert allies == {side_of_alliance(sides, REKTD)}
    assert side_of_alliance(sides, INIT) not in {1, 2}


def test_two_pilots_of_277_who_hit_friends_in_jorund_split_no_alliance() -> None:
    sides = assign(fight("Jorund", "28 10:21", 242))
    assert sides.defectors == ()
    enemies = [side_of_alliance(sides, alliance_id) for alliance_id in (REKTD, CONDI)]
    assert sorted(filter(None, enemies)) == [1, 2]
    assert side_of_alliance(sides, INIT) == enemies[1]
    assert side_of_alliance(sides, FRATERNITY) == enemies[0]


def test_parties_of_few_losses_in_the_stomp_of_j_zysz_are_with_the_other_victims() -> None:
    """Shared killmails with a party that hit its own side tied one of them to that party; four had no side."""
    sides = assign(fight("J-ZYSZ", "30 18:48", 21))
    victims = {side_of_alliance(sides, alliance_id) for alliance_id in VICTIMS_IN_J_ZYSZ}
    assert len(victims) == 1
    assert not victims & {None, side_of_alliance(sides, 99004804)}
    assert sides.unassigned == ()


def test_many_unaffiliated_victims_of_one_gang_in_miroitem_are_one_side() -> None:
    assert assign(fight("Miroitem", "28 20:39", 28)).unassigned == ()


def test_pilot_who_enlisted_during_the_fight_around_kourmonen_is_with_his_militia() -> None:
    """He shot and died alone in one system, and half an hour later shot for the Amarr at those he had helped."""
    killmails = [*fight("Kourmonen", "27 15:51", 137), *fight("Auga", "27 15:51", 137)]
    sides = assign(killmails)
    alone, amarr = Party(PartyKind.CHARACTER, 1714716562), Party(PartyKind.FACTION, 500003)
    assert {alone, amarr} <= {party for killmail in killmails for party in killmail.parties()}
    assert sides.by_party[alone] == sides.by_party[amarr] != side_of_alliance(sides, 99002584)


def test_loser_of_r1o_gn_who_is_on_one_killmail_with_the_killers_is_with_the_other_losers() -> None:
    """SXNRX lost two ships to REKTD and is on one killmail with them, whose victim was of its own side."""
    sides = assign(fight("R1O-GN", "30 03:23", 8))
    losers = {side_of_alliance(sides, 99009932), sides.by_party.get(Party(PartyKind.CORPORATION, 98303248))}
    assert len(losers) == 1
    assert not losers & {None, side_of_alliance(sides, REKTD)}


def test_gang_in_j150306_that_spends_a_fifth_of_its_shots_on_its_allies_is_on_their_side() -> None:
    """It lost nothing and hit both sides, as a kill stealer does, but one of them four times as much."""
    sides = assign(fight("J150306", "28 15:08", 100))
    gang, ally, enemy = (side_of_alliance(sides, alliance_id) for alliance_id in (99010787, 99010706, 99011046))
    assert gang == ally
    assert {ally, enemy} == {1, 2}
