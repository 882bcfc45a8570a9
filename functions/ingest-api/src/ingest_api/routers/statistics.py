"""Routes of ingestion statistics and of the health of the live feed."""

from datetime import timedelta
from typing import Final

from fastapi import Request
from fastapi.responses import Response

from battlescope_events.http_api.responses import current_response
from battlescope_events.http_api.routing import ApiRouter
from ingest_api.dependencies import Deps
from ingest_api.repositories.statistics import StatisticsRepository
from ingest_api.rights import READS_INGESTION
from ingest_api.schemas.statistics import DayStatistics, Health, Statistics, day_statistics, health, statistics

HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)

router = ApiRouter(tags=["statistics"], dependencies=[READS_INGESTION])


@router.get("/api/ingestion/stats", response_model=Statistics)
async def get_statistics(request: Request, deps: Deps) -> Response:
    """Get totals of live and backfilled killmails."""
    last_hour = deps.clock().replace(minute=0, second=0, microsecond=0) - HOUR
    async with deps.database.connection() as connection:
        repository = StatisticsRepository(connection)
        body = statistics(await repository.live(last_hour), await repository.historical())
    return current_response(request, body)


@router.get("/api/admin/stats/ingest", response_model=DayStatistics)
async def get_day_statistics(request: Request, deps: Deps) -> Response:
    """Get statistics of the live feed of the last 24 hours, by full hours."""
    async with deps.database.connection() as connection:
        row = await StatisticsRepository(connection).live_since(deps.clock() - DAY)
    return current_response(request, day_statistics(row))


@router.get("/api/ingestion/health", response_model=Health)
async def get_health(request: Request, deps: Deps) -> Response:
    """Get the health of the live feed."""
    async with deps.database.connection() as connection:
        row = await StatisticsRepository(connection).feed_health(deps.clock() - DAY)
    return current_response(request, health(row, deps.clock()))
