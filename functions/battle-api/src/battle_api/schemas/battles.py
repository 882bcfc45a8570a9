"""Response models of battles: ids and ISK are strings, counts are numbers, and unresolved names are null.

The statements of `repositories/battles.py` select most of them as they are; a class that ends in `Row` has columns that
place it in the response and are not part of it.
"""

from enum import StrEnum
from functools import partial
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import AfterValidator, Field

from battle_api.schemas.edit_requests import PartyType, SplitReason
from battlescope_schemas.base import EveId, Isk, Schema, UtcTime
from battlescope_schemas.battle import BattleStatus
from battlescope_schemas.enriched import ValueConfidence, ValueSource
from battlescope_schemas.universe import SecurityType

Name = str | None
PartyRole = Literal["side", "third-party", "kill-stealer", "unassigned"]
Thousandths = Annotated[float, AfterValidator(partial(round, ndigits=3))]
"""Rounded to three decimals."""


class Tier(StrEnum):
    """Size classes of battles, smallest first."""

    SINGLE = "single"
    SMALL = "small"
    SKIRMISH = "skirmish"
    BATTLE = "battle"
    MAJOR = "major"


class MainAlliance(Schema):
    alliance_id: EveId
    alliance_name: Name
    participant_count: int


class MainAllianceRow(MainAlliance):
    battle_id: UUID


class ComputedIsk(Schema):
    """How much of `totalIskDestroyed` is computed from market prices instead of zKillboard's, by its confidence.

    share: from 0 to 1. killsWithoutValue: killmails whose value is unknown; they add nothing.
    """

    total: Isk
    high: Isk
    medium: Isk
    low: Isk
    share: Thousandths
    kills_without_value: int


class BattleItem(Schema):
    """A battle in a list. `name` is set by edits of the kind `rename`."""

    id: UUID
    name: Name
    system_id: EveId
    system_name: Name
    region_id: EveId
    region_name: Name
    security_type: SecurityType
    status: BattleStatus
    tier: Tier
    start_time: UtcTime
    end_time: UtcTime
    duration: int
    total_kills: int
    total_participants: int
    total_isk_destroyed: Isk
    computed_isk: ComputedIsk
    zkill_related_url: str
    main_alliances: list[MainAlliance]


class AppliedFilters(Schema):
    summary: str
    filters: dict[str, Any]


class BattleList(Schema):
    """One page. `totalCount` is exact up to 10,000 and never larger."""

    items: list[BattleItem]
    next_cursor: str | None
    has_more: bool
    total_count: int
    applied_filters: AppliedFilters


class KillmailItem(Schema):
    """A killmail of a battle. valueSource: null while the value is unknown; iskValue is 0 then."""

    killmail_id: EveId
    zkb_url: str
    timestamp: UtcTime
    occurred_at: UtcTime
    system_id: EveId
    system_name: Name
    victim_alliance_id: EveId | None
    victim_alliance_name: Name
    victim_corp_id: EveId | None
    victim_corp_name: Name
    victim_character_id: EveId | None
    victim_character_name: Name
    ship_type_id: EveId
    ship_type_name: Name
    attacker_alliance_ids: list[EveId]
    attacker_alliance_names: list[Name]
    attacker_corp_ids: list[EveId]
    attacker_corp_names: list[Name]
    attacker_character_ids: list[EveId]
    attacker_character_names: list[Name]
    isk_value: Isk
    value_source: ValueSource | None
    value_confidence: ValueConfidence | None
    side_id: int | None


class Killmails(Schema):
    items: list[KillmailItem]
    next_cursor: str | None
    has_more: bool


class ShipFlown(Schema):
    ship_type_id: EveId
    ship_type_name: Name
    kills: int
    losses: int


class ShipFlownRow(ShipFlown):
    character_id: int


class PilotRow(Schema):
    """What `battle_participants` holds of a pilot, with names."""

    character_id: EveId
    character_name: Name
    alliance_id: EveId | None
    alliance_name: Name
    corp_id: EveId | None
    corp_name: Name
    side_id: int | None
    is_victim: bool
    kills: int
    deaths: int
    damage_done: int
    damage_received: int
    isk_destroyed: Isk
    isk_lost: Isk
    is_awoxer: bool
    first_seen_at: UtcTime
    last_seen_at: UtcTime


class ParticipantItem(PilotRow):
    """A pilot on the battle's killmails. `shipTypeId` is the most lost ship, else the one with the most kills."""

    ship_type_id: EveId | None
    ship_type_name: Name
    ships_flown: list[ShipFlown]


class Participants(Schema):
    items: list[ParticipantItem]
    total: int
    limit: int
    offset: int


class SideAlliance(Schema):
    alliance_id: EveId
    alliance_name: Name
    pilots: int
    isk_destroyed: Isk
    isk_lost: Isk


class PartyItem(Schema):
    """A party on a side: its role, and the confidence of the side assignment (0 to 1)."""

    party_type: PartyType
    party_id: EveId
    party_name: Name
    role: PartyRole
    confidence: Thousandths
    evidence: Thousandths
    pilots: int
    kills: int
    losses: int
    isk_destroyed: Isk
    isk_lost: Isk


class PartyRow(PartyItem):
    side_id: int | None


class ShipCount(Schema):
    ship_type_id: EveId
    ship_type_name: Name
    count: int


class ShipCountRow(ShipCount):
    side_id: int


class SideRow(Schema):
    """What `battle_sides` holds of a side."""

    side_id: Annotated[int, Field(ge=1)]
    pilots: int
    kills: int
    losses: int
    ships_destroyed: int
    ships_lost: int
    isk_destroyed: Isk
    isk_lost: Isk
    isk_efficiency: float


class SideItem(SideRow):
    alliances: list[SideAlliance]
    top_alliances: list[SideAlliance]
    parties: list[PartyItem]
    ship_types: list[ShipCount]


class TopKiller(Schema):
    character_id: EveId
    character_name: Name
    side_id: int | None
    kills: int
    isk_destroyed: Isk


class TopLoser(Schema):
    character_id: EveId
    character_name: Name
    side_id: int | None
    deaths: int
    isk_lost: Isk


class Outcome(Schema):
    is_decisive: bool
    winning_side: int | None


class LinkItem(Schema):
    """Why two killmails are in the same battle. `reason` is the name of a rule; new rules add names."""

    from_killmail_id: EveId
    to_killmail_id: EveId
    reason: str
    score: Thousandths


class LinkReason(Schema):
    reason: str
    count: int


class Suggestion(Schema):
    """A possible split; `doubt` and `groups` are valid as fields of an edit of the kind `split`."""

    doubt: SplitReason
    groups: list[list[EveId]]


class BattleDetail(BattleItem):
    """A battle with all its data. Only pilots on killmails are counted, so pilot numbers are lower bounds.

    `revision`, in quotes, is the `If-Match` of an edit. `editCount` counts the edits that are not undone.
    """

    created_at: UtcTime
    last_killmail_at: UtcTime
    revision: int
    killmails: list[KillmailItem]
    participants: list[ParticipantItem]
    sides: list[SideItem]
    unassigned: list[PartyItem]
    top_killers: list[TopKiller]
    top_losers: list[TopLoser]
    outcome: Outcome
    separate_fights: bool
    link_reasons: list[LinkReason]
    links: list[LinkItem]
    suggestions: list[Suggestion]
    edit_count: int


class TimelineEvent(Schema):
    timestamp: UtcTime
    relative_time: int
    killmail_id: EveId
    victim_name: Name
    victim_ship: Name
    victim_side: int | None
    isk_value: Isk
    zkb_url: str


class Timeline(Schema):
    battle_id: UUID
    timeline: list[TimelineEvent]
