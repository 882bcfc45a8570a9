"""Routes that create and undo manual edits of a battle; battle-cluster then reclusters it."""

from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Body, Header, HTTPException
from fastapi.responses import Response

from battle_api.domain.rows import Edit
from battle_api.http.auth import AUTH_RESPONSES, RequiresToken
from battle_api.http.dependencies import (
    ClockDep,
    DatabaseDep,
    NewIdDep,
    PublishDep,
    ensure_battle_existed,
    flush_outbox,
    require_battle,
    uncached_response,
    wait_until_done,
)
from battle_api.http.preconditions import parse_revision, parse_wait
from battle_api.repositories import edits as sql
from battle_api.repositories.session import Database, Session
from battle_api.schemas.edit_requests import EditRequest, UndoRequest
from battle_api.schemas.edits import EditItem, edit_item
from battle_api.services import edits

DEFAULT_WAIT_SECONDS: Final = 5

IfMatch = Annotated[
    str | None, Header(description='The revision of the battle that the client has seen, in quotes: "7".')
]
Prefer = Annotated[str | None, Header(description="`wait=N`: seconds to wait for the result (RFC 7240), at most 20.")]
_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    202: {"model": EditItem, "description": "The edit is stored; battle-cluster has not applied it yet."},
    **AUTH_RESPONSES,
    308: {"description": "The battle was merged; `Location` is the surviving battle."},
    409: {"description": "The edit conflicts with an active edit, or is already undone."},
    410: {"description": "The battle was deleted."},
    412: {"description": "The battle has changed, or a pending edit is about to change it."},
    428: {"description": "The header If-Match is missing."},
}
router = APIRouter(prefix="/api/battles", tags=["edits"], dependencies=[RequiresToken])


@router.post("/{battle_id}/edits", response_model=EditItem, responses=_RESPONSES)
async def make_edit(
    battle_id: UUID,
    edit: Annotated[EditRequest, Body()],
    *,
    database: DatabaseDep,
    clock: ClockDep,
    new_id: NewIdDep,
    publish: PublishDep,
    if_match: IfMatch = None,
    prefer: Prefer = None,
) -> Response:
    """Edit a battle. 200: battle-cluster has applied the edit. 202: the edit is stored and still pending."""
    edit_id, now = new_id(), clock()
    async with database.transaction() as session:
        version = await edits.next_version(session)
        battle = await require_battle(session, battle_id)
        if if_match is None:
            raise HTTPException(428, "An edit needs the header If-Match with the revision of the battle, in quotes.")
        await edits.check_revision(session, battle, parse_revision(if_match), now)
        await edits.create(session, battle, edit, edit_id=edit_id, version=version, now=now)
    await flush_outbox(database, publish)
    return await _edit_response(database, battle_id, edit_id, prefer)


@router.delete("/{battle_id}/edits/{edit_id}", response_model=EditItem, responses=_RESPONSES)
async def undo_edit(
    battle_id: UUID,
    edit_id: UUID,
    *,
    database: DatabaseDep,
    clock: ClockDep,
    publish: PublishDep,
    undo: Annotated[UndoRequest | None, Body()] = None,
    if_match: IfMatch = None,
    prefer: Prefer = None,
) -> Response:
    """Undo an edit, also one that has deleted its battle."""
    now = clock()
    async with database.transaction() as session:
        version = await edits.next_version(session)
        await _check_if_match(session, battle_id, if_match, now)
        author = (undo or UndoRequest()).author
        await edits.undo(session, battle_id, edit_id, author=author, version=version, now=now)
    await flush_outbox(database, publish)
    return await _edit_response(database, battle_id, edit_id, prefer)


async def _check_if_match(session: Session, battle_id: UUID, if_match: str | None, now: datetime) -> None:
    if if_match is None:
        await ensure_battle_existed(session, battle_id)
    else:
        battle = await require_battle(session, battle_id)
        await edits.check_revision(session, battle, parse_revision(if_match), now)


async def _edit_response(database: Database, battle_id: UUID, edit_id: UUID, prefer: str | None) -> Response:
    seconds = parse_wait(prefer, DEFAULT_WAIT_SECONDS)

    async def load() -> Edit:
        async with database.session() as session:
            (row,) = await session.rows(Edit, sql.EDIT_BY_ID, {"edit": edit_id})
        return row

    edit = await wait_until_done(load, seconds)
    location = f"/api/battles/{battle_id}/edits/{edit_id}"
    status = 200 if edit.is_finished else 202
    return uncached_response(edit_item(edit), status, location=location, preference_applied=f"wait={seconds}")
