"""What a battle's tables hold, as values: one row each, keyed as in the table. Pure results, never counters."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple


class SideRow(NamedTuple):
    side_id: int
    pilots: int
    kills: int
    losses: int
    ships_destroyed: int
    ships_lost: int
    isk_destroyed: Decimal
    isk_lost: Decimal
    isk_efficiency: Decimal


class PartyRow(NamedTuple):
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


class PilotRow(NamedTuple):
    character_id: int
    corporation_id: int | None
    alliance_id: int | None
    side_id: int | None
    is_victim: bool
    kills: int
    deaths: int
    damage_done: int
    damage_received: int
    isk_destroyed: Decimal
    isk_lost: Decimal
    first_seen: int
    last_seen: int
    is_awoxer: bool


class ShipRow(NamedTuple):
    character_id: int
    ship_type_id: int
    kills: int
    losses: int


class LinkRow(NamedTuple):
    from_killmail_id: int
    to_killmail_id: int
    reason: str
    score: float


@dataclass(frozen=True, slots=True)
class BattleReport:
    """A battle's figures. `mail_sides` is the victim's side of each member; `quiet` the silence that ends it."""

    name: str | None
    quiet: int
    start: int
    end: int
    tier: str
    total_kills: int
    total_participants: int
    total_isk: Decimal
    is_decisive: bool
    winning_side: int | None
    separate_fights: bool
    victim_side_by_killmail: Mapping[int, int | None]
    sides: Mapping[int, SideRow]
    parties: Mapping[tuple[str, int, int | None], PartyRow]
    pilots: Mapping[int, PilotRow]
    ships: Mapping[tuple[int, int], ShipRow]
    links: Mapping[tuple[int, int, str], LinkRow]
