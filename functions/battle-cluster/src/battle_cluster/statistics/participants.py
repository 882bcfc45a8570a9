"""Each pilot seen on a battle's killmails: what was flown, killed, lost, and when."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, NamedTuple

from battle_cluster.detection.classification import CAPSULE_GROUP
from battle_cluster.domain.isk import decimal, to_cents
from battle_cluster.domain.killmail import Attacker, Killmail, Party, Victim
from battle_cluster.sides.assignment import Sides

CAPSULES: Final = frozenset({670, 33328})  # attackers carry a type only: the capsule and its golden sister


class ShipUsage(NamedTuple):
    ship_type_id: int
    kills: int
    losses: int


class Participant(NamedTuple):
    """One pilot. `isk_destroyed` counts the whole value of every mail the pilot is on, as kill boards do.

    Capsules are deaths and ISK of the pilot, but no ship flown unless nothing else was seen.
    """

    character_id: int
    corporation_id: int | None
    alliance_id: int | None
    party: Party | None
    side_id: int | None
    ships: tuple[ShipUsage, ...]
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
    """Sums of one pilot. `newest` is the mail, as (time, id), that says whom the pilot flew for."""

    who: Attacker | Victim
    first_seen: int
    newest: tuple[int, int]
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


class ParticipantAccumulator:
    """The pilots of mails added one by one, in whatever order; all sums are whole numbers."""

    def __init__(self) -> None:
        self._rows: dict[int, _Row] = {}
        self._told: dict[int, Participant] = {}

    def add(self, mail: Killmail) -> None:
        amount = to_cents(mail.value)
        self._lost(mail, amount)
        self._killed(mail, amount)

    def participants(self, sides: Sides) -> tuple[Participant, ...]:
        """Most kills first, then most ISK, then by id. Who did nothing since stands there as before."""
        known = self._told
        for character_id, row in self._rows.items():
            side_id = sides.side_of(row.who.party, character_id)
            one = known.get(character_id)
            if one is None or one.side_id != side_id:
                known[character_id] = _participant(character_id, row, side_id)
        return tuple(sorted(known.values(), key=lambda p: (-p.kills, -p.isk_destroyed, p.character_id)))

    def _lost(self, mail: Killmail, amount: int) -> None:
        victim = mail.victim
        if victim.character_id is None:
            return
        row = self._row(victim.character_id, victim, mail)
        row.deaths += 1
        row.lost += amount
        row.damage_received += sum(attacker.damage_done for attacker in mail.attackers)
        row.ships.setdefault(victim.ship_type_id, [0, 0])[1] += 1

    def _killed(self, mail: Killmail, amount: int) -> None:
        for attacker in mail.attacking_pilots:
            if attacker.character_id is None:
                continue
            row = self._row(attacker.character_id, attacker, mail)
            row.kills += 1
            row.final_blows += attacker.final_blow
            row.damage_done += attacker.damage_done
            row.destroyed += amount
            if attacker.ship_type_id is not None:
                row.ships.setdefault(attacker.ship_type_id, [0, 0])[0] += 1

    def _row(self, pilot: int, who: Attacker | Victim, mail: Killmail) -> _Row:
        self._told.pop(pilot, None)
        at = (mail.time, mail.killmail_id)
        row = self._rows.get(pilot)
        if row is None:
            row = self._rows[pilot] = _Row(who, mail.time, at)
            return row
        if at > row.newest:
            row.who, row.newest = who, at
        row.first_seen = min(row.first_seen, mail.time)
        return row


def _participant(character_id: int, row: _Row, side_id: int | None) -> Participant:
    return Participant(
        character_id=character_id,
        corporation_id=row.who.corporation_id,
        alliance_id=row.who.alliance_id,
        party=row.who.party,
        side_id=side_id,
        ships=_flown(row),
        kills=row.kills,
        deaths=row.deaths,
        final_blows=row.final_blows,
        damage_done=row.damage_done,
        damage_received=row.damage_received,
        isk_destroyed=decimal(row.destroyed),
        isk_lost=decimal(row.lost),
        first_seen=row.first_seen,
        last_seen=row.newest[0],
    )


def _flown(row: _Row) -> tuple[ShipUsage, ...]:
    ships = {ship: counts for ship, counts in row.ships.items() if ship not in CAPSULES} or row.ships
    return tuple(ShipUsage(ship, kills, losses) for ship, (kills, losses) in sorted(ships.items()))
