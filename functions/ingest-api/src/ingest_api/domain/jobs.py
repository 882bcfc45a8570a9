"""A job that loads history as a person sees it: how far it is, how fast, and what may still be done with it."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID


@dataclass(frozen=True, slots=True)
class Job:
    """A job with the sums over its days. days_done: of a day under way the share of its mails that were read."""

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
    """What is known of earlier days; none where nothing is."""

    killmails_per_day: float | None
    killmails_per_second: float | None

    def estimate_killmails(self, days: int) -> int | None:
        return None if self.killmails_per_day is None else round(self.killmails_per_day * days)

    def estimate_seconds(self, days: int) -> int | None:
        killmails = self.estimate_killmails(days)
        return (
            None if killmails is None or not self.killmails_per_second else round(killmails / self.killmails_per_second)
        )


# What may become of a job by a person's word: from these states, to that one.
CANCELLABLE: Final = frozenset({"pending", "running", "paused"})
PAUSABLE: Final = frozenset({"pending", "running"})


def percent_complete(job: Job) -> float:
    return round(100 * job.days_done / job.total_dates, 2) if job.total_dates else 0.0


def killmails_per_minute(job: Job, now: datetime) -> float | None:
    """Since its start; nothing where it does not run."""
    if job.status != "running" or job.started_at is None or now <= job.started_at:
        return None
    return round(60 * job.processed_killmails / (now - job.started_at).total_seconds(), 1)


def estimated_completion(job: Job, now: datetime) -> datetime | None:
    """If the days to come take as long as those before."""
    if job.status != "running" or job.started_at is None or not job.days_done:
        return None
    time_per_day: timedelta = (now - job.started_at) / job.days_done
    return now + time_per_day * (job.total_dates - job.days_done)
