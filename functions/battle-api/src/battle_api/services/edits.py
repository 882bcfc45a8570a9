"""Creates and undoes edits: validates them, stores them and enqueues their events in one transaction."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from fastapi import HTTPException

from battle_api.domain.rows import Battle, Edit
from battle_api.events import edit_requested
from battle_api.repositories import edits as sql
from battle_api.repositories import outbox
from battle_api.repositories.session import Session
from battle_api.schemas.edit_requests import (
    MAX_MERGED_KILLMAILS,
    EditRequest,
    Exclude,
    Merge,
    Pin,
    RemovePilot,
    Rename,
    Split,
    edit_data,
    unique,
)
from battle_api.services.edit_conflicts import ActiveEdit, find_conflict

# An edit that is pending for longer has lost its event; it must not block further edits of the battle.
PENDING_EDIT_TIMEOUT: Final = timedelta(minutes=1)


async def next_version(session: Session) -> int:
    """Increment and return the version of all edits. Locks out other writers until the transaction ends."""
    return await session.scalar(sql.NEXT_VERSION, {})


async def check_revision(session: Session, battle: Battle, revision: int, now: datetime) -> None:
    """Check that the author has seen the current revision and that no other edit is pending.

    The battle itself is not locked: killmails that arrive between this check and the commit are equivalent to killmails
    that arrive after the commit.

    Raises:
        HTTPException: the battle has changed, or a pending edit will change it (412).
    """
    if battle.revision != revision:
        message = f"The battle is at revision {battle.revision}, not {revision}; load it again."
        raise HTTPException(412, message)
    pending_id = await session.scalar(sql.PENDING_EDIT, {"id": battle.id, "since": now - PENDING_EDIT_TIMEOUT})
    if pending_id is not None:
        raise HTTPException(412, f"The edit {pending_id} is about to change the battle; load it again in a moment.")


async def create(
    session: Session, battle: Battle, edit: EditRequest, *, edit_id: UUID, version: int, now: datetime
) -> None:
    """Store the edit and enqueue its event.

    Raises:
        HTTPException: the edit refers to something outside the battle (400), or conflicts with an active edit (409).
    """
    killmail_ids, stored_data = await affected_killmails(session, battle.id, edit), edit_data(edit)
    active_edits = await session.rows(ActiveEdit, sql.ACTIVE_BY_KILLMAILS, {"killmail_ids": killmail_ids})
    conflict = find_conflict(edit.kind, killmail_ids, stored_data, active_edits)
    if conflict:
        raise HTTPException(409, conflict)
    row: dict[str, Any] = {"id": battle.id, "kind": edit.kind, "killmail_ids": killmail_ids}
    row |= {"data": json.dumps(stored_data), "edit": edit_id, "author": edit.author, "note": edit.note}
    await session.execute(sql.INSERT, row | {"now": now, "version": version})
    await outbox.enqueue(session, edit_requested(edit_id, battle.id, version, now))


async def undo(session: Session, battle_id: UUID, edit_id: UUID, *, author: str, version: int, now: datetime) -> None:
    """Mark the edit as undone and enqueue its event.

    Raises:
        HTTPException: the battle has no such edit (404), or the edit is already undone (409).
    """
    if await session.row(Edit, sql.EDIT, {"id": battle_id, "edit": edit_id}) is None:
        raise HTTPException(404, f"The battle {battle_id} has no edit {edit_id}.")
    params = {"edit": edit_id, "author": author, "version": version, "now": now}
    edited_battle_id = await session.scalar(sql.UNDO, params)
    if edited_battle_id is None:
        raise HTTPException(409, f"The edit {edit_id} is already undone.")
    await outbox.enqueue(session, edit_requested(edit_id, edited_battle_id, version, now))


async def affected_killmails(session: Session, battle_id: UUID, edit: EditRequest) -> list[int]:
    """The killmails that the edit applies to; battle-cluster reclusters around them.

    Raises:
        HTTPException: the edit refers to something outside the battle (400).
    """
    match edit:
        case Merge():
            return await _merged_killmails(session, battle_id, edit)
        case Split():
            ids = [killmail_id for group in edit.groups for killmail_id in unique(group)]
            return await _check_members(session, battle_id, ids)
        case Exclude():
            return await _check_members(session, battle_id, unique(edit.killmail_ids))
        case RemovePilot():
            return await _check_pilot(session, battle_id, edit)
        case Pin():
            return await _killmails_of_party(session, battle_id, edit)
        case Rename():
            return await _first_killmails(session, [battle_id])


async def _merged_killmails(session: Session, battle_id: UUID, edit: Merge) -> list[int]:
    """The killmails to hold together; the first one is the first killmail of this battle."""
    first_ids = await _first_killmails(session, [battle_id, *dict.fromkeys(edit.battle_ids)])
    stored = {row[0] for row in await session.execute(sql.STORED_KILLMAILS, {"killmail_ids": edit.killmail_ids})}
    _reject_missing([i for i in edit.killmail_ids if i not in stored], "is unknown")
    killmail_ids = unique([*first_ids, *edit.killmail_ids])
    if len(killmail_ids) < 2:  # noqa: PLR2004  # nothing to hold together
        raise HTTPException(400, "The tag names nothing except the battle's own first killmail.")
    if len(killmail_ids) > MAX_MERGED_KILLMAILS:
        limit = f"at most {MAX_MERGED_KILLMAILS} killmails, including the battle's first one"
        raise HTTPException(400, f"A tag holds {limit}.")
    return killmail_ids


async def _first_killmails(session: Session, battle_ids: Sequence[UUID]) -> list[int]:
    """The first killmail of each battle; for a merged battle that of its survivor."""
    first_by_battle = dict(await session.execute(sql.FIRST_KILLMAILS, {"ids": list(battle_ids)}))
    missing = next((battle_id for battle_id in battle_ids if battle_id not in first_by_battle), None)
    if missing is not None:
        raise HTTPException(400, f"There is no battle {missing}.")
    return [first_by_battle[battle_id] for battle_id in battle_ids]


async def _check_members(session: Session, battle_id: UUID, killmail_ids: list[int]) -> list[int]:
    """The same killmails, after a check that all of them are in the battle."""
    rows = await session.execute(sql.MEMBERS, {"id": battle_id, "killmail_ids": killmail_ids})
    members = {row[0] for row in rows}
    _reject_missing([i for i in killmail_ids if i not in members], "is not in this battle")
    return killmail_ids


def _reject_missing(missing: Sequence[int], problem: str) -> None:
    if missing:
        count = f" ({len(missing)} such killmails)" if len(missing) > 1 else ""
        raise HTTPException(400, f"The killmail {missing[0]} {problem}{count}.")


async def _check_pilot(session: Session, battle_id: UUID, edit: RemovePilot) -> list[int]:
    """The killmail of the edit, after a check that the pilot is on it."""
    await _check_members(session, battle_id, [edit.killmail_id])
    params = {"id": battle_id, "killmail_id": edit.killmail_id, "character_id": edit.character_id}
    if await session.scalar(sql.IS_ON_KILLMAIL, params) is None:
        raise HTTPException(400, f"The pilot {edit.character_id} is not on the killmail {edit.killmail_id}.")
    return [edit.killmail_id]


async def _killmails_of_party(session: Session, battle_id: UUID, edit: Pin) -> list[int]:
    """The killmails of the party; of a faction, which killmails do not name, the battle's first and last killmail."""
    params = {"id": battle_id, "party_type": edit.party_type, "party_id": edit.party_id}
    if await session.scalar(sql.IS_PARTY, params) is None:
        raise HTTPException(400, f"The {edit.party_type} {edit.party_id} is not a party of this battle.")
    killmail_ids = [row[0] for row in await session.execute(sql.KILLMAILS_OF_PARTY, params)]
    if killmail_ids:
        return killmail_ids
    last_id = await session.scalar(sql.LAST_KILLMAIL, {"id": battle_id})
    return unique([*await _first_killmails(session, [battle_id]), last_id])
