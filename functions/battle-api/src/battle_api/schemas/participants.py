"""Response models of the pilots of a battle."""

from battle_api.schemas.battle_list import Name
from battlescope_schemas.base import EveId, Isk, Schema, UtcTime
from battlescope_schemas.ships.hulls import HullClass


class ShipFlown(Schema):
    ship_type_id: EveId
    ship_type_name: Name
    ship_group_id: EveId | None
    hull_class: HullClass | None
    kills: int
    losses: int


class PilotLossItem(Schema):
    """A ship that the pilot lost, and the killmail of the capsule that left it."""

    killmail_id: EveId
    ship_type_id: EveId
    isk_value: Isk
    occurred_at: UtcTime
    pod_killmail_id: EveId | None


class ParticipantItem(Schema):
    """A pilot on the battle's killmails. `shipTypeId` is the most lost ship, else the one with the most kills."""

    character_id: EveId
    character_name: Name
    alliance_id: EveId | None
    alliance_name: Name
    alliance_ticker: Name
    corp_id: EveId | None
    corp_name: Name
    corp_ticker: Name
    side_id: int | None
    is_victim: bool
    kills: int
    final_blows: int
    deaths: int
    damage_done: int
    damage_received: int
    isk_destroyed: Isk
    isk_lost: Isk
    is_awoxer: bool
    first_seen_at: UtcTime
    last_seen_at: UtcTime
    ship_type_id: EveId | None
    ship_type_name: Name
    ships_flown: list[ShipFlown]
    losses_detail: list[PilotLossItem]


class Participants(Schema):
    items: list[ParticipantItem]
    revision: int
    total: int
    limit: int
    offset: int


class TopKiller(Schema):
    character_id: EveId
    character_name: Name
    side_id: int | None
    kills: int
    isk_destroyed: Isk


class TopLoser(Schema):
    character_id: EveId
    character_name: Name
    side_id: int | None
    deaths: int
    isk_lost: Isk
