"""The flags npc, solo and awox, derived from the killmail and the static data; the feed's own flags are not used.

They follow zKillboard's published rules with one difference: `battlescope_schemas.entity` says who is an NPC, and an
agent in a player corporation is one.
"""

from collections.abc import Iterable
from typing import Final

from battlescope_schemas.entity import is_npc_participant, is_player_entity
from battlescope_schemas.killmail import CAPSULE_GROUP, ArchivedKillmail

SHIP_CATEGORY: Final = 6
STRUCTURE_CATEGORY: Final = 65
SHUTTLE_GROUP: Final = 31
ROOKIE_SHIP_GROUP: Final = 237
_NEVER_SOLO: Final = {CAPSULE_GROUP, SHUTTLE_GROUP, ROOKIE_SHIP_GROUP}  # these cannot fight back
_NEVER_AWOX: Final = {CAPSULE_GROUP, ROOKIE_SHIP_GROUP}  # corporation mates destroy these to save a pilot the journey


def is_npc(killmail: ArchivedKillmail, victim_category: int | None) -> bool:
    """No player attacked, or the loss was an asset of an NPC corporation."""
    victim = killmail.victim
    is_npc_asset = (
        victim.character_id is None
        and victim_category != SHIP_CATEGORY
        and victim.corporation_id is not None
        and not is_player_entity(victim.corporation_id)
    )
    return is_npc_asset or all(
        is_npc_participant(attacker.character_id, attacker.corporation_id, attacker.alliance_id)
        for attacker in killmail.attackers
    )


def is_solo(
    killmail: ArchivedKillmail,
    victim_group: int | None,
    victim_category: int | None,
    flown_categories: Iterable[int | None],
) -> bool:
    """One player against a ship that could fight back, without help of a structure. Reads `flown_categories` last."""
    if victim_category != SHIP_CATEGORY or victim_group in _NEVER_SOLO:
        return False
    players = sum(is_player_entity(attacker.character_id) for attacker in killmail.attackers)
    return players == 1 and STRUCTURE_CATEGORY not in flown_categories


def is_awox(killmail: ArchivedKillmail, victim_group: int | None) -> bool:
    """A member of the victim's own player corporation dealt the final blow."""
    corporation_id = killmail.victim.corporation_id
    if victim_group in _NEVER_AWOX or not is_player_entity(corporation_id):
        return False
    return any(
        attacker.final_blow
        and attacker.corporation_id == corporation_id
        and attacker.character_id != killmail.victim.character_id
        for attacker in killmail.attackers
    )
