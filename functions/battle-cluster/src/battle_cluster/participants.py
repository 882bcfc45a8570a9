"""Each pilot seen on a battle's killmails: what was flown, killed, lost, and when."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from battle_cluster.isk import decimal, hundredths
from battle_cluster.mails import Attacker, Mail, Party, Victim
from battle_cluster.sides import Sides
from battle_cluster.sightings import CAPSULE_GROUP

CAPSULES: Final = frozenset({670, 33328})  # attackers carry a type only: the capsule and its golden sister


@dataclass(frozen=True, slots=True)
class Flown:
    ship_type_id: int
    kills: int
    losses: int


@dataclass(frozen=True, slots=True)
class Participant:
    """One pilot. `isk_destroyed` counts the whole value of every mail the pilot is on, as kill boards do.

    Capsules are deaths and ISK of the pilot, but no ship flown unless nothing else was seen.
    """

    character_id: int
    corporation_id: int | None
    alliance_id: int | None
    party: Party | None
    side_id: int | None
    ships: tuple[Flown, ...]
    kills: int
    deaths: int
    final_blows: int
    damage_done: int
    damage_received: int
    isk_destroyed: Decimal
    isk_lost: Decimal
    first_seen: int
    last_seen: int

    @property
    def is_victim(self) -> bool:
        return self.deaths > 0


@dataclass(slots=True)
class _Row:
    """Sums up while the mails are read in order of time."""

    who: Attacker | Victim
    first_seen: int
    last_seen: int = 0
    ships: dict[int, list[int]] = field(default_factory=dict[int, list[int]])
    kills: int = 0
    deaths: int = 0
    final_blows: int = 0
    damage_done: int = 0
    damage_received: int = 0
    destroyed: int = 0
    lost: int = 0


def is_capsule(victim: Victim) -> bool:
    return victim.ship_group_id == CAPSULE_GROUP or victim.ship_type_id in CAPSULES


def participants(mails: Sequence[Mail], sides: Sides) -> tuple[Participant, ...]:
    """Most kills first, then most ISK, then by id; `mails` in order of time."""
    rows: dict[int, _Row] = {}
    for mail in mails:
        amount = hundredths(mail.value)
        _lost(rows, mail, amount)
        _killed(rows, mail, amount)
    told = (_participant(character_id, row, sides) for character_id, row in rows.items())
    return tuple(sorted(told, key=lambda p: (-p.kills, -p.isk_destroyed, p.character_id)))


def _lost(rows: dict[int, _Row], mail: Mail, amount: int) -> None:
    victim = mail.victim
    if victim.character_id is None:
        return
    row = rows.get(victim.character_id)
    if row is None:
        row = rows[victim.character_id] = _Row(victim, mail.time)
    row.who, row.last_seen = victim, mail.time
    row.deaths += 1
    row.lost += amount
    row.damage_received += sum(attacker.damage_done for attacker in mail.attackers)
    row.ships.setdefault(victim.ship_type_id, [0, 0])[1] += 1


def _killed(rows: dict[int, _Row], mail: Mail, amount: int) -> None:
    """In one function and not one for each attacker: this is where most of a large battle's time goes."""
    now = mail.time
    for attacker in mail.hunters:
        pilot = attacker.character_id
        if pilot is None:
            continue
        row = rows.get(pilot)
        if row is None:
            row = rows[pilot] = _Row(attacker, now)
        row.who, row.last_seen = attacker, now
        row.kills += 1
        row.final_blows += attacker.final_blow
        row.damage_done += attacker.damage_done
        row.destroyed += amount
        if attacker.ship_type_id is not None:
            flown = row.ships.get(attacker.ship_type_id)
            if flown is None:
                row.ships[attacker.ship_type_id] = [1, 0]
            else:
                flown[0] += 1


def _participant(character_id: int, row: _Row, sides: Sides) -> Participant:
    return Participant(
        character_id=character_id,
        corporation_id=row.who.corporation_id,
        alliance_id=row.who.alliance_id,
        party=row.who.party,
        side_id=sides.side_of(row.who.party, character_id),
        ships=_flown(row),
        kills=row.kills,
        deaths=row.deaths,
        final_blows=row.final_blows,
        damage_done=row.damage_done,
        damage_received=row.damage_received,
        isk_destroyed=decimal(row.destroyed),
        isk_lost=decimal(row.lost),
        first_seen=row.first_seen,
        last_seen=row.last_seen,
    )


def _flown(row: _Row) -> tuple[Flown, ...]:
    ships = {ship: counts for ship, counts in row.ships.items() if ship not in CAPSULES} or row.ships
    return tuple(Flown(ship, kills, losses) for ship, (kills, losses) in sorted(ships.items()))


def total_pilots(rows: Iterable[Participant], side_id: int | None) -> int:
    return sum(row.side_id == side_id for row in rows)
