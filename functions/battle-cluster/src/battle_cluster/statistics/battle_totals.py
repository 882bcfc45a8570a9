"""What a battle came to: places, times, totals, each side, each pilot, and whether somebody won."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

from battle_cluster.domain.isk import decimal, to_cents
from battle_cluster.domain.killmail import Killmail
from battle_cluster.sides.assignment import Sides
from battle_cluster.statistics.participants import Participant, ParticipantAccumulator
from battle_cluster.statistics.side_totals import Loss, SideTotals, loss, side_accounts

DECISIVE_EFFICIENCY = 0.60
"""Three of five ISK that changed hands were the other's: players call that won."""

DECISIVE_MAILS = 5
"""Fewer kills are an encounter, nothing that is won or lost."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """`winner` is a side id, None where nothing was decided."""

    decisive: bool
    winner: int | None


@dataclass(frozen=True, slots=True)
class BattleTotals:
    """Everything derived from the mails of one battle, computed anew from all of them each time.

    system_id: where most of the mails happened; `systems` counts them all, that one first.
    sides: the numbered sides, then with `side_id` None everybody on none.
    victim_sides: by killmail id, the side that lost it.
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


def totals(mails: Iterable[Killmail], sides: Sides) -> BattleTotals:
    """The account of at least one mail.

    Raises:
        ValueError: there is no mail.
    """
    books = TotalsAccumulator()
    for mail in mails:
        books.add(mail)
    return books.totals(sides)


class TotalsAccumulator:
    """What mails add up to, kept so that one more mail costs the work of one mail, in whatever order they come."""

    def __init__(self) -> None:
        self._mails: dict[int, Killmail] = {}
        self._systems: Counter[int] = Counter()
        self._roster = ParticipantAccumulator()
        self._losses: dict[int, Loss] = {}
        self._side_assignment: tuple[object, object] | None = None
        self._value = 0

    def add(self, mail: Killmail) -> None:
        """A mail counts once, however often it is added."""
        if mail.killmail_id not in self._mails:
            self._mails[mail.killmail_id] = mail
            self._systems[mail.system_id] += 1
            self._value += to_cents(mail.value)
            self._roster.add(mail)

    def totals(self, sides: Sides) -> BattleTotals:
        if not self._mails:
            raise ValueError("A battle has at least one killmail.")
        ranked = tuple(sorted(self._systems.items(), key=lambda entry: (-entry[1], entry[0])))
        people = self._roster.participants(sides)
        found = self._losses_by_side(sides)
        accounts = side_accounts(found, sides, people)
        times = [mail.time for mail in self._mails.values()]
        return BattleTotals(
            system_id=ranked[0][0],
            systems=ranked,
            start=min(times),
            end=max(times),
            kills=len(times),
            pilots=len(people),
            isk_destroyed=decimal(self._value),
            sides=accounts,
            participants=people,
            victim_sides={one.mail.killmail_id: one.side_id for one in found},
            outcome=outcome(accounts, len(times)),
        )

    def _losses_by_side(self, sides: Sides) -> list[Loss]:
        """While everybody stands where they stood, earlier losses are what they were."""
        if self._side_assignment != (sides.by_party, sides.by_pilot):
            self._losses, self._side_assignment = {}, (sides.by_party, sides.by_pilot)
        for killmail_id, mail in self._mails.items():
            if killmail_id not in self._losses:
                self._losses[killmail_id] = loss(mail, sides)
        return list(self._losses.values())


def outcome(accounts: Sequence[SideTotals], kills: int) -> Outcome:
    """Decided by ISK; among several who come out well, whoever destroyed most."""
    numbered = [one for one in accounts if one.side_id is not None and one.isk_destroyed]
    well = [one for one in numbered if one.efficiency >= DECISIVE_EFFICIENCY]
    if kills < DECISIVE_MAILS or not well:
        return Outcome(decisive=False, winner=None)
    best = max(well, key=lambda one: (one.isk_destroyed, -(one.side_id or 0)))
    return Outcome(decisive=True, winner=best.side_id)


def related_url(system_id: int, start: int) -> str:
    """The page of zKillboard for the hour the battle began in; its minutes are always 00."""
    return f"https://zkillboard.com/related/{system_id}/{datetime.fromtimestamp(start, UTC):%Y%m%d%H}00/"
