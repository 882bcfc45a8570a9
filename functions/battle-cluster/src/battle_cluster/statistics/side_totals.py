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
    shots: dict[int | None, tuple[int, int]] = {}
    attackers: set[tuple[int | None, Party]] = set()
    for side, party, count, damage in _shots(killmail, sides):
        others, damage_of_others = shots.get(side, (0, 0))
        shots[side] = others + count, damage_of_others + damage
        if side is None or side != victim_side:
            attackers.add((side, party))
    damage_by_side = {side: damage for side, (_, damage) in shots.items() if side is not None and side != victim_side}
    if not any(damage_by_side.values()):
        damage_by_side = dict.fromkeys(damage_by_side, 1)
    shots_by_side = [(side, count, damage) for side, (count, damage) in shots.items()]
    return Loss(
        party=victim.party,
        is_capsule=is_capsule(victim),
        cents=to_cents(killmail.value),
        fitted_cents=fitted_cents(killmail),
        side_id=victim_side,
        damage_by_side=damage_by_side,
        attackers=frozenset(attackers),
        shots_by_side=tuple(sorted(shots_by_side, key=lambda row: (-row[2], -row[1], row[0] or 0))),
    )


def fitted_cents(killmail: Killmail) -> int:
    """What the killmail is worth without cargo; all of it where that is unknown, so that sums are upper bounds."""
    fitted = killmail.value_parts.fitted
    return to_cents(killmail.value if fitted is None else fitted)


def _shots(killmail: Killmail, sides: Sides) -> Iterator[tuple[int | None, Party, int, int]]:
    """Side, party, number of attackers and damage: by party, or by attacker when pilots of one are on several sides."""
    counts = killmail.attackers_by_party
    if not any(party in counts for party, _ in sides.by_pilot):
        for party, damage in killmail.damage_by_party.items():
            yield sides.by_party.get(party), party, counts[party], damage
        return
    for attacker in killmail.attackers:
        if attacker.party is not None:
            side = sides.side_of(attacker.party, attacker.character_id)
            yield side, attacker.party, 1, max(attacker.damage_done, 0)


def _cents_destroyed(entry: Loss, side_ids: Sequence[int]) -> Mapping[int, int]:
    """Cents of the loss that each side destroyed.

    With two sides, each destroyed what the other lost. With more, or when an unassigned party lost the ship, the
    value is split by damage.
    """
    opponents = [side for side in side_ids if side != entry.side_id]
    if entry.side_id is not None and len(opponents) == 1:
        return {opponents[0]: entry.cents}
    return prorate(entry.cents, entry.damage_by_side)


@dataclass(slots=True)
class _PartyCounters:
    """Running sums of one party on one side."""

    kills: int = 0
    losses: int = 0
    cents_destroyed: int = 0
    cents_lost: int = 0
    fitted_cents_lost: int = 0


_NOTHING: Final = _PartyCounters()


@dataclass(slots=True)
class _SideCounters:
    """Running sums of the losses of one side and of its kills. A party whose losses were all subtracted has zeros."""

    kills: int = 0
    losses: int = 0
    ships_destroyed: int = 0
    ships_lost: int = 0
    cents_lost: int = 0
    fitted_cents_lost: int = 0
    parties: defaultdict[Party, _PartyCounters] = field(default_factory=lambda: defaultdict(_PartyCounters))

    def add_loss(self, entry: Loss, times: int) -> None:
        """`times` is 1, or -1 to subtract it."""
        self.losses += times
        self.cents_lost += times * entry.cents
        self.fitted_cents_lost += times * entry.fitted_cents
        if not entry.is_capsule:
            self.ships_lost += times
        if entry.party is not None:
            party = self.parties[entry.party]
            party.losses += times
            party.cents_lost += times * entry.cents
            party.fitted_cents_lost += times * entry.fitted_cents

    def add_kill(self, entry: Loss, times: int) -> None:
        self.kills += times
        if not entry.is_capsule:
            self.ships_destroyed += times

    def add_party_kill(self, killer: Party, entry: Loss, times: int) -> None:
        party = self.parties[killer]
        party.kills += times
        party.cents_destroyed += times * entry.cents


class Totals(NamedTuple):
    """The sides by number, and their parties and the unassigned ones."""

    sides: Mapping[int, SideTotals]
    parties: Mapping[PartyKey, PartyTotals]


class LossAccumulator:
    """Sums of losses by side. All are integers, so a loss that is on another side now is subtracted and added again."""

    def __init__(self) -> None:
        self._losses: dict[int, Loss] = {}
        self._counters: dict[int | None, _SideCounters] = defaultdict(_SideCounters)
        self._side_ids: Sequence[int] = ()
        self._destroyed: Counter[int] = Counter()

    def put(self, killmail_id: int, entry: Loss) -> None:
        """Add a loss, instead of the former one of this killmail if there is one."""
        former = self._losses.get(killmail_id)
        if former is not None:
            self._add(former, -1)
        self._losses[killmail_id] = entry
        self._add(entry, 1)

    def totals(self, sides: Sides, pilots: PilotCounts) -> Totals:
        side_ids = [side.side_id for side in sides.sides]
        if self._side_ids != side_ids:
            self._side_ids, self._destroyed = side_ids, Counter[int]()
            for entry in self._losses.values():
                self._add_destroyed(entry, 1)
        return side_totals(sides, pilots, self._counters, self._destroyed)

    def _add(self, entry: Loss, times: int) -> None:
        self._counters[entry.side_id].add_loss(entry, times)
        for side in entry.damage_by_side:
            self._counters[side].add_kill(entry, times)
        for side, party in entry.attackers:
            if party != entry.party:
                self._counters[side].add_party_kill(party, entry, times)
        self._add_destroyed(entry, times)

    def _add_destroyed(self, entry: Loss, times: int) -> None:
        for side, cents in _cents_destroyed(entry, self._side_ids).items():
            self._destroyed[side] += times * cents


def side_totals(
    sides: Sides, pilots: PilotCounts, counters: dict[int | None, _SideCounters], destroyed: Counter[int]
) -> Totals:
    by_side: dict[int | None, Counter[Party | None]] = defaultdict(Counter)
    for (side_id, party), count in pilots.items():
        by_side[side_id][party] += count
    parties = [
        row
        for side in sides.sides
        for row in _parties(
            side.side_id,
            side.role,
            [*side.parties, *_defectors(side, sides)],
            counters[side.side_id],
            by_side[side.side_id],
        )
    ]
    if by_side[None].total() or counters[None].losses:
        parties += _parties(None, UNASSIGNED, sides.unassigned, counters[None], by_side[None])
    return Totals(
        {
            side.side_id: _side(side.side_id, destroyed[side.side_id], counters[side.side_id], by_side[side.side_id])
            for side in sides.sides
        },
        {(row.party_type, row.party_id, row.side_id): row for row in parties},
    )


def _defectors(side: Side, sides: Sides) -> Iterator[SideMembership]:
    """Parties of which some pilots fought for this side: a row of their own, which nobody estimated."""
    for group in sides.defectors:
        if group.side == side.side_id:
            yield SideMembership(group.party, 1.0, float(len(group.pilots)))


def _side(side_id: int, cents_destroyed: int, counters: _SideCounters, pilots: Counter[Party | None]) -> SideTotals:
    return SideTotals(
        side_id=side_id,
        pilots=pilots.total(),
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
    counters: _SideCounters,
    pilots: Counter[Party | None],
) -> Iterator[PartyTotals]:
    membership_of = {membership.party: membership for membership in memberships}
    present = dict.fromkeys(party for party, count in pilots.items() if party is not None and count)
    present |= dict.fromkeys(party for party, entry in counters.parties.items() if entry.losses or entry.kills)
    for party in present:
        membership = membership_of.get(party)
        sums = counters.parties.get(party, _NOTHING)
        yield PartyTotals(
            party_type=party.kind,
            party_id=party.id,
            side_id=side_id,
            role=role,
            confidence=membership.confidence if membership else 0.0,
            evidence=membership.evidence if membership else 0.0,
            second_best_side_id=membership.second_best if membership else None,
            pilots=pilots[party],
            kills=sums.kills,
            losses=sums.losses,
            isk_destroyed=to_decimal(sums.cents_destroyed),
            isk_lost=to_decimal(sums.cents_lost),
            isk_lost_fitted=to_decimal(sums.fitted_cents_lost),
        )
