"""The search over everything, as the search box of every page asks."""

from typing import Annotated

from fastapi import Query, Request
from fastapi.responses import Response

from battlescope_events.http_api.guard import CurrentCaller
from battlescope_events.http_api.routing import ApiRouter
from search_api.dependencies import Deps
from search_api.domain.named import ENTITY_KINDS, NamedKind
from search_api.domain.search_figures import Operation
from search_api.presenters.documents import killmail_hit, short_battle_hit
from search_api.presenters.names import entity_hits, ship_hits, system_hits
from search_api.rights import SEARCHES_EVERYTHING, may_see_battles
from search_api.routers.answers import Stopwatch, cacheable_answer, search
from search_api.schemas.everything import EverythingAnswer, TotalResults
from search_api.schemas.queries import GlobalQuery
from search_api.services.everything import FoundEverything, find_everything

router = ApiRouter(prefix="/api/search", tags=["search"], dependencies=[SEARCHES_EVERYTHING])


@router.get("/global", response_model=EverythingAnswer)
async def search_everything(
    request: Request, query: Annotated[GlobalQuery, Query()], deps: Deps, caller: CurrentCaller
) -> Response:
    """Find battles, killmails, entities, systems and ships at once; what the caller may not see is empty.

    A link to a battle or killmail, or the id of a killmail, finds that one.
    """
    sees_battles = may_see_battles(caller)

    async def find(watch: Stopwatch) -> EverythingAnswer:
        found = await find_everything(deps.names, deps.documents, query.q, query.limit, sees_battles=sees_battles)
        return _answer(watch, query, found)

    seen_by = "who may see battles" if sees_battles else "others"
    return cacheable_answer(request, await search(deps, Operation.GLOBAL, query, find, seen_by=seen_by))


def _answer(watch: Stopwatch, query: GlobalQuery, found: FoundEverything) -> EverythingAnswer:
    names, battles, killmails = found.names, found.battles, found.killmails
    return EverythingAnswer(
        **watch.fields(query.q, is_degraded=found.is_degraded),
        battles=None
        if battles is None
        else [short_battle_hit(hit, found.text, battles.names) for hit in battles.page.hits],
        killmails=None if killmails is None else [killmail_hit(hit, killmails.names) for hit in killmails.page.hits],
        entities=entity_hits({kind: names.of(kind, query.limit) for kind in ENTITY_KINDS}),
        systems=system_hits(names.of(NamedKind.SYSTEM, query.limit)),
        ships=ship_hits(names.of(NamedKind.SHIP_TYPE, query.limit)),
        total_results=TotalResults(
            battles=battles.page.total if battles else 0,
            killmails=killmails.page.total if killmails else 0,
            entities=sum(len(names.of(kind)) for kind in ENTITY_KINDS),
            systems=len(names.of(NamedKind.SYSTEM)),
            ships=len(names.of(NamedKind.SHIP_TYPE)),
        ),
    )
