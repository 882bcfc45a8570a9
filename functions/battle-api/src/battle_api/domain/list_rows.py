"""Rows of which a list shows a battle. Fields are columns or aliases of them."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Final
from uuid import UUID

BUCKETS: Final = 24
"""Of the sparks."""


@dataclass(frozen=True, slots=True)
class MainAllianceRow:
    battle_id: UUID
    alliance_id: int
    alliance_name: str | None
    participant_count: int


@dataclass(frozen=True, slots=True)
class SideRow:
    battle_id: UUID
    side_id: int
    pilots: int
    losses: int
    isk_lost: Decimal
    isk_lost_fitted: Decimal | None


@dataclass(frozen=True, slots=True)
class TopPartyRow:
    """The largest party of a side; `parties` and `pilots` are those of the whole side."""

    battle_id: UUID
    side_id: int | None
    party_type: str
    party_id: int
    role: str
    parties: int
    pilots: int
    party_name: str | None
    ticker: str | None


@dataclass(frozen=True, slots=True)
class SystemRow:
    battle_id: UUID
    system_id: int
    system_name: str | None


@dataclass(frozen=True, slots=True)
class SparkRow:
    battle_id: UUID
    side_id: int | None
    bucket: int
    isk: Decimal


@dataclass(frozen=True, slots=True)
class EditCountRow:
    battle_id: UUID
    edits: int


@dataclass(frozen=True, slots=True)
class ListRows:
    """By battle id."""

    main_alliances: dict[UUID, list[MainAllianceRow]]
    sides: dict[UUID, list[SideRow]]
    top_parties: dict[UUID, list[TopPartyRow]]
    systems: dict[UUID, list[SystemRow]]
    sparks: dict[UUID, list[SparkRow]]
    edits: dict[UUID, int]
