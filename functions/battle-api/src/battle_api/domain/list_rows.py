"""Rows of which a list shows a battle. Fields are columns or aliases of them."""

from decimal import Decimal
from typing import Final
from uuid import UUID

from msgspec import Struct

BUCKETS: Final = 24
"""Of the sparks."""


class MainAllianceRow(Struct, frozen=True):
    battle_id: UUID
    alliance_id: int
    alliance_name: str | None
    participant_count: int


class SideRow(Struct, frozen=True):
    battle_id: UUID
    side_id: int
    pilots: int
    losses: int
    isk_lost: Decimal
    isk_lost_fitted: Decimal | None


class TopPartyRow(Struct, frozen=True):
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


class SystemRow(Struct, frozen=True):
    battle_id: UUID
    system_id: int
    system_name: str | None


class SparkRow(Struct, frozen=True):
    battle_id: UUID
    side_id: int | None
    bucket: int
    isk: Decimal


class EditCountRow(Struct, frozen=True):
    battle_id: UUID
    edits: int


class ListRows(Struct, frozen=True):
    """By battle id."""

    main_alliances: dict[UUID, list[MainAllianceRow]]
    sides: dict[UUID, list[SideRow]]
    top_parties: dict[UUID, list[TopPartyRow]]
    systems: dict[UUID, list[SystemRow]]
    sparks: dict[UUID, list[SparkRow]]
    edits: dict[UUID, int]
