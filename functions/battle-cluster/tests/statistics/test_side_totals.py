"""Accounts exactly on their edges: who decided, who destroyed what, and who stands on no side."""

from dataclasses import replace
from decimal import Decimal

from builders import CAPSULE, CITADEL, RULES, groups, kill, party, pilot

from battle_cluster.detection.bridges import BridgeCut, _split
from battle_cluster.detection.classification import classify
from battle_cluster.domain.killmail import Killmail, Party, PartyKind
from battle_cluster.edits.constraints import Constraints, apply_constraints
from battle_cluster.reconciliation.battle_identity import new_battle_id
from battle_cluster.sides.assignment import Role, Side, Sides, assign
from battle_cluster.sides.defectors import Defectors
from battle_cluster.sides.evidence import collect_evidence
from battle_cluster.sides.priors import prior_weights
from battle_cluster.sides.rules import DEFAULT_SIDE_RULES
from battle_cluster.statistics.battle_totals import Outcome, TotalsAccumulator, outcome, totals
from battle_cluster.statistics.side_totals import SideTotals

A, B, C = (party(letter) for letter in "ABC")


def two(**stands: int) -> Sides:
    """Sides by hand: who is not named stands on none."""
    by_party = {party(name): side for name, side in stands.items()}
    sides = tuple(Side(number, Role.SIDE, ()) for number in sorted(set(stands.values())))
    return Sides(sides, by_party=by_party)


def told(mails: list[Killmail], sides: Sides) -> dict[int | None, SideTotals]:
    return {one.side_id: one for one in totals(mails, sides).sides}


def test_exactly_three_fifths_of_the_isk_decide() -> None:
    won = [kill(n, n, f"B{n}", "A1", value=20) for n in range(3)] + [
        kill(9 + n, n, "A2", "B9", value=20) for n in (1, 2)
    ]
    assert totals(won, two(A=1, B=2)).outcome == Outcome(decisive=True, winner=1)


def test_between_equals_the_lower_side_won_in_whatever_order_they_are_listed() -> None:
    first = totals([kill(n, n, f"B{n}", "A1", value=20) for n in range(5)], two(A=1, B=2)).sides[0]
    second = first._replace(side_id=2)
    assert outcome([first, second], 5).winner == outcome([second, first], 5).winner == 1


def test_who_is_on_no_side_wins_nothing() -> None:
    (first, *_) = totals([kill(n, n, f"B{n}", "A1", value=20) for n in range(5)], two(A=1, B=2)).sides
    assert outcome([first._replace(side_id=None)], 5) == Outcome(decisive=False, winner=None)


def test_books_follow_who_changed_sides() -> None:
    mails = [kill(1, 0, "B1", "A1"), kill(2, 1, "A1", "B1"), kill(3, 2, "C1", "A1 B1")]
    books = TotalsAccumulator()
    for mail in mails:
        books.add(mail)
    for sides in (two(A=1, B=2), two(A=2, B=1), two(A=1, B=2, C=2), two(A=1, B=2, C=2)):
        assert books.totals(sides) == totals(mails, sides)


def test_capsules_are_kills_and_no_ships() -> None:
    ships = [kill(1, 0, "B1", "A1"), kill(2, 1, "B2", "A1")]
    sides = told([*ships, kill(3, 2, "B1", "A1", hull=CAPSULE)], two(A=1, B=2))
    assert (sides[1].kills, sides[1].ships_destroyed, sides[2].losses, sides[2].ships_lost) == (3, 2, 3, 2)


def test_people_of_a_split_party_count_for_the_side_they_stood_on() -> None:
    sides = replace(two(A=1, B=2, C=1), by_pilot={(A, pilot("A9")): 2})
    found = told([kill(1, 0, "C1", "A9 B1 x"), kill(2, 1, "B2", "A1"), kill(3, 2, "B3", "C2")], sides)
    assert [(one.party, one.kills) for one in found[2].parties] == [(B, 1), (A, 1)]
    assert [(one.party, one.kills) for one in found[1].parties] == [(C, 1), (A, 1)]
    assert found[2].pilots == 4
    assert (found[1].isk_destroyed, found[2].isk_destroyed) == (Decimal(20_000_000), Decimal(10_000_000))


def test_damage_within_a_side_destroys_nothing_for_it() -> None:
    ring = two(A=1, B=2, C=3)
    found = told([kill(1, 0, "B1", "A1 B2", value=90), kill(2, 1, "C1", "A1 B1", value=60)], ring)
    assert {side: one.isk_destroyed for side, one in found.items()} == {
        1: Decimal(120), 2: Decimal(30), 3: Decimal(0),
    }  # fmt: skip


def test_those_on_no_side_are_listed_for_their_people_or_their_losses_alone() -> None:
    fight = [kill(1, 0, "B1", "A1 C1"), kill(2, 1, "A1", "B1")]
    assert (told(fight, two(A=1, B=2))[None].pilots, told(fight, two(A=1, B=2))[None].losses) == (1, 0)
    structure = kill(3, 2, "D1", "A1", hull=CITADEL, empty=True)
    assert (told([structure], two(A=1, B=2))[None].pilots, told([structure], two(A=1, B=2))[None].losses) == (0, 1)
    assert None not in told([kill(1, 0, "B1", "A1")], two(A=1, B=2))


def test_those_on_no_side_have_their_kills_told_as_well() -> None:
    (row, *_) = told([kill(1, 0, "B1", "C1")], two(A=1, B=2))[None].parties
    assert (row.party, row.kills) == (C, 1)
    rows = told([kill(1, 0, "C1", "D1")], two(A=1, B=2))[None].parties
    assert {one.party: one.kills for one in rows} == {party("C"): 0, party("D"): 1}


def test_a_loss_of_nobody_s_is_destroyed_by_who_shot_it_and_never_by_the_only_side_there_is() -> None:
    assert told([kill(1, 0, "C1", "D1")], two(A=1))[1].isk_destroyed == 0
    assert told([kill(1, 0, "C1", "A1")], two(A=1))[1].isk_destroyed == Decimal(10_000_000)


def test_a_loss_to_nobody_counts_for_the_only_enemy() -> None:
    assert told([kill(1, 0, "B1", "x"), kill(2, 1, "B2", "A1")], two(A=1, B=2))[1].isk_destroyed == Decimal(20_000_000)


def test_scrubbing_takes_the_pilot_named_and_nobody_else_off_the_mail() -> None:
    mail = kill(1, 0, "B1", "A1 A2")
    (without,) = apply_constraints([mail], Constraints(removed_pilots=frozenset({(1, pilot("A1"))})))
    assert (without.victim, [one.character_id for one in without.attackers]) == (mail.victim, [pilot("A2")])
    (without,) = apply_constraints([mail], Constraints(removed_pilots=frozenset({(1, pilot("B1"))})))
    assert (without.victim.character_id, without.victim.party, without.attackers) == (None, None, mail.attackers)


def test_a_new_id_counts_on_until_it_is_free() -> None:
    taken: set[str] = set()
    for _ in range(4):
        taken.add(new_battle_id(1, 1, frozenset(taken)))
    assert len(taken) == 4


def test_militias_tip_without_being_asked() -> None:
    caldari, amarr = Party(PartyKind.FACTION, 500_001), Party(PartyKind.FACTION, 500_003)
    mail = kill(1, 0, "B1", "A1 A2")
    both = tuple(one._replace(party=who) for one, who in zip(mail.attackers, (caldari, amarr), strict=True))
    evidence = collect_evidence([replace(mail, attackers=both)], DEFAULT_SIDE_RULES)
    first, second = evidence.parties.index(caldari), evidence.parties.index(amarr)
    assert prior_weights(evidence, [], DEFAULT_SIDE_RULES)[first] == {second: DEFAULT_SIDE_RULES.prior_weight}


def test_a_split_party_is_named_on_both_sides() -> None:
    mails = [
        *(kill(n, n, f"B{n}", "A1 A2 C1") for n in range(1, 9)),
        *(kill(50 + n, n, f"A{n + 5}", "B8 D1") for n in range(1, 9)),
        *(kill(80 + n, n, f"C{n + 5}", "B8 D1") for n in range(1, 3)),
        *(kill(300 + n, n, f"C{40 + n}", "A70 A71 B8") for n in range(3)),
    ]
    sides = assign(mails)
    assert [one.side for one in sides.defectors] == [sides.by_party[B]]
    named = {side.side_id: [one.party for one in side.parties] for side in sides.sides}
    assert [A in parties for parties in named.values()] == [True, True]
    assert named[sides.by_party[A]].count(A) == 1
    assert isinstance(sides.defectors[0], Defectors)


def test_parts_of_exactly_three_mails_stand_alone_and_hold_each_mail_once() -> None:
    line = [classify(kill(n, n, f"B{n}", "A1")) for n in range(7)]
    assert _split(BridgeCut(1, ((0, 1, 2), (4, 5, 6), (3,))), line, RULES) == [[0, 1, 2, 3], [4, 5, 6]]


def test_three_fights_in_a_ring_of_single_pilots_are_one() -> None:
    ring = [
        kill(1, 0, "B1", "A1 A2 R1"), kill(2, 1, "B2", "A1 A2 P1"), kill(3, 2, "D1", "C1 C2 P1"),
        kill(4, 3, "D2", "C1 C2 Q1"), kill(5, 4, "F1", "E1 E2 Q1"), kill(6, 5, "F2", "E1 E2 R1"),
    ]  # fmt: skip
    assert len(groups(ring)) == 1


def test_a_bridge_parts_fights_that_are_each_large_enough_to_be_looked_at_again() -> None:
    first = [kill(n, n, f"B{n}", "A1 A2") for n in range(1, 8)]
    second = [kill(20 + n, 3 + n, f"D{n}", "C1 C2" if n > 1 else "C1 C2 A1") for n in range(1, 8)]
    assert {len(group) for group in groups([*first, *second])} == {7}
