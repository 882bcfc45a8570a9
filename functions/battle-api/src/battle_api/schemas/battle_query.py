"""The query parameters of the battle list, and their translation to SQL parameters."""

from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Final
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from battle_api.schemas.battle_list import Tier
from battlescope_events.http_api.request_types import (
    WHOLE_NUMBER,
    CursorText,
    QueryId,
    QueryIsk,
    RequestTime,
    check_order,
)
from battlescope_schemas.battle import BattleStatus
from battlescope_schemas.universe import SecurityType

_MAX_BATTLES: Final = 100  # as many as a page has
_MAX_IDS: Final = 50  # enough for a coalition; an unbounded list would allow arbitrarily expensive queries
Ids = Annotated[list[QueryId], Field(max_length=_MAX_IDS)]
Count = Annotated[int, Field(ge=0, le=2**31 - 1), WHOLE_NUMBER]
Weekday = Annotated[int, Field(ge=1, le=7), WHOLE_NUMBER]
Hour = Annotated[int, Field(ge=0, le=23), WHOLE_NUMBER]
SystemClass = Annotated[int, Field(ge=1, le=100), WHOLE_NUMBER]
NameFragment = Annotated[str, Field(min_length=1, max_length=100)]
AnyIsk = Annotated[Decimal, Field(ge=0, max_digits=26, decimal_places=2, allow_inf_nan=False)]
"""ISK of a cursor, which may be the sum of many."""


class TimeRange(StrEnum):
    LAST_HOUR = "last_hour"
    LAST_24H = "last_24h"
    LAST_7D = "last_7d"
    LAST_30D = "last_30d"
    CUSTOM = "custom"


class AllianceRole(StrEnum):
    SIDE = "side"
    THIRD_PARTY = "third-party"
    KILL_STEALER = "kill-stealer"
    UNASSIGNED = "unassigned"


class SortBy(StrEnum):
    START_TIME = "start_time"
    ISK_DESTROYED = "isk_destroyed"
    KILLS = "kills"
    DURATION = "duration"
    PARTICIPANTS = "participants"


class SortOrder(StrEnum):
    DESC = "desc"
    ASC = "asc"


_TIME_RANGES: Final = {
    TimeRange.LAST_HOUR: timedelta(hours=1),
    TimeRange.LAST_24H: timedelta(days=1),
    TimeRange.LAST_7D: timedelta(days=7),
    TimeRange.LAST_30D: timedelta(days=30),
}


RANGES: Final = (
    ("min_kills", "max_kills"),
    ("min_isk", "max_isk"),
    ("min_participants", "max_participants"),
    ("min_duration", "max_duration"),
    ("start_time_after", "start_time_before"),
)


class BattleQuery(BaseModel):
    """Filters of `GET /api/battles`: a battle matches one of the values of every given filter.

    role: what an alliance of `alliance_id` did in the battle. weekday: of the start in UTC, from 1 for Monday.
    """

    model_config = ConfigDict(frozen=True)

    id: Annotated[list[UUID], Field(max_length=_MAX_BATTLES)] = []
    security_type: Annotated[list[SecurityType], Field(max_length=5)] = []
    system_id: Ids = []
    system_name: NameFragment | None = None
    constellation_id: Ids = []
    region_id: Ids = []
    system_class: Annotated[list[SystemClass], Field(max_length=20)] = []
    alliance_id: Ids = []
    alliance_name: NameFragment | None = None
    role: Annotated[list[AllianceRole], Field(max_length=len(AllianceRole))] = []
    corp_id: Ids = []
    corp_name: NameFragment | None = None
    character_id: Ids = []
    character_name: NameFragment | None = None
    min_kills: Count | None = None
    max_kills: Count | None = None
    min_isk: QueryIsk | None = None
    max_isk: QueryIsk | None = None
    min_participants: Count | None = None
    max_participants: Count | None = None
    min_duration: Count | None = None
    max_duration: Count | None = None
    start_time_after: RequestTime | None = None
    start_time_before: RequestTime | None = None
    time_range: TimeRange | None = None
    weekday: Annotated[list[Weekday], Field(max_length=7)] = []
    hour: Annotated[list[Hour], Field(max_length=24)] = []
    status: Annotated[list[BattleStatus], Field(max_length=len(BattleStatus))] = []
    tier: Annotated[list[Tier], Field(max_length=len(Tier))] = []
    min_tier: Tier | None = None
    limit: Annotated[int, Field(ge=1, le=100), WHOLE_NUMBER] = 20
    cursor: CursorText | None = None
    sort_by: SortBy = SortBy.START_TIME
    sort_order: SortOrder = SortOrder.DESC

    @model_validator(mode="after")
    def _check_ranges(self) -> "BattleQuery":
        check_order(self, RANGES)
        return self

    @property
    def order(self) -> str:
        return f"{self.sort_by}:{self.sort_order}"


_NOT_FILTERS: Final = {"limit", "cursor", "sort_by", "sort_order"}


def applied_filters(query: BattleQuery) -> dict[str, Any]:
    """The filters of the request, for the response."""
    filters = query.model_dump(mode="json", exclude=_NOT_FILTERS, exclude_none=True)
    return {name: value for name, value in filters.items() if value != []}


def filter_summary(query: BattleQuery) -> str:
    """The filters as one readable line."""
    parts = (f"{name.replace('_', ' ')}: {_readable(value)}" for name, value in applied_filters(query).items())
    return "; ".join(parts) or "all battles"


def _readable(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)  # pyright: ignore[reportUnknownArgumentType]  # JSON


def sql_params(query: BattleQuery, now: datetime) -> dict[str, Any]:
    """The parameters of the list statements; None where the request has no filter."""
    filters = query.model_dump(exclude=_NOT_FILTERS | {"time_range", "tier", "min_tier"})
    params = {name: None if value == [] else value for name, value in filters.items()}
    for name in ("system_name", "alliance_name", "corp_name", "character_name"):
        params[name] = ilike_pattern(params[name])
    params["tier"] = _tiers(query)
    span = _TIME_RANGES.get(query.time_range or TimeRange.CUSTOM)
    if span is not None and query.start_time_after is None:
        params["start_time_after"] = now - span
    return params


def _tiers(query: BattleQuery) -> list[Tier] | None:
    if not query.tier and query.min_tier is None:
        return None
    smallest = list(Tier).index(query.min_tier or Tier.SINGLE)
    return [tier for tier in list(Tier)[smallest:] if not query.tier or tier in query.tier]


def ilike_pattern(fragment: str | None) -> str | None:
    """The pattern of names that contain the fragment, whose own wildcards mean themselves."""
    if fragment is None:
        return None
    escaped = fragment.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return f"%{escaped}%"
