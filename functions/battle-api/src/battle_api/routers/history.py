"""Routes that read the edits and revisions of a battle."""

from typing import Annotated, Final
from uuid import UUID

from fastapi import APIRouter, HTTPException, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from battle_api.domain.pagination import Cursor, InvalidCursor
from battle_api.domain.rows import Edit, Revision
from battle_api.http.dependencies import DatabaseDep, cacheable_response, ensure_battle_existed, uncached_response
from battle_api.repositories import edits as edit_sql
from battle_api.repositories import history
from battle_api.schemas.edits import EditItem, Edits, Revisions, edit_item, revision_item

MAX_AGE: Final = 30  # seconds
NEWEST_FIRST: Final = "revision"

router = APIRouter(prefix="/api/battles", tags=["history"])


class EditQuery(BaseModel):
    limit: Annotated[int, Field(ge=1, le=50)] = 20
    offset: Annotated[int, Field(ge=0, le=100_000)] = 0


class RevisionQuery(BaseModel):
    limit: Annotated[int, Field(ge=1, le=100)] = 20
    cursor: Annotated[str | None, Field(max_length=500)] = None


@router.get("/{battle_id}/edits", response_model=Edits)
async def list_edits(battle_id: UUID, query: Annotated[EditQuery, Query()], database: DatabaseDep) -> Response:
    """List edits of the battle, of battles merged into it, and edits that name its killmails; newest first."""
    params = {"id": battle_id, **query.model_dump()}
    async with database.session() as session:
        await ensure_battle_existed(session, battle_id)
        edits = await session.rows(Edit, edit_sql.PAGE, params)
        total = await session.scalar(edit_sql.COUNT, params)
    items = [edit_item(edit) for edit in edits]
    return uncached_response(Edits(items=items, total=total, limit=query.limit, offset=query.offset))


@router.get("/{battle_id}/edits/{edit_id}", response_model=EditItem)
async def get_edit(battle_id: UUID, edit_id: UUID, database: DatabaseDep) -> Response:
    """Get one edit; poll this route while its state is `pending`."""
    async with database.session() as session:
        await ensure_battle_existed(session, battle_id)
        edit = await session.row(Edit, edit_sql.EDIT, {"id": battle_id, "edit": edit_id})
    if edit is None:
        raise HTTPException(404, f"The battle {battle_id} has no edit {edit_id}.")
    return uncached_response(edit_item(edit))


@router.get("/{battle_id}/revisions", response_model=Revisions)
async def list_revisions(
    request: Request, battle_id: UUID, query: Annotated[RevisionQuery, Query()], database: DatabaseDep
) -> Response:
    """List the changes and causes of all revisions, newest first; also for a deleted battle."""
    params = {"id": battle_id, "before": _before(query.cursor), "limit": query.limit + 1}
    async with database.session() as session:
        await ensure_battle_existed(session, battle_id)
        rows = await session.rows(Revision, history.REVISIONS, params)
    page, has_more = rows[: query.limit], len(rows) > query.limit
    next_cursor = str(Cursor(NEWEST_FIRST, str(page[-1].revision), str(battle_id))) if has_more else None
    body = Revisions(items=[revision_item(row) for row in page], next_cursor=next_cursor, has_more=has_more)
    return cacheable_response(request, body, MAX_AGE)


def _before(cursor: str | None) -> int | None:
    """The revision that the page ends before.

    Raises:
        InvalidCursor: the value of the cursor is not a revision.
    """
    if cursor is None:
        return None
    value = Cursor.parse(cursor, NEWEST_FIRST).value
    if not (value.isascii() and value.isdigit() and len(value) < 10):  # noqa: PLR2004  # fits PostgreSQL's integer
        raise InvalidCursor("The cursor is invalid.")
    return int(value)
