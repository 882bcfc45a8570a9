"""Backfill jobs, which the planner of ingest-backfill creates, and changes of their states."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final, LiteralString
from uuid import UUID

from battlescope_events.postgres.database import Connection
from ingest_api.domain.jobs import Day, Job, Throughput

_JOB: Final[LiteralString] = """
SELECT j.id, j.start_date, j.end_date, j.source, j.ruleset_id, j.priority, j.reason, j.requested_by, j.status,
    j.created_at, j.started_at, j.completed_at, j.retry_count, j.error_message,
    greatest(j.total_dates, d.dates) AS total_dates, d.processed_dates, d.failed_dates, d.skipped_dates,
    d.days_done, d.total_killmails,
    d.processed_killmails, d.accepted, d.rejected, d.known, d.failed, d.current_day, d.last_processed, d.resumes_from
FROM historical_ingestion_jobs j CROSS JOIN LATERAL (
    SELECT count(*)::integer AS dates,
        count(*) FILTER (WHERE status IN ('completed', 'failed', 'skipped'))::integer AS processed_dates,
        count(*) FILTER (WHERE status = 'failed')::integer AS failed_dates,
        count(*) FILTER (WHERE status = 'skipped')::integer AS skipped_dates,
        coalesce(sum(CASE WHEN status IN ('completed', 'failed', 'skipped') THEN 1
            WHEN status IN ('pending', 'running') AND expected > 0 THEN least(1, total::double precision / expected)
            ELSE 0 END), 0)::double precision AS days_done,
        coalesce(sum(greatest(expected, total)), 0)::bigint AS total_killmails,
        coalesce(sum(total), 0)::bigint AS processed_killmails, coalesce(sum(accepted), 0)::bigint AS accepted,
        coalesce(sum(rejected), 0)::bigint AS rejected, coalesce(sum(known), 0)::bigint AS known,
        coalesce(sum(failed), 0)::bigint AS failed, max(day) FILTER (WHERE status = 'running') AS current_day,
        max(day) FILTER (WHERE status IN ('completed', 'skipped')) AS last_processed,
        min(day) FILTER (WHERE status IN ('pending', 'running', 'failed')) AS resumes_from
    FROM historical_job_dates WHERE job_id = j.id
) AS d
"""
JOB: Final[LiteralString] = _JOB + "WHERE j.id = %(job)s::uuid"
_PAGE: Final[LiteralString] = """
WHERE j.id = ANY(ARRAY(
    SELECT id FROM historical_ingestion_jobs
    WHERE %(status)s::text[] IS NULL OR status = ANY(%(status)s::text[])
    ORDER BY created_at DESC, id LIMIT %(limit)s::integer OFFSET %(offset)s::integer
))
ORDER BY j.created_at DESC, j.id
"""
JOBS: Final[LiteralString] = _JOB + _PAGE
JOB_COUNT: Final[LiteralString] = """
SELECT count(*) FROM historical_ingestion_jobs WHERE %(status)s::text[] IS NULL OR status = ANY(%(status)s::text[])
"""
DATES: Final[LiteralString] = """
SELECT day, status, expected, total, accepted, rejected, known, failed, attempts, error
FROM historical_job_dates WHERE job_id = %(job)s::uuid ORDER BY day
"""
# Only jobs that have not ended: an ended job loads nothing more.
OVERLAPPING: Final[LiteralString] = """
SELECT id FROM historical_ingestion_jobs
WHERE status IN ('pending', 'running', 'paused') AND id <> %(job)s::uuid
    AND start_date <= %(end)s::date AND end_date >= %(start)s::date
ORDER BY created_at LIMIT 20
"""
# Killmails a day over recent whole days, accepted and rejected ones alike; and the speed of the last backfilled days.
THROUGHPUT: Final[LiteralString] = """
SELECT count(*)::double precision / nullif(count(DISTINCT date_trunc('day', occurred_at, 'UTC')), 0)
        AS killmails_per_day,
    (SELECT (sum(total) / nullif(sum(extract(epoch FROM completed_at - started_at)), 0))::double precision
        FROM (SELECT total, started_at, completed_at FROM historical_job_dates
            WHERE status = 'completed' AND started_at IS NOT NULL ORDER BY completed_at DESC LIMIT 100) AS last
    ) AS killmails_per_second
FROM killmail_ids
WHERE occurred_at >= %(since)s::timestamptz AND occurred_at < %(until)s::timestamptz
"""
LOCK_JOB: Final[LiteralString] = """
SELECT status FROM historical_ingestion_jobs WHERE id = %(job)s::uuid FOR NO KEY UPDATE
"""
SET_STATUS: Final[LiteralString] = """
UPDATE historical_ingestion_jobs SET status = %(status)s::text, completed_at = %(completed_at)s::timestamptz
WHERE id = %(job)s::uuid
"""
CANCEL_DATES: Final[LiteralString] = """
UPDATE historical_job_dates SET status = 'cancelled' WHERE job_id = %(job)s::uuid AND status = 'pending'
"""
RETRY: Final[LiteralString] = """
UPDATE historical_ingestion_jobs
SET status = 'pending', completed_at = NULL, error_message = NULL, retry_count = retry_count + 1
WHERE id = %(job)s::uuid
"""
RETRY_DATES: Final[LiteralString] = """
UPDATE historical_job_dates SET status = 'pending', error = NULL, fruitless_attempts = 0
WHERE job_id = %(job)s::uuid AND status = 'failed'
"""


class JobRepository:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def find(self, job_id: UUID) -> Job | None:
        return await self._connection.row(Job, JOB, {"job": job_id})

    async def page(self, statuses: Sequence[str] | None, limit: int, offset: int) -> list[Job]:
        """Jobs, newest first; None accepts every status."""
        params = {"status": _array(statuses), "limit": limit, "offset": offset}
        return await self._connection.rows(Job, JOBS, params)

    async def count(self, statuses: Sequence[str] | None) -> int:
        return await self._connection.scalar(JOB_COUNT, {"status": _array(statuses)})

    async def days(self, job_id: UUID) -> list[Day]:
        return await self._connection.rows(Day, DATES, {"job": job_id})

    async def overlapping(self, job_id: UUID, start: date, end: date) -> list[UUID]:
        """Other jobs that have not ended and load some of these days."""
        return await self._connection.column(OVERLAPPING, {"job": job_id, "start": start, "end": end})

    async def throughput(self, since: datetime, until: datetime) -> Throughput:
        """The throughput of the live feed in this time, and of the last backfilled days."""
        (throughput,) = await self._connection.rows(Throughput, THROUGHPUT, {"since": since, "until": until})
        return throughput

    async def lock(self, job_id: UUID) -> str | None:
        """The status of the job, which nobody else changes until the transaction ends; None without a job."""
        return await self._connection.scalar(LOCK_JOB, {"job": job_id})

    async def set_status(self, job_id: UUID, status: str, completed_at: datetime | None = None) -> None:
        params = {"job": job_id, "status": status, "completed_at": completed_at}
        await self._connection.execute(SET_STATUS, params)

    async def cancel_days(self, job_id: UUID) -> None:
        """Cancel the days that have not begun."""
        await self._connection.execute(CANCEL_DATES, {"job": job_id})

    async def retry(self, job_id: UUID) -> None:
        """Let the planner start the job and its failed days again."""
        await self._connection.execute(RETRY, {"job": job_id})
        await self._connection.execute(RETRY_DATES, {"job": job_id})


def _array(values: Sequence[str] | None) -> list[str] | None:
    return None if values is None else list(values)
