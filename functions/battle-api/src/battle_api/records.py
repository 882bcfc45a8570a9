"""Rows of the battle context's tables as this function reads them."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

NameKey = tuple[str, int]


@dataclass(frozen=True, slots=True)
class Battle:
    id: UUID
    system_id: int
    region_id: int
    security_type: str
    status: str
    tier: str
    start_time: datetime
    end_time: datetime
    duration_seconds: int
    total_kills: int
    total_participants: int
    total_isk_destroyed: Decimal
    zkill_related_url: str
    created_at: datetime
    last_killmail_at: datetime
    revision: int
    is_decisive: bool
    winning_side: int | None
    separate_fights: bool


@dataclass(frozen=True, slots=True)
class MainAlliance:
    battle_id: UUID
    alliance_id: int
    pilots: int


@dataclass(frozen=True, slots=True)
class Side:
    side_id: int
    pilots: int
    kills: int
    losses: int
    ships_destroyed: int
    ships_lost: int
    isk_destroyed: Decimal
    isk_lost: Decimal
    isk_efficiency: Decimal


@dataclass(frozen=True, slots=True)
class Party:
    party_type: str
    party_id: int
    side_id: int | None
    role: str
    confidence: float
    evidence: float
    pilots: int
    kills: int
    losses: int
    isk_destroyed: Decimal
    isk_lost: Decimal


@dataclass(frozen=True, slots=True)
class SideShip:
    side_id: int
    ship_type_id: int
    count: int


@dataclass(frozen=True, slots=True)
class Killmail:
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
    side_id: int | None


@dataclass(frozen=True, slots=True)
class Participant:
    character_id: int
    alliance_id: int | None
    corporation_id: int | None
    side_id: int | None
    is_victim: bool
    kills: int
    deaths: int
    damage_done: int
    damage_received: int
    isk_destroyed: Decimal
    isk_lost: Decimal
    first_seen_at: datetime
    last_seen_at: datetime


@dataclass(frozen=True, slots=True)
class Ship:
    character_id: int
    ship_type_id: int
    kills: int
    losses: int


@dataclass(frozen=True, slots=True)
class Link:
    from_killmail_id: int
    to_killmail_id: int
    reason: str
    score: float


@dataclass(frozen=True, slots=True)
class Reason:
    reason: str
    count: int
