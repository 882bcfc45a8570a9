"""Sides on real killmails: militias as ground truth, and a two-colouring as the baseline."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache

from real_days import components_of_all_days, killmails_of_all_days, militias, needs_real_days
from two_colouring import two_colouring

from battle_cluster.domain.killmail import Attacker, Killmail, Party, PartyKind, Victim
from battle_cluster.sides.assignment import assign
from battle_cluster.sides.priors import ALLIED_MILITIAS

pytestmark = needs_real_days


@cache
def battles() -> tuple[tuple[Killmail, ...], ...]:
    by_id = {killmail.killmail_id: killmail for killmail in killmails_of_all_days()}
    components = (c for c in components_of_all_days() if c.is_battle and len(c.killmail_ids) >= 5)
    return tuple(tuple(by_id[i] for i in component.killmail_ids) for component in components)


def party_by_pilot(killmails: tuple[Killmail, ...]) -> dict[int, Party]:
    pilots = (pilot for killmail in killmails for pilot in (killmail.victim, *killmail.attackers))
    return {pilot.character_id: pilot.party for pilot in pilots if pilot.character_id and pilot.party}


def without_militias(killmail: Killmail) -> Killmail:
    """Replaces a militia as the party by the pilot alone."""
    victim = killmail.victim._replace(party=_alone(killmail.victim))
    return replace(killmail, victim=victim, attackers=tuple(a._replace(party=_alone(a)) for a in killmail.attackers))


def _alone(pilot: Victim | Attacker) -> Party | None:
    if pilot.party is None or pilot.party.kind is not PartyKind.FACTION or pilot.character_id is None:
        return pilot.party
    return Party(PartyKind.CHARACTER, pilot.character_id)


def test_militias_are_on_their_sides_without_priors() -> None:
    right, judged, unassigned = 0, 0, 0
    for killmails in warzone():
        sides = assign(killmails)
        tally = Counter(
            (sides.side_of(party, pilot), empire(pilot))
            for pilot, party in party_by_pilot(killmails).items()
            if pilot in militias()
        )
        unassigned += sum(n for (side, _), n in tally.items() if side is None)
        judged += tally.total()
        right += sum(max(tally[side, 0], tally[side, 1]) for side in {side for side, _ in tally if side is not None})
    assert judged > 700
    assert right / (judged - unassigned) >= 0.97
    assert unassigned / judged <= 0.05


def empire(character_id: int) -> int:
    return next(index for index, bloc in enumerate(ALLIED_MILITIAS) if militias()[character_id] in bloc)


def warzone() -> Iterator[tuple[Killmail, ...]]:
    """Battles of both militia blocs in which three of five pilots are enlisted."""
    for killmails in battles():
        parties = party_by_pilot(killmails)
        enlisted = parties.keys() & militias().keys()
        if len(enlisted) >= 0.6 * len(parties) and len({empire(pilot) for pilot in enlisted}) > 1:
            yield tuple(map(without_militias, killmails))


def test_assigned_sides_are_never_worse_than_the_baseline() -> None:
    """The share of shots that go from one side to another; unassigned parties are checked separately."""
    for min_size, max_size in ((5, 19), (20, 49), (50, 99), (100, 10_000)):
        fights = [killmails for killmails in battles() if min_size <= len(killmails) <= max_size]
        assigned, baseline = Counter[bool](), Counter[bool]()
        for killmails in fights:
            by_party = assign(killmails).by_party
            assigned += _across(killmails, by_party)
            baseline += _across(killmails, two_colouring(killmails))
        assert assigned[True] / assigned.total() >= baseline[True] / baseline.total()
        assert assigned.total() >= 0.95 * baseline.total()


def _across(killmails: tuple[Killmail, ...], side_of: Mapping[Party, int]) -> Counter[bool]:
    return Counter(
        side_of[attacker.party] != side_of[killmail.victim.party]
        for killmail in killmails
        for attacker in killmail.attackers
        if attacker.party in side_of and killmail.victim.party in side_of
    )
