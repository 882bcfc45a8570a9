"""Gives stored killmails another value: their battles get new totals, sides by the new weights, and a revision."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from battle_cluster.detection.rules import DetectionRules
from battle_cluster.domain.battle import CauseKind, RevisionCause
from battle_cluster.domain.killmail import Killmail
from battle_cluster.handlers.regroup import RegroupOutcome, RegroupRequest, regroup, retry_with_more_locks
from battle_cluster.messaging.enriched_killmail import EntityFact, EntityName, IncomingKillmail
from battle_cluster.persistence.unit_of_work import Database, UnitOfWork
from battle_cluster.reconciliation.battle_diff import NO_DIFF

MAX_PER_TRANSACTION: Final = 500
"""Killmails: a day that gets its prices late changes as few transactions and revisions as its batch has parts."""


async def change_values(killmails: Sequence[IncomingKillmail], database: Database, now: datetime) -> None:
    """Store the values of these killmails, unless a later value is stored.

    Where one differs, the names and facts that come with it are stored too: an older release may have stored fewer.
    """
    ordered = sorted(killmails, key=lambda incoming: (incoming.killmail.time, incoming.killmail.killmail_id))
    for start in range(0, len(ordered), MAX_PER_TRANSACTION):
        await _change_part(ordered[start : start + MAX_PER_TRANSACTION], database, now)


async def _change_part(incoming: Sequence[IncomingKillmail], database: Database, now: datetime) -> None:
    async def attempt(more_lock_keys: frozenset[int]) -> RegroupOutcome:
        cache = database.cache
        try:
            async with database.unit_of_work() as uow:
                return await _update_and_regroup(incoming, more_lock_keys, uow, now)
        finally:  # whether or not it is committed, nothing computed from the other values stays
            cache.drop_outdated([entry.killmail.killmail_id for entry in incoming], cache.values_version)

    outcome = await retry_with_more_locks(frozenset(), attempt)
    database.cache.record_committed((), outcome.diff.changes)


async def _update_and_regroup(
    incoming: Sequence[IncomingKillmail], more_lock_keys: frozenset[int], uow: UnitOfWork, now: datetime
) -> RegroupOutcome:
    killmails = [entry.killmail for entry in incoming]
    config, orders = await uow.lock_and_find_stored(killmails, more_lock_keys)
    later = [k for k in killmails if k.value_order > orders.get(k.killmail_id, k.value_order)]
    stored = await uow.killmails.load([killmail.killmail_id for killmail in later])
    changed = [killmail for killmail in later if _differs(killmail, stored[killmail.killmail_id])]
    changed_ids = [killmail.killmail_id for killmail in changed]
    await uow.killmails.update_revisions(killmail for killmail in later if killmail.killmail_id not in changed_ids)
    if not changed:
        return RegroupOutcome(NO_DIFF)
    revalued = {killmail.killmail_id: _revalued(stored[killmail.killmail_id], killmail) for killmail in changed}
    await uow.killmails.update_values(
        revalued.values(), {i for i, killmail in revalued.items() if killmail.flags != stored[i].flags}
    )
    uow.cache.drop_outdated(changed_ids, uow.cache.values_version)
    if not config.auto_clustering:
        return RegroupOutcome(NO_DIFF)
    request = RegroupRequest(
        cause=RevisionCause(CauseKind.VALUE, str(changed_ids[-1])),
        killmails=revalued,
        stored_components=await uow.killmails.stored_components(changed_ids),
        rules=DetectionRules.from_configuration(config.window_minutes, config.gap_max_minutes, config.min_kills),
        edits=await uow.edits.active(config.edits_version),
        names=frozenset[EntityName]().union(*(entry.names for entry in incoming)),
        facts=frozenset[EntityFact]().union(*(entry.facts for entry in incoming)),
    )
    return await regroup(request, uow, now)


def _differs(killmail: Killmail, stored: Killmail) -> bool:
    return (killmail.value, killmail.value_basis, killmail.value_parts, killmail.flags) != (
        stored.value,
        stored.value_basis,
        stored.value_parts,
        stored.flags,
    )


def _revalued(stored: Killmail, other: Killmail) -> Killmail:
    return replace(
        stored,
        value=other.value,
        value_basis=other.value_basis,
        value_parts=other.value_parts,
        flags=other.flags,
        value_revision=other.value_revision,
        valuation_revision=other.valuation_revision,
    )
