"""The routes by which people decide about a battle, and take it back. battle-cluster then computes it anew."""

from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Body, Header, HTTPException
from fastapi.responses import Response

from battle_api.domain.rows import Edit as Kept
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
from battle_api.repositories import edits as edit_store
from battle_api.repositories.session import Database, Session
from battle_api.schemas.edit_requests import EditRequest, UndoRequest
from battle_api.schemas.edits import EditItem, edit_item
from battle_api.services import edits

DEFAULT_WAIT_SECONDS: Final = 5

IfMatch = Annotated[str | None, Header(description='The revision of the battle that was looked at, in quotes: "7".')]
Prefer = Annotated[str | None, Header(description="`wait=N`: seconds to wait until it is applied (RFC 7240).")]
_RESPONSES: Final[dict[int | str, dict[str, Any]]] = {
    202: {"model": EditItem, "description": "Kept; battles are computed with it soon."},
    **AUTH_RESPONSES,
    308: {"description": "The battle was merged; its survivor is at the location."},
    409: {"description": "It contradicts an edit that holds, or is undone already."},
    410: {"description": "The battle was deleted."},
    412: {"description": "The battle is another one by now, or an edit is about to change it."},
    428: {"description": "The header If-Match is missing."},
}
router = APIRouter(prefix="/api/battles", tags=["editing"], dependencies=[RequiresToken])


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
    """Decide about a battle: 200 when battles are computed with it, 202 when that takes longer than one waits."""
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
    """Take an edit back, also one that left nothing of its battle."""
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
        await edits.check_revision(session, await require_battle(session, battle_id), parse_revision(if_match), now)


async def _edit_response(database: Database, battle_id: UUID, edit_id: UUID, prefer: str | None) -> Response:
    seconds = parse_wait(prefer, DEFAULT_WAIT_SECONDS)

    async def load() -> Kept:
        async with database.session() as reading:
            (edit_row,) = await reading.rows(Kept, edit_store.EDIT_BY_ID, {"edit": edit_id})
        return edit_row

    edit_row = await wait_until_done(load, seconds)
    place = f"/api/battles/{battle_id}/edits/{edit_id}"
    status = 200 if edit_row.is_finished else 202
    return uncached_response(edit_item(edit_row), status, location=place, preference_applied=f"wait={seconds}")
