"""Routes of the clustering configuration and of clustering statistics."""

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
IfMatch = Annotated[str | None, Header(description="The ETag of the configuration that the client has seen.")]

router = APIRouter(prefix="/api/admin", tags=["administration"])


@router.get(
    "/config/clusterer",
    response_model=ClusteringConfigItem,
    operation_id="get_terms_api_admin_config_clusterer_get",  # released
)
async def get_clustering_config(database: DatabaseDep) -> Response:
    """Get the clustering configuration."""
    async with database.session() as session:
        (config,) = await session.rows(ClusteringConfig, sql.CLUSTERING_CONFIG, {})
    return _config_response(config)


@router.put(
    "/config/clusterer",
    response_model=ClusteringConfigItem,
    responses=AUTH_RESPONSES,
    dependencies=[RequiresToken],
    operation_id="put_terms_api_admin_config_clusterer_put",  # released
)
async def update_clustering_config(
    update: Annotated[ClusteringConfigUpdate, Body()],
    database: DatabaseDep,
    clock: ClockDep,
    if_match: IfMatch = None,
) -> Response:
    """Change the given fields, for killmails that arrive later. With If-Match only if its ETag is the current one."""
    expected_updated_at = None if if_match is None else parse_timestamp_etag(if_match)
    params = update.model_dump(by_alias=False) | {"expected_updated_at": expected_updated_at, "now": clock()}
    async with database.transaction() as session:
        config = await session.row(ClusteringConfig, sql.UPDATE_CLUSTERING_CONFIG, params)
    if config is None:
        raise HTTPException(412, "The configuration has changed since; load it again.")
    return _config_response(config)


def _config_response(config: ClusteringConfig) -> Response:
    return uncached_response(clustering_config_item(config), etag=timestamp_etag(config.updated_at))


@router.get("/stats/clusterer", response_model=ClusteringStatisticsItem)
async def get_statistics(database: DatabaseDep, clock: ClockDep) -> Response:
    """Get statistics of the last 24 hours."""
    params = {"since": clock() - DAY, "max_count": sql.MAX_COUNT}
    async with database.session() as session:
        (row,) = await session.rows(ClusteringStatistics, sql.STATISTICS, params)
    return uncached_response(statistics_item(row))
