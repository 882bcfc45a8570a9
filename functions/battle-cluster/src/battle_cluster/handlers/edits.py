"""Applies a manual edit, or its undo: the killmails that it refers to are regrouped."""

from datetime import datetime

from battle_cluster.detection.rules import DetectionRules
from battle_cluster.domain.battle import CauseKind, RevisionCause
from battle_cluster.domain.lock_keys import lock_keys_for
from battle_cluster.handlers.regroup import (
    RegroupOutcome,
    RegroupRequest,
    regroup,
    retry_with_more_locks,
)
from battle_cluster.persistence.unit_of_work import Database, UnitOfWork
from battle_cluster.reconciliation.battle_diff import NO_DIFF
from battlescope_events.errors import PermanentError


async def apply_edit(edit_id: str, database: Database, now: datetime) -> None:
    """Apply an edit in one transaction; one that was applied before changes nothing.

    Raises:
        PermanentError: there is no such edit.
    """

    async def attempt(lock_keys: frozenset[int]) -> RegroupOutcome:
        async with database.unit_of_work() as uow:
            return await _apply(edit_id, lock_keys, uow, now)

    outcome = await retry_with_more_locks(frozenset(), attempt)
    database.cache.record_committed((), outcome.diff.changes)


async def _apply(edit_id: str, lock_keys: frozenset[int], uow: UnitOfWork, now: datetime) -> RegroupOutcome:
    edit = await uow.edits.find(edit_id)
    if edit is None:
        raise PermanentError(f"There is no edit {edit_id}.")
    if edit.applied_version >= edit.version:
        return RegroupOutcome(NO_DIFF)
    killmails = await uow.killmails.load(edit.killmail_ids)
    lock_keys |= lock_keys_for(killmails.values(), nearby=True)
    await uow.lock(lock_keys)
    config = await uow.clustering_config()
    killmails = await uow.killmails.load(edit.killmail_ids)  # their values may have changed before the lock
    request = RegroupRequest(
        cause=RevisionCause(CauseKind.EDIT, edit_id),
        killmails=killmails,
        stored_components=await uow.killmails.stored_components(killmails.keys()),
        rules=DetectionRules.from_configuration(config.window_minutes, config.gap_max_minutes, config.min_kills),
        edits=await uow.edits.active(config.edits_version),
    )
    outcome = await regroup(request, uow, now)
    await uow.edits.mark_applied(edit_id, edit.version)
    return outcome
