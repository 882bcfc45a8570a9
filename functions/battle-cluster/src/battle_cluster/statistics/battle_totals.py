"""Totals of a battle: start and end, sides, pilots and outcome."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from battle_cluster.domain.event_time import to_datetime
from battle_cluster.domain.isk import to_cents, to_decimal
from battle_cluster.domain.killmail import Killmail, ValueBasis
from battle_cluster.sides.assignment import Sides
from battle_cluster.sides.shots import KillmailsByParty, SideChanges
from battle_cluster.statistics.losses_over_time import LossTimeline, TimedLoss
from battle_cluster.statistics.participants import ParticipantAccumulator
from battle_cluster.statistics.rows import (
    BattleKillmail,
    Participant,
    PartyKey,
    PartyTotals,
    ShipKey,
    ShipUsage,
    SideTotals,
)
from battle_cluster.statistics.side_totals import Loss, LossAccumulator, fitted_cents, loss
from battlescope_schemas.battle import LossesOverTime

DECISIVE_EFFICIENCY = 60
"""Percent. Players call a battle won when a side destroyed three of five ISK that both sides lost."""

DECISIVE_KILLS = 5
"""A fight of fewer kills is an encounter without a winner."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """`winner` is a side id, None when the battle is undecided."""

    decisive: bool
    winner: int | None


class ComputedShare(NamedTuple):
    """How much of the destroyed ISK is computed, by its confidence; and how many killmails have no value."""

    high: Decimal
    medium: Decimal
    low: Decimal
    kills_without_value: int


class IskParts(NamedTuple):
    """Parts of the destroyed ISK. `kills_without_parts` have a value whose parts are unknown.

    fitted: without cargo; a killmail whose parts are unknown counts with its whole value. dropped: at least.
    kills_with_unpriced: with items without a price.
    """

    fitted: Decimal
    dropped: Decimal
    kills_without_parts: int
    kills_with_unpriced: int


@dataclass(frozen=True, slots=True)
class BattleTotals:
    """Everything derived from the killmails and sides of one battle; mappings have the rows of a table by key."""

    start: int
    end: int
    kills: int
    pilots: int
    isk_destroyed: Decimal
    computed: ComputedShare
    parts: IskParts
    outcome: Outcome
    sides: Mapping[int, SideTotals]
    parties: Mapping[PartyKey, PartyTotals]
    killmails: Mapping[int, BattleKillmail]
    participants: Mapping[int, Participant]
    ships: Mapping[ShipKey, ShipUsage]
    losses_over_time: LossesOverTime


class TotalsAccumulator:
    """Totals built up killmail by killmail, in any order; adding one costs the work of one."""

    def __init__(self) -> None:
        self._killmails: dict[int, Killmail] = {}
        self._participants = ParticipantAccumulator()
        self._by_party = KillmailsByParty()
        self._side_changes = SideChanges()
        self._losses = LossAccumulator()
        self._timeline = LossTimeline()
        self._rows: dict[int, BattleKillmail] = {}
        self._start = self._end = 0
        self._cents = 0
        self._cents_by_basis = Counter[ValueBasis]()
        self._kills_without_value = 0
        self._fitted_cents = self._dropped_cents = 0
        self._kills_without_parts = self._kills_with_unpriced = 0

    def add(self, killmail: Killmail) -> None:
        """Add a killmail; a repeated one counts once."""
        if killmail.killmail_id not in self._killmails:
            self._start = min(self._start, killmail.time) if self._killmails else killmail.time
            self._end = max(self._end, killmail.time)
            self._killmails[killmail.killmail_id] = killmail
            self._by_party.add(killmail)
            cents = to_cents(killmail.value)
            self._cents += cents
            self._cents_by_basis[killmail.value_basis] += cents
            self._kills_without_value += killmail.value_basis is ValueBasis.UNKNOWN
            self._add_parts(killmail)
            self._participants.add(killmail)

    def _add_parts(self, killmail: Killmail) -> None:
        self._fitted_cents += fitted_cents(killmail)
        self._dropped_cents += to_cents(killmail.value_parts.dropped or 0)
        has_value = killmail.value_basis is not ValueBasis.UNKNOWN
        self._kills_without_parts += has_value and killmail.value_parts.fitted is None
        self._kills_with_unpriced += killmail.value_parts.unpriced > 0

    def totals(self, sides: Sides) -> BattleTotals:
        if not self._killmails:
            raise ValueError("A battle has at least one killmail.")
        changed_parties, changed_pilots = self._side_changes.update(sides.by_party, sides.by_pilot)
        participants = self._participants.participants(sides, changed_parties, changed_pilots)
        for killmail in self._by_party.concerned(changed_parties):
            self._put(killmail, loss(killmail, sides))
        per_side, parties = self._losses.totals(sides, self._participants.pilots_by_party())
        return BattleTotals(
            start=self._start,
            end=self._end,
            kills=len(self._killmails),
            pilots=len(participants),
            isk_destroyed=to_decimal(self._cents),
            computed=ComputedShare(
                to_decimal(self._cents_by_basis[ValueBasis.COMPUTED_HIGH]),
                to_decimal(self._cents_by_basis[ValueBasis.COMPUTED_MEDIUM]),
                to_decimal(self._cents_by_basis[ValueBasis.COMPUTED_LOW]),
                self._kills_without_value,
            ),
            parts=IskParts(
                to_decimal(self._fitted_cents),
                to_decimal(self._dropped_cents),
                self._kills_without_parts,
                self._kills_with_unpriced,
            ),
            outcome=outcome(per_side.values(), len(self._killmails)),
            sides=per_side,
            parties=parties,
            killmails=dict(self._rows),
            participants=participants,
            ships=self._participants.ships(),
            losses_over_time=self._timeline.over(self._start, self._end),
        )

    def _put(self, killmail: Killmail, entry: Loss) -> None:
        """Its row is the same object as last time, unless the side of the victim or of an attacker changed."""
        self._losses.put(killmail.killmail_id, entry)
        self._timeline.put(killmail.killmail_id, TimedLoss(entry.side_id, killmail.time, entry.cents))
        row = self._rows.get(killmail.killmail_id)
        if row is None:
            self._rows[killmail.killmail_id] = _battle_killmail(killmail, entry)
        elif (row.side_id, row.attackers_by_side) != (entry.side_id, entry.shots_by_side):
            self._rows[killmail.killmail_id] = row._replace(
                side_id=entry.side_id, attackers_by_side=entry.shots_by_side
            )


def _battle_killmail(killmail: Killmail, entry: Loss) -> BattleKillmail:
    victim, attackers = killmail.victim, killmail.attackers
    final_blow = next((attacker for attacker in attackers if attacker.final_blow), None)
    return BattleKillmail(
        killmail_id=killmail.killmail_id,
        occurred_at=to_datetime(killmail.time),
        system_id=killmail.system_id,
        victim_alliance_id=victim.alliance_id,
        victim_corporation_id=victim.corporation_id,
        victim_character_id=victim.character_id,
        ship_type_id=victim.ship_type_id,
        attacker_alliance_ids=_ascending({attacker.alliance_id for attacker in attackers}),
        attacker_corporation_ids=_ascending({attacker.corporation_id for attacker in attackers}),
        attacker_character_ids=_ascending({attacker.character_id for attacker in attackers}),
        isk_value=killmail.value,
        value_basis=killmail.value_basis.value,
        fitted_value=killmail.value_parts.fitted,
        dropped_value=killmail.value_parts.dropped,
        unpriced_types=killmail.value_parts.unpriced,
        side_id=entry.side_id,
        attacker_count=len(attackers),
        final_blow_character_id=final_blow and final_blow.character_id,
        final_blow_corporation_id=final_blow and final_blow.corporation_id,
        final_blow_alliance_id=final_blow and final_blow.alliance_id,
        final_blow_ship_type_id=final_blow and final_blow.ship_type_id,
        attackers_by_side=entry.shots_by_side,
        npc=killmail.flags.npc,
        solo=killmail.flags.solo,
        awox=killmail.flags.awox,
    )


def _ascending(ids: set[int | None]) -> tuple[int, ...]:
    return tuple(sorted([entity_id for entity_id in ids if entity_id is not None]))


def outcome(sides: Iterable[SideTotals], kills: int) -> Outcome:
    """The side with decisive ISK efficiency wins; among several, the one that destroyed the most ISK."""
    decisive = [side for side in sides if side.isk_destroyed and side.isk_efficiency >= DECISIVE_EFFICIENCY]
    if kills < DECISIVE_KILLS or not decisive:
        return Outcome(decisive=False, winner=None)
    winner = max(decisive, key=lambda side: (side.isk_destroyed, -side.side_id))
    return Outcome(decisive=True, winner=winner.side_id)


def related_url(system_id: int, start: int) -> str:
    """ZKillboard's page for the hour in which the battle began; the minutes in its address are always 00."""
    return f"https://zkillboard.com/related/{system_id}/{to_datetime(start):%Y%m%d%H}00/"
