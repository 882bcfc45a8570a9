"""Battles as hits: the fields that battle lists have, as far as the index has them, and how they match."""

from enum import StrEnum
from functools import partial
from typing import Annotated, Final
from uuid import UUID

from pydantic import AfterValidator, Field

from battlescope_schemas.base import EveId, Isk, Schema, UtcTime
from battlescope_schemas.battle import BattleStatus
from battlescope_schemas.universe import SecurityType
from search_api.domain.name_match import MatchKind
from search_api.domain.searches import MAX_TOTAL
from search_api.schemas.matches import Highlight, SearchAnswer

Name = str | None
Thousandths = Annotated[float, AfterValidator(partial(round, ndigits=3))]
"""Rounded to three decimals."""
Total = Annotated[int, Field(ge=0, le=MAX_TOTAL)]
MAX_SIDES: Final = 4


class Tier(StrEnum):
    """Size classes of battles, smallest first."""

    SINGLE = "single"
    SMALL = "small"
    SKIRMISH = "skirmish"
    BATTLE = "battle"
    MAJOR = "major"


class SideRole(StrEnum):
    """What the parties of a side did in the battle."""

    MAIN = "main"
    THIRD_PARTY = "third_party"
    KILL_STEALER = "kill_stealer"


class HitPartyType(StrEnum):
    ALLIANCE = "alliance"
    CORPORATION = "corporation"
    CHARACTER = "character"
    FACTION = "faction"


class MainAlliance(Schema):
    alliance_id: EveId
    alliance_name: Name
    participant_count: int


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


class IskParts(Schema):
    """Parts of `totalIskDestroyed`; null for a battle of an older release.

    fitted: hulls and what was in their slots, so the total without cargo; a killmail whose parts are unknown counts
    with its whole value. dropped: what could be looted, at least. killsWithoutParts: of those with a value.
    killsWithUnpriced: with items without a price, of which each unit counts a cent.
    """

    fitted: Isk
    dropped: Isk
    kills_without_parts: int
    kills_with_unpriced: int


class HitParty(Schema):
    party_type: HitPartyType
    party_id: EveId
    party_name: Name
    ticker: Name


class HitSide(Schema):
    """A side in a list. `topParty` has the most pilots; null where it is unknown, as are role and partyCount."""

    side_id: int
    role: SideRole | None
    pilots: int
    losses: int
    isk_lost: Isk
    isk_lost_fitted: Isk | None
    top_party: HitParty | None
    party_count: int | None


class Outcome(Schema):
    is_decisive: bool
    winning_side: int | None


class SystemName(Schema):
    system_id: EveId
    system_name: Name


class MatchedType(StrEnum):
    """What a matched name belongs to."""

    BATTLE = "battle"
    SYSTEM = "system"
    REGION = "region"
    ALLIANCE = "alliance"
    CORPORATION = "corporation"
    CHARACTER = "character"
    SHIP_TYPE = "ship_type"


class MatchedName(Schema):
    """A name of the hit that the query may mean, and which of its characters match."""

    type: MatchedType
    id: str
    name: str
    kind: MatchKind
    highlights: list[Highlight]


class HitFields(Schema):
    """_matched: the names by which it was found, the best first; _matchedTerms: the same as text alone."""

    matched: Annotated[list[MatchedName], Field(alias="_matched")]
    matched_terms: Annotated[list[str], Field(alias="_matchedTerms")]
    relevance_score: Annotated[float, Field(alias="_relevanceScore")]


class SideSpark(Schema):
    """`isk`: whole ISK by bucket. Its last buckets are left out where nothing was lost in them."""

    side_id: int | None
    isk: list[int]


class Spark(Schema):
    """Losses over time: at most 24 buckets of `bucketSeconds` from the start of the battle."""

    bucket_seconds: int
    lost: list[SideSpark]


class BattleHit(HitFields):
    """A battle in a list.

    tier, outcome, unassignedPilots, computedIsk, spark and editCount are null in battles of an older release.
    editCount: edits that are made on it and not undone.
    systems: with killmails, the one with the most first. sides: the four largest.
    """

    id: UUID
    name: Name
    system_id: EveId
    system_name: Name
    constellation_id: EveId | None
    constellation_name: Name
    region_id: EveId
    region_name: Name
    security_type: SecurityType
    security_status: Thousandths | None
    system_class: int | None
    status: BattleStatus
    tier: Tier | None
    start_time: UtcTime
    end_time: UtcTime
    last_killmail_at: UtcTime
    duration: int
    revision: int
    total_kills: int
    total_participants: int
    total_isk_destroyed: Isk
    computed_isk: ComputedIsk | None
    isk_parts: IskParts | None
    zkill_related_url: str
    main_alliances: list[MainAlliance]
    side_count: int
    unassigned_pilots: int | None
    outcome: Outcome | None
    spark: Spark | None
    edit_count: int | None
    systems: list[SystemName]
    sides: list[HitSide]


class RegionCount(Schema):
    region_id: EveId
    region_name: Name
    count: int


class BattleFacets(Schema):
    """How many hits have each value; values without a hit are absent. size: by participants.

    Counted over the newest 10,000 hits at most. regions: the most frequent first.
    """

    security_type: dict[SecurityType, int]
    status: dict[BattleStatus, int]
    tier: dict[Tier, int]
    size: dict[str, int]
    regions: list[RegionCount]


class BattleSearchAnswer(SearchAnswer):
    """estimatedTotalHits: exact up to 10,000 and never larger. query: empty where none was sent."""

    hits: list[BattleHit]
    estimated_total_hits: Total
    limit: int
    offset: int
    facets: BattleFacets
