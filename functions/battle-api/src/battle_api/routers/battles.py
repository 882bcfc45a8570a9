"""Routes that read battles."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from battle_api import presenters
from battle_api.dependencies import Deps
from battle_api.domain.rows import Battle, BattleKillmail
from battle_api.repositories.battles import BattleRepository
from battle_api.repositories.edits import EditRepository
from battle_api.rights import READS_BATTLES
from battle_api.routers.merged_battles import BATTLE_RESPONSES
from battle_api.schemas import battles as schemas
from battle_api.schemas.battle_query import BattleQuery, SortBy, SortOrder, applied_filters, filter_summary
from battle_api.services.battle_lookup import require_battle
from battlescope_events.http_api.description import links
from battlescope_events.http_api.pagination import CursorFormat, page_of
from battlescope_events.http_api.request_types import WHOLE_NUMBER, CursorText, QueryId, RequestTime
from battlescope_events.http_api.responses import cacheable_response
from battlescope_events.postgres.database import Connection

# Seconds that a client may cache a response.
LIST_MAX_AGE: Final = 60
OPEN_BATTLE_MAX_AGE: Final = 30
CLOSED_BATTLE_MAX_AGE: Final = 300
# Enough for all killmails and pilots of any battle of the last years; the paged lists return the remaining ones.
MAX_IN_DETAIL: Final = 2000
MAX_IN_TIMELINE: Final = 5000
MAX_LINKS: Final = 500

_Id = Annotated[int, Field(ge=0, lt=2**63)]
_Count = Annotated[int, Field(ge=0, lt=2**31)]
_Isk = Annotated[Decimal, Field(ge=0, max_digits=26, decimal_places=2, allow_inf_nan=False)]
_SORT_VALUES: Final[Mapping[SortBy, Any]] = {
    SortBy.START_TIME: RequestTime,
    SortBy.ISK_DESTROYED: _Isk,
    SortBy.KILLS: _Count,
    SortBy.DURATION: _Count,
    SortBy.PARTICIPANTS: _Count,
}
BATTLE_CURSORS: Final[Mapping[str, CursorFormat[tuple[Any, UUID]]]] = {
    f"{sort_by}:{order}": CursorFormat(f"{sort_by}:{order}", tuple[value, UUID])
    for sort_by, value in _SORT_VALUES.items()
    for order in SortOrder
}


class ParticipantSort(StrEnum):
    KILLS = "kills"
    DEATHS = "deaths"
    ISK_DESTROYED = "isk_destroyed"


class KillmailSort(StrEnum):
    TIME = "time"
    ISK_DESTROYED = "isk_destroyed"


Side = Annotated[int, Field(ge=1, le=100), WHOLE_NUMBER]


class ParticipantQuery(BaseModel):
    side: Side | None = None
    alliance_id: QueryId | None = None
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
KILLMAIL_BY_ISK_CURSOR: Final = CursorFormat(KillmailSort.ISK_DESTROYED, tuple[_Isk, _Id])

_NEXT: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "links": links(
            {
                "battle": "get_battle_api_battles__battle_id__get",
                "participants": "get_participants_api_battles__battle_id__participants_get",
                "killmails": "get_killmails_api_battles__battle_id__killmails_get",
                "timeline": "get_timeline_api_battles__battle_id__timeline_get",
                "revisions": "list_revisions_api_battles__battle_id__revisions_get",
                "edits": "list_edits_api_battles__battle_id__edits_get",
            },
            battle_id="$response.body#/items/0/id",
        )
    }
}
_EDIT_NEXT: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "links": links(
            {"edit": "make_edit_api_battles__battle_id__edits_post"},
            battle_id="$response.body#/id",
            if__match='"{$response.body#/revision}"',
        )
    }
}
router = APIRouter(prefix="/api/battles", tags=["battles"], dependencies=[READS_BATTLES])
_OF_BATTLE: Final[dict[str, Any]] = {"responses": BATTLE_RESPONSES}


@router.get("", response_model=schemas.BattleList, responses=_NEXT)
async def list_battles(request: Request, query: Annotated[BattleQuery, Query()], deps: Deps) -> Response:
    """List battles, newest first by default. An entity filter matches when any participant matches."""
    now, cursor = deps.clock(), BATTLE_CURSORS[query.order]
    after = cursor.decode(query.cursor)
    async with deps.database.connection() as connection:
        battles = BattleRepository(connection)
        page, has_more = page_of(await battles.page(query, now, after, query.limit + 1), query.limit)
        count = await battles.count(query, now)
        main_alliances = await battles.main_alliances([battle.id for battle in page])
    body = schemas.BattleList(
        items=presenters.battle_items(page, main_alliances),
        next_cursor=cursor.encode(_sort_value(page[-1], query.sort_by), page[-1].id) if has_more else None,
        has_more=has_more,
        total_count=count,
        applied_filters=schemas.AppliedFilters(summary=filter_summary(query), filters=applied_filters(query)),
    )
    return cacheable_response(request, body, LIST_MAX_AGE)


def _sort_value(battle: Battle, sort_by: SortBy) -> datetime | Decimal | int:
    return {
        SortBy.START_TIME: battle.start_time,
        SortBy.ISK_DESTROYED: battle.total_isk_destroyed,
        SortBy.KILLS: battle.total_kills,
        SortBy.DURATION: battle.duration_seconds,
        SortBy.PARTICIPANTS: battle.total_participants,
    }[sort_by]


@router.get("/{battle_id}", response_model=schemas.BattleDetail, responses={**BATTLE_RESPONSES, **_EDIT_NEXT})
async def get_battle(request: Request, battle_id: UUID, deps: Deps) -> Response:
    """Get a battle with all its data. The id of a merged battle redirects to the surviving battle."""
    async with deps.database.connection() as connection:
        battles = BattleRepository(connection)
        rows = await _load_rows(connection, await require_battle(battles, battle_id))
        names = await battles.names(presenters.killmail_name_keys(rows.killmails))
    return cacheable_response(request, presenters.battle_detail(rows, names), _max_age(rows.battle))


async def _load_rows(connection: Connection, battle: Battle) -> presenters.BattleRows:
    battles = BattleRepository(connection)
    pilots = await battles.participants(battle.id, MAX_IN_DETAIL)
    return presenters.BattleRows(
        battle=battle,
        main_alliances=await battles.main_alliances([battle.id]),
        sides=await battles.sides(battle.id),
        parties=await battles.parties(battle.id),
        side_ships=await battles.side_ships(battle.id),
        killmails=await battles.killmails(battle.id, MAX_IN_DETAIL),
        participants=pilots,
        ships=await battles.ships(battle.id, [pilot.character_id for pilot in pilots]),
        reasons=await battles.link_reasons(battle.id),
        links=await battles.links(battle.id, MAX_LINKS),
        suggestions=await battles.suggestions(battle.id),
        edit_count=await EditRepository(connection).count_active(battle.id),
    )


@router.get("/{battle_id}/participants", response_model=schemas.Participants, **_OF_BATTLE)
async def get_participants(
    request: Request, battle_id: UUID, query: Annotated[ParticipantQuery, Query()], deps: Deps
) -> Response:
    """List the pilots on the battle's killmails."""
    async with deps.database.connection() as connection:
        battles = BattleRepository(connection)
        battle = await require_battle(battles, battle_id)
        pilots = await battles.participants(
            battle.id, query.limit, query.offset, sort=query.sort, side=query.side, alliance_id=query.alliance_id
        )
        total = await battles.count_participants(battle.id, query.side, query.alliance_id)
        ships = await battles.ships(battle.id, [pilot.character_id for pilot in pilots])
    items = presenters.participant_items(pilots, ships)
    body = schemas.Participants(items=items, total=total, limit=query.limit, offset=query.offset)
    return cacheable_response(request, body, _max_age(battle))


@router.get("/{battle_id}/killmails", response_model=schemas.Killmails, **_OF_BATTLE)
async def get_killmails(
    request: Request, battle_id: UUID, query: Annotated[KillmailQuery, Query()], deps: Deps
) -> Response:
    """List the battle's killmails, oldest first or most valuable first. `side` filters by the victim's side."""
    async with deps.database.connection() as connection:
        battles = BattleRepository(connection)
        battle = await require_battle(battles, battle_id)
        page, has_more = page_of(await _killmails(battles, battle_id, query), query.limit)
        names = await battles.names(presenters.killmail_name_keys(page))
    body = schemas.Killmails(
        items=[presenters.killmail_item(killmail, names) for killmail in page],
        next_cursor=_killmail_cursor(page[-1], query.sort) if has_more else None,
        has_more=has_more,
    )
    return cacheable_response(request, body, _max_age(battle))


async def _killmails(battles: BattleRepository, battle_id: UUID, query: KillmailQuery) -> list[BattleKillmail]:
    limit, offset, side = query.limit + 1, query.offset, query.side
    if query.sort is KillmailSort.TIME:
        after = KILLMAIL_CURSOR.decode(query.cursor)
        return await battles.killmails(battle_id, limit, offset, side=side, after=after)
    after_isk = KILLMAIL_BY_ISK_CURSOR.decode(query.cursor)
    return await battles.killmails_by_isk(battle_id, limit, offset, side=side, after=after_isk)


def _killmail_cursor(last: BattleKillmail, sort: KillmailSort) -> str:
    if sort is KillmailSort.TIME:
        return KILLMAIL_CURSOR.encode(last.occurred_at, last.killmail_id)
    return KILLMAIL_BY_ISK_CURSOR.encode(last.isk_value, last.killmail_id)


@router.get("/{battle_id}/timeline", response_model=schemas.Timeline, **_OF_BATTLE)
async def get_timeline(request: Request, battle_id: UUID, deps: Deps) -> Response:
    """List the losses in order of time; `relativeTime` is seconds since the start of the battle."""
    async with deps.database.connection() as connection:
        battles = BattleRepository(connection)
        battle = await require_battle(battles, battle_id)
        killmails = await battles.killmails(battle.id, MAX_IN_TIMELINE)
        names = await battles.names(presenters.killmail_name_keys(killmails))
    return cacheable_response(request, presenters.timeline(battle, killmails, names), _max_age(battle))


def _max_age(battle: Battle) -> int:
    return OPEN_BATTLE_MAX_AGE if battle.status == "open" else CLOSED_BATTLE_MAX_AGE
