"""Killmails as hits: ids and ISK are strings, and a name is null only without its id."""

from battlescope_schemas.base import EveId, Isk, Schema, UtcTime
from battlescope_schemas.ships.hulls import HullClass
from battlescope_schemas.universe import SecurityType
from search_api.schemas.battles import HitFields, RegionCount, Thousandths, Total
from search_api.schemas.matches import SearchAnswer

Name = str | None


class KillmailHit(HitFields):
    """systemClass: of a wormhole; null elsewhere. iskValue: null while it is unknown. attackerCount: with NPCs.

    battleId: null outside of battles.
    """

    killmail_id: EveId
    zkb_url: str
    timestamp: UtcTime
    system_id: EveId
    system_name: str
    region_id: EveId
    region_name: Name
    security_type: SecurityType
    security_status: Thousandths | None
    system_class: int | None
    ship_type_id: EveId | None
    ship_type_name: Name
    ship_group_id: EveId | None
    ship_group_name: Name
    hull_class: HullClass | None
    victim_character_id: EveId | None
    victim_character_name: Name
    victim_corp_id: EveId | None
    victim_corp_name: Name
    victim_alliance_id: EveId | None
    victim_alliance_name: Name
    attacker_count: int
    isk_value: Isk | None
    npc: bool
    solo: bool
    battle_id: str | None


class KillmailFacets(Schema):
    """How many hits have each value; values without a hit are absent. Counted over the newest 10,000 hits at most.

    With a query they count the hits that it reads.
    """

    security_type: dict[SecurityType, int]
    hull_class: dict[HullClass, int]
    regions: list[RegionCount]


class KillmailSearchAnswer(SearchAnswer):
    """estimatedTotalHits: exact up to 10,000 and never larger. query: empty where none was sent."""

    hits: list[KillmailHit]
    estimated_total_hits: Total
    limit: int
    offset: int
    facets: KillmailFacets
