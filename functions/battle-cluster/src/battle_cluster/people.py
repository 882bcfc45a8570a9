"""What mails say about single pilots against their own party: awoxers, and parties whose people fought each other."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from battle_cluster.mails import Mail, Party
from battle_cluster.rules import SideRules


def awoxers(mails: Iterable[Mail], rules: SideRules) -> tuple[int, ...]:
    """Pilots of whose victims at least half were their own people. A tag on the person: the party stays."""
    own: Counter[int] = Counter()
    all_victims: Counter[int] = Counter()
    for mail in mails:
        for attacker in mail.attackers:
            if attacker.character_id is None or attacker.character_id == mail.victim.character_id:
                continue
            all_victims[attacker.character_id] += 1
            if attacker.party is not None and attacker.party == mail.victim.party:
                own[attacker.character_id] += 1
    return tuple(sorted(pilot for pilot, count in own.items() if count >= rules.awox_share * all_victims[pilot]))


@dataclass(frozen=True, slots=True)
class Turncoats:
    """People of a party who fought for another side than the party as a whole."""

    party: Party
    side: int
    pilots: frozenset[int]


@dataclass(slots=True)
class _Record:
    """Of one party: on which mails each pilot shot at others, and on which at the own side beside another one."""

    loyal: dict[int, set[int]] = field(default_factory=dict[int, set[int]])
    turned: dict[int, set[int]] = field(default_factory=dict[int, set[int]])
    beside: Counter[int] = field(default_factory=Counter[int])


def turncoats(mails: Iterable[Mail], side_of: Mapping[Party, int], rules: SideRules) -> tuple[Turncoats, ...]:
    """A party is split only on the evidence of several people on several mails, on both sides.

    Who hits the own side together with others of the own side is a clumsy friend, and no evidence.
    """
    records: dict[Party, _Record] = {}
    for mail in mails:
        at = None if mail.victim.party is None else side_of.get(mail.victim.party)
        if at is not None:
            _note(mail, at, side_of, records)
    found = (_turned(party, record, rules) for party, record in sorted(records.items()))
    return tuple(entry for entry in found if entry is not None)


def _note(mail: Mail, at: int, side_of: Mapping[Party, int], records: dict[Party, _Record]) -> None:
    present = {attacker.party for attacker in mail.attackers if attacker.party is not None} & side_of.keys()
    at_home = {party for party in present if side_of[party] == at}
    beside = {side_of[party] for party in present} - {at}
    for attacker in mail.attackers:
        party, pilot = attacker.party, attacker.character_id
        if party is None or pilot is None or party not in present or party == mail.victim.party:
            continue
        record = records.setdefault(party, _Record())
        if party not in at_home:
            record.loyal.setdefault(pilot, set()).add(mail.killmail_id)
        elif beside and at_home == {party}:
            record.turned.setdefault(pilot, set()).add(mail.killmail_id)
            record.beside.update(beside)


def _turned(party: Party, record: _Record, rules: SideRules) -> Turncoats | None:
    turned = {pilot: mails for pilot, mails in record.turned.items() if len(mails) > len(record.loyal.get(pilot, ()))}
    loyal = {pilot: mails for pilot, mails in record.loyal.items() if pilot not in turned}
    if not (_is_evidence(turned, rules) and _is_evidence(loyal, rules)):
        return None
    side = min(record.beside, key=lambda one: (-record.beside[one], one))
    return Turncoats(party, side, frozenset(turned))


def _is_evidence(shots: Mapping[int, set[int]], rules: SideRules) -> bool:
    return len(shots) >= rules.split_pilots and len(set[int]().union(*shots.values())) >= rules.split_mails
