"""Creates and undoes edits: validates and stores them, and makes the events to enqueue in the same transaction."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final, NamedTuple
from uuid import UUID

from battle_api.domain.edit_conflicts import find_conflict
from battle_api.domain.rows import Battle
from battle_api.events import edit_requested
from battle_api.repositories.edits import EditRepository, NewEdit, Undo
from battle_api.rights import FEATURE
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
from battlescope_events.http_api.conditional import check_if_match, quoted
from battlescope_events.http_api.errors import ApiError
from battlescope_events.http_api.guard import Caller, Role
from battlescope_events.messages import Message

# An edit that is pending for longer has lost its event; it must not block further edits of the battle.
PENDING_EDIT_TIMEOUT: Final = timedelta(minutes=1)


async def check_revision(edits: EditRepository, battle: Battle, if_match: str, now: datetime) -> None:
    """Check that the author has seen the current revision and that no other edit is pending.

    The battle itself is not locked: killmails that arrive between this check and the commit are equivalent to killmails
    that arrive after the commit. An edit that battle-cluster applies meanwhile is no longer pending, so that the
    revision must be read after the pending edits: read before them, it would be the one that the author has seen.

    Raises:
        ApiError: the battle has changed, or a pending edit will change it (412); the header is malformed (400).
    """
    pending_id = await edits.find_pending(battle.id, now - PENDING_EDIT_TIMEOUT)
    revision = await edits.revision(battle.id)
    check_if_match(if_match, quoted(revision), f"The battle is at revision {revision}; load it again.")
    if pending_id is not None:
        raise ApiError(412, f"The edit {pending_id} is about to change the battle; load it again in a moment.")


class EditContext(NamedTuple):
    """An edit that is made or undone: who does it when, and the version of all edits that it makes."""

    edit_id: UUID
    caller: Caller
    version: int
    now: datetime


async def create(edits: EditRepository, battle: Battle, edit: EditRequest, context: EditContext) -> Message:
    """Store the edit; returns its event.

    Raises:
        ApiError: the edit refers to something outside the battle (400), or conflicts with an active edit (409).
    """
    killmail_ids, stored_data = await affected_killmails(edits, battle.id, edit), edit_data(edit)
    if isinstance(edit, Pin):
        stored_data |= await _companion(edits, battle.id, stored_data)
    conflict = find_conflict(edit.kind, killmail_ids, stored_data, await edits.active_on(killmail_ids))
    if conflict:
        raise ApiError(409, conflict)
    await edits.insert(
        NewEdit(
            id=context.edit_id,
            battle_id=battle.id,
            kind=edit.kind,
            killmail_ids=killmail_ids,
            data=stored_data,
            author=context.caller.author(edit.author),
            author_account_id=context.caller.account_id,
            author_character_id=context.caller.character_id,
            note=edit.note,
            made_at=context.now,
            version=context.version,
        )
    )
    return edit_requested(context.edit_id, battle.id, context.version, context.now)


async def _companion(edits: EditRepository, battle_id: UUID, pin: Mapping[str, Any]) -> dict[str, Any]:
    """The party beside which the pinned one is put: the numbers of sides change when another side becomes larger."""
    companion = await edits.companion(battle_id, pin)
    return {} if companion is None else {"beside": companion}


async def undo(edits: EditRepository, battle_id: UUID, stated_author: str, context: EditContext) -> Message:
    """Mark the edit as undone; returns its event.

    Raises:
        ApiError: the battle has no such edit (404), it is another author's (403), or it is already undone (409).
    """
    edit_id, caller = context.edit_id, context.caller
    edit = await edits.find_of_battle(battle_id, edit_id)
    if edit is None:
        raise ApiError(404, f"The battle {battle_id} has no edit {edit_id}.")
    if edit.author_account_id != caller.account_id and caller.rank(FEATURE) < Role.DIRECTOR:
        raise ApiError(403, "Only its author and directors may undo an edit.")
    undo = Undo(edit_id, caller.author(stated_author), caller.character_id, context.version, context.now)
    edited_battle_id = await edits.undo(undo)
    if edited_battle_id is None:
        raise ApiError(409, f"The edit {edit_id} is already undone.")
    return edit_requested(edit_id, edited_battle_id, context.version, context.now)


async def affected_killmails(edits: EditRepository, battle_id: UUID, edit: EditRequest) -> list[int]:
    """The killmails that the edit applies to; battle-cluster reclusters around them.

    Raises:
        ApiError: the edit refers to something outside the battle (400).
    """
    match edit:
        case Merge():
            return await _merged_killmails(edits, battle_id, edit)
        case Split():
            ids = [killmail_id for group in edit.groups for killmail_id in unique(group)]
            return await _check_members(edits, battle_id, ids)
        case Exclude():
            return await _check_members(edits, battle_id, unique(edit.killmail_ids))
        case RemovePilot():
            return await _check_pilot(edits, battle_id, edit)
        case Pin():
            return await _killmails_of_party(edits, battle_id, edit)
        case Rename():
            return await _first_killmails(edits, [battle_id])


async def _merged_killmails(edits: EditRepository, battle_id: UUID, edit: Merge) -> list[int]:
    """The killmails to hold together; the first one is the first killmail of this battle."""
    first_ids = await _first_killmails(edits, [battle_id, *dict.fromkeys(edit.battle_ids)])
    stored = await edits.stored(edit.killmail_ids)
    _reject_missing([i for i in edit.killmail_ids if i not in stored], "is unknown")
    killmail_ids = unique([*first_ids, *edit.killmail_ids])
    if len(killmail_ids) < 2:  # noqa: PLR2004  # nothing to hold together
        raise ApiError(400, "The tag names nothing except the battle's own first killmail.")
    if len(killmail_ids) > MAX_MERGED_KILLMAILS:
        limit = f"at most {MAX_MERGED_KILLMAILS} killmails, including the battle's first one"
        raise ApiError(400, f"A tag holds {limit}.")
    return killmail_ids


async def _first_killmails(edits: EditRepository, battle_ids: Sequence[UUID]) -> list[int]:
    """The first killmail of each battle; for a merged battle that of its survivor."""
    first_by_battle = await edits.first_killmails(battle_ids)
    missing = next((battle_id for battle_id in battle_ids if battle_id not in first_by_battle), None)
    if missing is not None:
        raise ApiError(400, f"There is no battle {missing}.")
    return [first_by_battle[battle_id] for battle_id in battle_ids]


async def _check_members(edits: EditRepository, battle_id: UUID, killmail_ids: list[int]) -> list[int]:
    """The same killmails, after a check that all of them are in the battle."""
    members = await edits.members(battle_id, killmail_ids)
    _reject_missing([i for i in killmail_ids if i not in members], "is not in this battle")
    return killmail_ids


def _reject_missing(missing: Sequence[int], problem: str) -> None:
    if missing:
        count = f" ({len(missing)} such killmails)" if len(missing) > 1 else ""
        raise ApiError(400, f"The killmail {missing[0]} {problem}{count}.")


async def _check_pilot(edits: EditRepository, battle_id: UUID, edit: RemovePilot) -> list[int]:
    """The killmail of the edit, after a check that the pilot is on it."""
    await _check_members(edits, battle_id, [edit.killmail_id])
    if not await edits.is_on_killmail(battle_id, edit.killmail_id, edit.character_id):
        raise ApiError(400, f"The pilot {edit.character_id} is not on the killmail {edit.killmail_id}.")
    return [edit.killmail_id]


async def _killmails_of_party(edits: EditRepository, battle_id: UUID, edit: Pin) -> list[int]:
    """The killmails of the party; of a faction, which killmails do not name, the battle's first and last killmail."""
    if not await edits.is_party(battle_id, edit.party_type, edit.party_id):
        raise ApiError(400, f"The {edit.party_type} {edit.party_id} is not a party of this battle.")
    killmail_ids = await edits.killmails_of_party(battle_id, edit.party_type, edit.party_id)
    if killmail_ids:
        return killmail_ids
    return unique([*await _first_killmails(edits, [battle_id]), await edits.last_killmail(battle_id)])
