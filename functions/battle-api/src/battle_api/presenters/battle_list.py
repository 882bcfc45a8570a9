"""Builds the items of battle lists from rows. A name that nobody knows has a text of its own."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final, cast

from battle_api.domain.list_rows import BUCKETS, ListRows, SideRow, SparkRow, TopPartyRow
from battle_api.domain.rows import Battle
from battle_api.schemas import battle_list as schemas
from battlescope_schemas.battle import BattleStatus
from battlescope_schemas.universe import SecurityType

if TYPE_CHECKING:
    from battle_api.schemas.edit_requests import PartyType

MAX_SIDES: Final = 4
_ROLES: Final = {"third-party": schemas.SideRole.THIRD_PARTY, "kill-stealer": schemas.SideRole.KILL_STEALER}


def battle_items(battles: Iterable[Battle], rows: ListRows) -> list[schemas.BattleItem]:
    return [_battle_item(battle, rows) for battle in battles]


def _battle_item(battle: Battle, rows: ListRows) -> schemas.BattleItem:
    sides, parties = rows.sides.get(battle.id, []), rows.top_parties.get(battle.id, [])
    return schemas.BattleItem(
        **battle_fields(battle, rows),
        systems=[
            schemas.SystemName(system_id=row.system_id, system_name=row.system_name)
            for row in rows.systems.get(battle.id, [])
        ],
        sides=[_side_summary(side, parties) for side in sides[:MAX_SIDES]],
    )


def battle_fields(battle: Battle, rows: ListRows) -> dict[str, Any]:
    """The fields that a list and the detail show of a battle."""
    return {
        "id": battle.id,
        "name": battle.name,
        "system_id": battle.system_id,
        "system_name": battle.system_name,
        "constellation_id": battle.constellation_id,
        "constellation_name": battle.constellation_name,
        "region_id": battle.region_id,
        "region_name": battle.region_name,
        "security_type": SecurityType(battle.security_type),
        "security_status": None if battle.security_status is None else round(battle.security_status, 3),
        "system_class": battle.wormhole_class,
        "system_effect": battle.system_effect,
        "status": BattleStatus(battle.status),
        "tier": schemas.Tier(battle.tier),
        "start_time": battle.start_time,
        "end_time": battle.end_time,
        "last_killmail_at": battle.last_killmail_at,
        "duration": battle.duration_seconds,
        "revision": battle.revision,
        "total_kills": battle.total_kills,
        "total_participants": battle.total_participants,
        "total_isk_destroyed": battle.total_isk_destroyed,
        "computed_isk": computed_isk(battle),
        "isk_parts": _isk_parts(battle),
        "zkill_related_url": battle.zkill_related_url,
        "main_alliances": [
            schemas.MainAlliance(
                alliance_id=row.alliance_id, alliance_name=row.alliance_name, participant_count=row.participant_count
            )
            for row in rows.main_alliances.get(battle.id, [])
        ],
        "side_count": len(rows.sides.get(battle.id, [])),
        "unassigned_pilots": sum(row.pilots for row in rows.top_parties.get(battle.id, []) if row.side_id is None),
        "outcome": schemas.Outcome(is_decisive=battle.is_decisive, winning_side=battle.winning_side),
        "spark": _spark(battle, rows.sparks.get(battle.id, [])),
        "edit_count": rows.edits.get(battle.id, 0),
    }


def computed_isk(battle: Battle) -> schemas.ComputedIsk:
    total = battle.isk_computed_high + battle.isk_computed_medium + battle.isk_computed_low
    return schemas.ComputedIsk(
        total=total,
        high=battle.isk_computed_high,
        medium=battle.isk_computed_medium,
        low=battle.isk_computed_low,
        share=float(total / battle.total_isk_destroyed) if battle.total_isk_destroyed else 0.0,
        kills_without_value=battle.kills_without_value,
    )


def _isk_parts(battle: Battle) -> schemas.IskParts | None:
    if battle.isk_fitted is None or battle.isk_dropped is None:
        return None
    return schemas.IskParts(
        fitted=battle.isk_fitted,
        dropped=battle.isk_dropped,
        kills_without_parts=battle.kills_without_parts or 0,
        kills_with_unpriced=battle.kills_with_unpriced or 0,
    )


def side_role(party_role: str | None) -> schemas.SideRole:
    """The role of a side by that of its largest party."""
    return _ROLES.get(party_role or "", schemas.SideRole.MAIN)


def _side_summary(side: SideRow, parties: Iterable[TopPartyRow]) -> schemas.SideSummary:
    top = next((party for party in parties if party.side_id == side.side_id), None)
    return schemas.SideSummary(
        side_id=side.side_id,
        role=side_role(top.role if top else None),
        pilots=side.pilots,
        losses=side.losses,
        isk_lost=side.isk_lost,
        isk_lost_fitted=side.isk_lost_fitted,
        top_party=_party_name(top) if top else None,
        party_count=top.parties if top else 0,
    )


def _party_name(party: TopPartyRow) -> schemas.PartyName:
    return schemas.PartyName(
        party_type=cast("PartyType", party.party_type),
        party_id=party.party_id,
        party_name=party.party_name,
        ticker=party.ticker,
    )


def _spark(battle: Battle, rows: Iterable[SparkRow]) -> schemas.Spark:
    by_side: dict[int | None, list[int]] = {}
    for row in rows:
        isk = by_side.setdefault(row.side_id, [])
        isk += [0] * (row.bucket - len(isk)) + [int(row.isk)]
    return schemas.Spark(
        bucket_seconds=-(-(battle.duration_seconds + 1) // BUCKETS),
        lost=[schemas.SideSpark(side_id=side_id, isk=isk) for side_id, isk in by_side.items()],
    )
