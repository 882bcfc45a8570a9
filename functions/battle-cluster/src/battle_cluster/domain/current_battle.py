"""A stored battle with everything that its events say."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any


@dataclass(frozen=True, slots=True)
class CurrentBattle:
    """A battle as of its current revision.

    deletion_reason: a value of the column; None while the battle exists. A deleted battle has no killmails and sides.
    sides: the fields of `BattleSide`, its role as that of the largest party. name: set by people.
    losses: the fields of `BucketLoss`.
    """

    battle_id: str
    revision: int
    system_id: int
    system_name: str
    region_id: int
    region_name: str
    security_type: str
    start_time: datetime
    end_time: datetime
    status: str
    tier: str
    name: str | None
    is_decisive: bool
    winning_side: int | None
    unassigned_pilots: int
    edit_count: int
    losses: list[dict[str, Any]]
    zkill_related_url: str
    total_kills: int
    total_isk_destroyed: Decimal
    isk_computed_high: Decimal
    isk_computed_medium: Decimal
    isk_computed_low: Decimal
    kills_without_value: int
    isk_fitted: Decimal | None
    isk_dropped: Decimal | None
    kills_without_parts: int | None
    kills_with_unpriced: int | None
    total_participants: int
    deletion_reason: str | None
    merged_into: str | None
    killmail_ids: list[int]
    sides: list[dict[str, Any]]
