"""Routes of the clustering configuration and of clustering statistics."""

from datetime import timedelta
from typing import Annotated, Final

from fastapi import Body, Header, Request
from fastapi.responses import Response

from battle_api.dependencies import Deps
from battle_api.domain.rows import ClusteringConfig
from battle_api.repositories.configuration import ClusteringConfigChange, ConfigurationRepository
from battle_api.rights import ADMINISTERS, READS_ADMINISTRATION
from battle_api.schemas.admin import (
    ClusteringConfigItem,
    ClusteringStatisticsItem,
    clustering_config_item,
    statistics_item,
)
from battle_api.schemas.admin_requests import ClusteringConfigUpdate
from battlescope_events.http_api.conditional import IF_MATCH_PATTERN, check_if_match, quoted
from battlescope_events.http_api.description import headers
from battlescope_events.http_api.errors import problem
from battlescope_events.http_api.guard import CurrentCaller
from battlescope_events.http_api.responses import current_response, uncached_response
from battlescope_events.http_api.routing import ApiRouter

DAY: Final = timedelta(days=1)
IfMatch = Annotated[
    str | None,
    Header(
        description="The ETag of the configuration that the client has seen, or `*`.",
        json_schema_extra={"pattern": IF_MATCH_PATTERN, "minLength": 1},
    ),
]

router = ApiRouter(prefix="/api/admin", tags=["administration"])


@router.get(
    "/config/clusterer",
    response_model=ClusteringConfigItem,
    dependencies=[READS_ADMINISTRATION],
    operation_id="get_terms_api_admin_config_clusterer_get",  # released
)
async def get_clustering_config(request: Request, deps: Deps) -> Response:
    """Get the clustering configuration."""
    async with deps.database.connection() as connection:
        config = await ConfigurationRepository(connection).get()
    return current_response(request, clustering_config_item(config), _etag(config))


@router.put(
    "/config/clusterer",
    response_model=ClusteringConfigItem,
    responses={
        200: {"headers": headers(ETag="The version of the configuration.")},
        412: problem("The configuration has changed since."),
    },
    dependencies=[ADMINISTERS],
    operation_id="put_terms_api_admin_config_clusterer_put",  # released
)
async def update_clustering_config(
    update: Annotated[ClusteringConfigUpdate, Body()], deps: Deps, caller: CurrentCaller, if_match: IfMatch = None
) -> Response:
    """Change the given fields, for killmails that arrive later. With If-Match only if its ETag is the current one."""
    author = caller.author(update.author)
    change = ClusteringConfigChange(**update.model_dump(by_alias=False))._replace(author=author)
    async with deps.database.transaction() as connection:
        configuration = ConfigurationRepository(connection)
        current = await configuration.lock()
        check_if_match(if_match, _etag(current), "The configuration has changed since; load it again.")
        config = await configuration.update(change, deps.clock())
    return uncached_response(clustering_config_item(config), etag=_etag(config))


def _etag(config: ClusteringConfig) -> str:
    return quoted(config.updated_at.isoformat())


@router.get("/stats/clusterer", response_model=ClusteringStatisticsItem, dependencies=[READS_ADMINISTRATION])
async def get_statistics(request: Request, deps: Deps) -> Response:
    """Get statistics of the last 24 hours."""
    async with deps.database.connection() as connection:
        row = await ConfigurationRepository(connection).statistics(since=deps.clock() - DAY)
    return current_response(request, statistics_item(row))
