"""Kills and losses of each side and of its parties. Every loss counts once, for the side that lost it."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from battle_cluster.domain.isk import efficiency, prorate, to_cents, to_decimal
from battle_cluster.domain.killmail import Killmail, Party
from battle_cluster.sides.assignment import Side, SideMembership, Sides
from battle_cluster.statistics.participants import is_capsule
from battle_cluster.statistics.rows import PartyKey, PartyTotals, SideShots, SideTotals

UNASSIGNED: Final = "unassigned"
"""The role of a party without a side."""
PilotCounts = Mapping[tuple[int | None, Party | None], int]
"""Number of pilots by side and party."""


class Loss(NamedTuple):
    """What the totals need of a killmail.

    fitted_cents: of the cents, those without cargo; all of them where that is unknown. party, side_id: the victim's.
    damage_by_side: the other sides that shot. attackers: (side, party) of each party that shot and is
    not on the victim's side. shots_by_side: every side that shot, the victim's too.
    """

    party: Party | None
    is_capsule: bool
    cents: int
    fitted_cents: int
    side_id: int | None
    damage_by_side: Mapping[int, int]
    attackers: frozenset[tuple[int | None, Party]]
    shots_by_side: tuple[SideShots, ...]


def loss(killmail: Killmail, sides: Sides) -> Loss:
    victim = killmail.victim
    victim_side = sides.side_of(victim.party, victim.character_id)
    damage_by_side: dict[int, int] = {}
    attackers: set[tuple[int | None, Party]] = set()
    for side, party, damage in _shots(killmail, sides):
        if side is None or side != victim_side:
            attackers.add((side, party))
        if side is not None and side != victim_side:
            damage_by_side[side] = damage_by_side.get(side, 0) + damage
    if not any(damage_by_side.values()):
        damage_by_side = dict.fromkeys(damage_by_side, 1)
    return Loss(
        party=victim.party,
        is_capsule=is_capsule(victim),
        cents=to_cents(killmail.value),
        fitted_cents=fitted_cents(killmail),
        side_id=victim_side,
        damage_by_side=damage_by_side,
        attackers=frozenset(attackers),
        shots_by_side=_shots_by_side(killmail, sides),
    )


def fitted_cents(killmail: Killmail) -> int:
    """What the killmail is worth without cargo; all of it where that is unknown, so that sums are upper bounds."""
    fitted = killmail.value_parts.fitted
    return to_cents(killmail.value if fitted is None else fitted)


def _shots_by_side(killmail: Killmail, sides: Sides) -> tuple[SideShots, ...]:
    shots: dict[int | None, list[int]] = {}
    for attacker in killmail.attackers:
        if attacker.party is not None:
            counts = shots.setdefault(sides.side_of(attacker.party, attacker.character_id), [0, 0])
            counts[0] += 1
            counts[1] += max(attacker.damage_done, 0)
    rows = [(side, attackers, damage) for side, (attackers, damage) in shots.items()]
    return tuple(sorted(rows, key=lambda row: (-row[2], -row[1], row[0] or 0)))


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
    fitted_cents_lost: int = 0
    party_pilots: Counter[Party] = field(default_factory=Counter[Party])
    party_kills: Counter[Party] = field(default_factory=Counter[Party])
    party_losses: Counter[Party] = field(default_factory=Counter[Party])
    party_cents_destroyed: Counter[Party] = field(default_factory=Counter[Party])
    party_cents_lost: Counter[Party] = field(default_factory=Counter[Party])
    party_fitted_cents_lost: Counter[Party] = field(default_factory=Counter[Party])

    def add_loss(self, entry: Loss) -> None:
        self.losses += 1
        self.cents_lost += entry.cents
        self.fitted_cents_lost += entry.fitted_cents
        if not entry.is_capsule:
            self.ships_lost += 1
        if entry.party is not None:
            self.party_losses[entry.party] += 1
            self.party_cents_lost[entry.party] += entry.cents
            self.party_fitted_cents_lost[entry.party] += entry.fitted_cents

    def add_kill(self, entry: Loss) -> None:
        self.kills += 1
        self.ships_destroyed += not entry.is_capsule

    def add_party_kill(self, party: Party, entry: Loss) -> None:
        self.party_kills[party] += 1
        self.party_cents_destroyed[party] += entry.cents

    def add_pilots(self, party: Party | None, count: int) -> None:
        self.pilots += count
        if party is not None:
            self.party_pilots[party] += count


class Totals(NamedTuple):
    """The sides by number, and their parties and the unassigned ones."""

    sides: Mapping[int, SideTotals]
    parties: Mapping[PartyKey, PartyTotals]


def side_totals(losses: Sequence[Loss], sides: Sides, pilots: PilotCounts) -> Totals:
    side_ids = [side.side_id for side in sides.sides]
    destroyed = isk_destroyed_by_side(losses, side_ids)
    counters = _count(losses, pilots)
    parties = [
        row
        for side in sides.sides
        for row in _parties(side.side_id, side.role, [*side.parties, *_defectors(side, sides)], counters)
    ]
    unassigned = counters[None]
    if unassigned.pilots or unassigned.losses:
        parties += _parties(None, UNASSIGNED, sides.unassigned, counters)
    return Totals(
        {side_id: _side(side_id, destroyed[side_id], counters[side_id]) for side_id in side_ids},
        {(row.party_type, row.party_id, row.side_id): row for row in parties},
    )


def _defectors(side: Side, sides: Sides) -> Iterator[SideMembership]:
    """Parties of which some pilots fought for this side: a row of their own, which nobody estimated."""
    for group in sides.defectors:
        if group.side == side.side_id:
            yield SideMembership(group.party, 1.0, float(len(group.pilots)))


def _count(losses: Iterable[Loss], pilots: PilotCounts) -> dict[int | None, _SideCounters]:
    counters: dict[int | None, _SideCounters] = defaultdict(_SideCounters)
    for entry in losses:
        counters[entry.side_id].add_loss(entry)
        for side in entry.damage_by_side:
            counters[side].add_kill(entry)
        for side, party in entry.attackers:
            if party != entry.party:
                counters[side].add_party_kill(party, entry)
    for (side, party), count in pilots.items():
        counters[side].add_pilots(party, count)
    return counters


def _side(side_id: int, cents_destroyed: int, counters: _SideCounters) -> SideTotals:
    return SideTotals(
        side_id=side_id,
        pilots=counters.pilots,
        kills=counters.kills,
        losses=counters.losses,
        ships_destroyed=counters.ships_destroyed,
        ships_lost=counters.ships_lost,
        isk_destroyed=to_decimal(cents_destroyed),
        isk_lost=to_decimal(counters.cents_lost),
        isk_efficiency=efficiency(cents_destroyed, counters.cents_lost),
        isk_lost_fitted=to_decimal(counters.fitted_cents_lost),
    )


def _parties(
    side_id: int | None,
    role: str,
    memberships: Iterable[SideMembership],
    counters_of: Mapping[int | None, _SideCounters],
) -> Iterator[PartyTotals]:
    counters = counters_of[side_id]
    membership_of = {membership.party: membership for membership in memberships}
    for party in counters.party_pilots.keys() | counters.party_losses.keys() | counters.party_kills.keys():
        membership = membership_of.get(party)
        yield PartyTotals(
            party_type=party.kind,
            party_id=party.id,
            side_id=side_id,
            role=role,
            confidence=membership.confidence if membership else 0.0,
            evidence=membership.evidence if membership else 0.0,
            second_best_side_id=membership.second_best if membership else None,
            pilots=counters.party_pilots[party],
            kills=counters.party_kills[party],
            losses=counters.party_losses[party],
            isk_destroyed=to_decimal(counters.party_cents_destroyed[party]),
            isk_lost=to_decimal(counters.party_cents_lost[party]),
            isk_lost_fitted=to_decimal(counters.party_fitted_cents_lost[party]),
        )
