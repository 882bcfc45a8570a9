"""The HTTP routes: the most recent killmails, and one killmail by its id."""

from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Final

from fastapi import Path, Query, Request
from fastapi.responses import Response
from msgspec import Raw
from pydantic import BaseModel, ConfigDict, Field

from battlescope_events.http_api.description import links
from battlescope_events.http_api.errors import ApiError, problem
from battlescope_events.http_api.guard import Right, Role, requires
from battlescope_events.http_api.request_types import WHOLE_NUMBER, QueryId, RequestTime
from battlescope_events.http_api.responses import cacheable_content, cacheable_response, current_response
from battlescope_events.http_api.routing import ApiRouter
from battlescope_schemas.killmail import ArchivedKillmail
from battlescope_schemas.universe import SecurityType
from killmail_api.dependencies import Dependencies, Deps
from killmail_api.domain.archived_row import ArchivedRow
from killmail_api.domain.items import read_entries, type_ids
from killmail_api.presenters import detail, killmail_items, summary
from killmail_api.repositories.killmails import BEGINNING, KillmailRepository, RecentSearch
from killmail_api.schemas.items import Items
from killmail_api.schemas.killmails import Detail, Recent
from killmail_api.schemas.security_filter import SpaceType, selected_security_types

MAX_AGE: Final = 300  # seconds; a killmail is immutable, but its names and its battle may change
SEARCHED_AGE: Final = timedelta(days=1)
_NOT_FOUND: Final[dict[int | str, dict[str, Any]]] = {404: problem("There is no such killmail.")}
_NOT_IN_ARCHIVE: Final[dict[int | str, dict[str, Any]]] = {
    404: problem("There is no such killmail, or the archive no longer has it.")
}
_RAW: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "The raw killmail.", "content": {"application/json": {"schema": {"type": "object"}}}}
}
TOP_MAX_AGE: Final = 60
_NEXT: Final[dict[int | str, dict[str, Any]]] = {
    200: {
        "links": links(
            {
                "killmail": "one_api_killmails__killmailId__get",
                "items": "items_api_killmails__killmailId__items_get",
                "raw": "raw_api_killmails__killmailId__raw_get",
            },
            killmailId="$response.body#/items/0/killmailId",
        )
    }
}
router = ApiRouter(
    prefix="/api/killmails", tags=["killmails"], dependencies=[requires(Right("battle-reports", Role.USER))]
)


class TopRange(StrEnum):
    """How far back the search for the most valuable killmails goes."""

    HOUR = "1h"
    DAY = "24h"
    WEEK = "7d"


_AGES: Final = {TopRange.HOUR: timedelta(hours=1), TopRange.DAY: timedelta(days=1), TopRange.WEEK: timedelta(days=7)}


class TopQuery(BaseModel):
    model_config = ConfigDict(frozen=True)

    range: TopRange = TopRange.DAY
    limit: Annotated[int, Field(ge=1, le=50), WHOLE_NUMBER] = 10


class KillmailQuery(BaseModel):
    """Query parameters. Both filters of security are combined; values of one are alternatives, others must all match.

    since: killmails of this time or later; without it, a filter besides the security looks at the last day.
    """

    model_config = ConfigDict(frozen=True)

    security_type: Annotated[list[SecurityType], Field(max_length=len(SecurityType))] = []
    space_type: Annotated[list[SpaceType], Field(max_length=len(SpaceType))] = []
    system_id: Annotated[list[QueryId], Field(max_length=100)] = []
    region_id: Annotated[list[QueryId], Field(max_length=100)] = []
    min_isk: Annotated[int, Field(ge=0, le=10**18 - 1), WHOLE_NUMBER] = 0
    since: RequestTime | None = None
    limit: Annotated[int, Field(ge=1, le=100), WHOLE_NUMBER] = 50

    def search(self, now: datetime) -> RecentSearch:
        is_narrow = bool(self.system_id or self.region_id or self.min_isk)
        since = self.since or (now - SEARCHED_AGE if is_narrow else BEGINNING)
        types = [str(security_type) for security_type in self.security_types()]
        return RecentSearch(types, self.limit, since, self.system_id, self.region_id, min_isk=Decimal(self.min_isk))

    def security_types(self) -> tuple[SecurityType, ...]:
        return selected_security_types(self.security_type, self.space_type)


@router.get("/recent", response_model=Recent, responses=_NEXT)
async def recent(request: Request, deps: Deps, query: Annotated[KillmailQuery, Query()]) -> Response:
    """The most recent killmails, by the time of the kill."""
    async with deps.database.connection() as connection:
        rows = await KillmailRepository(connection).find_recent(query.search(deps.clock()))
    items = tuple(summary(row) for row in rows)
    return current_response(request, Recent(items=items, count=len(items)))


@router.get("/top", response_model=Recent, responses=_NEXT)
async def top(request: Request, deps: Deps, query: Annotated[TopQuery, Query()]) -> Response:
    """The most valuable killmails of the last hour, day or week, the most valuable first."""
    async with deps.database.connection() as connection:
        rows = await KillmailRepository(connection).find_top(deps.clock() - _AGES[query.range], query.limit)
    items = tuple(summary(row) for row in rows)
    return cacheable_response(request, Recent(items=items, count=len(items)), TOP_MAX_AGE)


@router.get("/{killmailId}/items", response_model=Items, responses=_NOT_IN_ARCHIVE)
async def items(request: Request, deps: Deps, killmail_id: Annotated[QueryId, Path(alias="killmailId")]) -> Response:
    """What was in the lost ship, with contents of containers, read from the raw killmail, and what it was worth."""
    row, archived = await _archived(deps, killmail_id)
    raw_items = archived.victim.items
    entries = read_entries(bytes(raw_items)) if isinstance(raw_items, Raw) else ()
    async with deps.database.connection() as connection:
        names = await KillmailRepository(connection).type_names({*type_ids(entries)})
    return cacheable_response(request, killmail_items(killmail_id, row, entries, names), MAX_AGE, "public")


@router.get("/{killmailId}/raw", response_class=Response, responses=_NOT_IN_ARCHIVE | _RAW)
async def raw(request: Request, deps: Deps, killmail_id: Annotated[QueryId, Path(alias="killmailId")]) -> Response:
    """The killmail as the feed gave it, byte for byte. It is in the format of its source."""
    _, archived = await _archived(deps, killmail_id)
    return cacheable_content(request, archived.raw, MAX_AGE, scope="public")


@router.get(
    "/{killmailId}",
    response_model=Detail,
    responses=_NOT_FOUND,
    operation_id="one_api_killmails__killmailId__get",  # released: generated clients name their methods after it
)
async def killmail(request: Request, deps: Deps, killmail_id: Annotated[QueryId, Path(alias="killmailId")]) -> Response:
    """One killmail with all its details."""
    async with deps.database.connection() as connection:
        row = await KillmailRepository(connection).find(killmail_id)
    if row is None:
        raise ApiError(404, f"There is no killmail {killmail_id}.")
    return cacheable_response(request, detail(row), MAX_AGE, "public")


async def _archived(deps: Dependencies, killmail_id: int) -> tuple[ArchivedRow, ArchivedKillmail]:
    """What the database has of the killmail, and the killmail in the archive.

    Raises:
        ApiError: there is no such killmail, or the archive no longer has it (404).
        TransientError: the archive or the database does not answer.
    """
    async with deps.database.connection() as connection:
        row = await KillmailRepository(connection).find_archived(killmail_id)
    if row is None:
        raise ApiError(404, f"There is no killmail {killmail_id}.")
    archived = await deps.archive.find(row.archive_key)
    if archived is None:
        raise ApiError(404, f"The archive no longer has killmail {killmail_id}.")
    return row, archived
