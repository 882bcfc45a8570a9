"""From the sides and the account of a battle to the rows of its tables."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from decimal import Decimal

from battle_cluster.detection.clustering import Component
from battle_cluster.domain.killmail import Killmail, Party
from battle_cluster.edits.active_edits import Edit, name, pins
from battle_cluster.sides.assignment import SideMembership, Sides
from battle_cluster.statistics.battle_aggregate import BattleAggregate, CachedParticipantRows
from battle_cluster.statistics.battle_totals import BattleTotals
from battle_cluster.statistics.participants import Participant
from battle_cluster.statistics.reckoning import BattleReport, LinkRow, PartyRow, PilotRow, ShipRow, SideRow
from battle_cluster.statistics.side_totals import SideTotals

_UNASSIGNED = "unassigned"


def build_report(
    component: Component,
    mails: Mapping[int, Killmail],
    edits: Sequence[Edit] = (),
    ledger: BattleAggregate | None = None,
) -> BattleReport:
    """Everything about one component, from its mails and what people decided about them.

    `ledger` may hold some of these mails already, and then holds them all.
    """
    ledger = BattleAggregate() if ledger is None else ledger
    ledger.add(mails[one] for one in component.killmail_ids)
    sides = ledger.sides(pins(edits))
    found = ledger.account(sides)
    written = _written(found.participants, sides, ledger.written)
    return BattleReport(
        name=name(edits),
        quiet=component.inactivity_gap,
        start=found.start,
        end=found.end,
        tier=component.tier,
        total_kills=found.kills,
        total_participants=found.pilots,
        total_isk=found.isk_destroyed,
        is_decisive=found.outcome.decisive,
        winning_side=found.outcome.winner,
        separate_fights=len(sides.separate) > 1,
        victim_side_by_killmail=found.victim_sides,
        sides={row.side_id: row for row in _sides(found)},
        parties={(row.party_type, row.party_id, row.side_id): row for row in _parties(found, sides)},
        pilots={row.character_id: row for _, row, _ in written},
        ships={(row.character_id, row.ship_type_id): row for _, _, ships in written for row in ships},
        links={
            (link.a, link.b, link.reason): LinkRow(link.a, link.b, link.reason, link.score) for link in component.links
        },
    )


def _sides(found: BattleTotals) -> Iterator[SideRow]:
    for side in found.sides:
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


def _parties(found: BattleTotals, sides: Sides) -> Iterator[PartyRow]:
    roles = {side.side_id: side.role for side in sides.sides}
    known: dict[tuple[Party, int | None], SideMembership] = {(m.party, None): m for m in sides.unassigned}
    known |= {(m.party, side.side_id): m for side in sides.sides for m in side.parties}
    for side in found.sides:
        yield from _party_rows(side, roles.get(side.side_id or 0, _UNASSIGNED), known)


def _party_rows(
    side: SideTotals, role: str, known: Mapping[tuple[Party, int | None], SideMembership]
) -> Iterator[PartyRow]:
    for party in side.parties:
        sure = known.get((party.party, side.side_id))
        yield PartyRow(
            party_type=party.party.kind,
            party_id=party.party.id,
            side_id=side.side_id,
            role=role,
            confidence=sure.confidence if sure else 0.0,
            evidence=sure.evidence if sure else 0.0,
            pilots=party.pilots,
            kills=party.kills,
            losses=party.losses,
            isk_destroyed=party.isk_destroyed,
            isk_lost=party.isk_lost,
        )


def _written(
    people: Iterable[Participant], sides: Sides, known: dict[int, CachedParticipantRows]
) -> list[CachedParticipantRows]:
    """The rows of each; those of who stands as before are the very same ones."""
    written: list[CachedParticipantRows] = []
    for one in people:
        rows = known.get(one.character_id)
        if rows is None or rows[0] is not one or rows[1].is_awoxer != (one.character_id in sides.awoxers):
            ships = (ShipRow(one.character_id, ship.ship_type_id, ship.kills, ship.losses) for ship in one.ships)
            rows = known[one.character_id] = (one, _pilot(one, sides), tuple(ships))
        written.append(rows)
    return written


def _pilot(pilot: Participant, sides: Sides) -> PilotRow:
    return PilotRow(
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
