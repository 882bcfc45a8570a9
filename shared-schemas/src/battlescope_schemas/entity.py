"""Entities: characters, corporations, alliances and factions, and the event of a changed name."""

from enum import StrEnum

from battlescope_schemas.base import EveId, Schema, UtcTime

NPC_CORPORATIONS = range(1_000_000, 2_000_000)
NPC_CHARACTERS = range(3_000_000, 4_000_000)


class EntityType(StrEnum):
    CHARACTER = "character"
    CORPORATION = "corporation"
    ALLIANCE = "alliance"
    FACTION = "faction"


class EntityUpdated(Schema):
    """The name of an entity was resolved or changed. Consumers fill in names that were missing."""

    entity_type: EntityType
    entity_id: EveId
    entity_name: str
    updated_at: UtcTime


def is_player_character(character_id: int | None) -> bool:
    """True for players: ids from 3,000,000 to 3,999,999 belong to agents and other NPCs."""
    return character_id is not None and character_id not in NPC_CHARACTERS
