"""Pilots who fought against their own party: awoxers, and defectors, whose party fought on both sides."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from battle_cluster.domain.killmail import Killmail, Party
from battle_cluster.sides.rules import SideRules


def awoxers(killmails: Iterable[Killmail], rules: SideRules) -> tuple[int, ...]:
    """Pilots at least half of whose victims were of their own party; the party is not split for them."""
    all_killmails = list(killmails)
    own_victims = Counter(
        pilot
        for killmail in all_killmails
        if killmail.victim.party in killmail.damage_by_party
        for pilot in _attackers_of(killmail, killmail.victim.party)
        if pilot != killmail.victim.character_id
    )
    all_victims = Counter(
        attacker.character_id
        for killmail in (all_killmails if own_victims else ())
        if not own_victims.keys().isdisjoint(killmail.pilot_ids)
        for attacker in killmail.attackers
        if attacker.character_id in own_victims and attacker.character_id != killmail.victim.character_id
    )
    return tuple(
        sorted(pilot for pilot, count in own_victims.items() if count >= rules.awox_share * all_victims[pilot])
    )


def _attackers_of(killmail: Killmail, party: Party | None) -> Iterator[int]:
    for attacker in killmail.attackers:
        if attacker.party == party and attacker.character_id is not None:
            yield attacker.character_id


@dataclass(frozen=True, slots=True)
class Defectors:
    """Pilots of a party who fought for another side than the rest of their party."""

    party: Party
    side: int
    pilots: frozenset[int]


Shots = dict[int, set[int]]
"""Killmail ids by pilot."""


@dataclass(slots=True)
class _OwnSideShots:
    """Shots of one party's pilots at their own side, and how often each other side took part in them."""

    shots: Shots = field(default_factory=dict[int, set[int]])
    accomplices: Counter[int] = field(default_factory=Counter[int])


def find_defectors(
    killmails: Collection[Killmail], side_of: Mapping[Party, int], rules: SideRules
) -> tuple[Defectors, ...]:
    """A party is split only when several pilots on several killmails fought on either side.

    A pilot who hits the own side together with other parties of that side is careless: that is no evidence.
    """
    own_side_shots: dict[Party, _OwnSideShots] = {}
    for killmail in killmails:
        _record_own_side_shots(killmail, side_of, own_side_shots)
    suspects = {party: record for party, record in own_side_shots.items() if _is_evidence(record.shots, rules)}
    defectors = (
        _defectors_of(party, record, _shots_at_other_sides(killmails, party, side_of), rules)
        for party, record in sorted(suspects.items())
    )
    return tuple(entry for entry in defectors if entry is not None)


def _record_own_side_shots(
    killmail: Killmail, side_of: Mapping[Party, int], own_side_shots: dict[Party, _OwnSideShots]
) -> None:
    victim = killmail.victim.party
    victim_side = None if victim is None else side_of.get(victim)
    if victim_side is None:
        return
    attackers = [party for party in killmail.damage_by_party if party in side_of]
    of_victim_side = [party for party in attackers if side_of[party] == victim_side]
    other_sides = {side_of[party] for party in attackers} - {victim_side}
    if len(of_victim_side) != 1 or of_victim_side[0] == victim or not other_sides:
        return
    record = own_side_shots.setdefault(of_victim_side[0], _OwnSideShots())
    record.accomplices.update(other_sides)
    for attacker in killmail.attackers:
        if attacker.party == of_victim_side[0] and attacker.character_id is not None:
            record.shots.setdefault(attacker.character_id, set()).add(killmail.killmail_id)


def _shots_at_other_sides(killmails: Iterable[Killmail], party: Party, side_of: Mapping[Party, int]) -> Shots:
    shots: Shots = {}
    for killmail in killmails:
        victim = killmail.victim.party
        if victim is None or side_of.get(victim, side_of[party]) == side_of[party]:
            continue
        for attacker in killmail.attackers:
            if attacker.party == party and attacker.character_id is not None:
                shots.setdefault(attacker.character_id, set()).add(killmail.killmail_id)
    return shots


def _defectors_of(party: Party, record: _OwnSideShots, loyal_shots: Shots, rules: SideRules) -> Defectors | None:
    disloyal = {pilot: ids for pilot, ids in record.shots.items() if len(ids) > len(loyal_shots.get(pilot, ()))}
    loyal = {pilot: ids for pilot, ids in loyal_shots.items() if pilot not in disloyal}
    if not (_is_evidence(disloyal, rules) and _is_evidence(loyal, rules)):
        return None
    if len(disloyal) < rules.split_share * (len(disloyal) + len(loyal)):
        return None
    side = min(record.accomplices, key=lambda side: (-record.accomplices[side], side))
    return Defectors(party, side, frozenset(disloyal))


def _is_evidence(shots: Shots, rules: SideRules) -> bool:
    return len(shots) >= rules.split_pilots and len(set[int]().union(*shots.values())) >= rules.split_killmails
