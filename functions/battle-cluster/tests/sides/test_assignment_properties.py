"""Sides of random fights: one side a party, whatever the order; pins win; enlisted pilots are with their militia."""

from dataclasses import replace
from random import Random

from builders import party
from hypothesis import given
from hypothesis import strategies as st
from killmail_strategies import QUICK, killmail_lists

from battle_cluster.domain.killmail import Attacker, Killmail, Party, PartyKind, Victim
from battle_cluster.sides.assignment import Sides, assign
from battle_cluster.sides.priors import AMARR, CALDARI

EMPIRE_OF = {party("A"): CALDARI, party("B"): AMARR}


def listed(sides: Sides) -> list[Party]:
    on_sides = [membership.party for side in sides.sides for membership in side.parties]
    return [*on_sides, *(membership.party for membership in sides.unassigned)]


def enlisted(person: Victim | Attacker, *, is_enlisted: bool) -> Party | None:
    """Pilots of A and B as militia, or alone; a structure keeps its owner."""
    if person.party not in EMPIRE_OF or person.character_id is None:
        return person.party
    if is_enlisted:
        return Party(PartyKind.FACTION, EMPIRE_OF[person.party])
    return Party(PartyKind.CHARACTER, person.character_id)


@st.composite
def militia_killmails(draw: st.DrawFn) -> list[Killmail]:
    """Killmails on which the pilots of two alliances are enlisted or not."""
    return [
        replace(
            killmail,
            victim=killmail.victim._replace(party=enlisted(killmail.victim, is_enlisted=flag)),
            attackers=tuple(a._replace(party=enlisted(a, is_enlisted=flag)) for a in killmail.attackers),
        )
        for killmail in draw(killmail_lists())
        for flag in [draw(st.booleans())]
    ]


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


@given(st.one_of(killmail_lists(), militia_killmails()), st.data())
@QUICK
def test_pinned_parties_are_on_their_sides(killmails: list[Killmail], data: st.DataObject) -> None:
    parties = sorted({party for killmail in killmails for party in killmail.parties()})
    pins = data.draw(st.dictionaries(st.sampled_from(parties), st.integers(1, 3), max_size=3)) if parties else {}
    by_party = assign(killmails, pins=pins).by_party
    for first, side in pins.items():
        for second, other in pins.items():
            assert (by_party[first] == by_party[second]) == (side == other)
