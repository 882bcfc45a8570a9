"""Response models of backfill jobs, and their construction from rows."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal, cast
from uuid import UUID

from battlescope_schemas.backfill import DaySource, Priority
from battlescope_schemas.base import Schema, UtcTime
from ingest_api.domain.jobs import Day, Job, Throughput, estimated_completion, killmails_per_minute, percent_complete
from ingest_api.schemas.requests import JobRequest

JobState = Literal["pending", "running", "paused", "completed", "failed", "cancelled"]
DayState = Literal["pending", "running", "completed", "failed", "skipped", "cancelled"]


class JobCreated(Schema):
    """estimatedKillmails, estimatedDuration (seconds): null without data of earlier days."""

    job_id: UUID
    status: JobState
    start_date: date
    end_date: date
    total_dates: int
    estimated_killmails: int | None
    estimated_duration: int | None
    created_at: UtcTime
    warnings: list[str]


class Progress(Schema):
    """knownKillmails: already stored before the job. failedKillmails: unreadable in every source.

    skippedDates: days that the source does not have, of the processed ones; their `error` names what is missing.

    percentComplete counts days; a running day counts by its killmails, if the source reports their number.
    """

    total_dates: int
    processed_dates: int
    failed_dates: int
    skipped_dates: int
    total_killmails: int
    processed_killmails: int
    accepted_killmails: int
    rejected_killmails: int
    known_killmails: int
    failed_killmails: int
    percent_complete: float


class JobItem(Schema):
    """startDate and endDate are null if the manifest is invalid; `error` is the reason."""

    job_id: UUID
    status: JobState
    start_date: date | None
    end_date: date | None
    source: DaySource
    ruleset_id: UUID | None
    priority: Priority
    reason: str
    requested_by: str
    progress: Progress
    retry_count: int
    created_at: UtcTime
    started_at: UtcTime | None
    completed_at: UtcTime | None
    error: str | None


class Jobs(Schema):
    jobs: list[JobItem]
    total: int
    limit: int
    offset: int


class DayItem(Schema):
    """expected: the day's number of killmails in the totals of the source. killmails: those processed."""

    date: date
    status: DayState
    expected: int | None
    killmails: int
    accepted: int
    rejected: int
    known: int
    failed: int
    attempts: int
    error: str | None


class JobDetail(JobItem):
    """currentRate: average killmails per minute since the start."""

    current_date: date | None
    current_rate: float | None
    estimated_completion: UtcTime | None
    date_progress: list[DayItem]


class JobCancelled(Schema):
    status: JobState
    cancelled_at: UtcTime | None


class JobStatus(Schema):
    status: JobState


class JobRetried(Schema):
    status: JobState
    retry_count: int
    last_processed_date: date | None
    will_resume_from: date | None


def job_created(
    job_id: UUID, request: JobRequest, throughput: Throughput, now: datetime, warnings: list[str]
) -> JobCreated:
    return JobCreated(
        job_id=job_id,
        status="pending",
        start_date=request.start_date,
        end_date=request.end_date,
        total_dates=request.days,
        estimated_killmails=throughput.estimate_killmails(request.days),
        estimated_duration=throughput.estimate_seconds(request.days),
        created_at=now,
        warnings=warnings,
    )


def job_item(job: Job) -> JobItem:
    return JobItem(
        job_id=job.id,
        status=cast("JobState", job.status),
        start_date=job.start_date,
        end_date=job.end_date,
        source=DaySource(job.source),
        ruleset_id=job.ruleset_id,
        priority=Priority(job.priority),
        reason=job.reason,
        requested_by=job.requested_by,
        progress=_progress(job),
        retry_count=job.retry_count,
        created_at=job.created_at,
        started_at=job.started_at,
        completed_at=job.completed_at,
        error=job.error_message,
    )


def job_detail(job: Job, days: Sequence[Day], now: datetime) -> JobDetail:
    item = job_item(job)
    return JobDetail(
        **{name: getattr(item, name) for name in JobItem.model_fields},
        current_date=job.current_day,
        current_rate=killmails_per_minute(job, now),
        estimated_completion=estimated_completion(job, now),
        date_progress=[_day_item(day) for day in days],
    )


def _progress(job: Job) -> Progress:
    return Progress(
        total_dates=job.total_dates,
        processed_dates=job.processed_dates,
        failed_dates=job.failed_dates,
        skipped_dates=job.skipped_dates,
        total_killmails=job.total_killmails,
        processed_killmails=job.processed_killmails,
        accepted_killmails=job.accepted,
        rejected_killmails=job.rejected,
        known_killmails=job.known,
        failed_killmails=job.failed,
        percent_complete=percent_complete(job),
    )


def _day_item(day: Day) -> DayItem:
    return DayItem(
        date=day.day,
        status=cast("DayState", day.status),
        expected=day.expected,
        killmails=day.total,
        accepted=day.accepted,
        rejected=day.rejected,
        known=day.known,
        failed=day.failed,
        attempts=day.attempts,
        error=day.error,
    )
