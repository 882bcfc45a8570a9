"""Rows of the pilots of a battle, and which of them are wanted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final


@dataclass(frozen=True, slots=True)
class ShipRow:
    character_id: int
    ship_type_id: int
    kills: int
    losses: int
    group_id: int | None
    ship_type_name: str | None


@dataclass(frozen=True, slots=True)
class FirstSeenRow:
    """How many pilots of a side appeared first at this time."""

    first_seen_at: datetime
    side_id: int | None
    pilots: int


@dataclass(frozen=True, slots=True)
class LossRow:
    killmail_id: int
    occurred_at: datetime
    character_id: int
    ship_type_id: int
    isk_value: Decimal
    is_capsule: bool


@dataclass(frozen=True, slots=True)
class ParticipantFilter:
    """None matches everybody. name: a part of the pilot's. groups: of a ship that the pilot flew."""

    side: int | None = None
    alliance_id: int | None = None
    corp_id: int | None = None
    name: str | None = None
    groups: Sequence[int] | None = None


EVERYBODY: Final = ParticipantFilter()
