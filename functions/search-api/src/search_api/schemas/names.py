"""Answers of searches by name: ids are strings, and a name is null only without its id."""

from pydantic import Field

from battlescope_schemas.base import EveId, Schema, UtcTime
from battlescope_schemas.ships.hulls import HullClass
from battlescope_schemas.universe import SecurityType
from search_api.schemas.matches import NameMatch, SearchAnswer

Name = str | None


class NamedHit(Schema):
    """battleCount: battles in which it was, as far as BattleScope knows."""

    id: EveId
    name: str
    battle_count: int
    match: NameMatch


class AllianceHit(NamedHit):
    type: str = Field(default="alliance", json_schema_extra={"const": "alliance"})
    ticker: Name
    last_seen_at: UtcTime | None


class CorporationHit(NamedHit):
    type: str = Field(default="corporation", json_schema_extra={"const": "corporation"})
    ticker: Name
    alliance_id: EveId | None
    alliance_name: Name
    last_seen_at: UtcTime | None


class CharacterHit(NamedHit):
    type: str = Field(default="character", json_schema_extra={"const": "character"})
    corp_id: EveId | None
    corp_name: Name
    alliance_id: EveId | None
    alliance_name: Name
    last_seen_at: UtcTime | None


class SystemHit(NamedHit):
    """systemClass, systemEffect: of a wormhole; null elsewhere and while unknown."""

    region_id: EveId | None
    region_name: Name
    constellation_id: EveId | None
    constellation_name: Name
    security_type: SecurityType | None
    security_status: float | None
    system_class: int | None
    system_effect: Name
    last_battle_at: UtcTime | None


class ShipHit(NamedHit):
    """hullClass: null while its group is unknown."""

    group_id: EveId | None
    group_name: Name
    hull_class: HullClass | None
    last_seen_at: UtcTime | None


class EntityHits(Schema):
    alliances: list[AllianceHit]
    corporations: list[CorporationHit]
    characters: list[CharacterHit]


class EntityAnswer(SearchAnswer, EntityHits):
    """Hits by type, the best first; a type that was not asked for is empty."""


class SystemAnswer(SearchAnswer):
    systems: list[SystemHit]


class ShipAnswer(SearchAnswer):
    ships: list[ShipHit]
