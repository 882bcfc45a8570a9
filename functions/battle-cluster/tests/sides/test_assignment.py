"""Sides of small battles written by hand."""

from dataclasses import replace

from builders import attacker, kill, party, pilot

from battle_cluster.domain.killmail import Killmail, Party, PartyKind
from battle_cluster.sides.assignment import Role, Sides, assign
from battle_cluster.sides.priors import AMARR, CALDARI, GALLENTE, Prior, militias


def blocs(sides: Sides) -> list[set[str]]:
    """Alliance letters by side, in order of side id."""
    return [{chr(membership.party.id - 99_000_000) for membership in side.parties} for side in sides.sides]


def two_sided(turns: int = 6) -> list[Killmail]:
    return [
        *(kill(n, n, f"B{n}", "A1 A2 C1") for n in range(1, turns)),
        *(kill(50 + n, n, f"A{n + 5}", "B8 D1") for n in range(1, turns)),
        *(kill(80 + n, n, f"C{n + 5}", "B8 D1") for n in range(1, 3)),
    ]


def test_side_with_more_pilots_comes_first() -> None:
    sides = assign(two_sided())
    assert blocs(sides) == [{"A", "C"}, {"B", "D"}]
    assert all(membership.confidence > 0.9 for side in sides.sides for membership in side.parties)


def test_order_and_repetition_change_nothing() -> None:
    killmails = two_sided()
    assert assign([*reversed(killmails), *killmails]) == assign(killmails)


def test_tie_of_pilots_goes_to_the_lower_entity_id() -> None:
    assert blocs(assign([kill(1, 0, "B1", "A1"), kill(2, 1, "A1", "B1")])) == [{"A"}, {"B"}]


def test_one_killmail_of_friendly_fire_moves_no_alliance() -> None:
    assert blocs(assign([*two_sided(), kill(99, 3, "C9", "A1 B8")])) == [{"A", "C"}, {"B", "D"}]


def test_order_of_attackers_does_not_matter() -> None:
    reversed_attackers = [kill(n, n, f"B{n}", "C1 A2 A1") for n in range(1, 6)]
    assert blocs(assign([*reversed_attackers, *two_sided()[5:]])) == [{"A", "C"}, {"B", "D"}]


def test_losers_of_a_stomp_are_one_side_without_attacking() -> None:
    stomp = [kill(n, n, f"{'BCDE'[n % 4]}{n}", "A1 A2 A3") for n in range(12)]
    assert blocs(assign(stomp)) == [{"B", "C", "D", "E"}, {"A"}]


def test_party_that_fights_both_sides_is_a_third_party() -> None:
    third = [kill(200 + n, n, f"{'AB'[n % 2]}{20 + n}", "E1 E2") for n in range(6)]
    counterattack = [kill(220 + n, n, f"E{5 + n}", ("A1 A2", "B8 B9")[n % 2]) for n in range(4)]
    sides = assign([*two_sided(), *third, *counterattack])
    assert {"E"} in blocs(sides)
    assert [side.role for side in sides.sides if side.parties[0].party == party("E")] == [Role.THIRD_PARTY]
    assert len([side for side in sides.sides if side.role is not Role.SIDE]) == 1


def test_party_that_attacks_both_sides_without_losses_is_a_kill_stealer() -> None:
    stolen = [kill(200 + n, n, f"{'AB'[n % 2]}{20 + n}", "E1 E2") for n in range(6)]
    (role,) = [side.role for side in assign([*two_sided(), *stolen]).sides if side.parties[0].party == party("E")]
    assert role is Role.KILL_STEALER


def test_stolen_kills_do_not_join_the_sides() -> None:
    stolen = [kill(200, 3, "A21", "B1 B2 E1"), kill(201, 4, "B21", "A1 A2 E1")]
    all_blocs = blocs(assign([*two_sided(), *stolen]))
    assert [bloc - {"E"} for bloc in all_blocs if bloc - {"E"}] == [{"A", "C"}, {"B", "D"}]


def test_three_way_fight_has_three_sides() -> None:
    ring = [
        kill(n, n, f"{loser}{n}", " ".join(f"{killer}{k}" for k in range(3)))
        for n, (loser, killer) in enumerate(["AB", "BA", "AC", "CA", "BC", "CB"] * 3)
    ]
    assert sorted(map(sorted, blocs(assign(ring)))) == [["A"], ["B"], ["C"]]


def test_unrelated_duels_are_separate_groups_of_sides() -> None:
    duels = [kill(n, n, f"{loser}{n}", f"{killer}1") for n, (loser, killer) in enumerate(["AB", "BA", "CD", "DC"] * 3)]
    sides = assign(duels)
    assert len(sides.sides) == 4
    assert len(sides.separate_groups) == 2


def test_tackle_without_damage_counts() -> None:
    killmails = [replace(m, attackers=(*m.attackers, attacker("C1", damage=0))) for m in two_sided()[:5]]
    assert blocs(assign(killmails)) == [{"B"}, {"A", "C"}]


def test_one_expensive_loss_does_not_decide() -> None:
    accident = kill(300, 2, "C30", "A1 A2", value=1e11)
    assert blocs(assign([*two_sided(8), accident])) == [{"A", "C"}, {"B", "D"}]


def test_structure_without_a_pilot_fights_for_its_owner() -> None:
    sides = assign([kill(n, n / 2, f"A{n}", "B") for n in range(1, 5)])
    assert {frozenset(member.party for member in side.parties) for side in sides.sides} == {
        frozenset({party("A")}),
        frozenset({party("B")}),
    }


def test_npcs_are_on_no_side() -> None:
    assert blocs(assign([kill(1, 0, "B1", "A1 x"), kill(2, 1, "A2", "B1 CONCORD")])) == [{"A"}, {"B"}]


def test_awoxer_is_marked_and_the_party_is_not_split() -> None:
    sides = assign([*two_sided(), kill(99, 3, "A9", "A66")])
    assert sides.awoxers == (pilot("A66"),)
    assert sides.side_of(party("A"), pilot("A66")) == sides.side_of(party("A"), pilot("A1"))


def test_party_is_split_only_for_several_pilots_on_several_killmails() -> None:
    traitors = [kill(300 + n, n, f"C{40 + n}", "A70 A71 B8") for n in range(3)]
    sides = assign([*two_sided(9), *traitors])
    assert sides.side_of(party("A"), pilot("A70")) == sides.by_party[party("B")]
    assert sides.side_of(party("A"), pilot("A1")) != sides.by_party[party("B")]
    assert assign([*two_sided(9), *traitors[:2]]).defectors == ()


def test_friendly_fire_together_with_the_own_side_makes_no_defectors() -> None:
    bombs = [kill(300 + n, n, f"C{40 + n}", "A70 A71 C1 B8") for n in range(3)]
    assert assign([*two_sided(9), *bombs]).defectors == ()


def test_party_that_fights_with_and_against_both_sides_has_no_clear_side() -> None:
    unclear = [kill(400 + n, n, f"{'AB'[n % 2]}{60 + n}", "B8 E1" if n % 2 == 0 else "A1 E1") for n in range(2)]
    sides = assign([*two_sided(), *unclear])
    assert sides.by_party.get(party("E")) is None or party("E") not in {
        membership.party for membership in sides.unassigned
    }
    assert {party("A"), party("B"), party("C"), party("D")} <= sides.by_party.keys()


def militia_duels(count: int) -> list[Killmail]:
    """Caldari against pirates and Amarr against others: nothing but their alliance joins Caldari and Amarr."""
    as_militia = {"A": CALDARI, "C": AMARR}
    duels = [
        *(kill(n, n, f"B{n}", "A1") for n in range(count)),
        *(kill(90 + n, n, f"D{n}", "C1") for n in range(count)),
    ]
    return [
        replace(
            killmail,
            attackers=tuple(
                attacker._replace(
                    party=Party(PartyKind.FACTION, as_militia["A" if attacker.party == party("A") else "C"])
                )
                for attacker in killmail.attackers
            ),
        )
        for killmail in duels
    ]


def test_allied_militias_are_on_one_side_when_nothing_else_is_known() -> None:
    by_party = assign(militia_duels(1)).by_party
    assert by_party[Party(PartyKind.FACTION, CALDARI)] == by_party[Party(PartyKind.FACTION, AMARR)]


def test_alliance_of_militias_never_outweighs_evidence() -> None:
    at_war = [
        replace(
            killmail,
            victim=killmail.victim._replace(party=Party(PartyKind.FACTION, AMARR)),
        )
        for killmail in militia_duels(9)
        if killmail.killmail_id < 90
    ]
    by_party = assign(at_war).by_party
    assert by_party[Party(PartyKind.FACTION, CALDARI)] != by_party[Party(PartyKind.FACTION, AMARR)]


def test_militias_are_allied_two_against_two() -> None:
    caldari, gallente = Party(PartyKind.FACTION, CALDARI), Party(PartyKind.FACTION, GALLENTE)
    assert militias([caldari, gallente, party("A")]) == [Prior(caldari, gallente, -1.0)]


def test_no_killmails_give_no_sides() -> None:
    assert assign([]) == Sides()
