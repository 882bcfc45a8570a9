"""Routes that complete names while they are typed."""

from typing import Annotated, Final

from fastapi import Query, Request
from fastapi.responses import Response

from battlescope_events.http_api.routing import ApiRouter
from search_api.dependencies import Deps
from search_api.domain.named import NamedKind
from search_api.domain.search_figures import Operation
from search_api.domain.search_text import read_search_text
from search_api.presenters.names import entity_hits, ship_hits, system_hits
from search_api.rights import COMPLETES_NAMES
from search_api.routers.answers import Stopwatch, cacheable_answer, search
from search_api.schemas.names import EntityAnswer, ShipAnswer, SystemAnswer
from search_api.schemas.queries import EntityQuery, ShipQuery, SystemQuery

MAX_FILTERED: Final = 200
"""Systems of one beginning from which those of a security type are taken."""
router = ApiRouter(prefix="/api/search", tags=["search"], dependencies=[COMPLETES_NAMES])


@router.get("/entities", response_model=EntityAnswer)
async def search_entities(request: Request, query: Annotated[EntityQuery, Query()], deps: Deps) -> Response:
    """Complete the name or ticker of an alliance, corporation or pilot: `[TICK]` finds tickers alone.

    Exact matches come first, then names that begin with the query, names with words that do, and misspelled ones; equal
    ones by their battles and by when they were seen.
    """

    async def find(watch: Stopwatch) -> EntityAnswer:
        found = await deps.names.find(read_search_text(query.q), query.kinds, query.limit)
        hits = entity_hits(found.hits)
        fields = watch.fields(query.q, is_degraded=found.is_degraded)
        return EntityAnswer(
            **fields, alliances=hits.alliances, corporations=hits.corporations, characters=hits.characters
        )

    return cacheable_answer(request, await search(deps, Operation.ENTITIES, query, find))


@router.get("/systems", response_model=SystemAnswer)
async def search_systems(request: Request, query: Annotated[SystemQuery, Query()], deps: Deps) -> Response:
    """Complete the name of a system with battles; `hedgp` finds HED-GP."""

    async def find(watch: Stopwatch) -> SystemAnswer:
        limit = MAX_FILTERED if query.security_type else query.limit
        found = await deps.names.find(read_search_text(query.q), (NamedKind.SYSTEM,), limit)
        systems = [
            hit
            for hit in found.of(NamedKind.SYSTEM)
            if not query.security_type or hit.document.security_type in query.security_type
        ]
        fields = watch.fields(query.q, is_degraded=found.is_degraded)
        return SystemAnswer(**fields, systems=system_hits(systems[: query.limit]))

    return cacheable_answer(request, await search(deps, Operation.SYSTEMS, query, find))


@router.get("/ships", response_model=ShipAnswer)
async def search_ships(request: Request, query: Annotated[ShipQuery, Query()], deps: Deps) -> Response:
    """Complete the name of a type of ship that was in a battle."""

    async def find(watch: Stopwatch) -> ShipAnswer:
        found = await deps.names.find(read_search_text(query.q), (NamedKind.SHIP_TYPE,), query.limit)
        fields = watch.fields(query.q, is_degraded=found.is_degraded)
        return ShipAnswer(**fields, ships=ship_hits(found.of(NamedKind.SHIP_TYPE)))

    return cacheable_answer(request, await search(deps, Operation.SHIPS, query, find))
