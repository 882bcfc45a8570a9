"""The routes for the terms of grouping, and for what the tables can tell about the work."""

from datetime import timedelta
from typing import Annotated, Final

from fastapi import APIRouter, Body, Header, HTTPException
from fastapi.responses import Response

from battle_api.domain.rows import ClusteringConfig, ClusteringStatistics
from battle_api.http.auth import AUTH_RESPONSES, RequiresToken
from battle_api.http.dependencies import ClockDep, DatabaseDep, uncached_response
from battle_api.http.preconditions import parse_timestamp_etag, timestamp_etag
from battle_api.repositories import admin as sql
from battle_api.schemas.admin import (
    ClusteringConfigItem,
    ClusteringStatisticsItem,
    clustering_config_item,
    statistics_item,
)
from battle_api.schemas.admin_requests import ClusteringConfigUpdate

DAY: Final = timedelta(days=1)
IfMatch = Annotated[str | None, Header(description="The ETag of the configuration that was looked at.")]

router = APIRouter(prefix="/api/admin", tags=["administering"])


@router.get("/config/clusterer", response_model=ClusteringConfigItem)
async def get_terms(database: DatabaseDep) -> Response:
    """The terms of grouping."""
    async with database.session() as reading:
        (config,) = await reading.rows(ClusteringConfig, sql.CLUSTERING_CONFIG, {})
    return _config_response(config)


@router.put(
    "/config/clusterer", response_model=ClusteringConfigItem, responses=AUTH_RESPONSES, dependencies=[RequiresToken]
)
async def put_terms(
    update: Annotated[ClusteringConfigUpdate, Body()], database: DatabaseDep, clock: ClockDep, if_match: IfMatch = None
) -> Response:
    """Change what is given and leave the rest; for mails to come. With If-Match only what the caller has seen."""
    known = None if if_match is None else parse_timestamp_etag(if_match)
    given = {**update.model_dump(by_alias=False), "known": known, "now": clock()}
    async with database.transaction() as writing:
        config = await writing.row(ClusteringConfig, sql.UPDATE_CLUSTERING_CONFIG, given)
    if config is None:
        raise HTTPException(412, "Somebody changed the configuration since; look at it again.")
    return _config_response(config)


def _config_response(config: ClusteringConfig) -> Response:
    return uncached_response(clustering_config_item(config), etag=timestamp_etag(config.updated_at))


@router.get("/stats/clusterer", response_model=ClusteringStatisticsItem)
async def get_statistics(database: DatabaseDep, clock: ClockDep) -> Response:
    """What became of the last day's mails."""
    given = {"since": clock() - DAY, "counted_at_most": sql.MAX_COUNT}
    async with database.session() as reading:
        (row,) = await reading.rows(ClusteringStatistics, sql.STATISTICS, given)
    return uncached_response(statistics_item(row))
