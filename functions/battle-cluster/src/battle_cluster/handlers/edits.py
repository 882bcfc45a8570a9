"""Applies what somebody decided about a battle, or took back: the mails it speaks of are grouped anew."""

from datetime import datetime

from battle_cluster.detection.rules import Rules
from battle_cluster.domain.battle import Cause, CauseKind
from battle_cluster.handlers.regroup import NOTHING, Found, Work, find, keep, locked_enough
from battle_cluster.persistence.lock_keys import at_stake, looked_at
from battle_cluster.persistence.unit_of_work import Store, Transaction
from battlescope_events.errors import Permanent


async def apply(edit_id: str, store: Store, now: datetime) -> None:
    """One transaction; an edit that was followed already changes nothing.

    Raises:
        Permanent: there is no such edit.
    """

    async def once(places: frozenset[int]) -> Found:
        async with store.transaction() as tx:
            return await _apply(edit_id, places, tx, now)

    found = await locked_enough(frozenset(), once)
    store.memory.remember((), found.difference.changes)


async def _apply(edit_id: str, places: frozenset[int], tx: Transaction, now: datetime) -> Found:
    edit = await tx.edit(edit_id)
    if edit is None:
        raise Permanent(f"There is no edit {edit_id}.")
    if edit.applied_version >= edit.version:
        return NOTHING
    mails = await tx.mails(edit.killmail_ids)
    places |= at_stake((kept.mail for kept in mails.values()), nearby=True)
    terms = await tx.lock(places, looked_at(places))
    work = Work(
        cause=Cause(CauseKind.EDIT, edit_id),
        arrived=mails,
        stored_in=await tx.filed(mails.keys()),
        rules=Rules.from_configuration(terms.window_minutes, terms.gap_max_minutes, terms.min_kills),
        edits=await tx.edits(terms.edits_version),
        places=places,
    )
    found = await find(work, tx)
    await keep(found, work, tx, now)
    await tx.edit_applied(edit_id, edit.version)
    return found
