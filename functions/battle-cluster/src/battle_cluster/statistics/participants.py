"""Totals of each pilot on a battle's killmails: ships, kills, deaths, damage, ISK, first and last appearance."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final, NamedTuple

from battle_cluster.detection.classification import CAPSULE_GROUP
from battle_cluster.domain.isk import to_cents, to_decimal
from battle_cluster.domain.killmail import Attacker, Killmail, Party, Victim
from battle_cluster.sides.assignment import Sides

CAPSULES: Final = frozenset({670, 33328})  # by type, since attackers carry no group: capsule and golden capsule


class ShipUsage(NamedTuple):
    ship_type_id: int
    kills: int
    losses: int


class Participant(NamedTuple):
    """One pilot. `isk_destroyed` counts the whole value of every killmail the pilot is on, as kill boards do.

    A capsule counts as a death and as ISK lost, but as a ship only when the pilot appears in no other ship.
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


class ParticipantRow(NamedTuple):
    """A row of `battle_participants`; the fields stand in the order of its columns."""

    character_id: int
    corporation_id: int | None
    alliance_id: int | None
    side_id: int | None
    is_victim: bool
    kills: int
    deaths: int
    damage_done: int
    damage_received: int
    isk_destroyed: Decimal
    isk_lost: Decimal
    first_seen: int
    last_seen: int
    is_awoxer: bool


class ShipRow(NamedTuple):
    """A row of `battle_participant_ships`; the fields stand in the order of its columns."""

    character_id: int
    ship_type_id: int
    kills: int
    losses: int


CachedParticipantRows = tuple[Participant, ParticipantRow, tuple[ShipRow, ...]]


@dataclass(slots=True)
class _PilotTotals:
    """Running totals of one pilot. `latest` is the pilot on the killmail `latest_killmail`, a (time, id) pair.

    Corporation, alliance and party of a pilot are those of that killmail.
    """

    latest: Attacker | Victim
    first_seen: int
    latest_killmail: tuple[int, int]
    ships: dict[int, list[int]] = field(default_factory=dict[int, list[int]])
    kills: int = 0
    deaths: int = 0
    final_blows: int = 0
    damage_done: int = 0
    damage_received: int = 0
    cents_destroyed: int = 0
    cents_lost: int = 0


def is_capsule(victim: Victim) -> bool:
    return victim.ship_group_id == CAPSULE_GROUP or victim.ship_type_id in CAPSULES


class ParticipantAccumulator:
    """Totals per pilot, built up killmail by killmail. All sums are integers, so the order does not matter."""

    def __init__(self) -> None:
        self._totals: dict[int, _PilotTotals] = {}
        self._participants: dict[int, Participant] = {}

    def add(self, killmail: Killmail) -> None:
        cents = to_cents(killmail.value)
        self._add_loss(killmail, cents)
        self._add_kills(killmail, cents)

    def participants(self, sides: Sides) -> tuple[Participant, ...]:
        """Most kills first, then most ISK destroyed, then by id.

        A pilot without new killmails and on the same side keeps the same `Participant` object.
        """
        participants = self._participants
        for character_id, totals in self._totals.items():
            side_id = sides.side_of(totals.latest.party, character_id)
            participant = participants.get(character_id)
            if participant is None or participant.side_id != side_id:
                participants[character_id] = _participant(character_id, totals, side_id)
        return tuple(sorted(participants.values(), key=lambda p: (-p.kills, -p.isk_destroyed, p.character_id)))

    def _add_loss(self, killmail: Killmail, cents: int) -> None:
        victim = killmail.victim
        if victim.character_id is None:
            return
        totals = self._totals_of(victim.character_id, victim, killmail)
        totals.deaths += 1
        totals.cents_lost += cents
        totals.damage_received += sum(attacker.damage_done for attacker in killmail.attackers)
        totals.ships.setdefault(victim.ship_type_id, [0, 0])[1] += 1

    def _add_kills(self, killmail: Killmail, cents: int) -> None:
        for attacker in killmail.attacking_pilots:
            if attacker.character_id is None:
                continue
            totals = self._totals_of(attacker.character_id, attacker, killmail)
            totals.kills += 1
            totals.final_blows += attacker.final_blow
            totals.damage_done += attacker.damage_done
            totals.cents_destroyed += cents
            if attacker.ship_type_id is not None:
                totals.ships.setdefault(attacker.ship_type_id, [0, 0])[0] += 1

    def _totals_of(self, character_id: int, appearance: Attacker | Victim, killmail: Killmail) -> _PilotTotals:
        self._participants.pop(character_id, None)
        position = (killmail.time, killmail.killmail_id)
        totals = self._totals.get(character_id)
        if totals is None:
            totals = self._totals[character_id] = _PilotTotals(appearance, killmail.time, position)
            return totals
        if position > totals.latest_killmail:
            totals.latest, totals.latest_killmail = appearance, position
        totals.first_seen = min(totals.first_seen, killmail.time)
        return totals


def _participant(character_id: int, totals: _PilotTotals, side_id: int | None) -> Participant:
    return Participant(
        character_id=character_id,
        corporation_id=totals.latest.corporation_id,
        alliance_id=totals.latest.alliance_id,
        party=totals.latest.party,
        side_id=side_id,
        ships=_ships(totals),
        kills=totals.kills,
        deaths=totals.deaths,
        final_blows=totals.final_blows,
        damage_done=totals.damage_done,
        damage_received=totals.damage_received,
        isk_destroyed=to_decimal(totals.cents_destroyed),
        isk_lost=to_decimal(totals.cents_lost),
        first_seen=totals.first_seen,
        last_seen=totals.latest_killmail[0],
    )


def _ships(totals: _PilotTotals) -> tuple[ShipUsage, ...]:
    ships = {ship: counts for ship, counts in totals.ships.items() if ship not in CAPSULES} or totals.ships
    return tuple(ShipUsage(ship, kills, losses) for ship, (kills, losses) in sorted(ships.items()))
