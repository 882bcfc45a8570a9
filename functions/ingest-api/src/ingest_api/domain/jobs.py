"""Backfill jobs: progress, speed and allowed state changes."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Job:
    """A job with the sums over its days. `days_done` includes the fraction of the running day that is processed."""

    id: UUID
    start_date: date | None
    end_date: date | None
    source: str
    ruleset_id: UUID | None
    priority: str
    reason: str
    requested_by: str
    status: str
    created_at: datetime
    started_at: datetime | None
    completed_at: datetime | None
    retry_count: int
    error_message: str | None
    total_dates: int
    processed_dates: int
    failed_dates: int
    skipped_dates: int
    days_done: float
    total_killmails: int
    processed_killmails: int
    accepted: int
    rejected: int
    known: int
    failed: int
    current_day: date | None
    last_processed: date | None
    resumes_from: date | None


@dataclass(frozen=True, slots=True)
class Day:
    day: date
    status: str
    expected: int | None
    total: int
    accepted: int
    rejected: int
    known: int
    failed: int
    attempts: int
    error: str | None


@dataclass(frozen=True, slots=True)
class Throughput:
    """The throughput of recent backfills and live days, for estimates; None without data."""

    killmails_per_day: float | None
    killmails_per_second: float | None

    def estimate_killmails(self, days: int) -> int | None:
        return None if self.killmails_per_day is None else round(self.killmails_per_day * days)

    def estimate_seconds(self, days: int) -> int | None:
        killmails = self.estimate_killmails(days)
        if killmails is None or not self.killmails_per_second:
            return None
        return round(killmails / self.killmails_per_second)


# The states in which a client may cancel or pause a job.
CANCELLABLE: Final = frozenset({"pending", "running", "paused"})
PAUSABLE: Final = frozenset({"pending", "running"})


def percent_complete(job: Job) -> float:
    return round(100 * job.days_done / job.total_dates, 2) if job.total_dates else 0.0


def killmails_per_minute(job: Job, now: datetime) -> float | None:
    """The average since the start of the job; None unless it is running."""
    if job.status != "running" or job.started_at is None or now <= job.started_at:
        return None
    return round(60 * job.processed_killmails / (now - job.started_at).total_seconds(), 1)


def estimated_completion(job: Job, now: datetime) -> datetime | None:
    """Extrapolated from the days done; None unless the job is running and has made progress."""
    if job.status != "running" or job.started_at is None or not job.days_done:
        return None
    time_per_day: timedelta = (now - job.started_at) / job.days_done
    return now + time_per_day * (job.total_dates - job.days_done)
