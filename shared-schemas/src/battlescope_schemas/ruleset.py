"""The ruleset filter, applied once, when a killmail is first ingested; later ruleset changes do not affect the past.

The columns of the table `rulesets` bind live and backfilled ingestion alike, so there is one filter for both.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from battlescope_schemas.entity import is_npc_participant
from battlescope_schemas.killmail import ArchivedKillmail, Victim
from battlescope_schemas.reference import KillmailReference, Source
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


class FilteredKillmail(NamedTuple):
    """An archived killmail with the filter's result, and the figures that it is judged by.

    attacker_alliance_ids, attacker_corp_ids: distinct and in order, without 0.
    pilot_count: the victim and every attacker with any id.
    rejection: None where the killmail is accepted.
    security_guessed: accepted, but the class of space is not certain.
    """

    killmail: ArchivedKillmail
    archive_key: str
    ruleset_id: UUID
    attacker_alliance_ids: tuple[int, ...]
    attacker_corp_ids: tuple[int, ...]
    pilot_count: int
    rejection: RejectionReason | None
    security_guessed: bool


def zkb_url(killmail_id: int) -> str:
    return f"https://zkillboard.com/kill/{killmail_id}/"


def reference_to(
    accepted: FilteredKillmail,
    source: Source = Source.LIVE,
    job_id: str | None = None,
    value_revision: int | None = None,
) -> KillmailReference:
    """The event payload of an accepted killmail. `job_id`: the backfill job that found it."""
    killmail = accepted.killmail
    return KillmailReference(
        killmail_id=killmail.killmail_id,
        zkb_hash=killmail.hash,
        killmail_time=killmail.killmail_time,
        system_id=killmail.solar_system_id,
        victim_alliance_id=killmail.victim.alliance_id or None,
        attacker_alliance_ids=accepted.attacker_alliance_ids,
        isk_value=killmail.isk_value,
        zkb_url=zkb_url(killmail.killmail_id),
        source=source,
        historical_job_id=job_id,
        archive_key=accepted.archive_key,
        ruleset_id=str(accepted.ruleset_id),
        value_revision=value_revision,
    )


class _Attackers(NamedTuple):
    """The distinct ids of all attackers, how many attackers have any id, and whether all of them are NPCs."""

    character_ids: frozenset[int | None]
    corp_ids: frozenset[int | None]
    alliance_ids: frozenset[int | None]
    pilot_count: int
    are_npcs: bool


def apply_ruleset(killmail: ArchivedKillmail, archive_key: str, rules: Ruleset) -> FilteredKillmail:
    """Apply the rules in order; the first rule that fails rejects the killmail."""
    attackers = _attackers(killmail)
    rejection = _rejection(killmail, attackers, rules)
    allowed = rules.tracked_security_types
    return FilteredKillmail(
        killmail,
        archive_key,
        rules.id,
        _sorted(attackers.alliance_ids),
        _sorted(attackers.corp_ids),
        1 + attackers.pilot_count,
        rejection,
        rejection is None and bool(allowed) and not possible_security(killmail.solar_system_id) <= allowed,
    )


def _attackers(killmail: ArchivedKillmail) -> _Attackers:
    ids = [(a.character_id, a.corporation_id, a.alliance_id, a.faction_id) for a in killmail.attackers]
    characters, corps, alliances, _ = map(frozenset, zip(*ids, strict=True)) if ids else (frozenset[int | None](),) * 4
    are_npcs = all(is_npc_participant(character, corp, alliance) for character, corp, alliance, _ in ids)
    return _Attackers(characters, corps, alliances, sum(map(any, ids)), are_npcs)


def _rejection(killmail: ArchivedKillmail, attackers: _Attackers, rules: Ruleset) -> RejectionReason | None:
    system_id, allowed = killmail.solar_system_id, rules.tracked_security_types
    if 1 + attackers.pilot_count < rules.min_pilots:
        return RejectionReason.MIN_PILOTS
    if rules.tracked_system_ids and system_id not in rules.tracked_system_ids:
        return RejectionReason.SYSTEM
    if allowed and not possible_security(system_id) & allowed:
        return RejectionReason.SECURITY
    if rules.ignore_unlisted and not _has_tracked_party(killmail.victim, attackers, rules):
        return RejectionReason.ENTITY
    if rules.exclude_npc and attackers.are_npcs:
        return RejectionReason.NPC
    return None


def _has_tracked_party(victim: Victim, attackers: _Attackers, rules: Ruleset) -> bool:
    return (
        victim.alliance_id in rules.tracked_alliance_ids
        or victim.corporation_id in rules.tracked_corp_ids
        or victim.character_id in rules.tracked_character_ids
        or not rules.tracked_alliance_ids.isdisjoint(attackers.alliance_ids)
        or not rules.tracked_corp_ids.isdisjoint(attackers.corp_ids)
        or not rules.tracked_character_ids.isdisjoint(attackers.character_ids)
    )


def _sorted(ids: frozenset[int | None]) -> tuple[int, ...]:
    return tuple(sorted(entity_id for entity_id in ids if entity_id))
