"""The battle as it is told to others: totals, sides and members, and what changed."""

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from battlescope_schemas.base import EveId, Isk, Schema, UtcTime
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
    CLOSED = "closed"


class DeletionReason(StrEnum):
    MERGED = "merged"
    RECLUSTER = "recluster"
    RETENTION = "retention"
    MANUAL = "manual"


class BattleSide(Schema):
    """One side's part. `side_id` counts from 1, the side with most pilots first."""

    side_id: Annotated[int, Field(ge=1)]
    alliance_ids: tuple[EveId, ...] = ()
    pilots: int = 0
    kills: int = 0
    losses: int = 0
    isk_destroyed: Isk
    isk_lost: Isk


class BattleTotals(Schema):
    total_kills: int
    total_isk_destroyed: Isk
    participant_count: int


class BattleMetadata(Schema):
    clustering_algorithm: str
    update_trigger: str | None = None


class BattleCreated(BattleTotals):
    """A cluster has first reached the minimum of kills."""

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


class BattleUpdated(BattleCreated):
    """The battle as it now is, what came and went, and the totals it had before."""

    added_killmails: tuple[EveId, ...] = ()
    removed_killmails: tuple[EveId, ...] = ()
    update_reason: UpdateReason
    previous: BattleTotals


class BattleEnded(BattleTotals):
    """Silence has lasted long enough, in event time. A late mail may open it again, with a higher revision."""

    battle_id: str
    revision: int = 0
    end_time: UtcTime


class BattleDeleted(Schema):
    """The battle is gone; where it was merged, its address leads to `merged_into` for ever."""

    battle_id: str
    revision: int = 0
    reason: DeletionReason
    merged_into: str | None = None


class BattleChunk(Schema):
    """Claim check: many battles changed at once, as history makes them.

    An NDJSON object (gzip) of the events `battle.created`, `battle.updated` and `battle.deleted`, one a line, each a
    whole CloudEvent in structured mode, as it would have come alone. Kept for a week at least.
    """

    chunk_key: str
    count: Annotated[int, Field(gt=0)]


class BattleEditRequested(Schema):
    """Somebody decided about a battle, or took a decision back; the decision itself is kept by the battle context."""

    edit_id: str
    battle_id: str
    version: int


class ReclusterRequested(Schema):
    """The next part of a job that groups a range of mails anew; parts count from 0."""

    job_id: str
    part: Annotated[int, Field(ge=0)]
