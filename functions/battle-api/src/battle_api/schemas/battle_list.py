"""Response models of battle lists: ids and ISK are strings, and a name is null only without its id."""

from enum import StrEnum
from functools import partial
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, Field

from battle_api.schemas.edit_requests import PartyType
from battlescope_schemas.base import EveId, Isk, Schema, UtcTime
from battlescope_schemas.battle import BattleStatus
from battlescope_schemas.universe import SecurityType

Name = str | None
Thousandths = Annotated[float, AfterValidator(partial(round, ndigits=3))]
"""Rounded to three decimals."""


class Tier(StrEnum):
    """Size classes of battles, smallest first."""

    SINGLE = "single"
    SMALL = "small"
    SKIRMISH = "skirmish"
    BATTLE = "battle"
    MAJOR = "major"


class SideRole(StrEnum):
    """What the parties of a side did in the battle."""

    MAIN = "main"
    THIRD_PARTY = "third_party"
    KILL_STEALER = "kill_stealer"


class MainAlliance(Schema):
    alliance_id: EveId
    alliance_name: Name
    participant_count: int


class ComputedIsk(Schema):
    """How much of `totalIskDestroyed` is computed from market prices instead of zKillboard's, by its confidence.

    share: from 0 to 1. killsWithoutValue: killmails whose value is unknown; they add nothing.
    """

    total: Isk
    high: Isk
    medium: Isk
    low: Isk
    share: Thousandths
    kills_without_value: int


class IskParts(Schema):
    """Parts of `totalIskDestroyed`; null for a battle of an older release.

    fitted: hulls and what was in their slots, so the total without cargo; a killmail whose parts are unknown counts
    with its whole value. dropped: what could be looted, at least. killsWithoutParts: of those with a value.
    killsWithUnpriced: with items without a price, of which each unit counts a cent.
    """

    fitted: Isk
    dropped: Isk
    kills_without_parts: int
    kills_with_unpriced: int


class PartyName(Schema):
    party_type: PartyType
    party_id: EveId
    party_name: Name
    ticker: Name


class SideSummary(Schema):
    """A side in a list. iskLostFitted: without cargo, null in battles of an older release.

    `topParty` has the most pilots; null where only pilots without a party are on the side.
    """

    side_id: int
    role: SideRole
    pilots: int
    losses: int
    isk_lost: Isk
    isk_lost_fitted: Isk | None
    top_party: PartyName | None
    party_count: int


class Outcome(Schema):
    is_decisive: bool
    winning_side: int | None


class SystemName(Schema):
    system_id: EveId
    system_name: Name


class SideSpark(Schema):
    """`isk`: whole ISK by bucket. Its last buckets are left out where nothing was lost in them."""

    side_id: int | None
    isk: list[int]


class Spark(Schema):
    """Losses over time: at most 24 buckets of `bucketSeconds` from the start of the battle."""

    bucket_seconds: int
    lost: list[SideSpark]


class BattleFields(Schema):
    """What a list and the detail show of a battle. `name` is set by edits of the kind `rename`.

    securityStatus, systemClass, systemEffect: of the system in which it began, null while unknown; class and effect
    are those of a wormhole.
    unassignedPilots: of parties that are on no side. editCount counts the edits made on it that are not undone.
    """

    id: UUID
    name: Name
    system_id: EveId
    system_name: Name
    constellation_id: EveId | None
    constellation_name: Name
    region_id: EveId
    region_name: Name
    security_type: SecurityType
    security_status: Thousandths | None
    system_class: int | None
    system_effect: str | None
    status: BattleStatus
    tier: Tier
    start_time: UtcTime
    end_time: UtcTime
    last_killmail_at: UtcTime
    duration: int
    revision: int
    total_kills: int
    total_participants: int
    total_isk_destroyed: Isk
    computed_isk: ComputedIsk
    isk_parts: IskParts | None
    zkill_related_url: str
    main_alliances: list[MainAlliance]
    side_count: int
    unassigned_pilots: int
    outcome: Outcome
    spark: Spark
    edit_count: int


class BattleItem(BattleFields):
    """A battle in a list. systems: with killmails, the one with the most first. sides: the four largest."""

    systems: list[SystemName]
    sides: list[SideSummary]


class AppliedFilters(Schema):
    summary: str
    filters: dict[str, Any]


class BattleList(Schema):
    """One page. `totalCount` is exact up to 10,000 and never larger."""

    items: list[BattleItem]
    next_cursor: str | None
    has_more: bool
    total_count: Annotated[int, Field(le=10_000)]
    applied_filters: AppliedFilters
