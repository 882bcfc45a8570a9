"""The state of the search engine, for operators and for the page that shows it."""

from fastapi import Request
from fastapi.responses import Response

from battlescope_events.errors import TransientError
from battlescope_events.http_api.guard import public
from battlescope_events.http_api.responses import current_response
from battlescope_events.http_api.routing import ApiRouter
from search_api.dependencies import Deps
from search_api.domain.engine_name import EngineName
from search_api.schemas.health import SearchHealth
from search_api.schemas.matches import SearchStatus

router = ApiRouter(tags=["health"], dependencies=[public()])


@router.get("/health/search", response_model=SearchHealth)
async def get_search_health(request: Request, deps: Deps) -> Response:
    """Ask the search engine whether it answers; 503 when nothing can be found at all."""
    status = SearchStatus.HEALTHY
    try:
        await deps.engine.ready()
    except TransientError:
        if deps.engine_name is EngineName.POSTGRES:
            raise
        await deps.database.ready()
        status = SearchStatus.DEGRADED
    return current_response(request, SearchHealth(status=status, engine=deps.engine_name))
