"""Ruleset filter. Applied once, when a killmail is first ingested; later ruleset changes do not affect the past."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from battlescope_schemas.entity import NPC_CORPORATIONS, is_player_character
from battlescope_schemas.killmail import Attacker, Killmail, Victim
from battlescope_schemas.universe import possible_security


class RejectionReason(StrEnum):
    """The rule that rejects a killmail."""

    MIN_PILOTS = "min_pilots"
    SYSTEM = "system"
    SECURITY = "security"
    ENTITY = "entity"
    NPC = "npc"


@dataclass(frozen=True, slots=True)
class Ruleset:
    """The filter that an operator configures. An empty set filters nothing."""

    id: UUID
    min_pilots: int
    tracked_alliance_ids: frozenset[int] = frozenset()
    tracked_corp_ids: frozenset[int] = frozenset()
    tracked_character_ids: frozenset[int] = frozenset()
    tracked_system_ids: frozenset[int] = frozenset()
    tracked_security_types: frozenset[str] = frozenset()
    ignore_unlisted: bool = False
    exclude_npc: bool = False


@dataclass(frozen=True, slots=True)
class FilterResult:
    """Accepted unless `rejection` is set. `security_guessed`: accepted, but the class of space is not certain."""

    rejection: RejectionReason | None = None
    security_guessed: bool = False


def apply_ruleset(killmail: Killmail, rules: Ruleset) -> FilterResult:
    """Apply the rules in order; the first rule that fails rejects the killmail."""
    space = possible_security(killmail.solar_system_id)
    allowed = rules.tracked_security_types
    if count_pilots(killmail) < rules.min_pilots:
        return FilterResult(RejectionReason.MIN_PILOTS)
    if rules.tracked_system_ids and killmail.solar_system_id not in rules.tracked_system_ids:
        return FilterResult(RejectionReason.SYSTEM)
    if allowed and not space & allowed:
        return FilterResult(RejectionReason.SECURITY)
    if rules.ignore_unlisted and not _has_tracked_party(killmail, rules):
        return FilterResult(RejectionReason.ENTITY)
    if rules.exclude_npc and is_npc_kill(killmail):
        return FilterResult(RejectionReason.NPC)
    return FilterResult(security_guessed=bool(allowed) and not space <= allowed)


def count_pilots(killmail: Killmail) -> int:
    """The victim and every attacker with any id."""
    return 1 + sum(1 for a in killmail.attackers if a.character_id or a.corporation_id or a.alliance_id or a.faction_id)


def is_npc_kill(killmail: Killmail) -> bool:
    """Whether no attacker is a player or belongs to a player corporation."""
    return not any(
        is_player_character(a.character_id) or (a.corporation_id or 0) >= NPC_CORPORATIONS.stop
        for a in killmail.attackers
    )


def _has_tracked_party(killmail: Killmail, rules: Ruleset) -> bool:
    parties: tuple[Victim | Attacker, ...] = (killmail.victim, *killmail.attackers)
    return any(
        party.alliance_id in rules.tracked_alliance_ids
        or party.corporation_id in rules.tracked_corp_ids
        or party.character_id in rules.tracked_character_ids
        for party in parties
    )
