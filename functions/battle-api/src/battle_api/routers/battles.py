"""The routes that show battles."""

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
from battle_api.presenters import BattleRows, battle_detail
from battle_api.repositories import battles as store
from battle_api.repositories import edits
from battle_api.repositories.session import Session
from battle_api.schemas import battles as schemas
from battle_api.schemas.battle_query import BattleQuery, applied_filters, filter_summary, sql_params

LIST_MAX_AGE: Final = 60
OPEN_BATTLE_MAX_AGE: Final = 30
CLOSED_BATTLE_MAX_AGE: Final = 300
# A page shows all mails and pilots of any fight of the last years; beyond, the lists of their own go on.
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
    """Battles by filters, newest first; an entity filter matches when any participant matches."""
    given = sql_params(query, clock())
    after = Cursor.parse(query.cursor, query.order) if query.cursor else None
    page = {**given, "value": after and after.value, "id": after and after.id, "limit": query.limit + 1}
    async with database.session() as reading:
        listed = await reading.rows(Battle, store.ORDERS[query.order], page)
        count = await reading.scalar(store.COUNT, {**given, "counted_at_most": store.MAX_COUNT})
        shown = listed[: query.limit]
        main = await reading.rows(MainAlliance, store.MAIN_ALLIANCES, {"ids": [battle.id for battle in shown]})
        names = await store.find_names(reading, presenters.list_name_keys(shown, main))
    more = len(listed) > query.limit
    body = schemas.BattleList(
        items=presenters.battle_items(shown, main, names),
        next_cursor=str(_cursor(shown[-1], query)) if more else None,
        has_more=more,
        total_count=count,
        applied_filters=schemas.AppliedFilters(summary=filter_summary(query), filters=applied_filters(query)),
    )
    return cacheable_response(request, body, LIST_MAX_AGE)


def _cursor(last: Battle, query: BattleQuery) -> Cursor:
    values = {
        "start_time": last.start_time.isoformat(),
        "isk_destroyed": last.total_isk_destroyed,
        "kills": last.total_kills,
        "duration": last.duration_seconds,
        "participants": last.total_participants,
    }
    return Cursor(query.order, str(values[query.sort_by]), str(last.id))


@router.get("/{battle_id}", response_model=schemas.BattleDetail)
async def get_battle(request: Request, battle_id: UUID, database: DatabaseDep) -> Response:
    """One battle with everything a report shows; the address of a merged battle redirects to the survivor."""
    async with database.session() as reading:
        whole = await _load_rows(reading, await require_battle(reading, battle_id))
        names = await store.find_names(reading, whole.name_keys())
    return cacheable_response(request, battle_detail(whole, names), _max_age(whole.battle))


async def _load_rows(reading: Session, battle: Battle) -> BattleRows:
    given: dict[str, Any] = {"id": battle.id, "limit": MAX_IN_DETAIL, "offset": 0, "side": None}
    pilots = await reading.rows(Participant, store.PARTICIPANTS, {**given, "alliance_id": None, "sort": "kills"})
    return BattleRows(
        battle=battle,
        main_alliances=await reading.rows(MainAlliance, store.MAIN_ALLIANCES, {"ids": [battle.id]}),
        sides=await reading.rows(Side, store.SIDES, given),
        parties=await reading.rows(Party, store.PARTIES, given),
        side_ships=await reading.rows(SideShip, store.SIDE_SHIPS, given),
        killmails=await reading.rows(Killmail, store.KILLMAILS, {**given, "time": None, "last": None}),
        participant_items=pilots,
        ships=await reading.rows(PilotShip, store.SHIPS, {**given, "characters": [p.character_id for p in pilots]}),
        reasons=await reading.rows(LinkReasonCount, store.REASONS, given),
        links=await reading.rows(Link, store.LINKS, {**given, "limit": MAX_LINKS}),
        suggestions=await reading.scalar(store.SUGGESTIONS, given),
        edit_count=await reading.scalar(edits.ACTIVE_COUNT, given),
    )


@router.get("/{battle_id}/participants", response_model=schemas.Participants)
async def get_participants(
    request: Request, battle_id: UUID, query: Annotated[ParticipantQuery, Query()], database: DatabaseDep
) -> Response:
    """Pilots seen on the battle's killmails."""
    given = query.model_dump()
    async with database.session() as reading:
        battle = await require_battle(reading, battle_id)
        pilots = await reading.rows(Participant, store.PARTICIPANTS, {**given, "id": battle.id})
        total = await reading.scalar(store.PARTICIPANT_COUNT, {**given, "id": battle.id})
        characters = [pilot.character_id for pilot in pilots]
        ships = await reading.rows(PilotShip, store.SHIPS, {"id": battle.id, "characters": characters})
        names = await store.find_names(reading, presenters.participant_name_keys(pilots, ships))
    rows = presenters.participant_items(pilots, ships, names)
    body = schemas.Participants(items=rows, total=total, limit=query.limit, offset=query.offset)
    return cacheable_response(request, body, _max_age(battle))


@router.get("/{battle_id}/killmails", response_model=schemas.Killmails)
async def get_killmails(
    request: Request, battle_id: UUID, query: Annotated[KillmailQuery, Query()], database: DatabaseDep
) -> Response:
    """The battle's killmails, oldest or dearest first; the side is the victim's."""
    after = Cursor.parse(query.cursor, query.sort) if query.cursor else None
    by_time = query.sort is KillmailSort.TIME
    given = {"side": query.side, "limit": query.limit + 1, "offset": query.offset, "last": after and after.id}
    statement = store.KILLMAILS if by_time else store.KILLMAILS_BY_ISK
    value = {"time" if by_time else "isk": after and after.value}
    async with database.session() as reading:
        battle = await require_battle(reading, battle_id)
        listed = await reading.rows(Killmail, statement, {**given, **value, "id": battle.id})
        shown, more = listed[: query.limit], len(listed) > query.limit
        names = await store.find_names(reading, presenters.killmail_name_keys(shown))
    body = schemas.Killmails(
        items=[presenters.killmail_item(mail, names) for mail in shown],
        next_cursor=str(_killmail_cursor(shown[-1], query.sort)) if more else None,
        has_more=more,
    )
    return cacheable_response(request, body, _max_age(battle))


def _killmail_cursor(last: Killmail, sort: KillmailSort) -> Cursor:
    value = last.occurred_at.isoformat() if sort is KillmailSort.TIME else str(last.isk_value)
    return Cursor(sort, value, str(last.killmail_id))


@router.get("/{battle_id}/timeline", response_model=schemas.Timeline)
async def get_timeline(request: Request, battle_id: UUID, database: DatabaseDep) -> Response:
    """The losses in order of time; `relativeTime` is seconds since the battle began."""
    given = {"side": None, "time": None, "last": None, "limit": MAX_IN_TIMELINE, "offset": 0}
    async with database.session() as reading:
        battle = await require_battle(reading, battle_id)
        killmails = await reading.rows(Killmail, store.KILLMAILS, {**given, "id": battle.id})
        names = await store.find_names(reading, presenters.killmail_name_keys(killmails))
    return cacheable_response(request, presenters.timeline(battle, killmails, names), _max_age(battle))


def _max_age(battle: Battle) -> int:
    return OPEN_BATTLE_MAX_AGE if battle.status == "open" else CLOSED_BATTLE_MAX_AGE
