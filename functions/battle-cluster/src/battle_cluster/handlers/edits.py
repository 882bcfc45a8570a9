"""Applies what somebody decided about a battle, or took back: the mails it speaks of are grouped anew."""

from datetime import datetime

from battle_cluster.detection.rules import DetectionRules
from battle_cluster.domain.battle import CauseKind, RevisionCause
from battle_cluster.handlers.regroup import (
    NOTHING,
    RegroupOutcome,
    RegroupRequest,
    compute_changes,
    retry_with_more_locks,
    save_changes,
)
from battle_cluster.persistence.lock_keys import lock_keys_for, shared_lock_keys
from battle_cluster.persistence.unit_of_work import Database, UnitOfWork
from battlescope_events.errors import PermanentError


async def apply(edit_id: str, store: Database, now: datetime) -> None:
    """One transaction; an edit that was followed already changes nothing.

    Raises:
        PermanentError: there is no such edit.
    """

    async def once(places: frozenset[int]) -> RegroupOutcome:
        async with store.transaction() as tx:
            return await _apply(edit_id, places, tx, now)

    found = await retry_with_more_locks(frozenset(), once)
    store.memory.remember((), found.difference.changes)


async def _apply(edit_id: str, places: frozenset[int], tx: UnitOfWork, now: datetime) -> RegroupOutcome:
    edit = await tx.edit(edit_id)
    if edit is None:
        raise PermanentError(f"There is no edit {edit_id}.")
    if edit.applied_version >= edit.version:
        return NOTHING
    mails = await tx.mails(edit.killmail_ids)
    places |= lock_keys_for((kept.mail for kept in mails.values()), nearby=True)
    terms = await tx.lock(places, shared_lock_keys(places))
    work = RegroupRequest(
        cause=RevisionCause(CauseKind.EDIT, edit_id),
        arrived=mails,
        stored_in=await tx.stored_components(mails.keys()),
        rules=DetectionRules.from_configuration(terms.window_minutes, terms.gap_max_minutes, terms.min_kills),
        edits=await tx.edits(terms.edits_version),
        places=places,
    )
    found = await compute_changes(work, tx)
    await save_changes(found, work, tx, now)
    await tx.edit_applied(edit_id, edit.version)
    return found
