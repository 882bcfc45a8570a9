"""Totals at the exact limits of their rules: the outcome, ISK destroyed, and unassigned parties."""

from dataclasses import replace
from decimal import Decimal

from builders import CAPSULE, CITADEL, RULES, cluster_ids, kill, parties_of, party, pilot, totals
from edges import collect_evidence

from battle_cluster.detection.classification import classify
from battle_cluster.detection.guests import GuestCut, _split
from battle_cluster.domain.killmail import Party, PartyKind
from battle_cluster.edits.constraints import Constraints, apply_constraints
from battle_cluster.reconciliation.battle_identity import new_battle_id
from battle_cluster.sides.assignment import Role, Side, Sides, assign
from battle_cluster.sides.defectors import Defectors
from battle_cluster.sides.priors import prior_weights
from battle_cluster.sides.rules import DEFAULT_SIDE_RULES
from battle_cluster.statistics.battle_totals import Outcome, TotalsAccumulator, outcome

A, B, C = (party(letter) for letter in "ABC")


def sides_of(**side_by_letter: int) -> Sides:
    """Sides by hand; a party that is not listed is unassigned."""
    by_party = {party(name): side for name, side in side_by_letter.items()}
    sides = tuple(Side(number, Role.SIDE, ()) for number in sorted(set(side_by_letter.values())))
    return Sides(sides, by_party=by_party)


def test_exactly_three_fifths_of_the_isk_are_decisive() -> None:
    won = [kill(n, n, f"B{n}", "A1", value=20) for n in range(3)] + [
        kill(9 + n, n, "A2", "B9", value=20) for n in (1, 2)
    ]
    assert totals(won, sides_of(A=1, B=2)).outcome == Outcome(decisive=True, winner=1)


def test_tie_goes_to_the_lower_side_id_in_any_order() -> None:
    first = totals([kill(n, n, f"B{n}", "A1", value=20) for n in range(5)], sides_of(A=1, B=2)).sides[1]
    second = first._replace(side_id=2)
    assert outcome([first, second], 5).winner == outcome([second, first], 5).winner == 1


def test_accumulator_follows_a_change_of_sides() -> None:
    killmails = [kill(1, 0, "B1", "A1"), kill(2, 1, "A1", "B1"), kill(3, 2, "C1", "A1 B1")]
    accumulator = TotalsAccumulator()
    for killmail in killmails:
        accumulator.add(killmail)
    defected = replace(sides_of(A=1, B=2), by_pilot={(A, pilot("A1")): 2})
    awoxing = replace(sides_of(A=1, B=2), awoxers=(pilot("A1"),))
    same = sides_of(A=1, B=2, C=2)
    for sides in (sides_of(A=1, B=2), sides_of(A=2, B=1), same, same, defected, awoxing, sides_of(A=1), sides_of()):
        assert accumulator.totals(sides) == totals(killmails, sides)


def test_capsules_count_as_kills_but_not_as_ships() -> None:
    ships = [kill(1, 0, "B1", "A1"), kill(2, 1, "B2", "A1")]
    sides = totals([*ships, kill(3, 2, "B1", "A1", ship=CAPSULE)], sides_of(A=1, B=2)).sides
    assert (sides[1].kills, sides[1].ships_destroyed, sides[2].losses, sides[2].ships_lost) == (3, 2, 3, 2)


def test_defectors_count_for_the_side_they_fought_on() -> None:
    sides = replace(sides_of(A=1, B=2, C=1), by_pilot={(A, pilot("A9")): 2})
    battle = totals([kill(1, 0, "C1", "A9 B1 x"), kill(2, 1, "B2", "A1"), kill(3, 2, "B3", "C2")], sides)
    by_side = battle.sides
    assert {party: row.kills for party, row in parties_of(battle, 2).items()} == {B: 1, A: 1}
    assert {party: row.kills for party, row in parties_of(battle, 1).items()} == {C: 1, A: 1}
    assert by_side[2].pilots == 4
    assert (by_side[1].isk_destroyed, by_side[2].isk_destroyed) == (Decimal(20_000_000), Decimal(10_000_000))


def test_damage_to_the_own_side_destroys_no_isk_for_it() -> None:
    ring = sides_of(A=1, B=2, C=3)
    by_side = totals([kill(1, 0, "B1", "A1 B2", value=90), kill(2, 1, "C1", "A1 B1", value=60)], ring).sides
    assert {side_id: side.isk_destroyed for side_id, side in by_side.items()} == {
        1: Decimal(120), 2: Decimal(30), 3: Decimal(0),
    }  # fmt: skip


def test_unassigned_parties_have_rows_for_pilots_or_losses_alone() -> None:
    fight = totals([kill(1, 0, "B1", "A1 C1"), kill(2, 1, "A1", "B1")], sides_of(A=1, B=2))
    assert [(row.pilots, row.losses) for row in parties_of(fight, None).values()] == [(1, 0)]
    structure = totals([kill(3, 2, "D1", "A1", ship=CITADEL, unpiloted=True)], sides_of(A=1, B=2))
    assert [(row.pilots, row.losses) for row in parties_of(structure, None).values()] == [(0, 1)]
    assert not parties_of(totals([kill(1, 0, "B1", "A1")], sides_of(A=1, B=2)), None)


def test_unassigned_parties_have_kills() -> None:
    rows = parties_of(totals([kill(1, 0, "B1", "C1")], sides_of(A=1, B=2)), None)
    assert {party: row.kills for party, row in rows.items()} == {C: 1}
    rows = parties_of(totals([kill(1, 0, "C1", "D1")], sides_of(A=1, B=2)), None)
    assert {key: row.kills for key, row in rows.items()} == {party("C"): 0, party("D"): 1}


def test_loss_of_an_unassigned_party_counts_only_for_the_attackers_side() -> None:
    assert totals([kill(1, 0, "C1", "D1")], sides_of(A=1)).sides[1].isk_destroyed == 0
    assert totals([kill(1, 0, "C1", "A1")], sides_of(A=1)).sides[1].isk_destroyed == Decimal(10_000_000)


def test_loss_without_player_attackers_counts_for_the_only_opponent() -> None:
    battle = totals([kill(1, 0, "B1", "x"), kill(2, 1, "B2", "A1")], sides_of(A=1, B=2))
    assert battle.sides[1].isk_destroyed == Decimal(20_000_000)


def test_only_the_removed_pilot_is_missing_from_the_killmail() -> None:
    killmail = kill(1, 0, "B1", "A1 A2")
    (without,) = apply_constraints([killmail], Constraints(removed_pilots=frozenset({(1, pilot("A1"))})))
    assert (without.victim, [attacker.character_id for attacker in without.attackers]) == (
        killmail.victim,
        [pilot("A2")],
    )
    (without,) = apply_constraints([killmail], Constraints(removed_pilots=frozenset({(1, pilot("B1"))})))
    assert (without.victim.character_id, without.victim.party, without.attackers) == (None, None, killmail.attackers)


def test_new_id_is_never_one_in_use() -> None:
    in_use: set[str] = set()
    for _ in range(4):
        in_use.add(new_battle_id(1, 1, frozenset(in_use)))
    assert len(in_use) == 4


def test_militia_priors_apply_by_default() -> None:
    caldari, amarr = Party(PartyKind.FACTION, 500_001), Party(PartyKind.FACTION, 500_003)
    killmail = kill(1, 0, "B1", "A1 A2")
    attackers = tuple(
        attacker._replace(party=militia) for attacker, militia in zip(killmail.attackers, (caldari, amarr), strict=True)
    )
    evidence = collect_evidence([replace(killmail, attackers=attackers)], DEFAULT_SIDE_RULES)
    first, second = evidence.parties.index(caldari), evidence.parties.index(amarr)
    assert prior_weights(evidence, DEFAULT_SIDE_RULES)[first] == {second: DEFAULT_SIDE_RULES.prior_weight}


def test_split_party_is_on_one_side_and_its_totals_are_on_both() -> None:
    killmails = [
        *(kill(n, n, f"B{n}", "A1 A2 C1") for n in range(1, 9)),
        *(kill(50 + n, n, f"A{n + 5}", "B8 D1") for n in range(1, 9)),
        *(kill(80 + n, n, f"C{n + 5}", "B8 D1") for n in range(1, 3)),
        *(kill(300 + n, n, f"C{40 + n}", "A70 A71 B8") for n in range(3)),
    ]
    sides = assign(killmails)
    assert [group.side for group in sides.defectors] == [sides.by_party[B]]
    assert [membership.party for side in sides.sides for membership in side.parties].count(A) == 1
    battle = totals(killmails, sides)
    rows = {number: parties_of(battle, number)[A] for number in (1, 2)}
    assert sum(row.pilots for row in rows.values()) == len({pilot(f"A{n}") for n in (1, 2, *range(6, 14), 70, 71)})
    assert (rows[sides.by_party[B]].pilots, rows[sides.by_party[B]].confidence) == (2, 1.0)
    assert rows[sides.by_party[B]].evidence == 2.0
    assert isinstance(sides.defectors[0], Defectors)


def test_split_at_a_bridge_keeps_parts_of_three_and_each_killmail_once() -> None:
    classified = [classify(kill(n, n, f"B{n}", "A1")) for n in range(7)]
    assert _split(GuestCut(1, ((0, 1, 2), (4, 5, 6), (3,))), classified, RULES) == [[0, 1, 2, 3], [4, 5, 6]]


def test_ring_of_fights_linked_by_single_pilots_is_one_battle() -> None:
    ring = [
        kill(1, 0, "B1", "A1 A2 R1"), kill(2, 1, "B2", "A1 A2 P1"), kill(3, 2, "D1", "C1 C2 P1"),
        kill(4, 3, "D2", "C1 C2 Q1"), kill(5, 4, "F1", "E1 E2 Q1"), kill(6, 5, "F2", "E1 E2 R1"),
    ]  # fmt: skip
    assert len(cluster_ids(ring)) == 1


def test_bridge_splits_two_fights_of_sufficient_size() -> None:
    first = [kill(n, n, f"B{n}", "A1 A2") for n in range(1, 8)]
    second = [kill(20 + n, 3 + n, f"D{n}", "C1 C2" if n > 1 else "C1 C2 A1") for n in range(1, 8)]
    assert {len(group) for group in cluster_ids([*first, *second])} == {7}
