"""Ruleset filter for backfilled killmails; must match ingest-poll's.

Both functions read the same columns of `rulesets`, and tests/domain/test_ruleset.py compares their results. This copy
works on plain fields, because a pydantic model per killmail would cost more than all other steps together. The classes
of space by system id are part of the shared schemas.
"""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from battlescope_schemas.universe import possible_security
from ingest_backfill.domain.killmail import BackfilledKillmail


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


def apply_ruleset(killmail: BackfilledKillmail, rules: Ruleset) -> RejectionReason | None:
    """Apply the rules in order; the first rule that fails rejects the killmail."""
    if killmail.pilot_count < rules.min_pilots:
        return RejectionReason.MIN_PILOTS
    if rules.tracked_system_ids and killmail.system_id not in rules.tracked_system_ids:
        return RejectionReason.SYSTEM
    if rules.tracked_security_types and not possible_security(killmail.system_id) & rules.tracked_security_types:
        return RejectionReason.SECURITY
    if rules.ignore_unlisted and not _has_tracked_party(killmail, rules):
        return RejectionReason.ENTITY
    if rules.exclude_npc and killmail.is_npc_kill:
        return RejectionReason.NPC
    return None


def _has_tracked_party(killmail: BackfilledKillmail, rules: Ruleset) -> bool:
    return (
        killmail.victim_alliance_id in rules.tracked_alliance_ids
        or killmail.victim_corp_id in rules.tracked_corp_ids
        or killmail.victim_character_id in rules.tracked_character_ids
        or not rules.tracked_alliance_ids.isdisjoint(killmail.attacker_alliance_ids)
        or not rules.tracked_corp_ids.isdisjoint(killmail.attacker_corp_ids)
        or not rules.tracked_character_ids.isdisjoint(killmail.attacker_character_ids)
    )
