"""Routes that read battles."""

from enum import StrEnum
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from battle_api.dependencies import Deps
from battle_api.domain.participant_rows import ParticipantFilter
from battle_api.domain.rows import Battle, BattleKillmail
from battle_api.presenters.battle_detail import battle_detail
from battle_api.presenters.killmails import (
    killmail_items,
    killmail_name_keys,
    pods_of_losses,
    timeline,
    victim_name_keys,
)
from battle_api.presenters.lines import KillmailsLine, ParticipantsLine, encode
from battle_api.presenters.participants import participant_items
from battle_api.repositories.battle_rows import BattleRowRepository
from battle_api.repositories.battles import BattleRepository
from battle_api.repositories.killmails import KillmailRepository
from battle_api.repositories.participants import ParticipantRepository
from battle_api.rights import READS_BATTLES
from battle_api.routers.merged_battles import READ_RESPONSES
from battle_api.schemas import battles as schemas
from battle_api.schemas.battle_list import BattleList
from battle_api.schemas.battle_query import AnyIsk, BattleQuery, NameFragment, ilike_pattern
from battle_api.schemas.killmails import Killmails, Timeline
from battle_api.schemas.participants import Participants
from battle_api.services.battle_detail import load_detail
from battle_api.services.battle_lists import list_body
from battle_api.services.battle_lookup import require_battle
from battlescope_events.http_api.description import STALE, links
from battlescope_events.http_api.pagination import CursorFormat, page_of
from battlescope_events.http_api.request_types import WHOLE_NUMBER, CursorText, QueryId, RequestTime
from battlescope_events.http_api.responses import json_content, without_controls
from battlescope_events.http_api.routing import ApiRouter
from battlescope_events.http_cache.response_cache import EVERYTHING, Rendered
from battlescope_events.http_cache.routing import KeptRoute
from battlescope_schemas.ships.hulls import CLASSED_GROUPS, HullClass, groups_of

# Seconds that a client may cache a response.
LIST_MAX_AGE: Final = 60
OPEN_BATTLE_MAX_AGE: Final = 30
CLOSED_BATTLE_MAX_AGE: Final = 300
MAX_IN_TIMELINE: Final = 5000

_Id = Annotated[int, Field(ge=0, lt=2**63)]


class ParticipantSort(StrEnum):
    KILLS = "kills"
    DEATHS = "deaths"
    ISK_DESTROYED = "isk_destroyed"
    ISK_LOST = "isk_lost"
    DAMAGE_DONE = "damage_done"
    DAMAGE_RECEIVED = "damage_received"
    FINAL_BLOWS = "final_blows"
    FIRST_SEEN = "first_seen"
    NAME = "name"


class KillmailSort(StrEnum):
    TIME = "time"
    ISK_DESTROYED = "isk_destroyed"


Side = Annotated[int, Field(ge=1, le=100), WHOLE_NUMBER]


class ParticipantQuery(BaseModel):
    """`q` is a part of the pilot's name, `hull` a class of a ship that the pilot flew."""

    side: Side | None = None
    alliance_id: QueryId | None = None
    corp_id: QueryId | None = None
    q: NameFragment | None = None
    hull: Annotated[list[HullClass], Field(max_length=len(HullClass))] = []
    sort: ParticipantSort = ParticipantSort.KILLS
    limit: Annotated[int, Field(ge=1, le=200), WHOLE_NUMBER] = 50
    offset: Annotated[int, Field(ge=0, le=100_000), WHOLE_NUMBER] = 0


class KillmailQuery(BaseModel):
    side: Side | None = None
    sort: KillmailSort = KillmailSort.TIME
    limit: Annotated[int, Field(ge=1, le=200), WHOLE_NUMBER] = 50
    offset: Annotated[int, Field(ge=0, le=100_000), WHOLE_NUMBER] = 0
    cursor: CursorText | None = None


KILLMAIL_CURSOR: Final = CursorFormat(KillmailSort.TIME, tuple[RequestTime, _Id])
KILLMAIL_BY_ISK_CURSOR: Final = CursorFormat(KillmailSort.ISK_DESTROYED, tuple[AnyIsk, _Id])

_NEXT: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "headers": STALE,
        "links": links(
            {
                "battle": "get_battle_api_battles__battle_id__get",
                "participants": "get_participants_api_battles__battle_id__participants_get",
                "killmails": "get_killmails_api_battles__battle_id__killmails_get",
                "timeline": "get_timeline_api_battles__battle_id__timeline_get",
                "revisions": "list_revisions_api_battles__battle_id__revisions_get",
                "edits": "list_edits_api_battles__battle_id__edits_get",
                "party_graph": "get_party_graph_api_battles__battle_id__party_graph_get",
                "export": "export_battle_api_battles__battle_id__export_get",
                "shares": "list_shares_api_battles__battle_id__shares_get",
                "share": "make_share_api_battles__battle_id__shares_post",
            },
            battle_id="$response.body#/items/0/id",
        )
        | links(
            {"system": "list_battles_of_system_api_systems__entity_id__battles_get"},
            entity_id="$response.body#/items/0/systemId",
        )
        | links(
            {"region": "list_battles_of_region_api_regions__entity_id__battles_get"},
            entity_id="$response.body#/items/0/regionId",
        ),
    }
}
_EDIT_NEXT: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "headers": STALE,
        "links": links(
            {"edit": "make_edit_api_battles__battle_id__edits_post"},
            battle_id="$response.body#/id",
            if__match='"{$response.body#/revision}"',
        )
        | links(
            {"edits": "make_edits_api_battles__battle_id__edit_batches_post"},
            battle_id="$response.body#/id",
            if__match='"{$response.body#/revision}"',
        )
        | links(
            {"why": "get_why_api_battles__battle_id__killmails__killmail_id__why_get"},
            battle_id="$response.body#/id",
            killmail_id="$response.body#/killmails/0/killmailId",
        )
        | links(
            {"preview_split": "preview_split_api_battles__battle_id__preview_split_get"},
            battle_id="$response.body#/id",
        )
        | links(
            {"revision": "get_revision_api_battles__battle_id__revisions__revision__get"},
            battle_id="$response.body#/id",
            revision="$response.body#/revision",
        )
        | links(
            {"alliance": "list_battles_of_alliance_api_alliances__entity_id__battles_get"},
            entity_id="$response.body#/mainAlliances/0/allianceId",
        )
        | links(
            {"character": "list_battles_of_character_api_characters__entity_id__battles_get"},
            entity_id="$response.body#/participants/0/characterId",
        )
        | links(
            {"corporation": "list_battles_of_corporation_api_corporations__entity_id__battles_get"},
            entity_id="$response.body#/participants/0/corpId",
        ),
    }
}
router = ApiRouter(prefix="/api/battles", tags=["battles"], dependencies=[READS_BATTLES], route_class=KeptRoute)
_OF_BATTLE: Final[dict[str, Any]] = {"responses": READ_RESPONSES}


@router.get("", response_model=BattleList, responses=_NEXT)
async def list_battles(request: Request, query: Annotated[BattleQuery, Query()], deps: Deps) -> Response:
    """List battles, newest first by default. An entity filter matches when any participant matches."""

    async def render() -> Rendered:
        async with deps.database.connection() as connection:
            body = await list_body(connection, query, deps.clock())
        return Rendered(json_content(body), LIST_MAX_AGE)

    return await deps.responses.answer(request, [EVERYTHING], render)


@router.get("/{battle_id}", response_model=schemas.BattleDetail, responses={**READ_RESPONSES, **_EDIT_NEXT})
async def get_battle(request: Request, battle_id: UUID, deps: Deps) -> Response:
    """Get a battle with all its data. The id of a merged battle redirects to the surviving battle."""

    async def render() -> Rendered:
        async with deps.database.connection() as connection:
            battle = await require_battle(BattleRepository(connection), battle_id)
        rows, names = await load_detail(deps.database, battle)
        return Rendered(without_controls(battle_detail(rows, names)), max_age(battle))

    return await deps.responses.answer(request, [str(battle_id)], render)


@router.get("/{battle_id}/participants", response_model=Participants, **_OF_BATTLE)
async def get_participants(
    request: Request, battle_id: UUID, query: Annotated[ParticipantQuery, Query()], deps: Deps
) -> Response:
    """List the pilots on the battle's killmails, the largest number first, names and first appearances ascending."""

    async def render() -> Rendered:
        only = ParticipantFilter(
            side=query.side,
            alliance_id=query.alliance_id,
            corp_id=query.corp_id,
            name=ilike_pattern(query.q),
            groups=groups_of(query.hull) if query.hull else None,
            not_groups=CLASSED_GROUPS if HullClass.OTHER in query.hull else None,
        )
        async with deps.database.connection() as connection:
            battle = await require_battle(BattleRepository(connection), battle_id)
            participants = ParticipantRepository(connection)
            pilots = await participants.page(battle.id, query.limit, query.offset, sort=query.sort, only=only)
            total = await participants.count(battle.id, only)
            character_ids = [int(pilot.character_id) for pilot in pilots]
            ships = await participants.ships(battle.id, character_ids)
            losses = await participants.losses(battle.id, character_ids)
        body = ParticipantsLine(
            items=participant_items(pilots, ships, losses),
            revision=battle.revision,
            total=total,
            limit=query.limit,
            offset=query.offset,
        )
        return Rendered(without_controls(encode(body)), max_age(battle))

    return await deps.responses.answer(request, [str(battle_id)], render)


@router.get("/{battle_id}/killmails", response_model=Killmails, **_OF_BATTLE)
async def get_killmails(
    request: Request, battle_id: UUID, query: Annotated[KillmailQuery, Query()], deps: Deps
) -> Response:
    """List the battle's killmails, oldest first or most valuable first. `side` filters by the victim's side."""

    async def render() -> Rendered:
        async with deps.database.connection() as connection:
            battle = await require_battle(BattleRepository(connection), battle_id)
            page, has_more = page_of(await _killmails(KillmailRepository(connection), battle_id, query), query.limit)
            names = await BattleRowRepository(connection).names(killmail_name_keys(page))
            pilots = {killmail.victim_character_id for killmail in page if killmail.victim_character_id}
            losses = await ParticipantRepository(connection).losses(battle.id, sorted(pilots))
        items, entities = killmail_items(page, names, pods_of_losses(losses))
        body = KillmailsLine(
            items=items,
            entities=entities,
            revision=battle.revision,
            next_cursor=_killmail_cursor(page[-1], query.sort) if has_more else None,
            has_more=has_more,
        )
        return Rendered(without_controls(encode(body)), max_age(battle))

    return await deps.responses.answer(request, [str(battle_id)], render)


async def _killmails(killmails: KillmailRepository, battle_id: UUID, query: KillmailQuery) -> list[BattleKillmail]:
    limit, offset, side = query.limit + 1, query.offset, query.side
    if query.sort is KillmailSort.TIME:
        after = KILLMAIL_CURSOR.decode(query.cursor)
        return await killmails.in_time(battle_id, limit, offset, side=side, after=after)
    after_isk = KILLMAIL_BY_ISK_CURSOR.decode(query.cursor)
    return await killmails.by_isk(battle_id, limit, offset, side=side, after=after_isk)


def _killmail_cursor(last: BattleKillmail, sort: KillmailSort) -> str:
    if sort is KillmailSort.TIME:
        return KILLMAIL_CURSOR.encode(last.occurred_at, last.killmail_id)
    return KILLMAIL_BY_ISK_CURSOR.encode(last.isk_value, last.killmail_id)


@router.get("/{battle_id}/timeline", response_model=Timeline, **_OF_BATTLE)
async def get_timeline(request: Request, battle_id: UUID, deps: Deps) -> Response:
    """List the losses in order of time; `relativeTime` is seconds since the start of the battle."""

    async def render() -> Rendered:
        async with deps.database.connection() as connection:
            battle = await require_battle(BattleRepository(connection), battle_id)
            killmails = await KillmailRepository(connection).losses(battle.id, MAX_IN_TIMELINE)
            names = await BattleRowRepository(connection).names(victim_name_keys(killmails))
            seen = await ParticipantRepository(connection).first_seen(battle.id)
        return Rendered(without_controls(encode(timeline(battle, killmails, names, seen))), max_age(battle))

    return await deps.responses.answer(request, [str(battle_id)], render)


def max_age(battle: Battle) -> int:
    """How long a client may cache an answer about the battle, in seconds."""
    return OPEN_BATTLE_MAX_AGE if battle.status == "open" else CLOSED_BATTLE_MAX_AGE
