"""Routes of statistics over all battles, and of the latest changes."""

from typing import Annotated, Final

from fastapi import Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from battle_api.dependencies import Deps
from battle_api.repositories.statistics import StatisticsRepository
from battle_api.rights import READS_BATTLES
from battle_api.routers.merged_battles import KEPT
from battle_api.schemas import statistics as schemas
from battle_api.services import statistics as service
from battlescope_events.http_api.request_types import WHOLE_NUMBER
from battlescope_events.http_api.responses import json_content
from battlescope_events.http_api.routing import ApiRouter
from battlescope_events.http_cache.response_cache import Rendered
from battlescope_events.http_cache.routing import KeptRoute

STATISTICS_MAX_AGE: Final = 300  # seconds
ACTIVITY_MAX_AGE: Final = 10
router = ApiRouter(prefix="/api", tags=["statistics"], dependencies=[READS_BATTLES], route_class=KeptRoute)


class PeriodQuery(BaseModel):
    period: schemas.Period = schemas.Period.DAY


class ActivityQuery(BaseModel):
    limit: Annotated[int, Field(ge=1, le=100), WHOLE_NUMBER] = 50


@router.get("/stats/summary", response_model=schemas.StatisticsSummary, responses=KEPT)
async def get_summary(request: Request, deps: Deps) -> Response:
    """Get totals of all battles, and who fought the most of them."""

    async def render() -> Rendered:
        return Rendered(json_content(await service.summary(deps.database, deps.clock())), STATISTICS_MAX_AGE)

    return await deps.responses.answer(request, (), render)


@router.get("/statistics/global", response_model=schemas.GlobalStatistics, responses=KEPT)
async def get_global_statistics(request: Request, query: Annotated[PeriodQuery, Query()], deps: Deps) -> Response:
    """Get totals, systems, alliances and hours of the battles that began in the period."""

    async def render() -> Rendered:
        body = await service.of_period(deps.database, query.period, deps.clock())
        return Rendered(json_content(body), STATISTICS_MAX_AGE)

    return await deps.responses.answer(request, (), render)


@router.get("/activity/recent", response_model=schemas.Activity, responses=KEPT)
async def list_activity(request: Request, query: Annotated[ActivityQuery, Query()], deps: Deps) -> Response:
    """List the latest changes of battles, also of deleted ones."""

    async def render() -> Rendered:
        async with deps.database.connection() as connection:
            items = await StatisticsRepository(connection).activity(query.limit)
        return Rendered(json_content(schemas.Activity(items=items)), ACTIVITY_MAX_AGE)

    return await deps.responses.answer(request, (), render)
