"""Routes that explain a battle: its parties, why killmails belong to it, suggested splits and its revisions."""

from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Path, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from battle_api.dependencies import Deps
from battle_api.presenters import insights as presenters
from battle_api.repositories.battle_rows import BattleRowRepository
from battle_api.repositories.battles import BattleRepository
from battle_api.repositories.history import RevisionRepository
from battle_api.repositories.killmails import KillmailRepository
from battle_api.rights import READS_BATTLES
from battle_api.routers.battles import MAX_IN_TIMELINE, max_age
from battle_api.routers.merged_battles import HISTORY_RESPONSES, KEPT, READ_RESPONSES
from battle_api.schemas import insights as schemas
from battle_api.schemas.edits import RevisionItem, revision_item
from battle_api.services.battle_lookup import ensure_battle_existed, require_battle
from battlescope_events.http_api.errors import ApiError
from battlescope_events.http_api.request_types import WHOLE_NUMBER, QueryId
from battlescope_events.http_api.responses import json_content
from battlescope_events.http_api.routing import ApiRouter
from battlescope_events.http_cache.response_cache import Rendered
from battlescope_events.http_cache.routing import KeptRoute

MAX_LINKS: Final = 200
MAX_REVISIONS: Final = 1000  # between the two that are compared
REVISION_MAX_AGE: Final = 300  # seconds; a revision never changes, but its battle may be deleted

MAX_REVISION: Final = 2**31 - 2  # the one after it is an integer of PostgreSQL, too
RevisionNumber = Annotated[int, Path(ge=1, le=MAX_REVISION, json_schema_extra={"format": "int32"}), WHOLE_NUMBER]
router = ApiRouter(prefix="/api/battles", tags=["insights"], dependencies=[READS_BATTLES], route_class=KeptRoute)
_OF_BATTLE: Final[dict[str, Any]] = {"responses": READ_RESPONSES}


class PreviewQuery(BaseModel):
    """`suggestion` is the number of a suggestion of the battle, from 0."""

    suggestion: Annotated[int, Field(ge=0, le=99), WHOLE_NUMBER] = 0


@router.get("/{battle_id}/party-graph", response_model=schemas.PartyGraph, **_OF_BATTLE)
async def get_party_graph(request: Request, battle_id: UUID, deps: Deps) -> Response:
    """Get which parties shot each other, and which shot together, with the strongest relations first."""

    async def render() -> Rendered:
        async with deps.database.connection() as connection:
            battle = await require_battle(BattleRepository(connection), battle_id)
            tables = BattleRowRepository(connection)
            parties, corporations = await tables.parties(battle.id), await tables.corporations(battle.id)
            killmails = await KillmailRepository(connection).in_time(battle.id, MAX_IN_TIMELINE)
        return Rendered(json_content(presenters.graph(battle, parties, corporations, killmails)), max_age(battle))

    return await deps.responses.answer(request, [str(battle_id)], render)


@router.get("/{battle_id}/killmails/{killmail_id}/why", response_model=schemas.Why, **_OF_BATTLE)
async def get_why(request: Request, battle_id: UUID, killmail_id: Annotated[QueryId, Path()], deps: Deps) -> Response:
    """Get why a killmail belongs to the battle: its links to others, with the pilots on both."""

    async def render() -> Rendered:
        async with deps.database.connection() as connection:
            battle = await require_battle(BattleRepository(connection), battle_id)
            tables = BattleRowRepository(connection)
            links = await tables.links_of_killmail(battle.id, killmail_id, MAX_LINKS)
            linked_ids = presenters.linked_killmail_ids(killmail_id, links)
            killmails = await KillmailRepository(connection).of_ids(battle.id, linked_ids)
            if killmail_id not in {killmail.killmail_id for killmail in killmails}:
                raise ApiError(404, f"The battle {battle_id} has no killmail {killmail_id}.")
            names = await tables.names(presenters.pilot_name_keys(killmails))
            jumps = await tables.jumps({killmail.system_id for killmail in killmails})
        content = json_content(presenters.why(battle, killmail_id, links, killmails, names, jumps=jumps))
        return Rendered(content, max_age(battle))

    return await deps.responses.answer(request, [str(battle_id)], render)


@router.get("/{battle_id}/preview-split", response_model=schemas.SplitPreview, **_OF_BATTLE)
async def preview_split(
    request: Request, battle_id: UUID, query: Annotated[PreviewQuery, Query()], deps: Deps
) -> Response:
    """Get what the two halves of a suggested split would be."""

    async def render() -> Rendered:
        async with deps.database.connection() as connection:
            battle = await require_battle(BattleRepository(connection), battle_id)
            suggestions = await BattleRowRepository(connection).suggestions(battle.id)
            if query.suggestion >= len(suggestions):
                raise ApiError(404, f"The battle {battle_id} has no suggestion {query.suggestion}.")
            suggestion = suggestions[query.suggestion]
            killmail_ids = [*suggestion["first"], *suggestion["second"]]
            killmails = await KillmailRepository(connection).of_ids(battle.id, killmail_ids)
        return Rendered(json_content(presenters.split_preview(battle, suggestion, killmails)), max_age(battle))

    return await deps.responses.answer(request, [str(battle_id)], render)


@router.get("/{battle_id}/revisions/{revision}", response_model=RevisionItem, responses={**HISTORY_RESPONSES, **KEPT})
async def get_revision(request: Request, battle_id: UUID, revision: RevisionNumber, deps: Deps) -> Response:
    """Get one revision of a battle, also of a deleted one."""

    async def render() -> Rendered:
        async with deps.database.connection() as connection:
            await ensure_battle_existed(BattleRepository(connection), battle_id)
            rows = await RevisionRepository(connection).page(battle_id, revision + 1, 2)
        if not rows or rows[0].revision != revision:
            raise ApiError(404, f"The battle {battle_id} has no revision {revision}.")
        return Rendered(json_content(revision_item(rows[0])), REVISION_MAX_AGE)

    return await deps.responses.answer(request, [str(battle_id)], render)


@router.get(
    "/{battle_id}/revisions/{revision}/diff/{other}",
    response_model=schemas.RevisionDiff,
    responses={**HISTORY_RESPONSES, **KEPT},
)
async def compare_revisions(
    request: Request, battle_id: UUID, revision: RevisionNumber, other: RevisionNumber, deps: Deps
) -> Response:
    """Compare two revisions: what `other` has that `revision` has not, and the other way round."""

    async def render() -> Rendered:
        if revision > other:
            raise ApiError(400, "revision must not be greater than other.")
        if other - revision > MAX_REVISIONS:
            raise ApiError(400, f"At most {MAX_REVISIONS} revisions can lie between the two.")
        async with deps.database.connection() as connection:
            await ensure_battle_existed(BattleRepository(connection), battle_id)
            rows = await RevisionRepository(connection).page(battle_id, other + 1, other - revision + 2)
        chosen = [row for row in reversed(rows) if row.revision >= revision]
        if not chosen or (chosen[0].revision, chosen[-1].revision) != (revision, other):
            raise ApiError(404, f"The battle {battle_id} has not both revisions {revision} and {other}.")
        return Rendered(json_content(presenters.revision_diff(battle_id, chosen)), REVISION_MAX_AGE)

    return await deps.responses.answer(request, [str(battle_id)], render)
