"""Rows and response models of verification and retention."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Literal, cast
from uuid import UUID

from battlescope_schemas.base import Schema, UtcTime
from ingest_api.domain.retention_window import cutoff, next_cleanup

TWO_MONTHS = timedelta(days=62)  # as long as the longest two months


@dataclass(frozen=True, slots=True)
class VerificationRow:
    day: date
    status: str
    expected: int | None
    found: int | None
    missing: int | None
    requeued: int | None
    job_id: UUID | None
    started_at: datetime
    completed_at: datetime | None
    error_message: str | None


@dataclass(frozen=True, slots=True)
class VerificationSummaryRow:
    total: int
    verified: int
    missing: int
    requeued: int
    average_seconds: float | None


@dataclass(frozen=True, slots=True)
class RetentionRow:
    last_cleanup: datetime | None
    average_seconds: float | None


@dataclass(frozen=True, slots=True)
class StoredRange:
    """The time range and number of stored killmails."""

    oldest: datetime | None
    newest: datetime | None
    total: int


VerificationState = Literal["running", "completed", "failed"]


class VerificationItem(Schema):
    """jobId: the job that backfills missing killmails. duration: seconds."""

    date: date
    status: VerificationState
    expected: int | None
    found: int | None
    missing: int | None
    requeued: int | None
    job_id: UUID | None
    duration: int | None
    error: str | None


class VerificationSummary(Schema):
    total_days_verified: int
    total_missing: int
    total_requeued: int
    average_missing_per_day: float | None


class Verifications(Schema):
    verifications: list[VerificationItem]
    summary: VerificationSummary
    total: int
    limit: int
    offset: int


class VerificationAccepted(Schema):
    """jobId: the id of the published event. estimatedDuration: average seconds, null without a completed one."""

    job_id: UUID
    status: Literal["pending"]
    verification_date: date
    estimated_duration: int | None


class RetentionPolicy(Schema):
    window_months: int
    cutoff_date: date
    last_cleanup: UtcTime | None
    next_cleanup: UtcTime


class DataStats(Schema):
    """Accepted killmails. totalBattles is always null: battles belong to another context, see /api/stats/summary."""

    oldest_killmail: UtcTime | None
    newest_killmail: UtcTime | None
    total_killmails: int
    total_battles: None = None


class RetentionStatus(Schema):
    retention_policy: RetentionPolicy
    data_stats: DataStats


class RetentionAccepted(Schema):
    """jobId: the id of the published event. estimatedDuration: average seconds of the ingestion context."""

    job_id: UUID
    status: Literal["pending"]
    cutoff_date: date
    estimated_duration: int | None


def rounded(seconds: float | None) -> int | None:
    return None if seconds is None else round(seconds)


def search_bounds(months: Sequence[date]) -> dict[str, datetime]:
    """The parameters of STORED_RANGE: the first and the last two months of the partitions."""
    first, last = (datetime(month.year, month.month, 1, tzinfo=UTC) for month in (months[0], months[-1]))
    return {"first": first, "early": first + TWO_MONTHS, "late": last - TWO_MONTHS, "last": last + TWO_MONTHS}


def verifications(
    rows: Sequence[VerificationRow], summary: VerificationSummaryRow, limit: int, offset: int
) -> Verifications:
    return Verifications(
        verifications=[_verification_item(row) for row in rows],
        summary=VerificationSummary(
            total_days_verified=summary.verified,
            total_missing=summary.missing,
            total_requeued=summary.requeued,
            average_missing_per_day=round(summary.missing / summary.verified, 2) if summary.verified else None,
        ),
        total=summary.total,
        limit=limit,
        offset=offset,
    )


def retention_status(retention: RetentionRow, stored: StoredRange, months: int, now: datetime) -> RetentionStatus:
    return RetentionStatus(
        retention_policy=RetentionPolicy(
            window_months=months,
            cutoff_date=cutoff(now.date(), months),
            last_cleanup=retention.last_cleanup,
            next_cleanup=next_cleanup(now),
        ),
        data_stats=DataStats(
            oldest_killmail=stored.oldest, newest_killmail=stored.newest, total_killmails=stored.total
        ),
    )


def _verification_item(row: VerificationRow) -> VerificationItem:
    seconds = (row.completed_at - row.started_at).total_seconds() if row.completed_at else None
    return VerificationItem(
        date=row.day,
        status=cast("VerificationState", row.status),
        expected=row.expected,
        found=row.found,
        missing=row.missing,
        requeued=row.requeued,
        job_id=row.job_id,
        duration=rounded(seconds),
        error=row.error_message,
    )
