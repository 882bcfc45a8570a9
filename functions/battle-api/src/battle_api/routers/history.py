"""Routes that read the edits and revisions of a battle."""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from battle_api.dependencies import Deps
from battle_api.repositories.battles import BattleRepository
from battle_api.repositories.edits import EditRepository
from battle_api.repositories.history import RevisionRepository
from battle_api.rights import READS_BATTLES
from battle_api.routers.merged_battles import HISTORY_RESPONSES
from battle_api.schemas.edits import EditItem, Edits, Revisions, edit_item, revision_item
from battle_api.services.battle_lookup import ensure_battle_existed
from battlescope_events.http_api.description import links
from battlescope_events.http_api.errors import ApiError
from battlescope_events.http_api.pagination import CursorFormat, page_of
from battlescope_events.http_api.request_types import WHOLE_NUMBER, CursorText, OffsetPage
from battlescope_events.http_api.responses import cacheable_response, current_response
from battlescope_events.http_api.routing import ApiRouter

MAX_AGE: Final = 30  # seconds
CURSOR: Final = CursorFormat("revision", tuple[Annotated[int, Field(ge=0, lt=2**31)], UUID])

_EDITS: Final[dict[int | str, dict[str, Any]]] = {
    **HISTORY_RESPONSES,
    200: {
        "links": links(
            {"edit": "get_edit_api_battles__battle_id__edits__edit_id__get"},
            battle_id="$response.body#/items/0/battleId",
            edit_id="$response.body#/items/0/id",
        )
    },
}
_REVISIONS: Final[dict[int | str, dict[str, Any]]] = {
    **HISTORY_RESPONSES,
    200: {
        "links": links(
            {"revision": "get_revision_api_battles__battle_id__revisions__revision__get"},
            battle_id="$request.path.battle_id",
            revision="$response.body#/items/0/revision",
        )
        | links(
            {"difference": "compare_revisions_api_battles__battle_id__revisions__revision__diff__other__get"},
            battle_id="$request.path.battle_id",
            revision="$response.body#/items/1/revision",
            other="$response.body#/items/0/revision",
        )
    },
}
router = ApiRouter(prefix="/api/battles", tags=["history"], dependencies=[READS_BATTLES])


class EditQuery(OffsetPage):
    limit: Annotated[int, Field(ge=1, le=50), WHOLE_NUMBER] = 20
    offset: Annotated[int, Field(ge=0, le=100_000), WHOLE_NUMBER] = 0


class RevisionQuery(BaseModel):
    limit: Annotated[int, Field(ge=1, le=100), WHOLE_NUMBER] = 20
    cursor: CursorText | None = None


@router.get("/{battle_id}/edits", response_model=Edits, responses=_EDITS)
async def list_edits(request: Request, battle_id: UUID, query: Annotated[EditQuery, Query()], deps: Deps) -> Response:
    """List edits of the battle, of battles merged into it, and edits that name its killmails; newest first."""
    async with deps.database.connection() as connection:
        await ensure_battle_existed(BattleRepository(connection), battle_id)
        edits = EditRepository(connection)
        page = await edits.page(battle_id, query.limit, query.offset)
        total = await edits.count(battle_id)
    items = [edit_item(edit) for edit in page]
    return current_response(request, Edits(items=items, total=total, limit=query.limit, offset=query.offset))


@router.get("/{battle_id}/edits/{edit_id}", response_model=EditItem, responses=HISTORY_RESPONSES)
async def get_edit(request: Request, battle_id: UUID, edit_id: UUID, deps: Deps) -> Response:
    """Get one edit; poll this route while its state is `pending`."""
    async with deps.database.connection() as connection:
        await ensure_battle_existed(BattleRepository(connection), battle_id)
        edit = await EditRepository(connection).find_of_battle(battle_id, edit_id)
    if edit is None:
        raise ApiError(404, f"The battle {battle_id} has no edit {edit_id}.")
    return current_response(request, edit_item(edit))


@router.get("/{battle_id}/revisions", response_model=Revisions, responses=_REVISIONS)
async def list_revisions(
    request: Request, battle_id: UUID, query: Annotated[RevisionQuery, Query()], deps: Deps
) -> Response:
    """List the changes and causes of all revisions, newest first; also for a deleted battle."""
    last_shown = CURSOR.decode(query.cursor)
    async with deps.database.connection() as connection:
        await ensure_battle_existed(BattleRepository(connection), battle_id)
        revisions = RevisionRepository(connection)
        rows = await revisions.page(battle_id, last_shown and last_shown[0], query.limit + 1)
    page, has_more = page_of(rows, query.limit)
    next_cursor = CURSOR.encode(page[-1].revision, battle_id) if has_more else None
    body = Revisions(items=[revision_item(row) for row in page], next_cursor=next_cursor, has_more=has_more)
    return cacheable_response(request, body, MAX_AGE)
