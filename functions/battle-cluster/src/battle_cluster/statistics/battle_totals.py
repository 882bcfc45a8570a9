"""Totals of a battle: systems, start and end, sides, pilots and outcome."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from battle_cluster.domain.isk import to_cents, to_decimal
from battle_cluster.domain.killmail import Killmail
from battle_cluster.sides.assignment import Sides
from battle_cluster.statistics.participants import Participant, ParticipantAccumulator
from battle_cluster.statistics.side_totals import Loss, SideTotals, loss, side_totals

DECISIVE_EFFICIENCY = 0.60
"""Players call a battle won when a side destroyed three of five ISK that both sides lost."""

DECISIVE_KILLS = 5
"""A fight of fewer kills is an encounter without a winner."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """`winner` is a side id, None when the battle is undecided."""

    decisive: bool
    winner: int | None


@dataclass(frozen=True, slots=True)
class BattleTotals:
    """Everything derived from the killmails of one battle.

    system_id: the system with the most killmails; `systems` has (system id, killmails) for each, that one first.
    sides: the numbered sides, followed by one entry with `side_id` None when some parties are unassigned.
    victim_sides: the victim's side by killmail id.
    """

    system_id: int
    systems: tuple[tuple[int, int], ...]
    start: int
    end: int
    kills: int
    pilots: int
    isk_destroyed: Decimal
    sides: tuple[SideTotals, ...]
    participants: tuple[Participant, ...]
    victim_sides: Mapping[int, int | None]
    outcome: Outcome

    @property
    def duration(self) -> int:
        return self.end - self.start

    @property
    def related_url(self) -> str:
        return related_url(self.system_id, self.start)


def totals(killmails: Iterable[Killmail], sides: Sides) -> BattleTotals:
    """The totals of at least one killmail.

    Raises:
        ValueError: `killmails` is empty.
    """
    accumulator = TotalsAccumulator()
    for killmail in killmails:
        accumulator.add(killmail)
    return accumulator.totals(sides)


class TotalsAccumulator:
    """Totals built up killmail by killmail, in any order; adding one costs the work of one."""

    def __init__(self) -> None:
        self._killmails: dict[int, Killmail] = {}
        self._systems: Counter[int] = Counter()
        self._participants = ParticipantAccumulator()
        self._losses: dict[int, Loss] = {}
        self._side_assignment: tuple[object, object] | None = None
        self._cents = 0

    def add(self, killmail: Killmail) -> None:
        """Add a killmail; a repeated one counts once."""
        if killmail.killmail_id not in self._killmails:
            self._killmails[killmail.killmail_id] = killmail
            self._systems[killmail.system_id] += 1
            self._cents += to_cents(killmail.value)
            self._participants.add(killmail)

    def totals(self, sides: Sides) -> BattleTotals:
        if not self._killmails:
            raise ValueError("A battle has at least one killmail.")
        systems = tuple(sorted(self._systems.items(), key=lambda entry: (-entry[1], entry[0])))
        participants = self._participants.participants(sides)
        losses = self._losses_by_side(sides)
        per_side = side_totals(losses, sides, participants)
        times = [killmail.time for killmail in self._killmails.values()]
        return BattleTotals(
            system_id=systems[0][0],
            systems=systems,
            start=min(times),
            end=max(times),
            kills=len(times),
            pilots=len(participants),
            isk_destroyed=to_decimal(self._cents),
            sides=per_side,
            participants=participants,
            victim_sides={entry.killmail.killmail_id: entry.side_id for entry in losses},
            outcome=outcome(per_side, len(times)),
        )

    def _losses_by_side(self, sides: Sides) -> list[Loss]:
        """The losses of all killmails. Cached ones are valid while the assignment of parties and pilots is equal."""
        if self._side_assignment != (sides.by_party, sides.by_pilot):
            self._losses, self._side_assignment = {}, (sides.by_party, sides.by_pilot)
        for killmail_id, killmail in self._killmails.items():
            if killmail_id not in self._losses:
                self._losses[killmail_id] = loss(killmail, sides)
        return list(self._losses.values())


def outcome(sides: Sequence[SideTotals], kills: int) -> Outcome:
    """The numbered side with decisive ISK efficiency wins; among several, the one that destroyed the most ISK."""
    numbered = [side for side in sides if side.side_id is not None and side.isk_destroyed]
    decisive = [side for side in numbered if side.efficiency >= DECISIVE_EFFICIENCY]
    if kills < DECISIVE_KILLS or not decisive:
        return Outcome(decisive=False, winner=None)
    winner = max(decisive, key=lambda side: (side.isk_destroyed, -(side.side_id or 0)))
    return Outcome(decisive=True, winner=winner.side_id)


def related_url(system_id: int, start: int) -> str:
    """ZKillboard's page for the hour in which the battle began; the minutes in its address are always 00."""
    return f"https://zkillboard.com/related/{system_id}/{datetime.fromtimestamp(start, UTC):%Y%m%d%H}00/"
