"""Sides of random fights: one side a party, whatever the order; enlisted pilots are with their militia."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st
from killmail_strategies import QUICK, killmail_lists, militia_killmails

from battle_cluster.domain.killmail import Killmail, Party, PartyKind
from battle_cluster.sides.assignment import Sides, assign


def listed(sides: Sides) -> list[Party]:
    on_sides = [membership.party for side in sides.sides for membership in side.parties]
    return [*on_sides, *(membership.party for membership in sides.unassigned)]


@given(st.one_of(killmail_lists(), militia_killmails()), st.randoms(use_true_random=False))
@QUICK
def test_each_party_is_on_one_side_or_unassigned_in_any_order(killmails: list[Killmail], rng: Random) -> None:
    sides = assign(killmails)
    assert sorted(listed(sides)) == sorted({party for killmail in killmails for party in killmail.parties()})
    shuffled = [*killmails, *killmails[::2]]
    rng.shuffle(shuffled)
    assert assign(shuffled) == sides


@given(militia_killmails())
@QUICK
def test_pilot_who_is_enlisted_on_some_killmails_is_on_the_side_of_the_militia(killmails: list[Killmail]) -> None:
    sides = assign(killmails)
    seen = {pair for killmail in killmails for pair in killmail.participants_by_party}
    for militia, pilot in seen:
        alone = Party(PartyKind.CHARACTER, pilot)
        if militia.kind is PartyKind.FACTION and (alone, pilot) in seen:
            assert sides.by_party.get(alone) == sides.by_party.get(militia)
