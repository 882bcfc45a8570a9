"""Builds a page of the battle list."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import Field

from battle_api.domain.rows import Battle
from battle_api.presenters.battle_list import battle_items
from battle_api.repositories.battles import BattleRepository
from battle_api.repositories.list_rows import ListRowRepository
from battle_api.schemas.battle_list import AppliedFilters, BattleList
from battle_api.schemas.battle_query import (
    AnyIsk,
    BattleQuery,
    SortBy,
    SortOrder,
    applied_filters,
    filter_summary,
)
from battlescope_events.http_api.pagination import CursorFormat, page_of
from battlescope_events.http_api.request_types import RequestTime
from battlescope_events.postgres.database import Connection

_Count = Annotated[int, Field(ge=0, lt=2**31)]
_SORT_VALUES: Final[Mapping[SortBy, Any]] = {
    SortBy.START_TIME: RequestTime,
    SortBy.ISK_DESTROYED: AnyIsk,
    SortBy.KILLS: _Count,
    SortBy.DURATION: _Count,
    SortBy.PARTICIPANTS: _Count,
}
BATTLE_CURSORS: Final[Mapping[str, CursorFormat[tuple[Any, UUID]]]] = {
    f"{sort_by}:{order}": CursorFormat(f"{sort_by}:{order}", tuple[value, UUID])
    for sort_by, value in _SORT_VALUES.items()
    for order in SortOrder
}


async def list_body(connection: Connection, query: BattleQuery, now: datetime) -> BattleList:
    """The page that the query asks for.

    Raises:
        ApiError: the cursor is none of this order (400).
    """
    cursor = BATTLE_CURSORS[query.order]
    after = cursor.decode(query.cursor)
    battles = BattleRepository(connection)
    page, has_more = page_of(await battles.page(query, now, after, query.limit + 1), query.limit)
    rows = await ListRowRepository(connection).of_battles([battle.id for battle in page])
    return BattleList(
        items=battle_items(page, rows),
        next_cursor=cursor.encode(_sort_value(page[-1], query.sort_by), page[-1].id) if has_more else None,
        has_more=has_more,
        total_count=await battles.count(query, now),
        applied_filters=AppliedFilters(summary=filter_summary(query), filters=applied_filters(query)),
    )


def _sort_value(battle: Battle, sort_by: SortBy) -> datetime | Decimal | int:
    return {
        SortBy.START_TIME: battle.start_time,
        SortBy.ISK_DESTROYED: battle.total_isk_destroyed,
        SortBy.KILLS: battle.total_kills,
        SortBy.DURATION: battle.duration_seconds,
        SortBy.PARTICIPANTS: battle.total_participants,
    }[sort_by]
