"""Pilots who fought against their own party: awoxers, and defectors, whose party fought on both sides."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from battle_cluster.domain.killmail import Killmail, Party
from battle_cluster.sides.rules import SideRules
from battle_cluster.sides.shots import KillmailsByParty, ShotIndex, SideChanges


def awoxers(shots: ShotIndex, rules: SideRules) -> tuple[int, ...]:
    """Pilots at least half of whose victims were of their own party; the party is not split for them."""
    own_victims = Counter(
        pilot
        for killmail in shots.friendly_fire
        for pilot in _attackers_of(killmail, killmail.victim.party)
        if pilot != killmail.victim.character_id
    )
    return tuple(
        sorted(pilot for pilot, count in own_victims.items() if count >= rules.awox_share * _victim_count(pilot, shots))
    )


def _victim_count(pilot: int, shots: ShotIndex) -> int:
    """A pilot who shot himself is only the victim."""
    return sum(shot.killmail.victim.character_id != pilot for shot in shots.of_pilot(pilot))


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


class _OwnSideShot(NamedTuple):
    """A killmail on which a party, alone of its side, shot at that side with pilots of other sides."""

    party: Party
    killmail: Killmail
    other_sides: frozenset[int]


class OwnSideShots:
    """The shots of parties at their own side, kept from one assignment of sides to the next."""

    def __init__(self) -> None:
        self._killmails = KillmailsByParty()
        self._changes = SideChanges()
        self._shot_of: dict[int, _OwnSideShot] = {}

    def add(self, killmail: Killmail) -> None:
        self._killmails.add(killmail)

    def by_party(self, side_of: Mapping[Party, int]) -> dict[Party, list[_OwnSideShot]]:
        changed_parties, _ = self._changes.update(side_of)
        for killmail in self._killmails.concerned(changed_parties):
            shot = _own_side_shot(killmail, side_of)
            if shot is not None:
                self._shot_of[killmail.killmail_id] = shot
            else:
                self._shot_of.pop(killmail.killmail_id, None)
        shots: dict[Party, list[_OwnSideShot]] = {}
        for shot in self._shot_of.values():
            shots.setdefault(shot.party, []).append(shot)
        return shots


def find_defectors(
    own_side_shots: OwnSideShots, shots: ShotIndex, side_of: Mapping[Party, int], rules: SideRules
) -> tuple[Defectors, ...]:
    """A party is split only when several pilots on several killmails fought on either side.

    A pilot who hits the own side together with other parties of that side is careless: that is no evidence.
    """
    by_party = own_side_shots.by_party(side_of)
    entries = (_defectors_of(party, by_party[party], shots, side_of, rules) for party in sorted(by_party))
    return tuple(entry for entry in entries if entry is not None)


def _own_side_shot(killmail: Killmail, side_of: Mapping[Party, int]) -> _OwnSideShot | None:
    victim = killmail.victim.party
    victim_side = None if victim is None else side_of.get(victim)
    if victim_side is None or len(killmail.damage_by_party) < 2:  # noqa: PLR2004  # one of this side, one of another
        return None
    attackers = [party for party in killmail.damage_by_party if party in side_of]
    of_victim_side = [party for party in attackers if side_of[party] == victim_side]
    other_sides = frozenset(side_of[party] for party in attackers) - {victim_side}
    if len(of_victim_side) != 1 or of_victim_side[0] == victim or not other_sides:
        return None
    return _OwnSideShot(of_victim_side[0], killmail, other_sides)


def _defectors_of(
    party: Party, own: Sequence[_OwnSideShot], shots: ShotIndex, side_of: Mapping[Party, int], rules: SideRules
) -> Defectors | None:
    at_own_side: Shots = {}
    for shot in own:
        for pilot in _attackers_of(shot.killmail, party):
            at_own_side.setdefault(pilot, set()).add(shot.killmail.killmail_id)
    if not _is_evidence(at_own_side, rules):
        return None
    disloyal = {
        pilot: ids
        for pilot, ids in at_own_side.items()
        if len(ids) > len(_shots_at_other_sides(pilot, party, shots, side_of))
    }
    if not _is_evidence(disloyal, rules):
        return None
    at_others = {pilot: _shots_at_other_sides(pilot, party, shots, side_of) for pilot in shots.pilots_of(party)}
    loyal = {pilot: ids for pilot, ids in at_others.items() if ids and pilot not in disloyal}
    if not _is_evidence(loyal, rules) or len(disloyal) < rules.split_share * (len(disloyal) + len(loyal)):
        return None
    accomplices = Counter(side for shot in own for side in shot.other_sides)
    side = min(accomplices, key=lambda side: (-accomplices[side], side))
    return Defectors(party, side, frozenset(disloyal))


def _shots_at_other_sides(pilot: int, party: Party, shots: ShotIndex, side_of: Mapping[Party, int]) -> set[int]:
    own_side = side_of[party]
    return {
        shot.killmail.killmail_id
        for shot in shots.of_pilot(pilot)
        if shot.party == party
        and shot.killmail.victim.party is not None
        and side_of.get(shot.killmail.victim.party, own_side) != own_side
    }


def _is_evidence(shots: Shots, rules: SideRules) -> bool:
    return len(shots) >= rules.split_pilots and len(set[int]().union(*shots.values())) >= rules.split_killmails
