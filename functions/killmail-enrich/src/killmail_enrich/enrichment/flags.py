"""Was it NPCs, a duel, a betrayal? Our own answers, from the mail and the static data; the feed's are its opinions.

They follow the rules zKillboard states, with one difference: a character below 4,000,000 is an NPC wherever it
stands, so an agent with a player's corporation counts as nobody.
"""

from collections.abc import Iterable
from typing import Final

from battlescope_schemas.entity import is_player_character
from battlescope_schemas.killmail import CAPSULE_GROUP, Attacker, Killmail

SHIP_CATEGORY: Final = 6
STRUCTURE_CATEGORY: Final = 65
SHUTTLE_GROUP: Final = 31
ROOKIE_SHIP_GROUP: Final = 237
_NO_FIGHT: Final = {CAPSULE_GROUP, SHUTTLE_GROUP, ROOKIE_SHIP_GROUP}  # losing one of these alone is no duel
_SELF_MADE: Final = {CAPSULE_GROUP, ROOKIE_SHIP_GROUP}  # corporation mates shoot these to save a journey
_FIRST_PLAYER_CORPORATION: Final = 2_000_000


def is_npc(killmail: Killmail, victim_category: int | None) -> bool:
    """Nobody human did it, or it was an asset that an NPC corporation owns."""
    victim = killmail.victim
    npc_asset = (
        victim.character_id is None
        and victim_category != SHIP_CATEGORY
        and victim.corporation_id is not None
        and not _is_player_corporation(victim.corporation_id)
    )
    return npc_asset or not any(_is_human(attacker) for attacker in killmail.attackers)


def is_solo(
    killmail: Killmail, victim_group: int | None, victim_category: int | None, flown_categories: Iterable[int | None]
) -> bool:
    """One human against a ship that could have fought, and no structure helping. What is flown is looked at last."""
    if victim_category != SHIP_CATEGORY or victim_group in _NO_FIGHT:
        return False
    humans = sum(is_player_character(attacker.character_id) for attacker in killmail.attackers)
    return humans == 1 and STRUCTURE_CATEGORY not in flown_categories


def is_awox(killmail: Killmail, victim_group: int | None) -> bool:
    """The final blow came from a member of the victim's own player corporation."""
    own = killmail.victim.corporation_id
    if victim_group in _SELF_MADE or not _is_player_corporation(own):
        return False
    return any(
        attacker.final_blow and attacker.corporation_id == own and attacker.character_id != killmail.victim.character_id
        for attacker in killmail.attackers
    )


def _is_human(attacker: Attacker) -> bool:
    return is_player_character(attacker.character_id) or (
        attacker.character_id is None and _is_player_corporation(attacker.corporation_id)
    )


def _is_player_corporation(corporation_id: int | None) -> bool:
    return corporation_id is not None and corporation_id >= _FIRST_PLAYER_CORPORATION
