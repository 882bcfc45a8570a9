"""Entities: characters, corporations, alliances and factions; which are NPCs; and the event of a changed name."""

from enum import StrEnum

from battlescope_schemas.base import EveId, Schema, UtcTime

FACTIONS = range(500_000, 600_000)
NPC_CORPORATIONS = range(1_000_000, 2_000_000)
NPC_CHARACTERS = range(3_000_000, 4_000_000)


class EntityType(StrEnum):
    CHARACTER = "character"
    CORPORATION = "corporation"
    ALLIANCE = "alliance"
    FACTION = "faction"


class EntityUpdated(Schema):
    """The name or the ticker of an entity was resolved or changed. Consumers fill in what was missing.

    ticker: of corporations and alliances, up to 10 characters; null where the event is not about it, so that a consumer
    keeps the one that it has.
    """

    entity_type: EntityType
    entity_id: EveId
    entity_name: str
    updated_at: UtcTime
    ticker: str | None = None


def is_npc_id(entity_id: int) -> bool:
    """True for factions, NPC corporations, and agents and other NPCs, in whatever field the id stands."""
    return entity_id in FACTIONS or entity_id in NPC_CORPORATIONS or entity_id in NPC_CHARACTERS


def is_player_entity(entity_id: int | None) -> bool:
    """True for a player's character, a player corporation and an alliance of them; false for NPCs and without an id."""
    return bool(entity_id) and not is_npc_id(entity_id)


def is_npc_participant(character_id: int | None, corporation_id: int | None, alliance_id: int | None) -> bool:
    """Whether a participant of a killmail is an NPC: the one definition for flags, rulesets, battles and statistics.

    A participant with a character is what the character is: an agent in a player corporation is an NPC, a pilot in an
    NPC corporation a player. One without is a structure or a deployable and is what its owner is.
    """
    if character_id:
        return is_npc_id(character_id)
    return not (is_player_entity(corporation_id) or is_player_entity(alliance_id))
