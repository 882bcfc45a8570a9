"""Rows of the pilots of a battle, and which of them are wanted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final, NamedTuple


class PilotRow(NamedTuple):
    """A pilot of a battle, with names."""

    character_id: int
    character_name: str | None
    alliance_id: int | None
    alliance_name: str | None
    alliance_ticker: str | None
    corp_id: int | None
    corp_name: str | None
    corp_ticker: str | None
    side_id: int | None
    is_victim: bool
    kills: int
    final_blows: int
    deaths: int
    damage_done: int
    damage_received: int
    isk_destroyed: Decimal
    isk_lost: Decimal
    is_awoxer: bool
    first_seen_at: datetime
    last_seen_at: datetime


class ShipRow(NamedTuple):
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


class LossRow(NamedTuple):
    killmail_id: int
    occurred_at: datetime
    character_id: int
    ship_type_id: int
    isk_value: Decimal
    is_capsule: bool


@dataclass(frozen=True, slots=True)
class ParticipantFilter:
    """None matches everybody. name: a part of the pilot's. groups: of a ship that the pilot flew.

    not_groups: beside `groups`, ships of all groups that are not among these.
    """

    side: int | None = None
    alliance_id: int | None = None
    corp_id: int | None = None
    name: str | None = None
    groups: Sequence[int] | None = None
    not_groups: Sequence[int] | None = None


EVERYBODY: Final = ParticipantFilter()
