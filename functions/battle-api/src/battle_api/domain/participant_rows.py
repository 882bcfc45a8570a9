"""The pilots of a battle as they are read, and which of them are wanted."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Final, NamedTuple

from msgspec import Struct, field


class ShipFlown(Struct, rename="camel", gc=False):
    """`schemas.participants.ShipFlown`."""

    ship_type_id: str
    ship_type_name: str | None
    ship_group_id: str | None
    hull_class: str | None
    kills: int
    losses: int


class LossDetail(Struct, rename="camel", gc=False):
    """`schemas.participants.PilotLossItem`."""

    killmail_id: str
    ship_type_id: str
    isk_value: Decimal
    occurred_at: datetime
    pod_killmail_id: str | None


class Participant(Struct, rename="camel", kw_only=True):
    """A pilot of a battle with names, as it is read and as it is answered (`schemas.participants.ParticipantItem`).

    Ids are text, as JSON has them. The last four fields are no columns: they come from the pilot's ships and losses.
    """

    character_id: str
    character_name: str | None
    alliance_id: str | None
    alliance_name: str | None
    alliance_ticker: str | None
    corp_id: str | None
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
    ship_type_id: str | None = None
    ship_type_name: str | None = None
    ships_flown: list[ShipFlown] = field(default_factory=list[ShipFlown])
    losses_detail: list[LossDetail] = field(default_factory=list[LossDetail])


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
