"""Searches for battles and killmails with typed filters."""

from fastapi.responses import Response

from battlescope_events.http_api.routing import ApiRouter
from search_api.dependencies import Deps
from search_api.domain.search_figures import Operation
from search_api.domain.search_text import SearchText, read_search_text
from search_api.presenters.documents import battle_facets, battle_hit, killmail_facets, killmail_hit
from search_api.rights import SEARCHES_BATTLES
from search_api.routers.answers import Stopwatch, search, uncached_answer
from search_api.schemas.battles import BattleSearchAnswer
from search_api.schemas.killmails import KillmailSearchAnswer
from search_api.schemas.requests import BattleSearchRequest, KillmailSearchRequest

router = ApiRouter(prefix="/api/search", tags=["search"], dependencies=[SEARCHES_BATTLES])


@router.post("/battles", response_model=BattleSearchAnswer)
async def search_battles(body: BattleSearchRequest, deps: Deps) -> Response:
    """Find battles by names of systems, regions, parties, pilots and ships, and by typed filters.

    The query may be a link to a battle, to a killmail, or to related kills of zKillboard, evetools or
    WarBeacon, and the id of a killmail.
    """

    async def find(watch: Stopwatch) -> BattleSearchAnswer:
        text = _text(body.query)
        found = await deps.documents.battles(body.search(), text)
        return BattleSearchAnswer(
            **watch.fields(body.query or ""),
            hits=[battle_hit(hit, text, found.names) for hit in found.page.hits],
            estimated_total_hits=found.page.total,
            limit=body.page.limit,
            offset=body.page.offset,
            facets=battle_facets(found.page.facets),
        )

    return uncached_answer(await search(deps, Operation.BATTLES, body, find))


@router.post("/killmails", response_model=KillmailSearchAnswer)
async def search_killmails(body: KillmailSearchRequest, deps: Deps) -> Response:
    """Find killmails by names of systems, regions, victims, their ships and attackers, and by typed filters.

    The query may be the id of a killmail, or a link to one. Of what it names the newest 10,000 killmails are read, or
    the oldest ones where these come first; by value, the newest 10,000 are sorted.
    """

    async def find(watch: Stopwatch) -> KillmailSearchAnswer:
        found = await deps.documents.killmails(body.search(), _text(body.query))
        return KillmailSearchAnswer(
            **watch.fields(body.query or ""),
            hits=[killmail_hit(hit, found.names) for hit in found.page.hits],
            estimated_total_hits=found.page.total,
            limit=body.page.limit,
            offset=body.page.offset,
            facets=killmail_facets(found.page.facets),
        )

    return uncached_answer(await search(deps, Operation.KILLMAILS, body, find))


def _text(query: str | None) -> SearchText | None:
    return None if query is None else read_search_text(query)
