"""Totals of each pilot on a battle's killmails: ships, kills, deaths, damage, ISK, first and last appearance."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from battle_cluster.detection.classification import CAPSULE_GROUP
from battle_cluster.domain.event_time import to_datetime
from battle_cluster.domain.isk import to_cents, to_decimal
from battle_cluster.domain.killmail import Attacker, Killmail, Party, Victim
from battle_cluster.sides.assignment import Sides
from battle_cluster.statistics.rows import Participant, ShipKey, ShipUsage

CAPSULES: Final = frozenset({670, 33328})  # by type, since attackers carry no group: capsule and golden capsule


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
        self._ships: dict[ShipKey, ShipUsage] = {}
        self._changed: set[int] = set()
        self._pilots_of: dict[Party | None, set[int]] = {}
        self._counted_as: dict[int, tuple[int | None, Party | None]] = {}
        self._pilots_by_party = Counter[tuple[int | None, Party | None]]()
        self._awoxers = frozenset[int]()

    def add(self, killmail: Killmail) -> None:
        cents, position = to_cents(killmail.value), (killmail.time, killmail.killmail_id)
        self._add_loss(killmail, position, cents)
        self._add_kills(killmail, position, cents)

    def participants(
        self, sides: Sides, changed_parties: Iterable[Party], changed_pilots: Collection[int]
    ) -> dict[int, Participant]:
        """By character id. A pilot without new killmails, and on the same side, is the same object as last time.

        changed_parties, changed_pilots: those whose side is another one than last time.
        """
        awoxers = frozenset(sides.awoxers)
        concerned = self._changed | ((awoxers ^ self._awoxers).union(changed_pilots) & self._totals.keys())
        for party in changed_parties:
            concerned |= self._pilots_of.get(party, set())
        for character_id in concerned:
            totals, existing = self._totals[character_id], self._participants.get(character_id)
            side_id = sides.side_of(totals.latest.party, character_id)
            is_awoxer = character_id in awoxers
            if (
                existing is None
                or character_id in self._changed
                or (existing.side_id, existing.is_awoxer) != (side_id, is_awoxer)
            ):
                self._participants[character_id] = _participant(character_id, totals, side_id, is_awoxer=is_awoxer)
                self._count(character_id, (side_id, totals.latest.party))
        self._update_ships()
        self._changed, self._awoxers = set(), awoxers
        return dict(self._participants)

    def _count(self, character_id: int, side_and_party: tuple[int | None, Party | None]) -> None:
        before = self._counted_as.get(character_id)
        if before is not None:
            self._pilots_by_party[before] -= 1
        self._counted_as[character_id] = side_and_party
        self._pilots_by_party[side_and_party] += 1

    def ships(self) -> dict[ShipKey, ShipUsage]:
        """The ships of the participants that were computed last."""
        return dict(self._ships)

    def pilots_by_party(self) -> Mapping[tuple[int | None, Party | None], int]:
        """Number of the participants computed last, by side and party."""
        return self._pilots_by_party

    def _update_ships(self) -> None:
        for character_id in self._changed:
            totals = self._totals[character_id]
            for ship_type_id in totals.ships:
                self._ships.pop((character_id, ship_type_id), None)
            ships = {ship: counts for ship, counts in totals.ships.items() if ship not in CAPSULES} or totals.ships
            for ship_type_id, (kills, losses) in ships.items():
                self._ships[character_id, ship_type_id] = ShipUsage(character_id, ship_type_id, kills, losses)

    def _add_loss(self, killmail: Killmail, position: tuple[int, int], cents: int) -> None:
        victim = killmail.victim
        if victim.character_id is None:
            return
        totals = self._totals_of(victim.character_id, victim, position)
        totals.deaths += 1
        totals.cents_lost += cents
        totals.damage_received += sum([attacker.damage_done for attacker in killmail.attackers])
        totals.ships.setdefault(victim.ship_type_id, [0, 0])[1] += 1

    def _add_kills(self, killmail: Killmail, position: tuple[int, int], cents: int) -> None:
        for attacker in killmail.attacking_pilots:
            if attacker.character_id is None:
                continue
            totals = self._totals_of(attacker.character_id, attacker, position)
            totals.kills += 1
            totals.damage_done += attacker.damage_done
            totals.cents_destroyed += cents
            if attacker.ship_type_id is not None:
                totals.ships.setdefault(attacker.ship_type_id, [0, 0])[0] += 1

    def _totals_of(self, character_id: int, appearance: Attacker | Victim, position: tuple[int, int]) -> _PilotTotals:
        """Of a pilot who appears on the killmail at this position, its time and id."""
        self._changed.add(character_id)
        totals = self._totals.get(character_id)
        if totals is None:
            totals = self._totals[character_id] = _PilotTotals(appearance, position[0], position)
            self._pilots_of.setdefault(appearance.party, set()).add(character_id)
            return totals
        if position > totals.latest_killmail:
            if appearance.party != totals.latest.party:
                self._pilots_of.setdefault(appearance.party, set()).add(character_id)
            totals.latest, totals.latest_killmail = appearance, position
        totals.first_seen = min(totals.first_seen, position[0])
        return totals


def _participant(character_id: int, totals: _PilotTotals, side_id: int | None, *, is_awoxer: bool) -> Participant:
    return Participant(
        character_id=character_id,
        corporation_id=totals.latest.corporation_id,
        alliance_id=totals.latest.alliance_id,
        side_id=side_id,
        is_victim=totals.deaths > 0,
        kills=totals.kills,
        deaths=totals.deaths,
        damage_done=totals.damage_done,
        damage_received=totals.damage_received,
        isk_destroyed=to_decimal(totals.cents_destroyed),
        isk_lost=to_decimal(totals.cents_lost),
        first_seen_at=to_datetime(totals.first_seen),
        last_seen_at=to_datetime(totals.latest_killmail[0]),
        is_awoxer=is_awoxer,
    )
