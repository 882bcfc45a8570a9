"""The enriched killmail: ids with their names and the location, as of the time of enrichment."""

from typing import Annotated

from pydantic import Field

from battlescope_schemas.base import EveId, Isk, Schema, UtcTime
from battlescope_schemas.reference import Source
from battlescope_schemas.universe import SecurityType


class Party(Schema):
    """Ids and names of one participant. A name is missing until ESI has answered."""

    character_id: EveId | None = None
    character_name: str | None = None
    corporation_id: EveId | None = None
    corporation_name: str | None = None
    alliance_id: EveId | None = None
    alliance_name: str | None = None
    faction_id: EveId | None = None
    faction_name: str | None = None
    ship_type_id: EveId | None = None
    ship_type_name: str | None = None


class EnrichedVictim(Party):
    ship_group_id: EveId | None = None
    ship_group_name: str | None = None
    ship_category_id: EveId | None = None
    damage_taken: int = 0


class EnrichedAttacker(Party):
    weapon_type_id: EveId | None = None
    damage_done: int = 0
    final_blow: bool = False


class EnrichedKillmail(Schema):
    """A killmail with names and location.

    nearby_system_ids: systems within two gate jumps. value_revision: as that of its reference; the highest one counts.
    """

    killmail_id: EveId
    zkb_hash: str
    killmail_time: UtcTime
    system_id: EveId
    system_name: str
    constellation_id: EveId
    region_id: EveId
    region_name: str
    security_type: SecurityType
    security_status: float
    nearby_system_ids: tuple[EveId, ...] = ()
    zkb_total_value: Isk | None = None
    zkb_points: int = 0
    zkb_url: str
    npc: bool = False
    solo: bool = False
    awox: bool = False
    victim: EnrichedVictim
    attackers: tuple[EnrichedAttacker, ...]
    attacker_count: Annotated[int, Field(ge=0)]
    source: Source = Source.LIVE
    archive_key: str
    value_revision: Annotated[int, Field(ge=1, lt=2**31)] | None = None
