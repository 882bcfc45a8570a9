"""Which mails are wanted, as the poller has it: said again here, because history is judged from other parts.

A ruleset is a row whose columns bind both functions; a test holds their verdicts together. Classes of space by id,
which nobody may see differently, are words of the contracts.
"""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from battlescope_schemas.universe import possible_security
from ingest_backfill.domain.killmail import BackfilledKillmail


class RejectionReason(StrEnum):
    """Why a mail is not wanted."""

    MIN_PILOTS = "min_pilots"
    SYSTEM = "system"
    SECURITY = "security"
    ENTITY = "entity"
    NPC = "npc"


@dataclass(frozen=True, slots=True)
class Ruleset:
    """What an operator tracks. An empty set filters nothing."""

    id: UUID
    min_pilots: int
    tracked_alliance_ids: frozenset[int] = frozenset()
    tracked_corp_ids: frozenset[int] = frozenset()
    tracked_character_ids: frozenset[int] = frozenset()
    tracked_system_ids: frozenset[int] = frozenset()
    tracked_security_types: frozenset[str] = frozenset()
    ignore_unlisted: bool = False
    exclude_npc: bool = False


def apply_ruleset(mail: BackfilledKillmail, rules: Ruleset) -> RejectionReason | None:
    """Apply the rules in their order; the first failure rejects."""
    if mail.pilot_count < rules.min_pilots:
        return RejectionReason.MIN_PILOTS
    if rules.tracked_system_ids and mail.system_id not in rules.tracked_system_ids:
        return RejectionReason.SYSTEM
    if rules.tracked_security_types and not possible_security(mail.system_id) & rules.tracked_security_types:
        return RejectionReason.SECURITY
    if rules.ignore_unlisted and not _tracked(mail, rules):
        return RejectionReason.ENTITY
    if rules.exclude_npc and mail.is_npc_kill:
        return RejectionReason.NPC
    return None


def _tracked(mail: BackfilledKillmail, rules: Ruleset) -> bool:
    return (
        mail.victim_alliance_id in rules.tracked_alliance_ids
        or mail.victim_corp_id in rules.tracked_corp_ids
        or mail.victim_character_id in rules.tracked_character_ids
        or not rules.tracked_alliance_ids.isdisjoint(mail.attacker_alliance_ids)
        or not rules.tracked_corp_ids.isdisjoint(mail.attacker_corp_ids)
        or not rules.tracked_character_ids.isdisjoint(mail.attacker_character_ids)
    )
