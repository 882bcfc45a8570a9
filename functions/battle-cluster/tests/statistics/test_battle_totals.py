"""Totals of a battle: every loss once, every side and pilot, exact sums."""

from dataclasses import replace
from decimal import Decimal

import pytest
from builders import CAPSULE, CITADEL, FAR, kill, parties_of, party, pilot, totals

from battle_cluster.domain.isk import efficiency, prorate, to_cents
from battle_cluster.domain.killmail import Killmail
from battle_cluster.sides.assignment import Role, Sides, assign
from battle_cluster.statistics.battle_totals import Outcome, TotalsAccumulator, related_url
from battle_cluster.statistics.side_totals import UNASSIGNED


def fight() -> list[Killmail]:
    return [
        kill(1, 0, "B1", "A1 A2", value=100.10),
        kill(2, 1, "B1", "A1", ship=CAPSULE, value=0.20),
        kill(3, 2, "B2", "A1 A3", value=200),
        kill(4, 3, "A2", "B3", value=50),
        kill(5, 9, "B3", "A1 A3", value=49.70, system=FAR),
    ]


def test_each_loss_counts_once_for_the_losing_side() -> None:
    battle = totals(fight(), assign(fight()))
    first, second = battle.sides.values()
    assert (first.kills, first.losses, second.kills, second.losses) == (4, 1, 1, 4)
    assert (first.isk_destroyed, first.isk_lost) == (Decimal("350.00"), Decimal("50.00"))
    assert (second.isk_destroyed, second.isk_lost) == (Decimal("50.00"), Decimal("350.00"))
    assert (first.isk_efficiency, second.isk_efficiency) == (Decimal("87.5"), Decimal("12.5"))
    assert battle.isk_destroyed == Decimal("400.00") == first.isk_lost + second.isk_lost


def test_times_participants_and_killmails() -> None:
    battle = totals(reversed(fight()), assign(fight()))
    assert (battle.end - battle.start, battle.kills, battle.pilots) == (540, 5, 6)
    assert {row.killmail_id: row.side_id for row in battle.killmails.values()} == {1: 2, 2: 2, 3: 2, 4: 1, 5: 2}
    assert battle.killmails[1].attacker_character_ids == (pilot("A1"), pilot("A2"))
    assert battle.killmails[5].system_id == FAR


def test_killmail_says_who_shot_by_side_and_who_ended_it() -> None:
    last = kill(6, 6, "A1", "B1 A2 B2")
    killmails = [*fight(), replace(last, attackers=tuple(a._replace(damage_done=70) for a in last.attackers))]
    row = totals(killmails, assign(killmails)).killmails[6]
    assert (row.side_id, row.attacker_count) == (1, 3)
    assert row.attackers_by_side == ((2, 2, 140), (1, 1, 70))
    assert totals(killmails, Sides()).killmails[6].attackers_by_side == ((None, 3, 210),)


def test_final_blow_is_that_of_the_attacker_who_has_it() -> None:
    killmail = kill(1, 0, "B1", "A1 A2")
    last = killmail.attackers[1]._replace(final_blow=True)
    row = totals([replace(killmail, attackers=(killmail.attackers[0], last))], Sides()).killmails[1]
    assert (row.final_blow_character_id, row.final_blow_ship_type_id) == (pilot("A2"), last.ship_type_id)
    assert totals([killmail], Sides()).killmails[1].final_blow_character_id is None


def test_repeated_killmail_is_counted_once() -> None:
    assert totals([*fight(), *fight()], assign(fight())) == totals(fight(), assign(fight()))


def test_capsule_counts_as_a_death_but_not_as_a_ship() -> None:
    battle = totals(fight(), assign(fight()))
    row = battle.participants[pilot("B1")]
    assert (row.deaths, row.isk_lost) == (2, Decimal("100.30"))
    assert [ship.ship_type_id for ship in battle.ships.values() if ship.character_id == pilot("B1")] == [587]
    assert battle.sides[2].ships_lost == 3


def test_capsule_is_the_ship_of_a_pilot_who_appears_in_no_other() -> None:
    accumulator = TotalsAccumulator()
    accumulator.add(kill(2, 1, "B1", "A1", ship=CAPSULE))
    before = accumulator.totals(Sides()).ships
    accumulator.add(kill(1, 0, "B1", "A1 A2"))
    after = accumulator.totals(Sides()).ships
    assert [ship for character, ship in before if character == pilot("B1")] == [CAPSULE[0]]
    assert [ship for character, ship in after if character == pilot("B1")] == [587]


def test_pilot_with_several_ships_has_one_entry_per_ship() -> None:
    reship = [*fight(), kill(6, 10, "A1", "B3", value=7, ship=(638, 27, 6))]
    battle = totals(reship, assign(reship))
    row = battle.participants[pilot("A1")]
    ships = sorted(ship for ship in battle.ships.values() if ship.character_id == pilot("A1"))
    assert [(ship.ship_type_id, ship.kills, ship.losses) for ship in ships] == [(587, 4, 0), (638, 0, 1)]
    assert row.is_victim
    times = (row.first_seen_at.timestamp(), row.last_seen_at.timestamp())
    assert times == (reship[0].time, reship[-1].time)


def test_pilot_listed_twice_on_a_killmail_counts_once() -> None:
    double = [kill(1, 0, "B1", "A1 A1 B1"), kill(2, 1, "A2", "B2")]
    rows = totals(double, assign(double)).participants
    assert (rows[pilot("A1")].kills, rows[pilot("B1")].kills) == (1, 0)


def test_among_three_sides_a_loss_is_split_by_damage_without_rounding_loss() -> None:
    ring = [
        kill(n, n, f"{loser}{n}", " ".join(f"{killer}{k}" for k in range(3)), value=33.33)
        for n, (loser, killer) in enumerate(["AB", "BA", "AC", "CA", "BC", "CB"] * 3)
    ]
    shared_kill = kill(99, 5, "A99", "B1 B2 C1", value=100.01)
    battle = totals([*ring, shared_kill], assign([*ring, shared_kill]))
    assert len(battle.sides) == 3
    assert (
        sum(side.isk_destroyed for side in battle.sides.values())
        == battle.isk_destroyed
        == sum(side.isk_lost for side in battle.sides.values())
    )
    sides = assign([*ring, shared_kill]).by_party
    destroyed = [battle.sides[sides[party(letter)]].isk_destroyed for letter in "BC"]
    assert tuple(destroyed) == (Decimal("266.66"), Decimal("233.31"))


def test_structure_counts_as_a_ship_without_a_pilot() -> None:
    siege = [kill(1, 0, "B1", "A1 A2", ship=CITADEL, unpiloted=True), kill(2, 1, "A1", "B2")]
    sides = assign(siege)
    totals_of_b = totals(siege, sides).sides[sides.by_party[party("B")]]
    assert (totals_of_b.ships_lost, totals_of_b.pilots) == (1, 1)


def test_parties_of_a_side_have_their_own_totals() -> None:
    battle = totals(fight(), assign(fight()))
    ((row_party, row),) = parties_of(battle, 1).items()
    assert row_party == party("A")
    assert (row.pilots, row.kills, row.losses, row.role) == (3, 4, 1, Role.SIDE)
    assert (row.isk_destroyed, row.isk_lost) == (Decimal("350.00"), Decimal("50.00"))


def test_unassigned_parties_have_totals_without_a_side_id() -> None:
    battle = totals(fight(), Sides())
    assert not battle.sides
    assert sum(row.losses for row in parties_of(battle, None).values()) == 5
    assert {row.role for row in battle.parties.values()} == {UNASSIGNED}
    assert battle.outcome == Outcome(decisive=False, winner=None)


def test_battle_is_decisive_from_five_kills_and_three_fifths_of_the_isk() -> None:
    assert totals(fight(), assign(fight())).outcome == Outcome(decisive=True, winner=1)
    assert totals(fight()[:4], assign(fight()[:4])).outcome.winner is None
    even = [kill(n, n, f"{'AB'[n % 2]}{n}", f"{'BA'[n % 2]}1") for n in range(6)]
    assert totals(even, assign(even)).outcome == Outcome(decisive=False, winner=None)


def test_totals_of_no_killmails_are_an_error() -> None:
    with pytest.raises(ValueError, match="at least one killmail"):
        totals([], Sides())


def test_related_url_has_the_hour_of_the_start() -> None:
    assert related_url(30002813, 1_638_301_020) == "https://zkillboard.com/related/30002813/202111301900/"


def test_sums_of_isk_are_exact() -> None:
    assert sum(to_cents(0.1) for _ in range(10)) == 100
    assert prorate(100, {1: 1, 2: 1, 3: 1}) == {1: 33, 2: 33, 3: 34}
    assert prorate(100, {}) == {}
    assert efficiency(0, 0) == 0
