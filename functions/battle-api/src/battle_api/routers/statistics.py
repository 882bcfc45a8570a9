"""Routes of statistics over all battles, and of the latest changes."""

from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from battle_api.dependencies import Deps
from battle_api.repositories.statistics import StatisticsRepository
from battle_api.rights import READS_BATTLES
from battle_api.schemas import statistics as schemas
from battle_api.services import statistics as service
from battlescope_events.http_api.request_types import WHOLE_NUMBER
from battlescope_events.http_api.responses import cacheable_response

STATISTICS_MAX_AGE: Final = 300  # seconds
ACTIVITY_MAX_AGE: Final = 10
router = APIRouter(prefix="/api", tags=["statistics"], dependencies=[READS_BATTLES])


class PeriodQuery(BaseModel):
    period: schemas.Period = schemas.Period.DAY


class ActivityQuery(BaseModel):
    limit: Annotated[int, Field(ge=1, le=100), WHOLE_NUMBER] = 50


@router.get("/stats/summary", response_model=schemas.StatisticsSummary)
async def get_summary(request: Request, deps: Deps) -> Response:
    """Get totals of all battles, and who fought the most of them."""
    return cacheable_response(request, await service.summary(deps.database, deps.clock()), STATISTICS_MAX_AGE)


@router.get("/statistics/global", response_model=schemas.GlobalStatistics)
async def get_global_statistics(request: Request, query: Annotated[PeriodQuery, Query()], deps: Deps) -> Response:
    """Get totals, systems, alliances and hours of the battles that began in the period."""
    body = await service.of_period(deps.database, query.period, deps.clock())
    return cacheable_response(request, body, STATISTICS_MAX_AGE)


@router.get("/activity/recent", response_model=schemas.Activity)
async def list_activity(request: Request, query: Annotated[ActivityQuery, Query()], deps: Deps) -> Response:
    """List the latest changes of battles, also of deleted ones."""
    async with deps.database.connection() as connection:
        items = await StatisticsRepository(connection).activity(query.limit)
    return cacheable_response(request, schemas.Activity(items=items), ACTIVITY_MAX_AGE)
