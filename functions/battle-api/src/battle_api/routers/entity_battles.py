"""Routes that list the battles of an alliance, a corporation, a pilot, a system or a region."""

from typing import Annotated, Any

from fastapi import Path, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field, model_validator

from battle_api.dependencies import Deps
from battle_api.rights import READS_BATTLES
from battle_api.routers.battles import LIST_MAX_AGE
from battle_api.routers.merged_battles import KEPT
from battle_api.schemas.battle_list import BattleList, Tier
from battle_api.schemas.battle_query import BattleQuery, SortBy, SortOrder
from battle_api.services.battle_lists import list_body
from battlescope_events.http_api.request_types import WHOLE_NUMBER, CursorText, QueryId, RequestTime, check_order
from battlescope_events.http_api.responses import json_content
from battlescope_events.http_api.routing import ApiRouter
from battlescope_events.http_cache.response_cache import EVERYTHING, Rendered
from battlescope_events.http_cache.routing import KeptRoute
from battlescope_schemas.universe import SecurityType

router = ApiRouter(prefix="/api", tags=["battles"], dependencies=[READS_BATTLES], route_class=KeptRoute)
EntityId = Annotated[QueryId, Path()]


class EntityBattleQuery(BaseModel):
    """Filters of the battles of an entity, as in `GET /api/battles`."""

    security_type: Annotated[list[SecurityType], Field(max_length=5)] = []
    start_time_after: RequestTime | None = None
    start_time_before: RequestTime | None = None
    min_tier: Tier | None = None
    limit: Annotated[int, Field(ge=1, le=100), WHOLE_NUMBER] = 20
    cursor: CursorText | None = None
    sort_by: SortBy = SortBy.START_TIME
    sort_order: SortOrder = SortOrder.DESC

    @model_validator(mode="after")
    def _check_times(self) -> "EntityBattleQuery":
        check_order(self, [("start_time_after", "start_time_before")])
        return self


EntityQuery = Annotated[EntityBattleQuery, Query()]


async def _list(request: Request, query: EntityBattleQuery, deps: Deps, **entity: Any) -> Response:
    async def render() -> Rendered:
        async with deps.database.connection() as connection:
            body = await list_body(connection, BattleQuery(**dict(query), **entity), deps.clock())
        return Rendered(json_content(body), LIST_MAX_AGE)

    return await deps.responses.answer(request, [EVERYTHING], render)


@router.get("/alliances/{entity_id}/battles", response_model=BattleList, responses=KEPT)
async def list_battles_of_alliance(request: Request, entity_id: EntityId, query: EntityQuery, deps: Deps) -> Response:
    """List the battles in which the alliance took part."""
    return await _list(request, query, deps, alliance_id=[entity_id])


@router.get("/corporations/{entity_id}/battles", response_model=BattleList, responses=KEPT)
async def list_battles_of_corporation(
    request: Request, entity_id: EntityId, query: EntityQuery, deps: Deps
) -> Response:
    """List the battles in which pilots of the corporation took part."""
    return await _list(request, query, deps, corp_id=[entity_id])


@router.get("/characters/{entity_id}/battles", response_model=BattleList, responses=KEPT)
async def list_battles_of_character(request: Request, entity_id: EntityId, query: EntityQuery, deps: Deps) -> Response:
    """List the battles in which the pilot took part."""
    return await _list(request, query, deps, character_id=[entity_id])


@router.get("/systems/{entity_id}/battles", response_model=BattleList, responses=KEPT)
async def list_battles_of_system(request: Request, entity_id: EntityId, query: EntityQuery, deps: Deps) -> Response:
    """List the battles that began in the system."""
    return await _list(request, query, deps, system_id=[entity_id])


@router.get("/regions/{entity_id}/battles", response_model=BattleList, responses=KEPT)
async def list_battles_of_region(request: Request, entity_id: EntityId, query: EntityQuery, deps: Deps) -> Response:
    """List the battles that began in the region."""
    return await _list(request, query, deps, region_id=[entity_id])
