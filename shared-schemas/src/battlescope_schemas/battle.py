"""Battle events: totals, sides, member killmails and the changes."""

from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from battlescope_schemas.base import CarriedContent, EveId, Isk, Schema, UtcTime
from battlescope_schemas.universe import SecurityType


class BattleStatus(StrEnum):
    OPEN = "open"
    CLOSED = "closed"
    HISTORICAL = "historical"


class UpdateReason(StrEnum):
    NEW_KILLMAIL = "new_killmail"
    RETROACTIVE_ATTRIBUTION = "retroactive_attribution"
    RECLUSTER = "recluster"
    MERGE = "merge"
    SPLIT = "split"
    EDIT = "edit"
    VALUE_CHANGED = "value_changed"
    CLOSED = "closed"


class DeletionReason(StrEnum):
    MERGED = "merged"
    RECLUSTER = "recluster"
    RETENTION = "retention"
    MANUAL = "manual"


class SideParty(Schema):
    """A party of a side: an alliance, else a corporation, else a faction or a single character."""

    party_type: str
    party_id: EveId


class BattleSide(Schema):
    """Totals of one side. `side_id` counts from 1; the side with the most pilots is first.

    isk_lost_fitted: what it lost without cargo. role: main, third_party or kill_stealer. top_party: the one with the
    most pilots. All of these and party_count are absent from events of older releases.
    """

    side_id: Annotated[int, Field(ge=1)]
    alliance_ids: tuple[EveId, ...] = ()
    pilots: int = 0
    kills: int = 0
    losses: int = 0
    isk_destroyed: Isk
    isk_lost: Isk
    isk_lost_fitted: Isk | None = None
    role: str | None = None
    top_party: SideParty | None = None
    party_count: Annotated[int, Field(ge=0)] | None = None


class ComputedIsk(Schema):
    """The part of `total_isk_destroyed` that is computed from market prices, by its confidence.

    The rest is stated by zKillboard. Killmails without a value add nothing to either.
    """

    high: Isk
    medium: Isk
    low: Isk
    kills_without_value: Annotated[int, Field(ge=0)] = 0


class IskParts(Schema):
    """Parts of `total_isk_destroyed`. `kills_without_parts` have a value whose parts are unknown.

    fitted: hulls and what was in their slots, so the total without cargo; a killmail whose parts are unknown counts
    with its whole value. dropped: what could be looted, at least. kills_with_unpriced: with items without a price.
    """

    fitted: Isk
    dropped: Isk
    kills_without_parts: Annotated[int, Field(ge=0)] = 0
    kills_with_unpriced: Annotated[int, Field(ge=0)] = 0

    @classmethod
    def of_columns(
        cls,
        fitted: Decimal | None,
        dropped: Decimal | None,
        kills_without_parts: int | None,
        kills_with_unpriced: int | None,
    ) -> "IskParts | None":
        """From columns of `battles`; None for a row of a release that did not store them."""
        if fitted is None or dropped is None:
            return None
        return cls(
            fitted=fitted,
            dropped=dropped,
            kills_without_parts=kills_without_parts or 0,
            kills_with_unpriced=kills_with_unpriced or 0,
        )


class SideLosses(Schema):
    """Whole ISK that a side lost, by bucket; the last buckets are left out where it lost nothing in them.

    side_id: None for parties that are on no side.
    """

    side_id: int | None = None
    isk: tuple[int, ...]


class LossesOverTime(Schema):
    """What was lost in each of at most 24 buckets of `bucket_seconds`, from the start of the battle."""

    bucket_seconds: Annotated[int, Field(ge=1)]
    lost: tuple[SideLosses, ...]


class BattleTotals(Schema):
    """`computed_isk` and `isk_parts` are absent from previous totals and from events of older releases."""

    total_kills: int
    total_isk_destroyed: Isk
    participant_count: int
    computed_isk: ComputedIsk | None = None
    isk_parts: IskParts | None = None


class BattleMetadata(Schema):
    """How this state came about. `update_trigger` is `republish` where nothing changed: alerts ignore such an event."""

    clustering_algorithm: str
    update_trigger: str | None = None


class BattleCreated(BattleTotals):
    """A cluster of killmails reached the minimum number of kills.

    tier: the size class. name: given by people. winning_side: None without one. unassigned_pilots: of parties that are
    on no side. spark: losses over time. edit_count: edits that are made on it and not undone. All of these and
    is_decisive are absent from events of older releases.
    """

    battle_id: str
    revision: int
    system_id: EveId
    system_name: str
    region_id: EveId
    region_name: str
    security_type: SecurityType
    start_time: UtcTime
    end_time: UtcTime
    status: BattleStatus
    killmail_ids: tuple[EveId, ...]
    sides: tuple[BattleSide, ...]
    zkill_related_url: str
    metadata: BattleMetadata
    tier: str | None = None
    name: str | None = None
    is_decisive: bool | None = None
    winning_side: int | None = None
    unassigned_pilots: Annotated[int, Field(ge=0)] | None = None
    spark: LossesOverTime | None = None
    edit_count: Annotated[int, Field(ge=0)] | None = None


class BattleUpdated(BattleCreated):
    """The current state of a battle, the killmails added and removed, and the previous totals."""

    added_killmails: tuple[EveId, ...] = ()
    removed_killmails: tuple[EveId, ...] = ()
    update_reason: UpdateReason
    previous: BattleTotals


class BattleEnded(BattleTotals):
    """The inactivity gap has passed in event time. A late killmail may reopen the battle with a higher revision."""

    battle_id: str
    revision: int = 0
    end_time: UtcTime


class BattleDeleted(Schema):
    """The battle was deleted. After a merge its permalink redirects to `merged_into`."""

    battle_id: str
    revision: int = 0
    reason: DeletionReason
    merged_into: str | None = None


class BattleChunk(Schema):
    """Claim check: a batch of battle changes (as of a backfill), of current battles (republished), or of ends.

    The object is gzip of JSON lines. Each line is one event, a complete CloudEvent in structured mode:
    `battle.created`, `battle.updated` or `battle.deleted` in `battle.many-changed`, `battle.ended` in
    `battle.many-ended`. Object storage keeps it for at least a week.

    content: the bytes of the object, where they are few, so that no consumer has to read it. Ends always travel so, and
    there is no object with their key.
    """

    chunk_key: str
    count: Annotated[int, Field(gt=0)]
    content: CarriedContent | None = None


class BattleEditRequested(Schema):
    """A user edited a battle or undid an edit. The battle context owns the edit itself."""

    edit_id: str
    battle_id: str
    version: int


class BattleShareChanged(Schema):
    """A user made or revoked a link to the public card of a battle.

    token_digest: SHA-256 in hexadecimal of what opens the link, which nobody learns from the event.
    """

    battle_id: str
    share_id: str
    token_digest: Annotated[str, Field(pattern="^[0-9a-f]{64}$")]
    expires_at: UtcTime | None = None
    is_revoked: bool = False


class ReclusterRequested(Schema):
    """The next part of a recluster job; parts count from 0."""

    job_id: str
    part: Annotated[int, Field(ge=0)]


class RepublishRequested(Schema):
    """The next part of a job that republishes current battles; parts count from 0."""

    job_id: str
    part: Annotated[int, Field(ge=0)]
