"""Rows that differ from what is answered; the others are response models. Fields are columns or aliases of them."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, NamedTuple
from uuid import UUID

from msgspec import Struct

NameKey = tuple[str, int]  # entity type and entity id


class Battle(Struct, frozen=True):
    id: UUID
    system_id: int
    system_name: str | None
    region_id: int
    region_name: str | None
    constellation_id: int | None
    constellation_name: str | None
    security_type: str
    security_status: float | None
    wormhole_class: int | None
    system_effect: str | None
    status: str
    tier: str
    start_time: datetime
    end_time: datetime
    duration_seconds: int
    total_kills: int
    total_participants: int
    total_isk_destroyed: Decimal
    isk_computed_high: Decimal
    isk_computed_medium: Decimal
    isk_computed_low: Decimal
    kills_without_value: int
    isk_fitted: Decimal | None
    isk_dropped: Decimal | None
    kills_without_parts: int | None
    kills_with_unpriced: int | None
    zkill_related_url: str
    created_at: datetime
    last_killmail_at: datetime
    revision: int
    is_decisive: bool
    winning_side: int | None
    separate_fights: bool
    name: str | None


class BattleKillmail(NamedTuple):
    """A killmail of a battle. A tuple, because a large battle has thousands of rows, and each field costs time."""

    killmail_id: int
    occurred_at: datetime
    system_id: int
    victim_alliance_id: int | None
    victim_corporation_id: int | None
    victim_character_id: int | None
    ship_type_id: int
    attacker_alliance_ids: list[int]
    attacker_corporation_ids: list[int]
    attacker_character_ids: list[int]
    isk_value: Decimal
    value_basis: str | None
    fitted_value: Decimal | None
    dropped_value: Decimal | None
    unpriced_types: int
    side_id: int | None
    attacker_count: int
    final_blow_character_id: int | None
    final_blow_corporation_id: int | None
    final_blow_alliance_id: int | None
    final_blow_ship_type_id: int | None
    attackers_by_side: Sequence[tuple[int | None, int, int]]
    npc: bool
    solo: bool
    awox: bool
    link_reason: str | None
    link_score: float | None


class Edit(Struct, frozen=True):
    id: UUID
    battle_id: UUID
    kind: str
    killmail_ids: list[int]
    data: Mapping[str, Any]
    author: str
    author_account_id: UUID | None
    author_character_id: int | None
    note: str | None
    made_at: datetime
    undone_at: datetime | None
    undone_by: str | None
    undone_by_character_id: int | None
    version: int
    applied_version: int

    @property
    def is_finished(self) -> bool:
        return self.applied_version >= self.version


class Revision(Struct, frozen=True):
    revision: int
    made_at: datetime
    reason: str
    cause: str
    added: list[int]
    removed: list[int]
    absorbed: list[UUID]
    sides: int
    total_kills: int
    total_participants: int
    total_isk_destroyed: Decimal
    kills_delta: int
    participants_delta: int
    isk_delta: Decimal


class Job(Struct, frozen=True):
    id: UUID
    start_time: datetime
    end_time: datetime
    reason: str
    dry_run: bool
    window_minutes: int | None
    gap_max_minutes: int | None
    min_kills: int | None
    requested_by: str
    status: str
    killmails_total: int
    killmails_processed: int
    killmails_moved: int
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    cancelled_by: str | None
    error_message: str | None
    created: int
    updated: int
    deleted: int
    merged: int

    @property
    def is_finished(self) -> bool:
        return self.status not in {"pending", "running"}


class JobChange(Struct, frozen=True):
    battle_id: UUID
    change: str
    added: list[int]
    removed: list[int]
    merged_into: UUID | None


class RepublishJob(Struct, frozen=True):
    id: UUID
    start_time: datetime | None
    end_time: datetime | None
    requested_by: str
    status: str
    battles_total: int
    battles_processed: int
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    cancelled_by: str | None


class ClusteringConfig(Struct, frozen=True):
    window_minutes: int
    gap_max_minutes: int
    min_kills: int
    auto_clustering: bool
    updated_at: datetime
    updated_by: str | None


class ClusteringStatistics(Struct, frozen=True):
    battles_created: int
    unprocessed: int
    lag_minutes: float | None
    last_processed_at: datetime | None
