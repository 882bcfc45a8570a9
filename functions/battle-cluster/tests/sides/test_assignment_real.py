"""Sides on real mails: militias as truth without labels, and two colours as the floor."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache

from builders import RULES
from real_days import days, militias, shared
from two_colouring import two_coloured

from battle_cluster.detection.clustering import cluster
from battle_cluster.domain.killmail import Attacker, Killmail, Party, PartyKind, Victim
from battle_cluster.sides.assignment import assign
from battle_cluster.sides.priors import ALLIED_MILITIAS

pytestmark = shared


@cache
def battles() -> tuple[tuple[Killmail, ...], ...]:
    mails = {mail.killmail_id: mail for mail in days()}
    found = (c for c in cluster(mails.values(), RULES) if c.is_battle and len(c.killmail_ids) >= 5)
    return tuple(tuple(mails[one] for one in component.killmail_ids) for component in found)


def people(mails: tuple[Killmail, ...]) -> dict[int, Party]:
    everybody = (who for mail in mails for who in (mail.victim, *mail.attackers))
    return {who.character_id: who.party for who in everybody if who.character_id and who.party}


def hidden(mail: Killmail) -> Killmail:
    """Without the militia as a party: who is in an NPC corporation stands alone."""
    victim = mail.victim._replace(party=_alone(mail.victim))
    return replace(mail, victim=victim, attackers=tuple(a._replace(party=_alone(a)) for a in mail.attackers))


def _alone(who: Victim | Attacker) -> Party | None:
    if who.party is None or who.party.kind is not PartyKind.FACTION or who.character_id is None:
        return who.party
    return Party(PartyKind.CHARACTER, who.character_id)


def test_militias_stand_on_their_sides_without_being_told() -> None:
    right, judged, unassigned = 0, 0, 0
    for mails in warzone():
        sides = assign(mails)
        tally = Counter(
            (sides.side_of(party, one), empire(one)) for one, party in people(mails).items() if one in militias()
        )
        unassigned += sum(n for (side, _), n in tally.items() if side is None)
        judged += tally.total()
        right += sum(max(tally[side, 0], tally[side, 1]) for side in {side for side, _ in tally if side is not None})
    assert judged > 700
    assert right / (judged - unassigned) >= 0.97
    assert unassigned / judged <= 0.05


def empire(character_id: int) -> int:
    return next(at for at, bloc in enumerate(ALLIED_MILITIAS) if militias()[character_id] in bloc)


def warzone() -> Iterator[tuple[Killmail, ...]]:
    """Battles of both militia blocs in which three of five pilots are enlisted."""
    for mails in battles():
        known = people(mails)
        enlisted = known.keys() & militias().keys()
        if len(enlisted) >= 0.6 * len(known) and len({empire(one) for one in enlisted}) > 1:
            yield tuple(map(hidden, mails))


def test_never_worse_than_two_colours_where_a_side_is_named() -> None:
    """How much of the fire goes from one side to another; what is left unassigned is counted on its own."""
    for least, most in ((5, 19), (20, 49), (50, 99), (100, 10_000)):
        fights = [mails for mails in battles() if least <= len(mails) <= most]
        ours, floor = Counter[bool](), Counter[bool]()
        for mails in fights:
            named = assign(mails).by_party
            ours += _across(mails, named)
            floor += _across(mails, two_coloured(mails))
        assert ours[True] / ours.total() >= floor[True] / floor.total()
        assert ours.total() >= 0.95 * floor.total()


def _across(mails: tuple[Killmail, ...], side: Mapping[Party, int]) -> Counter[bool]:
    return Counter(
        side[attacker.party] != side[mail.victim.party]
        for mail in mails
        for attacker in mail.attackers
        if attacker.party in side and mail.victim.party in side
    )
