"""How an edit is made and taken back: looked at, kept and said in one transaction."""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from fastapi import HTTPException

from battle_api.domain.rows import Battle
from battle_api.domain.rows import Edit as Kept
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

# Longer than that nobody waits for the other one's edit: its event is lost, and must not close the battle to all.
PENDING_EDIT_TIMEOUT: Final = timedelta(minutes=1)


async def next_version(session: Session) -> int:
    """The number of the change that begins here. From now on nobody else writes until it is committed."""
    return await session.scalar(sql.NEXT_VERSION, {})


async def check_revision(session: Session, battle: Battle, revision: int, now: datetime) -> None:
    """Whether the author saw the battle as it is.

    No lock on the battle: mails that come between this look and the commit are no other than those that come after.

    Raises:
        HTTPException: it is another one by now, or is about to be (412).
    """
    if battle.revision != revision:
        said = f"The battle is at revision {battle.revision} by now, not {revision}; look at it again."
        raise HTTPException(412, said)
    other = await session.scalar(sql.PENDING_EDIT, {"id": battle.id, "since": now - PENDING_EDIT_TIMEOUT})
    if other is not None:
        raise HTTPException(412, f"The edit {other} is about to change the battle; look at it again in a moment.")


async def create(
    session: Session, battle: Battle, edit: EditRequest, *, edit_id: UUID, version: int, now: datetime
) -> None:
    """Keep the edit and what is to be said of it.

    Raises:
        HTTPException: it speaks of what is not in the battle (400), or contradicts an edit that holds (409).
    """
    killmail_ids, said = await affected_killmails(session, battle.id, edit), edit_data(edit)
    active_edits = await session.rows(ActiveEdit, sql.ACTIVE_BY_KILLMAILS, {"killmail_ids": killmail_ids})
    conflict = find_conflict(edit.kind, killmail_ids, said, active_edits)
    if conflict:
        raise HTTPException(409, conflict)
    row: dict[str, Any] = {"id": battle.id, "kind": edit.kind, "killmail_ids": killmail_ids, "data": json.dumps(said)}
    row |= {"edit": edit_id, "author": edit.author, "note": edit.note, "now": now, "version": version}
    await session.plain(sql.INSERT, row)
    await outbox.enqueue(session, edit_requested(edit_id, battle.id, version, now))


async def undo(session: Session, battle_id: UUID, edit_id: UUID, *, author: str, version: int, now: datetime) -> None:
    """Take the edit back, and say so.

    Raises:
        HTTPException: the battle has no such edit (404), or it is undone already (409).
    """
    if await session.row(Kept, sql.EDIT, {"id": battle_id, "edit": edit_id}) is None:
        raise HTTPException(404, f"The battle {battle_id} has no edit {edit_id}.")
    edited_battle_id = await session.scalar(
        sql.UNDO, {"edit": edit_id, "author": author, "version": version, "now": now}
    )
    if edited_battle_id is None:
        raise HTTPException(409, f"The edit {edit_id} is undone already.")
    await outbox.enqueue(session, edit_requested(edit_id, edited_battle_id, version, now))


async def affected_killmails(session: Session, battle_id: UUID, edit: EditRequest) -> list[int]:
    """The killmails that the edit speaks of."""
    match edit:
        case Merge():
            return await _merged_killmails(session, battle_id, edit)
        case Split():
            return await _check_members(session, battle_id, [one for group in edit.groups for one in unique(group)])
        case Exclude():
            return await _check_members(session, battle_id, unique(edit.killmail_ids))
        case RemovePilot():
            return await _check_pilot(session, battle_id, edit)
        case Pin():
            return await _killmails_of_party(session, battle_id, edit)
        case Rename():
            return await _first_killmails(session, [battle_id])


async def _merged_killmails(session: Session, battle_id: UUID, edit: Merge) -> list[int]:
    """A chain that begins with this battle's first mail."""
    first = await _first_killmails(session, [battle_id, *dict.fromkeys(edit.battle_ids)])
    known = {row[0] for row in await session.plain(sql.STORED_KILLMAILS, {"killmail_ids": edit.killmail_ids})}
    _reject_missing([one for one in edit.killmail_ids if one not in known], "is not known")
    held = unique([*first, *edit.killmail_ids])
    if len(held) < 2:  # noqa: PLR2004  # one alone is not held together
        raise HTTPException(400, "The tag names nothing beside the battle's own first killmail.")
    if len(held) > MAX_MERGED_KILLMAILS:
        raise HTTPException(
            400, f"A tag holds at most {MAX_MERGED_KILLMAILS} killmails, the battle's first one included."
        )
    return held


async def _first_killmails(session: Session, battle_ids: Sequence[UUID]) -> list[int]:
    """The first killmail of each battle, and of the survivor where one was merged."""
    first = dict(await session.plain(sql.FIRST_KILLMAILS, {"ids": list(battle_ids)}))
    missing = next((one for one in battle_ids if one not in first), None)
    if missing is not None:
        raise HTTPException(400, f"There is no battle {missing}.")
    return [first[one] for one in battle_ids]


async def _check_members(session: Session, battle_id: UUID, killmail_ids: list[int]) -> list[int]:
    found = await session.plain(sql.MEMBERS, {"id": battle_id, "killmail_ids": killmail_ids})
    members = {row[0] for row in found}
    _reject_missing([one for one in killmail_ids if one not in members], "is not in this battle")
    return killmail_ids


def _reject_missing(missing: Sequence[int], problem: str) -> None:
    if missing:
        more = f" ({len(missing)} such killmails)" if len(missing) > 1 else ""
        raise HTTPException(400, f"The killmail {missing[0]} {problem}{more}.")


async def _check_pilot(session: Session, battle_id: UUID, edit: RemovePilot) -> list[int]:
    await _check_members(session, battle_id, [edit.killmail_id])
    params = {"id": battle_id, "killmail_id": edit.killmail_id, "character_id": edit.character_id}
    if await session.scalar(sql.IS_ON_KILLMAIL, params) is None:
        raise HTTPException(400, f"The pilot {edit.character_id} is not on the killmail {edit.killmail_id}.")
    return [edit.killmail_id]


async def _killmails_of_party(session: Session, battle_id: UUID, edit: Pin) -> list[int]:
    """All mails of the party; mails name no factions, so for those the first and the last one stand for the battle."""
    params = {"id": battle_id, "party_type": edit.party_type, "party_id": edit.party_id}
    if await session.scalar(sql.IS_PARTY, params) is None:
        raise HTTPException(400, f"The {edit.party_type} {edit.party_id} is no party of this battle.")
    own = [row[0] for row in await session.plain(sql.KILLMAILS_OF_PARTY, params)]
    return own or unique(
        [*await _first_killmails(session, [battle_id]), await session.scalar(sql.LAST_KILLMAIL, {"id": battle_id})]
    )
