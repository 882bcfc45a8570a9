"""The rows of a battle's tables, built from its sides and totals."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Final, NamedTuple

from battle_cluster.detection.clustering import Component
from battle_cluster.domain.killmail import Killmail, Party
from battle_cluster.edits.active_edits import Edit, battle_name, side_pins
from battle_cluster.sides.assignment import SideMembership, Sides
from battle_cluster.statistics.battle_aggregate import BattleAggregate
from battle_cluster.statistics.battle_totals import BattleTotals
from battle_cluster.statistics.participants import CachedParticipantRows, Participant, ParticipantRow, ShipRow
from battle_cluster.statistics.side_totals import SideTotals

_UNASSIGNED: Final = "unassigned"


class SideRow(NamedTuple):
    """A row of `battle_sides`; the fields stand in the order of its columns."""

    side_id: int
    pilots: int
    kills: int
    losses: int
    ships_destroyed: int
    ships_lost: int
    isk_destroyed: Decimal
    isk_lost: Decimal
    isk_efficiency: Decimal


class PartyRow(NamedTuple):
    """A row of `battle_side_parties`; the fields stand in the order of its columns."""

    party_type: str
    party_id: int
    side_id: int | None
    role: str
    confidence: float
    evidence: float
    pilots: int
    kills: int
    losses: int
    isk_destroyed: Decimal
    isk_lost: Decimal


class LinkRow(NamedTuple):
    """A row of `battle_links`; the fields stand in the order of its columns."""

    from_killmail_id: int
    to_killmail_id: int
    reason: str
    score: float


@dataclass(frozen=True, slots=True)
class BattleReport:
    """All figures of a battle; each mapping has the rows of one table by the table's key.

    inactivity_gap: seconds without a combat loss after which the battle ends, in event time.
    """

    name: str | None
    inactivity_gap: int
    start: int
    end: int
    tier: str
    total_kills: int
    total_participants: int
    total_isk: Decimal
    is_decisive: bool
    winning_side: int | None
    separate_fights: bool
    victim_side_by_killmail: Mapping[int, int | None]
    sides: Mapping[int, SideRow]
    parties: Mapping[tuple[str, int, int | None], PartyRow]
    participants: Mapping[int, ParticipantRow]
    ships: Mapping[tuple[int, int], ShipRow]
    links: Mapping[tuple[int, int, str], LinkRow]


def build_report(
    component: Component,
    killmails: Mapping[int, Killmail],
    edits: Sequence[Edit] = (),
    aggregate: BattleAggregate | None = None,
) -> BattleReport:
    """The report of one component, from its killmails and the edits that affect them.

    `aggregate` may hold some of these killmails already; afterwards it holds them all.
    """
    aggregate = BattleAggregate() if aggregate is None else aggregate
    aggregate.add(killmails[killmail_id] for killmail_id in component.killmail_ids)
    sides = aggregate.sides(side_pins(edits))
    totals = aggregate.totals(sides)
    participants = _participant_rows(totals.participants, sides, aggregate.participant_rows)
    return BattleReport(
        name=battle_name(edits),
        inactivity_gap=component.inactivity_gap,
        start=totals.start,
        end=totals.end,
        tier=component.tier,
        total_kills=totals.kills,
        total_participants=totals.pilots,
        total_isk=totals.isk_destroyed,
        is_decisive=totals.outcome.decisive,
        winning_side=totals.outcome.winner,
        separate_fights=len(sides.separate_groups) > 1,
        victim_side_by_killmail=totals.victim_sides,
        sides={row.side_id: row for row in _side_rows(totals)},
        parties={(row.party_type, row.party_id, row.side_id): row for row in _party_rows(totals, sides)},
        participants={row.character_id: row for _, row, _ in participants},
        ships={(row.character_id, row.ship_type_id): row for _, _, ships in participants for row in ships},
        links={
            (link.a, link.b, link.reason): LinkRow(link.a, link.b, link.reason, link.score) for link in component.links
        },
    )


def _side_rows(totals: BattleTotals) -> Iterator[SideRow]:
    for side in totals.sides:
        if side.side_id is not None:
            yield SideRow(
                side_id=side.side_id,
                pilots=side.pilots,
                kills=side.kills,
                losses=side.losses,
                ships_destroyed=side.ships_destroyed,
                ships_lost=side.ships_lost,
                isk_destroyed=side.isk_destroyed,
                isk_lost=side.isk_lost,
                isk_efficiency=Decimal(str(round(100 * side.efficiency, 2))),
            )


def _party_rows(totals: BattleTotals, sides: Sides) -> Iterator[PartyRow]:
    roles = {side.side_id: side.role for side in sides.sides}
    memberships: dict[tuple[Party, int | None], SideMembership] = {(m.party, None): m for m in sides.unassigned}
    memberships |= {(m.party, side.side_id): m for side in sides.sides for m in side.parties}
    for side in totals.sides:
        yield from _party_rows_of(side, roles.get(side.side_id or 0, _UNASSIGNED), memberships)


def _party_rows_of(
    side: SideTotals, role: str, memberships: Mapping[tuple[Party, int | None], SideMembership]
) -> Iterator[PartyRow]:
    for party in side.parties:
        membership = memberships.get((party.party, side.side_id))
        yield PartyRow(
            party_type=party.party.kind,
            party_id=party.party.id,
            side_id=side.side_id,
            role=role,
            confidence=membership.confidence if membership else 0.0,
            evidence=membership.evidence if membership else 0.0,
            pilots=party.pilots,
            kills=party.kills,
            losses=party.losses,
            isk_destroyed=party.isk_destroyed,
            isk_lost=party.isk_lost,
        )


def _participant_rows(
    participants: Iterable[Participant], sides: Sides, cache: dict[int, CachedParticipantRows]
) -> list[CachedParticipantRows]:
    """The rows of each participant; an unchanged participant gets the same row objects as last time."""
    all_rows: list[CachedParticipantRows] = []
    for pilot in participants:
        rows = cache.get(pilot.character_id)
        if rows is None or rows[0] is not pilot or rows[1].is_awoxer != (pilot.character_id in sides.awoxers):
            ships = (ShipRow(pilot.character_id, ship.ship_type_id, ship.kills, ship.losses) for ship in pilot.ships)
            rows = cache[pilot.character_id] = (pilot, _participant_row(pilot, sides), tuple(ships))
        all_rows.append(rows)
    return all_rows


def _participant_row(pilot: Participant, sides: Sides) -> ParticipantRow:
    return ParticipantRow(
        character_id=pilot.character_id,
        corporation_id=pilot.corporation_id,
        alliance_id=pilot.alliance_id,
        side_id=pilot.side_id,
        is_victim=pilot.is_victim,
        kills=pilot.kills,
        deaths=pilot.deaths,
        damage_done=pilot.damage_done,
        damage_received=pilot.damage_received,
        isk_destroyed=pilot.isk_destroyed,
        isk_lost=pilot.isk_lost,
        first_seen=pilot.first_seen,
        last_seen=pilot.last_seen,
        is_awoxer=pilot.character_id in sides.awoxers,
    )
