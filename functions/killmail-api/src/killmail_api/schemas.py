"""The API's responses: camelCase, ids and ISK as strings. A missing name is null; an id never replaces it.

The location is null while the static data lacks the system.

Clients choose their own text for a missing name, such as `Unknown Character #123`.
"""

from enum import StrEnum

from battlescope_schemas.base import EveId, Isk, Schema, UtcTime
from battlescope_schemas.universe import SecurityType


class Summary(Schema):
    """One killmail of a list."""

    killmail_id: EveId
    system_id: EveId
    system_name: str | None
    timestamp: UtcTime
    security_type: SecurityType | None
    victim_alliance_id: EveId | None
    victim_alliance_name: str | None
    victim_corp_id: EveId | None
    victim_corp_name: str | None
    victim_character_id: EveId | None
    victim_character_name: str | None
    attacker_alliance_ids: tuple[EveId, ...]
    attacker_alliance_names: tuple[str | None, ...]
    attacker_corp_ids: tuple[EveId, ...]
    attacker_corp_names: tuple[str | None, ...]
    attacker_character_ids: tuple[EveId, ...]
    attacker_character_names: tuple[str | None, ...]
    ship_type_id: EveId | None
    ship_type_name: str | None
    isk_value: Isk | None
    zkb_url: str
    battle_id: str | None
    participant_count: int


class Recent(Schema):
    items: tuple[Summary, ...]
    count: int


class Attacker(Schema):
    character_id: EveId | None
    character_name: str | None
    corp_id: EveId | None
    corp_name: str | None
    alliance_id: EveId | None
    alliance_name: str | None
    faction_id: EveId | None
    faction_name: str | None
    ship_type_id: EveId | None
    ship_type_name: str | None
    weapon_type_id: EveId | None
    damage_done: int
    final_blow: bool


class EnrichmentStatus(StrEnum):
    PROCESSING = "processing"
    SUCCEEDED = "succeeded"


class Enrichment(Schema):
    """The status is `processing` while a name or the location is missing and expected."""

    status: EnrichmentStatus
    fetched_at: UtcTime
    created_at: UtcTime
    updated_at: UtcTime


class Detail(Summary):
    """One killmail with all its details."""

    zkb_hash: str
    constellation_id: EveId | None
    region_id: EveId | None
    region_name: str | None
    security_status: float | None
    ship_group_id: EveId | None
    ship_group_name: str | None
    victim_faction_id: EveId | None
    victim_faction_name: str | None
    victim_damage_taken: int
    zkb_points: int
    npc: bool
    solo: bool
    awox: bool
    attackers: tuple[Attacker, ...]
    enrichment: Enrichment
