"""Bodies of searches: typed filters only. Values of one filter are alternatives, different filters must all match."""

from decimal import Decimal
from typing import Annotated, Final
from uuid import UUID

from pydantic import Field, model_validator

from battlescope_events.http_api.request_types import JsonInteger, RequestBody, RequestId, RequestIsk, RequestTime
from battlescope_schemas.battle import BattleStatus
from battlescope_schemas.ships.hulls import HullClass
from battlescope_schemas.universe import SecurityType
from search_api.domain.searches import (
    BattleOrder,
    BattleSearch,
    Between,
    Direction,
    KillmailOrder,
    KillmailSearch,
    Page,
)
from search_api.schemas.battles import Tier
from search_api.schemas.queries import SearchQuery

_MAX_IDS: Final = 50  # enough for a coalition; an unbounded list would allow arbitrarily expensive queries
_MAX_OFFSET: Final = 10_000
Ids = Annotated[tuple[RequestId, ...], Field(max_length=_MAX_IDS)]
Count = Annotated[JsonInteger, Field(ge=0, le=2**31 - 1)]


def _check(low: Decimal | int | None, high: Decimal | int | None) -> None:
    if low is not None and high is not None and low > high:
        raise ValueError("min must not be greater than max")


class CountBounds(RequestBody):
    """Both ends are included."""

    min: Count | None = None
    max: Count | None = None

    @model_validator(mode="after")
    def _check_order(self) -> "CountBounds":
        _check(self.min, self.max)
        return self


class IskBounds(RequestBody):
    """Both ends are included."""

    min: RequestIsk | None = None
    max: RequestIsk | None = None

    @model_validator(mode="after")
    def _check_order(self) -> "IskBounds":
        _check(self.min, self.max)
        return self


class TimeBounds(RequestBody):
    """Both ends are included."""

    after: RequestTime | None = None
    before: RequestTime | None = None

    @model_validator(mode="after")
    def _check_order(self) -> "TimeBounds":
        if self.after is not None and self.before is not None and self.after > self.before:
            raise ValueError("after must not be later than before")
        return self


class SearchPage(RequestBody):
    limit: Annotated[JsonInteger, Field(ge=1, le=100)] = 20
    offset: Annotated[JsonInteger, Field(ge=0, le=_MAX_OFFSET)] = 0


class BattleSearchFilters(RequestBody):
    """ids: battles, as of a list that is shown. Entities match when any participant was one of them."""

    ids: Annotated[tuple[UUID, ...], Field(max_length=100)] = ()
    security_type: Annotated[tuple[SecurityType, ...], Field(max_length=len(SecurityType))] = ()
    status: Annotated[tuple[BattleStatus, ...], Field(max_length=len(BattleStatus))] = ()
    tier: Annotated[tuple[Tier, ...], Field(max_length=len(Tier))] = ()
    start_time: TimeBounds = TimeBounds()
    total_kills: CountBounds = CountBounds()
    total_isk_destroyed: IskBounds = IskBounds()
    total_participants: CountBounds = CountBounds()
    duration: CountBounds = CountBounds()
    alliance_ids: Ids = ()
    corp_ids: Ids = ()
    character_ids: Ids = ()
    system_ids: Ids = ()
    region_ids: Ids = ()


class BattleSearchSort(RequestBody):
    """relevance: by the match of the query; without a query by the start."""

    by: BattleOrder = BattleOrder.RELEVANCE
    order: Direction = Direction.DESC


class BattleSearchRequest(RequestBody):
    query: SearchQuery | None = None
    filters: BattleSearchFilters = BattleSearchFilters()
    sort: BattleSearchSort = BattleSearchSort()
    page: SearchPage = SearchPage()

    def search(self) -> BattleSearch:
        """Everything but the query."""
        filters = self.filters
        return BattleSearch(
            battle_ids=filters.ids or None,
            security_types=tuple(map(str, filters.security_type)),
            statuses=tuple(map(str, filters.status)),
            tiers=tuple(map(str, filters.tier)),
            system_ids=filters.system_ids,
            region_ids=filters.region_ids,
            alliance_ids=filters.alliance_ids,
            corporation_ids=filters.corp_ids,
            character_ids=filters.character_ids,
            start_time=Between(filters.start_time.after, filters.start_time.before),
            kills=Between(filters.total_kills.min, filters.total_kills.max),
            participants=Between(filters.total_participants.min, filters.total_participants.max),
            isk=Between(filters.total_isk_destroyed.min, filters.total_isk_destroyed.max),
            duration=Between(filters.duration.min, filters.duration.max),
            order=self.sort.by,
            direction=self.sort.order,
            page=Page(self.page.limit, self.page.offset),
        )


class KillmailSearchFilters(RequestBody):
    """Those of the victim, and those of at least one attacker; a query finds killmails by both."""

    security_type: Annotated[tuple[SecurityType, ...], Field(max_length=len(SecurityType))] = ()
    hull_class: Annotated[tuple[HullClass, ...], Field(max_length=len(HullClass))] = ()
    timestamp: TimeBounds = TimeBounds()
    isk_value: IskBounds = IskBounds()
    attacker_count: CountBounds = CountBounds()
    system_ids: Ids = ()
    region_ids: Ids = ()
    ship_type_ids: Ids = ()
    victim_alliance_ids: Ids = ()
    victim_corp_ids: Ids = ()
    victim_character_ids: Ids = ()
    attacker_alliance_ids: Ids = ()
    attacker_corp_ids: Ids = ()
    attacker_character_ids: Ids = ()


class KillmailSearchSort(RequestBody):
    by: KillmailOrder = KillmailOrder.TIME
    order: Direction = Direction.DESC


class KillmailSearchRequest(RequestBody):
    query: SearchQuery | None = None
    filters: KillmailSearchFilters = KillmailSearchFilters()
    sort: KillmailSearchSort = KillmailSearchSort()
    page: SearchPage = SearchPage()

    def search(self) -> KillmailSearch:
        """Everything but the query."""
        filters = self.filters
        return KillmailSearch(
            security_types=tuple(map(str, filters.security_type)),
            hull_classes=tuple(map(str, filters.hull_class)),
            system_ids=filters.system_ids,
            region_ids=filters.region_ids,
            ship_type_ids=filters.ship_type_ids,
            alliance_ids=filters.victim_alliance_ids,
            corporation_ids=filters.victim_corp_ids,
            character_ids=filters.victim_character_ids,
            attacker_alliance_ids=filters.attacker_alliance_ids,
            attacker_corporation_ids=filters.attacker_corp_ids,
            attacker_character_ids=filters.attacker_character_ids,
            time=Between(filters.timestamp.after, filters.timestamp.before),
            isk=Between(filters.isk_value.min, filters.isk_value.max),
            attackers=Between(filters.attacker_count.min, filters.attacker_count.max),
            order=self.sort.by,
            direction=self.sort.order,
            page=Page(self.page.limit, self.page.offset),
        )
