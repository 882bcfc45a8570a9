"""Routes that read battles."""

from enum import StrEnum
from typing import Annotated, Any, Final
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import Response
from pydantic import BaseModel, Field

from battle_api import presenters
from battle_api.domain.pagination import Cursor
from battle_api.domain.rows import (
    Battle,
    Killmail,
    Link,
    LinkReasonCount,
    MainAlliance,
    Participant,
    Party,
    PilotShip,
    Side,
    SideShip,
)
from battle_api.http.dependencies import ClockDep, DatabaseDep, cacheable_response, require_battle
from battle_api.repositories import battles as sql
from battle_api.repositories import edits as edit_sql
from battle_api.repositories.session import Session
from battle_api.schemas import battles as schemas
from battle_api.schemas.battle_query import BattleQuery, applied_filters, filter_summary, sql_params

# Seconds that a client may cache a response.
LIST_MAX_AGE: Final = 60
OPEN_BATTLE_MAX_AGE: Final = 30
CLOSED_BATTLE_MAX_AGE: Final = 300
# Enough for all killmails and pilots of any battle of the last years; the paged lists return the remaining ones.
MAX_IN_DETAIL: Final = 2000
MAX_IN_TIMELINE: Final = 5000
MAX_LINKS: Final = 500


class ParticipantSort(StrEnum):
    KILLS = "kills"
    DEATHS = "deaths"
    ISK_DESTROYED = "isk_destroyed"


class KillmailSort(StrEnum):
    TIME = "time"
    ISK_DESTROYED = "isk_destroyed"


class ParticipantQuery(BaseModel):
    side: Annotated[int | None, Field(ge=1, le=100)] = None
    alliance_id: Annotated[int | None, Field(ge=0, lt=2**63)] = None
    sort: ParticipantSort = ParticipantSort.KILLS
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    offset: Annotated[int, Field(ge=0, le=100_000)] = 0


class KillmailQuery(BaseModel):
    side: Annotated[int | None, Field(ge=1, le=100)] = None
    sort: KillmailSort = KillmailSort.TIME
    limit: Annotated[int, Field(ge=1, le=200)] = 50
    offset: Annotated[int, Field(ge=0, le=100_000)] = 0
    cursor: Annotated[str | None, Field(max_length=500)] = None


router = APIRouter(prefix="/api/battles", tags=["battles"])


@router.get("", response_model=schemas.BattleList)
async def list_battles(
    request: Request, query: Annotated[BattleQuery, Query()], database: DatabaseDep, clock: ClockDep
) -> Response:
    """List battles, newest first by default. An entity filter matches when any participant matches."""
    params = sql_params(query, clock())
    after = Cursor.parse(query.cursor, query.order) if query.cursor else None
    page_params = {**params, "value": after and after.value, "id": after and after.id, "limit": query.limit + 1}
    async with database.session() as session:
        battles = await session.rows(Battle, sql.ORDERS[query.order], page_params)
        count = await session.scalar(sql.COUNT, {**params, "max_count": sql.MAX_COUNT})
        page = battles[: query.limit]
        main_alliances = await session.rows(MainAlliance, sql.MAIN_ALLIANCES, {"ids": [battle.id for battle in page]})
        names = await sql.find_names(session, presenters.list_name_keys(page, main_alliances))
    has_more = len(battles) > query.limit
    body = schemas.BattleList(
        items=presenters.battle_items(page, main_alliances, names),
        next_cursor=str(_cursor(page[-1], query)) if has_more else None,
        has_more=has_more,
        total_count=count,
        applied_filters=schemas.AppliedFilters(summary=filter_summary(query), filters=applied_filters(query)),
    )
    return cacheable_response(request, body, LIST_MAX_AGE)


def _cursor(last: Battle, query: BattleQuery) -> Cursor:
    sort_values = {
        "start_time": last.start_time.isoformat(),
        "isk_destroyed": last.total_isk_destroyed,
        "kills": last.total_kills,
        "duration": last.duration_seconds,
        "participants": last.total_participants,
    }
    return Cursor(query.order, str(sort_values[query.sort_by]), str(last.id))


@router.get("/{battle_id}", response_model=schemas.BattleDetail)
async def get_battle(request: Request, battle_id: UUID, database: DatabaseDep) -> Response:
    """Get a battle with all its data. The id of a merged battle redirects to the surviving battle."""
    async with database.session() as session:
        rows = await _load_rows(session, await require_battle(session, battle_id))
        names = await sql.find_names(session, rows.name_keys())
    return cacheable_response(request, presenters.battle_detail(rows, names), _max_age(rows.battle))


async def _load_rows(session: Session, battle: Battle) -> presenters.BattleRows:
    params: dict[str, Any] = {"id": battle.id, "limit": MAX_IN_DETAIL, "offset": 0, "side": None}
    pilots = await session.rows(Participant, sql.PARTICIPANTS, {**params, "alliance_id": None, "sort": "kills"})
    return presenters.BattleRows(
        battle=battle,
        main_alliances=await session.rows(MainAlliance, sql.MAIN_ALLIANCES, {"ids": [battle.id]}),
        sides=await session.rows(Side, sql.SIDES, params),
        parties=await session.rows(Party, sql.PARTIES, params),
        side_ships=await session.rows(SideShip, sql.SIDE_SHIPS, params),
        killmails=await session.rows(Killmail, sql.KILLMAILS, {**params, "time": None, "last": None}),
        participants=pilots,
        ships=await session.rows(PilotShip, sql.SHIPS, {**params, "characters": [p.character_id for p in pilots]}),
        reasons=await session.rows(LinkReasonCount, sql.REASONS, params),
        links=await session.rows(Link, sql.LINKS, {**params, "limit": MAX_LINKS}),
        suggestions=await session.scalar(sql.SUGGESTIONS, params),
        edit_count=await session.scalar(edit_sql.ACTIVE_COUNT, params),
    )


@router.get("/{battle_id}/participants", response_model=schemas.Participants)
async def get_participants(
    request: Request, battle_id: UUID, query: Annotated[ParticipantQuery, Query()], database: DatabaseDep
) -> Response:
    """List the pilots on the battle's killmails."""
    params = {**query.model_dump(), "id": battle_id}
    async with database.session() as session:
        battle = await require_battle(session, battle_id)
        pilots = await session.rows(Participant, sql.PARTICIPANTS, params)
        total = await session.scalar(sql.PARTICIPANT_COUNT, params)
        characters = [pilot.character_id for pilot in pilots]
        ships = await session.rows(PilotShip, sql.SHIPS, {"id": battle_id, "characters": characters})
        names = await sql.find_names(session, presenters.participant_name_keys(pilots, ships))
    items = presenters.participant_items(pilots, ships, names)
    body = schemas.Participants(items=items, total=total, limit=query.limit, offset=query.offset)
    return cacheable_response(request, body, _max_age(battle))


@router.get("/{battle_id}/killmails", response_model=schemas.Killmails)
async def get_killmails(
    request: Request, battle_id: UUID, query: Annotated[KillmailQuery, Query()], database: DatabaseDep
) -> Response:
    """List the battle's killmails, oldest first or most valuable first. `side` filters by the victim's side."""
    after = Cursor.parse(query.cursor, query.sort) if query.cursor else None
    by_time = query.sort is KillmailSort.TIME
    statement = sql.KILLMAILS if by_time else sql.KILLMAILS_BY_ISK
    params = {"side": query.side, "limit": query.limit + 1, "offset": query.offset, "last": after and after.id}
    params["time" if by_time else "isk"] = after and after.value
    async with database.session() as session:
        battle = await require_battle(session, battle_id)
        killmails = await session.rows(Killmail, statement, {**params, "id": battle.id})
        page, has_more = killmails[: query.limit], len(killmails) > query.limit
        names = await sql.find_names(session, presenters.killmail_name_keys(page))
    body = schemas.Killmails(
        items=[presenters.killmail_item(killmail, names) for killmail in page],
        next_cursor=str(_killmail_cursor(page[-1], query.sort)) if has_more else None,
        has_more=has_more,
    )
    return cacheable_response(request, body, _max_age(battle))


def _killmail_cursor(last: Killmail, sort: KillmailSort) -> Cursor:
    value = last.occurred_at.isoformat() if sort is KillmailSort.TIME else str(last.isk_value)
    return Cursor(sort, value, str(last.killmail_id))


@router.get("/{battle_id}/timeline", response_model=schemas.Timeline)
async def get_timeline(request: Request, battle_id: UUID, database: DatabaseDep) -> Response:
    """List the losses in order of time; `relativeTime` is seconds since the start of the battle."""
    params = {"side": None, "time": None, "last": None, "limit": MAX_IN_TIMELINE, "offset": 0}
    async with database.session() as session:
        battle = await require_battle(session, battle_id)
        killmails = await session.rows(Killmail, sql.KILLMAILS, {**params, "id": battle.id})
        names = await sql.find_names(session, presenters.killmail_name_keys(killmails))
    return cacheable_response(request, presenters.timeline(battle, killmails, names), _max_age(battle))


def _max_age(battle: Battle) -> int:
    return OPEN_BATTLE_MAX_AGE if battle.status == "open" else CLOSED_BATTLE_MAX_AGE
