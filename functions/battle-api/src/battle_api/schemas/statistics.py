"""Response models of statistics over all battles."""

from enum import StrEnum
from uuid import UUID

from battle_api.schemas.battle_list import Name
from battle_api.schemas.edits import RevisionReason
from battlescope_schemas.base import EveId, Isk, Schema, UtcTime


class Period(StrEnum):
    DAY = "24h"
    WEEK = "7d"
    MONTH = "30d"


class AllianceCount(Schema):
    alliance_id: EveId
    alliance_name: Name
    battle_count: int


class CorporationCount(Schema):
    corp_id: EveId
    corp_name: Name
    battle_count: int


class StatisticsSummary(Schema):
    """Of everything that is stored. A list is null where it could not be computed in time."""

    total_battles: int | None
    total_killmails: int | None
    unique_alliances: int | None
    unique_corporations: int | None
    top_alliances: list[AllianceCount] | None
    top_corporations: list[CorporationCount] | None
    generated_at: UtcTime


class PeriodTotals(Schema):
    total: int
    total_isk_destroyed: Isk
    total_pilots: int
    average_isk_per_battle: Isk
    average_pilots_per_battle: float


class SystemCount(Schema):
    system_id: EveId
    system_name: Name
    battle_count: int
    isk_destroyed: Isk


class HourCount(Schema):
    """`hour` is its beginning; hours without a battle are left out."""

    hour: UtcTime
    battles: int
    isk_destroyed: Isk


class GlobalStatistics(Schema):
    """Of the battles that began in the period. A part is null where it could not be computed in time."""

    period: Period
    battles: PeriodTotals | None
    top_systems: list[SystemCount] | None
    top_alliances: list[AllianceCount] | None
    activity_timeline: list[HourCount] | None
    generated_at: UtcTime


class ActivityItem(Schema):
    """A change of a battle. `status`: null for a battle that is deleted or merged."""

    battle_id: UUID
    revision: int
    made_at: UtcTime
    reason: RevisionReason
    status: Name
    system_id: EveId
    system_name: Name
    total_kills: int
    total_participants: int
    total_isk_destroyed: Isk


class Activity(Schema):
    """The latest changes of battles, the newest first."""

    items: list[ActivityItem]
