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
    MainAlliance,
    Participant,
    Party,
    Reason,
    Ship,
    Side,
    SideShip,
)
from battle_api.http.dependencies import ClockDep, StoreDep, answer, found
from battle_api.presenters import BattleRows, detail
from battle_api.repositories import battles as store
from battle_api.repositories import edits
from battle_api.repositories.session import Session
from battle_api.schemas import battles as schemas
from battle_api.schemas.battle_query import BattleQuery, applied, parameters, summary

LIST_SECONDS: Final = 60
OPEN_SECONDS: Final = 30
CLOSED_SECONDS: Final = 300
# A page shows all mails and pilots of any fight of the last years; beyond, the lists of their own go on.
MOST_IN_DETAIL: Final = 2000
MOST_IN_TIMELINE: Final = 5000
MOST_LINKS: Final = 500


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
    request: Request, query: Annotated[BattleQuery, Query()], battles: StoreDep, clock: ClockDep
) -> Response:
    """Battles by filters, newest first; an entity filter matches when any participant matches."""
    given = parameters(query, clock())
    after = Cursor.parse(query.cursor, query.order) if query.cursor else None
    page = {**given, "value": after and after.value, "id": after and after.id, "limit": query.limit + 1}
    async with battles.reading() as reading:
        listed = await reading.rows(Battle, store.ORDERS[query.order], page)
        count = await reading.scalar(store.COUNT, {**given, "counted_at_most": store.COUNTED_AT_MOST})
        shown = listed[: query.limit]
        main = await reading.rows(MainAlliance, store.MAIN_ALLIANCES, {"ids": [battle.id for battle in shown]})
        names = await store.names(reading, presenters.list_name_keys(shown, main))
    more = len(listed) > query.limit
    body = schemas.BattleList(
        items=presenters.items(shown, main, names),
        next_cursor=str(_cursor(shown[-1], query)) if more else None,
        has_more=more,
        total_count=count,
        applied_filters=schemas.AppliedFilters(summary=summary(query), filters=applied(query)),
    )
    return answer(request, body, LIST_SECONDS)


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
async def get_battle(request: Request, battle_id: UUID, battles: StoreDep) -> Response:
    """One battle with everything a report shows; the address of a merged battle redirects to the survivor."""
    async with battles.reading() as reading:
        whole = await _whole(reading, await found(reading, battle_id))
        names = await store.names(reading, whole.name_keys())
    return answer(request, detail(whole, names), _seconds(whole.battle))


async def _whole(reading: Session, battle: Battle) -> BattleRows:
    given: dict[str, Any] = {"id": battle.id, "limit": MOST_IN_DETAIL, "offset": 0, "side": None}
    pilots = await reading.rows(Participant, store.PARTICIPANTS, {**given, "alliance_id": None, "sort": "kills"})
    return BattleRows(
        battle=battle,
        main=await reading.rows(MainAlliance, store.MAIN_ALLIANCES, {"ids": [battle.id]}),
        sides=await reading.rows(Side, store.SIDES, given),
        parties=await reading.rows(Party, store.PARTIES, given),
        side_ships=await reading.rows(SideShip, store.SIDE_SHIPS, given),
        killmails=await reading.rows(Killmail, store.KILLMAILS, {**given, "time": None, "last": None}),
        participants=pilots,
        ships=await reading.rows(Ship, store.SHIPS, {**given, "characters": [p.character_id for p in pilots]}),
        reasons=await reading.rows(Reason, store.REASONS, given),
        links=await reading.rows(Link, store.LINKS, {**given, "limit": MOST_LINKS}),
        suggestions=await reading.scalar(store.SUGGESTIONS, given),
        edit_count=await reading.scalar(edits.IN_FORCE, given),
    )


@router.get("/{battle_id}/participants", response_model=schemas.Participants)
async def get_participants(
    request: Request, battle_id: UUID, query: Annotated[ParticipantQuery, Query()], battles: StoreDep
) -> Response:
    """Pilots seen on the battle's killmails."""
    given = query.model_dump()
    async with battles.reading() as reading:
        battle = await found(reading, battle_id)
        pilots = await reading.rows(Participant, store.PARTICIPANTS, {**given, "id": battle.id})
        total = await reading.scalar(store.PARTICIPANT_COUNT, {**given, "id": battle.id})
        characters = [pilot.character_id for pilot in pilots]
        ships = await reading.rows(Ship, store.SHIPS, {"id": battle.id, "characters": characters})
        names = await store.names(reading, presenters.participant_name_keys(pilots, ships))
    rows = presenters.participants(pilots, ships, names)
    body = schemas.Participants(items=rows, total=total, limit=query.limit, offset=query.offset)
    return answer(request, body, _seconds(battle))


@router.get("/{battle_id}/killmails", response_model=schemas.Killmails)
async def get_killmails(
    request: Request, battle_id: UUID, query: Annotated[KillmailQuery, Query()], battles: StoreDep
) -> Response:
    """The battle's killmails, oldest or dearest first; the side is the victim's."""
    after = Cursor.parse(query.cursor, query.sort) if query.cursor else None
    by_time = query.sort is KillmailSort.TIME
    given = {"side": query.side, "limit": query.limit + 1, "offset": query.offset, "last": after and after.id}
    statement = store.KILLMAILS if by_time else store.KILLMAILS_BY_ISK
    value = {"time" if by_time else "isk": after and after.value}
    async with battles.reading() as reading:
        battle = await found(reading, battle_id)
        listed = await reading.rows(Killmail, statement, {**given, **value, "id": battle.id})
        shown, more = listed[: query.limit], len(listed) > query.limit
        names = await store.names(reading, presenters.killmail_name_keys(shown))
    body = schemas.Killmails(
        items=[presenters.killmail(mail, names) for mail in shown],
        next_cursor=str(_killmail_cursor(shown[-1], query.sort)) if more else None,
        has_more=more,
    )
    return answer(request, body, _seconds(battle))


def _killmail_cursor(last: Killmail, sort: KillmailSort) -> Cursor:
    value = last.occurred_at.isoformat() if sort is KillmailSort.TIME else str(last.isk_value)
    return Cursor(sort, value, str(last.killmail_id))


@router.get("/{battle_id}/timeline", response_model=schemas.Timeline)
async def get_timeline(request: Request, battle_id: UUID, battles: StoreDep) -> Response:
    """The losses in order of time; `relativeTime` is seconds since the battle began."""
    given = {"side": None, "time": None, "last": None, "limit": MOST_IN_TIMELINE, "offset": 0}
    async with battles.reading() as reading:
        battle = await found(reading, battle_id)
        killmails = await reading.rows(Killmail, store.KILLMAILS, {**given, "id": battle.id})
        names = await store.names(reading, presenters.killmail_name_keys(killmails))
    return answer(request, presenters.timeline(battle, killmails, names), _seconds(battle))


def _seconds(battle: Battle) -> int:
    return OPEN_SECONDS if battle.status == "open" else CLOSED_SECONDS
