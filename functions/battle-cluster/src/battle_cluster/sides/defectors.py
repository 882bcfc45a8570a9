"""What mails say about single pilots against their own party: awoxers, and parties whose people fought each other."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from battle_cluster.detection.rules import SideRules
from battle_cluster.domain.killmail import Killmail, Party


def awoxers(mails: Iterable[Killmail], rules: SideRules) -> tuple[int, ...]:
    """Pilots of whose victims at least half were their own people. A tag on the person: the party stays."""
    seen = list(mails)
    own = Counter(
        pilot
        for mail in seen
        if mail.victim.party in mail.damage_by_party
        for pilot in _shooters(mail, mail.victim.party)
        if pilot != mail.victim.character_id
    )
    all_victims = Counter(
        attacker.character_id
        for mail in (seen if own else ())
        if not own.keys().isdisjoint(mail.pilot_ids)
        for attacker in mail.attackers
        if attacker.character_id in own and attacker.character_id != mail.victim.character_id
    )
    return tuple(sorted(pilot for pilot, count in own.items() if count >= rules.awox_share * all_victims[pilot]))


def _shooters(mail: Killmail, party: Party | None) -> Iterator[int]:
    for attacker in mail.attackers:
        if attacker.party == party and attacker.character_id is not None:
            yield attacker.character_id


@dataclass(frozen=True, slots=True)
class Defectors:
    """People of a party who fought for another side than the party as a whole."""

    party: Party
    side: int
    pilots: frozenset[int]


Shots = dict[int, set[int]]
"""Killmail ids by pilot."""


@dataclass(slots=True)
class _Record:
    """Of one party: who shot at the own side, on which mails, and beside which other sides."""

    shots: Shots = field(default_factory=dict[int, set[int]])
    beside: Counter[int] = field(default_factory=Counter[int])


def find_defectors(
    mails: Collection[Killmail], side_of: Mapping[Party, int], rules: SideRules
) -> tuple[Defectors, ...]:
    """A party is split only on the evidence of several people on several mails, on both sides.

    Who hits the own side together with others of the own side is a clumsy friend, and no evidence.
    """
    records: dict[Party, _Record] = {}
    for mail in mails:
        _note_turned(mail, side_of, records)
    suspects = {party: record for party, record in records.items() if _is_evidence(record.shots, rules)}
    found = (
        _turned(party, record, _shots_at_other_sides(mails, party, side_of), rules)
        for party, record in sorted(suspects.items())
    )
    return tuple(entry for entry in found if entry is not None)


def _note_turned(mail: Killmail, side_of: Mapping[Party, int], records: dict[Party, _Record]) -> None:
    victim = mail.victim.party
    at = None if victim is None else side_of.get(victim)
    if at is None:
        return
    present = [party for party in mail.damage_by_party if party in side_of]
    at_home = [party for party in present if side_of[party] == at]
    beside = {side_of[party] for party in present} - {at}
    if len(at_home) != 1 or at_home[0] == victim or not beside:
        return
    record = records.setdefault(at_home[0], _Record())
    record.beside.update(beside)
    for attacker in mail.attackers:
        if attacker.party == at_home[0] and attacker.character_id is not None:
            record.shots.setdefault(attacker.character_id, set()).add(mail.killmail_id)


def _shots_at_other_sides(mails: Iterable[Killmail], party: Party, side_of: Mapping[Party, int]) -> Shots:
    """The party's shots at other sides."""
    shots: Shots = {}
    for mail in mails:
        if mail.victim.party is None or side_of.get(mail.victim.party, side_of[party]) == side_of[party]:
            continue
        for attacker in mail.attackers:
            if attacker.party == party and attacker.character_id is not None:
                shots.setdefault(attacker.character_id, set()).add(mail.killmail_id)
    return shots


def _turned(party: Party, record: _Record, loyal: Shots, rules: SideRules) -> Defectors | None:
    turned = {pilot: mails for pilot, mails in record.shots.items() if len(mails) > len(loyal.get(pilot, ()))}
    others = {pilot: mails for pilot, mails in loyal.items() if pilot not in turned}
    if not (_is_evidence(turned, rules) and _is_evidence(others, rules)):
        return None
    side = min(record.beside, key=lambda one: (-record.beside[one], one))
    return Defectors(party, side, frozenset(turned))


def _is_evidence(shots: Shots, rules: SideRules) -> bool:
    return len(shots) >= rules.split_pilots and len(set[int]().union(*shots.values())) >= rules.split_mails
