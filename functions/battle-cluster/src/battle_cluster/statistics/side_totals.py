"""Kills and losses of each side and of its parties. Every loss counts once, for the side that lost it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import NamedTuple

from battle_cluster.domain.isk import efficiency, prorate, to_cents, to_decimal
from battle_cluster.domain.killmail import Killmail, Party
from battle_cluster.sides.assignment import Sides
from battle_cluster.statistics.participants import CAPSULES, Participant, is_capsule


class ShipTypeCount(NamedTuple):
    """How many ships of a type were flown (once per pilot; structures once per loss) and how many were lost."""

    ship_type_id: int
    flown: int
    lost: int


class PartyTotals(NamedTuple):
    """`isk_destroyed` counts each killmail of the party with its whole value: parties exceed the sum of their side."""

    party: Party
    pilots: int
    kills: int
    losses: int
    isk_destroyed: Decimal
    isk_lost: Decimal


class SideTotals(NamedTuple):
    """One side; `side_id` None stands for all unassigned parties. Pilots are those on killmails: a lower bound."""

    side_id: int | None
    pilots: int
    kills: int
    losses: int
    ships_destroyed: int
    ships_lost: int
    isk_destroyed: Decimal
    isk_lost: Decimal
    efficiency: float
    ship_types: tuple[ShipTypeCount, ...]
    parties: tuple[PartyTotals, ...]


class Loss(NamedTuple):
    """A killmail with its sides.

    side_id: the victim's side. damage_by_side: the other sides that shot. attackers: (side, party) of each party that
    shot and is not on the victim's side.
    """

    killmail: Killmail
    cents: int
    side_id: int | None
    damage_by_side: Mapping[int, int]
    attackers: frozenset[tuple[int | None, Party]]


def loss(killmail: Killmail, sides: Sides) -> Loss:
    victim_side = sides.side_of(killmail.victim.party, killmail.victim.character_id)
    damage_by_side: dict[int, int] = {}
    attackers: set[tuple[int | None, Party]] = set()
    for side, party, damage in _shots(killmail, sides):
        if side is None or side != victim_side:
            attackers.add((side, party))
        if side is not None and side != victim_side:
            damage_by_side[side] = damage_by_side.get(side, 0) + damage
    if not any(damage_by_side.values()):
        damage_by_side = dict.fromkeys(damage_by_side, 1)
    return Loss(killmail, to_cents(killmail.value), victim_side, damage_by_side, frozenset(attackers))


def _shots(killmail: Killmail, sides: Sides) -> Iterator[tuple[int | None, Party, int]]:
    """Side, party and damage: per party, or per attacker when pilots of one of the parties fought on several sides."""
    if not any(party in killmail.damage_by_party for party, _ in sides.by_pilot):
        yield from ((sides.by_party.get(party), party, damage) for party, damage in killmail.damage_by_party.items())
        return
    for attacker in killmail.attackers:
        if attacker.party is not None:
            side = sides.side_of(attacker.party, attacker.character_id)
            yield side, attacker.party, max(attacker.damage_done, 0)


def isk_destroyed_by_side(losses: Iterable[Loss], side_ids: Sequence[int]) -> dict[int, int]:
    """Cents destroyed by each side.

    With two sides, each destroyed what the other lost. With more, or when an unassigned party lost the ship, the
    value is split by damage.
    """
    cents = dict.fromkeys(side_ids, 0)
    for entry in losses:
        opponents = [side for side in side_ids if side != entry.side_id]
        if entry.side_id is not None and len(opponents) == 1:
            cents[opponents[0]] += entry.cents
        else:
            for side, part in prorate(entry.cents, entry.damage_by_side).items():
                cents[side] += part
    return cents


@dataclass(slots=True)
class _SideCounters:
    """Running sums of one side while losses and participants are read once."""

    pilots: int = 0
    kills: int = 0
    losses: int = 0
    ships_destroyed: int = 0
    ships_lost: int = 0
    cents_lost: int = 0
    ship_types_flown: Counter[int] = field(default_factory=Counter[int])
    ship_types_lost: Counter[int] = field(default_factory=Counter[int])
    party_pilots: Counter[Party] = field(default_factory=Counter[Party])
    party_kills: Counter[Party] = field(default_factory=Counter[Party])
    party_losses: Counter[Party] = field(default_factory=Counter[Party])
    party_cents_destroyed: Counter[Party] = field(default_factory=Counter[Party])
    party_cents_lost: Counter[Party] = field(default_factory=Counter[Party])

    def add_loss(self, entry: Loss) -> None:
        victim = entry.killmail.victim
        self.losses += 1
        self.cents_lost += entry.cents
        if not is_capsule(victim):
            self.ships_lost += 1
            self.ship_types_lost[victim.ship_type_id] += 1
            self.ship_types_flown[victim.ship_type_id] += victim.character_id is None
        if victim.party is not None:
            self.party_losses[victim.party] += 1
            self.party_cents_lost[victim.party] += entry.cents

    def add_kill(self, entry: Loss) -> None:
        self.kills += 1
        self.ships_destroyed += not is_capsule(entry.killmail.victim)

    def add_party_kill(self, party: Party, entry: Loss) -> None:
        self.party_kills[party] += 1
        self.party_cents_destroyed[party] += entry.cents

    def add_participant(self, participant: Participant) -> None:
        self.pilots += 1
        if participant.party is not None:
            self.party_pilots[participant.party] += 1
        for ship in participant.ships:
            if ship.ship_type_id not in CAPSULES:
                self.ship_types_flown[ship.ship_type_id] += 1


def side_totals(losses: Sequence[Loss], sides: Sides, participants: Iterable[Participant]) -> tuple[SideTotals, ...]:
    """Numbered sides in order, then the unassigned when there are any."""
    side_ids = [side.side_id for side in sides.sides]
    destroyed = isk_destroyed_by_side(losses, side_ids)
    counters = _count(losses, participants)
    numbered = [_totals(side, destroyed[side], counters.get(side, _SideCounters())) for side in side_ids]
    unassigned = counters.get(None, _SideCounters())
    if unassigned.pilots or unassigned.losses:
        return (*numbered, _totals(None, 0, unassigned))
    return tuple(numbered)


def _count(losses: Iterable[Loss], participants: Iterable[Participant]) -> dict[int | None, _SideCounters]:
    counters: dict[int | None, _SideCounters] = defaultdict(_SideCounters)
    for entry in losses:
        counters[entry.side_id].add_loss(entry)
        for side in entry.damage_by_side:
            counters[side].add_kill(entry)
        for side, party in entry.attackers:
            if party != entry.killmail.victim.party:
                counters[side].add_party_kill(party, entry)
    for participant in participants:
        counters[participant.side_id].add_participant(participant)
    return counters


def _totals(side_id: int | None, cents_destroyed: int, counters: _SideCounters) -> SideTotals:
    return SideTotals(
        side_id=side_id,
        pilots=counters.pilots,
        kills=counters.kills,
        losses=counters.losses,
        ships_destroyed=counters.ships_destroyed,
        ships_lost=counters.ships_lost,
        isk_destroyed=to_decimal(cents_destroyed),
        isk_lost=to_decimal(counters.cents_lost),
        efficiency=efficiency(cents_destroyed, counters.cents_lost),
        ship_types=_ship_types(counters),
        parties=_parties(counters),
    )


def _ship_types(counters: _SideCounters) -> tuple[ShipTypeCount, ...]:
    flown, lost = counters.ship_types_flown, counters.ship_types_lost
    return tuple(
        ShipTypeCount(ship, flown[ship], lost[ship]) for ship in sorted(flown, key=lambda ship: (-flown[ship], ship))
    )


def _parties(counters: _SideCounters) -> tuple[PartyTotals, ...]:
    pilots, kills, losses = counters.party_pilots, counters.party_kills, counters.party_losses
    destroyed, lost = counters.party_cents_destroyed, counters.party_cents_lost
    parties = sorted(
        pilots.keys() | losses.keys() | kills.keys(), key=lambda party: (-pilots[party], -kills[party], party)
    )
    return tuple(
        PartyTotals(
            party=party,
            pilots=pilots[party],
            kills=kills[party],
            losses=losses[party],
            isk_destroyed=to_decimal(destroyed[party]),
            isk_lost=to_decimal(lost[party]),
        )
        for party in parties
    )
