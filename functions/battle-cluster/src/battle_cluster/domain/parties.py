"""Who somebody fights for, by the ids a killmail gives: one rule for every source of mails."""

from battle_cluster.domain.killmail import Party, PartyKind
from battlescope_schemas.entity import NPC_CORPORATIONS, is_player_character


def party_of(
    character_id: int | None, corporation_id: int | None, alliance_id: int | None, faction_id: int | None
) -> Party | None:
    """Who a participant fights for.

    The corporations of the game itself hold strangers, so there a militia or the pilot alone counts; where neither
    is known, it is an NPC and no party at all.
    """
    if alliance_id:
        return Party(PartyKind.ALLIANCE, alliance_id)
    if corporation_id and corporation_id not in NPC_CORPORATIONS:
        return Party(PartyKind.CORPORATION, corporation_id)
    if not is_player_character(character_id) or character_id is None:
        return None
    if faction_id:
        return Party(PartyKind.FACTION, faction_id)
    return Party(PartyKind.CHARACTER, character_id)


def pilot_of(character_id: int | None) -> int | None:
    return character_id if is_player_character(character_id) else None
