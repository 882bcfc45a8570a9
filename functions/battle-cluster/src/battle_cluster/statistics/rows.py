"""What is stored of a battle besides the table `battles`: each field is a column, and `battle_id` is the first column.

A link is stored as it is detected, see `detection.links.Link`.
"""

from datetime import datetime
from decimal import Decimal
from typing import NamedTuple


class SideTotals(NamedTuple):
    """`battle_sides`: one numbered side. Pilots are those on killmails: a lower bound. Efficiency in percent.

    isk_lost_fitted: what was lost without cargo.
    """

    side_id: int
    pilots: int
    kills: int
    losses: int
    ships_destroyed: int
    ships_lost: int
    isk_destroyed: Decimal
    isk_lost: Decimal
    isk_efficiency: Decimal
    isk_lost_fitted: Decimal


class PartyTotals(NamedTuple):
    """`battle_side_parties`: one party of a side; `side_id` is None for an unassigned party.

    `isk_destroyed` counts each killmail of the party with its whole value: parties exceed the sum of their side.
    confidence: the probability that the party is on this side. evidence: the weight of what is known about it.
    second_best_side_id: the side that it fits next best; None without one.
    """

    party_type: str
    party_id: int
    side_id: int | None
    role: str
    confidence: float
    evidence: float
    second_best_side_id: int | None
    pilots: int
    kills: int
    losses: int
    isk_destroyed: Decimal
    isk_lost: Decimal
    isk_lost_fitted: Decimal


SideShots = tuple[int | None, int, int]
"""Side id (None for unassigned parties), number of attackers, damage."""


class BattleKillmail(NamedTuple):
    """`battle_killmails`: `side_id` is that of the victim, None while it is unassigned. Ids of attackers ascend.

    attacker_count: with NPCs and structures. attackers_by_side: without NPCs, the side with the most damage first.
    """

    killmail_id: int
    occurred_at: datetime
    system_id: int
    victim_alliance_id: int | None
    victim_corporation_id: int | None
    victim_character_id: int | None
    ship_type_id: int
    attacker_alliance_ids: tuple[int, ...]
    attacker_corporation_ids: tuple[int, ...]
    attacker_character_ids: tuple[int, ...]
    isk_value: float
    value_basis: str
    fitted_value: float | None
    dropped_value: float | None
    unpriced_types: int
    side_id: int | None
    attacker_count: int
    final_blow_character_id: int | None
    final_blow_corporation_id: int | None
    final_blow_alliance_id: int | None
    final_blow_ship_type_id: int | None
    attackers_by_side: tuple[SideShots, ...]
    npc: bool
    solo: bool
    awox: bool


class Participant(NamedTuple):
    """`battle_participants`: one pilot, with the corporation and alliance of the last killmail.

    `isk_destroyed` counts the whole value of every killmail the pilot is on, as kill boards do.
    """

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
    first_seen_at: datetime
    last_seen_at: datetime
    is_awoxer: bool


class ShipUsage(NamedTuple):
    """`battle_participant_ships`: a capsule is a ship only of a pilot who appears in no other."""

    character_id: int
    ship_type_id: int
    kills: int
    losses: int


ShipKey = tuple[int, int]
"""Character id and ship type id."""
PartyKey = tuple[str, int, int | None]
"""Party type, party id and side id."""
