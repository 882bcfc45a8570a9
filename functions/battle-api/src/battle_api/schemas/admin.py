"""Response models of the administration routes, and their construction from rows."""

from typing import Annotated, Literal, cast
from uuid import UUID

from pydantic import Field

from battle_api.domain.rows import ClusteringConfig, ClusteringStatistics, Job, JobChange
from battle_api.schemas.admin_requests import ReclusterReason
from battlescope_schemas.base import EveId, Schema, UtcTime

JobStatus = Literal["pending", "running", "completed", "failed", "cancelled"]
BattleChange = Literal["created", "updated", "deleted", "merged"]


class Progress(Schema):
    """Killmails processed, of those in the range of the job."""

    processed: int
    total: int
    percentage: float


class ChangeCounts(Schema):
    """Battles that the job changed (a dry run: would change), and killmails that it moved to another battle."""

    created: int
    updated: int
    deleted: int
    merged: int
    moved_killmails: int


class JobItem(Schema):
    job_id: UUID
    status: JobStatus
    reason: ReclusterReason
    dry_run: bool
    start_time: UtcTime
    end_time: UtcTime
    window_minutes: int | None
    gap_max_minutes: int | None
    min_kills: int | None
    progress: Progress
    changes: ChangeCounts
    requested_by: str
    created_at: UtcTime
    started_at: UtcTime | None
    completed_at: UtcTime | None
    cancelled_by: str | None
    error: str | None


class Jobs(Schema):
    items: list[JobItem]
    total: int
    limit: int
    offset: int


class BattleChangeItem(Schema):
    """The killmails that a job added to one battle and removed from it."""

    battle_id: UUID
    change: BattleChange
    added: list[EveId]
    removed: list[EveId]
    merged_into: UUID | None


class JobDetail(JobItem):
    """A job and a page of its changes; `total` counts all of them."""

    items: list[BattleChangeItem]
    total: int
    limit: int
    offset: int


class ReclusterResponse(Schema):
    """The requested job. `affectedBattles` is null until the job is completed."""

    success: bool
    message: str
    job_id: UUID
    status: JobStatus
    affected_killmails: int
    affected_battles: int | None
    changes: ChangeCounts


class ClusteringConfigItem(Schema):
    """The clustering configuration. Changes apply to killmails that arrive later."""

    window_minutes: int
    gap_max_minutes: int
    min_kills: int
    auto_clustering: bool
    updated_at: UtcTime
    updated_by: str | None


class ClusteringStatisticsItem(Schema):
    """Clustering during the last 24 hours.

    `unprocessedKillmails` belong to no component yet, counted up to 100,000. `averageLagMinutes` is the time from a
    kill until a revision of its battle contains it, null without such a revision.
    """

    battles_created_24h: Annotated[int, Field(alias="battlesCreated24h")]
    unprocessed_killmails: int
    average_lag_minutes: float | None
    last_processed_at: UtcTime | None


def percentage(status: str, processed: int, total: int) -> float:
    """The share of a job that is done, with one decimal; 100 for a completed job, which may have had nothing to do."""
    if status == "completed":
        return 100.0
    return min(100.0, round(100 * processed / total, 1)) if total else 0.0


def change_counts(job: Job) -> ChangeCounts:
    return ChangeCounts(
        created=job.created,
        updated=job.updated,
        deleted=job.deleted,
        merged=job.merged,
        moved_killmails=job.killmails_moved,
    )


def job_item(job: Job) -> JobItem:
    total, processed = job.killmails_total, job.killmails_processed
    return JobItem(
        job_id=job.id,
        status=cast("JobStatus", job.status),
        reason=cast("ReclusterReason", job.reason),
        dry_run=job.dry_run,
        start_time=job.start_time,
        end_time=job.end_time,
        window_minutes=job.window_minutes,
        gap_max_minutes=job.gap_max_minutes,
        min_kills=job.min_kills,
        progress=Progress(processed=processed, total=total, percentage=percentage(job.status, processed, total)),
        changes=change_counts(job),
        requested_by=job.requested_by,
        created_at=job.created_at,
        started_at=job.started_at,
        completed_at=job.completed_at,
        cancelled_by=job.cancelled_by,
        error=job.error_message,
    )


def job_detail(job: Job, rows: list[JobChange], limit: int, offset: int) -> JobDetail:
    items = [
        BattleChangeItem(
            battle_id=row.battle_id,
            change=cast("BattleChange", row.change),
            added=row.added,
            removed=row.removed,
            merged_into=row.merged_into,
        )
        for row in rows
    ]
    total = job.created + job.updated + job.deleted + job.merged
    return JobDetail(**dict(job_item(job)), items=items, total=total, limit=limit, offset=offset)


def recluster_response(job: Job) -> ReclusterResponse:
    is_completed = job.status == "completed"
    action = "checked" if job.dry_run else "reclustered"
    messages = {
        "completed": f"The range was {action}.",
        "failed": f"The job failed: {job.error_message or 'unknown error'}",
        "cancelled": "The job was cancelled.",
    }
    return ReclusterResponse(
        success=job.status != "failed",
        message=messages.get(job.status, f"The range will be {action}; the job shows the progress."),
        job_id=job.id,
        status=cast("JobStatus", job.status),
        affected_killmails=job.killmails_total,
        affected_battles=job.created + job.updated + job.deleted + job.merged if is_completed else None,
        changes=change_counts(job),
    )


def clustering_config_item(config: ClusteringConfig) -> ClusteringConfigItem:
    return ClusteringConfigItem(
        window_minutes=config.window_minutes,
        gap_max_minutes=config.gap_max_minutes,
        min_kills=config.min_kills,
        auto_clustering=config.auto_clustering,
        updated_at=config.updated_at,
        updated_by=config.updated_by,
    )


def statistics_item(row: ClusteringStatistics) -> ClusteringStatisticsItem:
    return ClusteringStatisticsItem(
        battles_created_24h=row.battles_created,
        unprocessed_killmails=row.unprocessed,
        average_lag_minutes=None if row.lag_minutes is None else round(row.lag_minutes, 2),
        last_processed_at=row.last_processed_at,
    )
