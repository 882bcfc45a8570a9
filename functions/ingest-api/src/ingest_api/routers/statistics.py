"""Routes of ingestion statistics and of the health of the live feed."""

from datetime import timedelta
from typing import Final

from fastapi import APIRouter
from fastapi.responses import Response

from ingest_api.http.dependencies import ClockDep, DatabaseDep, uncached_response
from ingest_api.repositories import statistics as sql
from ingest_api.schemas.statistics import (
    DayRow,
    DayStatistics,
    Health,
    HealthRow,
    HistoricalRow,
    RealTimeRow,
    Statistics,
    day_statistics,
    health,
    statistics,
)

HOUR: Final = timedelta(hours=1)
DAY: Final = timedelta(days=1)

router = APIRouter(tags=["statistics"])


@router.get("/api/ingestion/stats", response_model=Statistics)
async def get_statistics(database: DatabaseDep, clock: ClockDep) -> Response:
    """Get totals of live and backfilled killmails."""
    last_hour = clock().replace(minute=0, second=0, microsecond=0) - HOUR
    async with database.session() as session:
        (live,) = await session.rows(RealTimeRow, sql.REAL_TIME, {"last_hour": last_hour})
        (history,) = await session.rows(HistoricalRow, sql.HISTORICAL, {})
    return uncached_response(statistics(live, history))


@router.get("/api/admin/stats/ingest", response_model=DayStatistics)
async def get_day_statistics(database: DatabaseDep, clock: ClockDep) -> Response:
    """Get statistics of the live feed of the last 24 hours, by full hours."""
    params = {"since": clock() - DAY, "max_count": sql.MAX_COUNT}
    async with database.session() as session:
        (row,) = await session.rows(DayRow, sql.DAY, params)
    return uncached_response(day_statistics(row))


@router.get("/api/ingestion/health", response_model=Health)
async def get_health(database: DatabaseDep, clock: ClockDep) -> Response:
    """Get the health of the live feed."""
    async with database.session() as session:
        (row,) = await session.rows(HealthRow, sql.HEALTH, {})
    return uncached_response(health(row, clock()))
