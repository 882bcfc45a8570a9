"""The route that exports a battle as a file."""

from enum import StrEnum
from http import HTTPStatus
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Query, Request
from fastapi.responses import Response
from pydantic import BaseModel

from battle_api.dependencies import Dependencies, Deps
from battle_api.domain.rows import Battle
from battle_api.presenters.battle_detail import battle_detail
from battle_api.presenters.export import killmails_csv
from battle_api.presenters.killmails import killmail_items, killmail_name_keys, pods
from battle_api.repositories.battle_rows import BattleRowRepository
from battle_api.repositories.battles import BattleRepository
from battle_api.repositories.killmails import KillmailRepository
from battle_api.rights import READS_BATTLES
from battle_api.routers.battles import MAX_IN_TIMELINE, max_age
from battle_api.routers.merged_battles import BATTLE_RESPONSES
from battle_api.schemas.battles import BattleDetail
from battle_api.services.battle_detail import load_detail
from battle_api.services.battle_lookup import require_battle
from battlescope_events.http_api.responses import cacheable_content, without_controls
from battlescope_events.http_api.routing import ApiRouter

router = ApiRouter(prefix="/api/battles", tags=["exports"], dependencies=[READS_BATTLES])
_FILE: Final[dict[int | str, dict[str, Any]]] = {
    **BATTLE_RESPONSES,
    200: {
        "description": "The file: the detail of the battle as JSON, or its killmails as CSV.",
        "content": {"text/csv": {"schema": {"type": "string"}}},
        "headers": {"Content-Disposition": {"description": "The name of the file.", "schema": {"type": "string"}}},
    },
}


_JSON: Final = "application/json"


class ExportFormat(StrEnum):
    JSON = "json"
    CSV = "csv"


class ExportQuery(BaseModel):
    format: ExportFormat = ExportFormat.JSON


@router.get("/{battle_id}/export", response_model=BattleDetail, responses=_FILE)
async def export_battle(
    request: Request, battle_id: UUID, query: Annotated[ExportQuery, Query()], deps: Deps
) -> Response:
    """Export a battle as a file: everything as JSON, or up to 5,000 killmails as CSV."""
    async with deps.database.connection() as connection:
        battle = await require_battle(BattleRepository(connection), battle_id)
    if query.format is ExportFormat.JSON:
        content, media_type = without_controls(battle_detail(*await load_detail(deps.database, battle))), _JSON
    else:
        content, media_type = await _csv(deps, battle), "text/csv; charset=utf-8"
    response = cacheable_content(request, content, max_age(battle), media_type)
    if response.status_code == HTTPStatus.OK:
        response.headers["content-disposition"] = f'attachment; filename="battle-{battle.id}.{query.format}"'
    return response


async def _csv(deps: Dependencies, battle: Battle) -> bytes:
    async with deps.database.connection() as connection:
        killmails = await KillmailRepository(connection).in_time(battle.id, MAX_IN_TIMELINE)
        names = await BattleRowRepository(connection).names(killmail_name_keys(killmails))
    return killmails_csv(*killmail_items(killmails, names, pods(killmails, names)))
