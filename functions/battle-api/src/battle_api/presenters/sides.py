"""Builds sides and their parties from rows."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TYPE_CHECKING, Final, cast

from battle_api.domain.battle_rows import CapsuleRow, CorporationRow, Names, PartyRow, PinRow, SideShipRow
from battle_api.domain.party_graph import PartyKey, party_key
from battle_api.domain.rows import BattleKillmail
from battle_api.presenters.battle_list import side_role
from battle_api.schemas import battles as schemas
from battlescope_schemas.ships.hulls import hull_class

if TYPE_CHECKING:
    from battle_api.schemas.edit_requests import PartyType

_TOP_ALLIANCES: Final = 5
_SideParty = tuple[int | None, PartyKey | None]


@dataclass(frozen=True, slots=True)
class PartyContext:
    """What the tables know of parties beside their own rows, by side and party."""

    corporations: Mapping[_SideParty, Sequence[CorporationRow]]
    capsules: Mapping[_SideParty, int]
    pins: Mapping[PartyKey, PinRow]


def party_context(
    corporations: Iterable[CorporationRow], capsules: Iterable[CapsuleRow], pins: Iterable[PinRow]
) -> PartyContext:
    corporations_of: dict[_SideParty, list[CorporationRow]] = defaultdict(list)
    for row in corporations:
        corporations_of[row.side_id, party_key(row.alliance_id, row.corporation_id)].append(row)
    capsules_of: dict[_SideParty, int] = defaultdict(int)
    for lost in capsules:
        capsules_of[lost.side_id, party_key(lost.alliance_id, lost.corporation_id)] += lost.capsules
    return PartyContext(corporations_of, capsules_of, {PartyKey(pin.party_type, pin.party_id): pin for pin in pins})


def party_item(row: PartyRow, context: PartyContext) -> schemas.PartyItem:
    key = PartyKey(row.party_type, row.party_id)
    corporations = context.corporations.get((row.side_id, key), [])
    capsules = context.capsules.get((row.side_id, key), 0)
    pin = context.pins.get(key)
    return schemas.PartyItem(
        party_type=cast("PartyType", row.party_type),
        party_id=row.party_id,
        party_name=row.party_name,
        ticker=row.ticker,
        role=cast("schemas.PartyRole", row.role),
        confidence=row.confidence,
        evidence=row.evidence,
        second_best_side_id=row.second_best_side_id,
        pilots=row.pilots,
        kills=row.kills,
        losses=row.losses,
        ships_lost=row.losses - capsules,
        capsules_lost=capsules,
        isk_destroyed=row.isk_destroyed,
        isk_lost=row.isk_lost,
        isk_lost_fitted=row.isk_lost_fitted,
        first_seen_at=_first_seen(corporations),
        corporations=[_corporation(corp) for corp in corporations if corp.corporation_id],
        pinned=schemas.Pin(edit_id=pin.edit_id, author=pin.author) if pin else None,
    )


def _first_seen(corporations: Iterable[CorporationRow]) -> datetime | None:
    return min((corporation.first_seen_at for corporation in corporations), default=None)


def _corporation(row: CorporationRow) -> schemas.CorporationItem:
    return schemas.CorporationItem(
        corp_id=row.corporation_id or 0, corp_name=row.corp_name, ticker=row.ticker, pilots=row.pilots, lost=row.lost
    )


@dataclass(frozen=True, slots=True)
class SideContext:
    """Rows of all sides of a battle."""

    parties: Sequence[PartyRow]
    ships: Sequence[SideShipRow]
    killmails: Sequence[BattleKillmail]
    party_context: PartyContext


def side_item(row: schemas.SideRow, rows: SideContext, names: Names) -> schemas.SideItem:
    parties, ships, killmails, context = rows.parties, rows.ships, rows.killmails, rows.party_context
    members = [party for party in parties if party.side_id == row.side_id]
    alliances = [_alliance(party) for party in members if party.party_type == "alliance"]
    return schemas.SideItem(
        **dict(row),
        role=side_role(members[0].role if members else None),
        alliances=alliances,
        top_alliances=alliances[:_TOP_ALLIANCES],
        parties=[party_item(party, context) for party in members],
        hostile_pairs=_hostile_pairs(row.side_id, killmails),
        ships=[_side_ship(ship, names) for ship in ships if ship.side_id == row.side_id],
    )


def _hostile_pairs(side_id: int, killmails: Iterable[BattleKillmail]) -> list[schemas.HostilePair]:
    losses: dict[int, list[Decimal]] = defaultdict(list)
    for killmail in killmails:
        is_foe = killmail.side_id is not None and killmail.side_id != side_id
        if is_foe and any(shooter == side_id for shooter, _, _ in killmail.attackers_by_side):
            losses[killmail.side_id or 0].append(killmail.isk_value)
    pairs = [
        schemas.HostilePair(side_id=other, killmails=len(values), isk_lost=sum(values, Decimal(0)))
        for other, values in losses.items()
    ]
    return sorted(pairs, key=lambda pair: (-pair.killmails, pair.side_id))


def _alliance(party: PartyRow) -> schemas.SideAlliance:
    return schemas.SideAlliance(
        alliance_id=party.party_id,
        alliance_name=party.party_name,
        pilots=party.pilots,
        isk_destroyed=party.isk_destroyed,
        isk_lost=party.isk_lost,
    )


def _side_ship(row: SideShipRow, names: Names) -> schemas.SideShip:
    return schemas.SideShip(
        ship_type_id=row.ship_type_id,
        ship_type_name=names.name("ship_type", row.ship_type_id),
        ship_group_id=row.group_id,
        ship_group_name=names.name("ship_group", row.group_id),
        hull_class=hull_class(row.group_id),
        seen=row.seen,
        lost=row.lost,
        isk_lost=row.isk_lost,
    )
