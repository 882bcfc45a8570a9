"""A pin moves one party, and nobody else."""

from builders import kill, party, pilot
from hypothesis import given
from hypothesis import strategies as st
from killmail_strategies import QUICK, killmail_lists, militia_killmails

from battle_cluster.domain.killmail import Killmail, Party
from battle_cluster.sides.assignment import SideMembership, Sides, assign

A, B, C, D = (party(letter) for letter in "ABCD")


def two_sided() -> list[Killmail]:
    return [
        *(kill(n, n, f"B{n}", "A1 A2 C1") for n in range(1, 6)),
        *(kill(50 + n, n, f"A{n + 5}", "B8 D1") for n in range(1, 6)),
        *(kill(80 + n, n, f"C{n + 5}", "B8 D1") for n in range(1, 3)),
    ]


def duel() -> list[Killmail]:
    return [
        *(kill(n, n, f"B{30 + n}", "A1 A2 A3") for n in range(3)),
        *(kill(50 + n, n, f"A{30 + n}", "B1 B2") for n in range(3)),
    ]


def traitors() -> list[Killmail]:
    """Two pilots of A shoot at their own side, together with B."""
    return [kill(300 + n, n, f"C{40 + n}", "A70 A71 B8") for n in range(3)]


def memberships(sides: Sides) -> dict[Party, SideMembership]:
    on_sides = [membership for side in sides.sides for membership in side.parties]
    return {membership.party: membership for membership in [*on_sides, *sides.unassigned]}


def test_pinned_party_changes_sides_alone() -> None:
    assert assign(two_sided()).by_party == {A: 1, C: 1, B: 2, D: 2}
    sides = assign(two_sided(), pins={C: 2})
    assert sides.by_party == {A: 1, B: 2, C: 2, D: 2}
    assert memberships(sides)[C].confidence == 1.0
    assert memberships(sides)[A] == memberships(assign(two_sided()))[A]


def test_pinning_the_largest_party_does_not_exchange_the_numbers() -> None:
    assert assign(two_sided(), pins={A: 2}).by_party == {C: 1, A: 2, B: 2, D: 2}


def test_losses_of_the_pilots_move_with_their_party() -> None:
    assert assign(two_sided(), pins={C: 2}).side_of(C, pilot("C6")) == 2


def test_pin_to_the_side_of_the_only_enemy_puts_both_on_one_side() -> None:
    assert assign(duel()).by_party == {A: 1, B: 2}
    assert assign(duel(), pins={B: 1}).by_party == {A: 1, B: 1}


def test_pin_to_a_new_number_makes_a_side_and_the_others_keep_theirs() -> None:
    sides = assign(duel(), pins={A: 7})
    assert sides.by_party == {A: 7, B: 2}
    assert sides.separate_groups == ((2, 7),)


def test_two_pins_can_exchange_the_sides() -> None:
    assert assign(duel(), pins={A: 2, B: 1}).by_party == {A: 2, B: 1}


def test_pins_of_allies_to_two_sides_part_them() -> None:
    killmails = [kill(n, n, f"B{n}", "A1 A2 C1 C2") for n in range(4)]
    assert assign(killmails, pins={A: 1, C: 3}).by_party == {A: 1, B: 2, C: 3}


def test_pin_of_a_party_that_is_not_in_the_battle_changes_nothing() -> None:
    assert assign(two_sided(), pins={party("Z"): 2}) == assign(two_sided())


def test_pinned_party_has_all_its_pilots_and_defectors_of_others_stay() -> None:
    killmails = [*two_sided(), *traitors()]
    assert {(group.party, group.side) for group in assign(killmails).defectors} == {(A, 2)}
    assert assign(killmails, pins={A: 1}).by_pilot == {}
    assert assign(killmails, pins={C: 2}).defectors == assign(killmails).defectors


def test_pilots_who_fought_for_a_side_that_is_gone_count_for_their_party() -> None:
    killmails = [*two_sided(), *traitors()]
    assert assign(killmails, pins={B: 1, D: 1}).by_pilot == {}


def test_pinned_party_stays_beside_its_companion_when_the_numbers_of_the_sides_change() -> None:
    assert assign(two_sided(), pins={C: 2}, companions={C: B}).by_party == {A: 1, B: 2, C: 2, D: 2}
    reinforced = [*two_sided(), *(kill(200 + n, n, "A6", f"B{n + 20} D1") for n in range(9))]
    assert assign(reinforced).by_party == {A: 2, B: 1, C: 2, D: 1}
    assert assign(reinforced, pins={C: 2}, companions={C: B}).by_party == {A: 2, B: 1, C: 1, D: 1}


def test_number_of_a_pin_decides_where_its_companion_is_on_no_side() -> None:
    assert assign(two_sided(), pins={C: 2}, companions={C: party("Z")}).by_party[C] == 2


def draw_pins(killmails: list[Killmail], data: st.DataObject) -> dict[Party, int]:
    parties = sorted({party for killmail in killmails for party in killmail.parties()})
    return data.draw(st.dictionaries(st.sampled_from(parties), st.integers(1, 4), max_size=3)) if parties else {}


@given(st.one_of(killmail_lists(), militia_killmails()), st.data())
@QUICK
def test_pinned_parties_are_on_their_sides_and_all_others_where_they_are_without_pins(
    killmails: list[Killmail], data: st.DataObject
) -> None:
    pins = draw_pins(killmails, data)
    free, pinned = assign(killmails), assign(killmails, pins=pins)
    assert {party: pinned.by_party[party] for party in pins} == pins
    with_militia = {pilot for pilot in memberships(free) if _militias(pilot, killmails) & pins.keys()}
    others = memberships(free).keys() - pins.keys() - with_militia
    assert {party: pinned.by_party.get(party) for party in others} == {
        party: free.by_party.get(party) for party in others
    }
    assert {party: memberships(pinned)[party].confidence for party in others} == {
        party: memberships(free)[party].confidence for party in others
    }


def _militias(party: Party, killmails: list[Killmail]) -> set[Party]:
    """The militias that this party, if it is a pilot alone, also flew for: a pilot moves with his militia."""
    seen = {pair for killmail in killmails for pair in killmail.participants_by_party}
    return {militia for militia, pilot in seen if militia != party and pilot == party.id}


@given(st.one_of(killmail_lists(), militia_killmails()), st.data())
@QUICK
def test_pins_are_independent_of_each_other_and_of_the_order_of_killmails(
    killmails: list[Killmail], data: st.DataObject
) -> None:
    pins = draw_pins(killmails, data)
    backwards = dict(reversed(pins.items()))
    assert assign([*reversed(killmails), *killmails], pins=backwards) == assign(killmails, pins=pins)
    by_party = assign(killmails, pins=pins).by_party
    for pinned, side in pins.items():
        assert by_party[pinned] == assign(killmails, pins={pinned: side}).by_party[pinned]


@given(st.one_of(killmail_lists(), militia_killmails()), st.data())
@QUICK
def test_second_best_side_of_a_party_is_a_side_of_the_battle(killmails: list[Killmail], data: st.DataObject) -> None:
    sides = assign(killmails, pins=draw_pins(killmails, data))
    numbers = {side.side_id for side in sides.sides}
    assert {entry.second_best for entry in memberships(sides).values()} <= {*numbers, None}
    assert set(sides.by_pilot.values()) <= numbers
