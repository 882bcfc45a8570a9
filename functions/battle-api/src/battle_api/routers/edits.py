"""The routes by which people decide about a battle, and take it back. battle-cluster then computes it anew."""

from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Body, Header, HTTPException
from fastapi.responses import Response

from battle_api.domain.rows import Edit as Kept
from battle_api.http.auth import REFUSALS, Writer
from battle_api.http.dependencies import (
    ClockDep,
    NewIdDep,
    PublishDep,
    StoreDep,
    found,
    found_or_gone,
    tell,
    uncached,
    wait_until_done,
)
from battle_api.http.preconditions import revision, wait
from battle_api.repositories import edits as edit_store
from battle_api.repositories.session import Session, Store
from battle_api.schemas.edit_requests import Edit, Undo
from battle_api.schemas.edits import EditItem, edit_item
from battle_api.services import edits

WAIT_SECONDS: Final = 5

IfMatch = Annotated[str | None, Header(description='The revision of the battle that was looked at, in quotes: "7".')]
Prefer = Annotated[str | None, Header(description="`wait=N`: seconds to wait until it is applied (RFC 7240).")]
_ANSWERS: Final[dict[int | str, dict[str, Any]]] = {
    202: {"model": EditItem, "description": "Kept; battles are computed with it soon."},
    **REFUSALS,
    308: {"description": "The battle was merged; its survivor is at the location."},
    409: {"description": "It contradicts an edit that holds, or is undone already."},
    410: {"description": "The battle was deleted."},
    412: {"description": "The battle is another one by now, or an edit is about to change it."},
    428: {"description": "The header If-Match is missing."},
}
router = APIRouter(prefix="/api/battles", tags=["editing"], dependencies=[Writer])


@router.post("/{battle_id}/edits", response_model=EditItem, responses=_ANSWERS)
async def make_edit(
    battle_id: UUID,
    edit: Annotated[Edit, Body()],
    *,
    battles: StoreDep,
    clock: ClockDep,
    new_id: NewIdDep,
    publish: PublishDep,
    if_match: IfMatch = None,
    prefer: Prefer = None,
) -> Response:
    """Decide about a battle: 200 when battles are computed with it, 202 when that takes longer than one waits."""
    edit_id, now = new_id(), clock()
    async with battles.writing() as writing:
        version = await edits.next_version(writing)
        battle = await found(writing, battle_id)
        if if_match is None:
            raise HTTPException(428, "An edit needs the header If-Match with the revision of the battle, in quotes.")
        await edits.check_unchanged(writing, battle, revision(if_match), now)
        await edits.make(writing, battle, edit, edit_id=edit_id, version=version, now=now)
    await tell(battles, publish)
    return await _answered(battles, battle_id, edit_id, prefer)


@router.delete("/{battle_id}/edits/{edit_id}", response_model=EditItem, responses=_ANSWERS)
async def undo_edit(
    battle_id: UUID,
    edit_id: UUID,
    *,
    battles: StoreDep,
    clock: ClockDep,
    publish: PublishDep,
    undo: Annotated[Undo | None, Body()] = None,
    if_match: IfMatch = None,
    prefer: Prefer = None,
) -> Response:
    """Take an edit back, also one that left nothing of its battle."""
    now = clock()
    async with battles.writing() as writing:
        version = await edits.next_version(writing)
        await _check_seen(writing, battle_id, if_match, now)
        author = (undo or Undo()).author
        await edits.undo(writing, battle_id, edit_id, author=author, version=version, now=now)
    await tell(battles, publish)
    return await _answered(battles, battle_id, edit_id, prefer)


async def _check_seen(writing: Session, battle_id: UUID, if_match: str | None, now: datetime) -> None:
    if if_match is None:
        await found_or_gone(writing, battle_id)
    else:
        await edits.check_unchanged(writing, await found(writing, battle_id), revision(if_match), now)


async def _answered(battles: Store, battle_id: UUID, edit_id: UUID, prefer: str | None) -> Response:
    seconds = wait(prefer, WAIT_SECONDS)

    async def look() -> Kept:
        async with battles.reading() as reading:
            (kept,) = await reading.rows(Kept, edit_store.BY_ID, {"edit": edit_id})
        return kept

    kept = await wait_until_done(look, seconds)
    place = f"/api/battles/{battle_id}/edits/{edit_id}"
    status = 200 if kept.is_settled else 202
    return uncached(edit_item(kept), status, location=place, preference_applied=f"wait={seconds}")
