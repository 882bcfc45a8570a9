"""Schedules days: jobs and their days are rows, and only a few days are requested at a time.

So pause, cancellation and priority take effect between days, the Broker is not flooded, and the schedule is complete
in the database after any crash. An advisory lock serializes schedulers: two would exceed the window.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, LiteralString

from battlescope_events.postgres.database import Connection
from battlescope_schemas.backfill import Priority

LOCK: Final[LiteralString] = "SELECT pg_advisory_xact_lock(hashtext('ingest-backfill schedule'))"
CANCEL_DAYS: Final[LiteralString] = """
UPDATE historical_job_dates AS d SET status = 'cancelled', completed_at = now()
FROM historical_ingestion_jobs AS j
WHERE j.id = d.job_id AND j.status = 'cancelled' AND d.status = 'pending'"""
# The lease of a dead worker expires; a request that was never delivered has no lease.
RECLAIM_DAYS: Final[LiteralString] = """
UPDATE historical_job_dates AS d SET status = 'pending'
WHERE d.status = 'running' AND CASE
  WHEN EXISTS (SELECT FROM leases WHERE name = 'day ' || d.job_id || ' ' || d.day)
  THEN EXISTS (SELECT FROM leases WHERE name = 'day ' || d.job_id || ' ' || d.day
    AND until < clock_timestamp() - interval '20 seconds')
  ELSE d.started_at < clock_timestamp() - interval '150 seconds' END"""
CLOSE_JOBS: Final[LiteralString] = """
UPDATE historical_ingestion_jobs AS j SET
  status = CASE WHEN ended.failed > 0 THEN 'failed' ELSE 'completed' END, completed_at = now(),
  error_message = CASE WHEN ended.failed > 0 THEN ended.failed || ' of ' || ended.days || ' days failed: '
    || ended.reasons END
FROM (
  SELECT job_id, count(*) AS days, count(*) FILTER (WHERE status = 'failed') AS failed,
    left(string_agg(day || ': ' || error, ' ' ORDER BY day) FILTER (WHERE status = 'failed'), 2000) AS reasons
  FROM historical_job_dates
  WHERE job_id IN (SELECT id FROM historical_ingestion_jobs WHERE status IN ('pending', 'running'))
  GROUP BY job_id HAVING count(*) FILTER (WHERE status IN ('pending', 'running')) = 0
) AS ended
WHERE j.id = ended.job_id"""
REQUEST_DAYS: Final[LiteralString] = """
WITH best AS (
  SELECT j.id, j.priority, row_number() OVER (
    ORDER BY CASE j.priority WHEN 'high' THEN 0 WHEN 'normal' THEN 1 ELSE 2 END, j.created_at, j.id) AS rank
  FROM historical_ingestion_jobs AS j LEFT JOIN upstream_cooldowns AS c
    ON c.upstream = CASE j.source WHEN 'embedded' THEN 'esi' ELSE j.source END
  WHERE j.status IN ('pending', 'running') AND (c.quiet_until IS NULL OR c.quiet_until <= clock_timestamp())
  ORDER BY rank LIMIT %(jobs)s::bigint
), chosen AS (
  SELECT d.job_id, d.day, best.priority, best.rank FROM historical_job_dates AS d JOIN best ON best.id = d.job_id
  WHERE d.status = 'pending' ORDER BY best.rank, d.day
  LIMIT greatest(0, %(window)s::bigint - (SELECT count(*) FROM historical_job_dates WHERE status = 'running'))
)
UPDATE historical_job_dates AS d
SET status = 'running', attempts = attempts + 1, fruitless_attempts = fruitless_attempts + 1,
  started_at = clock_timestamp(), error = NULL
FROM chosen WHERE d.job_id = chosen.job_id AND d.day = chosen.day
RETURNING chosen.rank, d.job_id::text, d.day, d.attempts, chosen.priority"""
# A job is running while one of its days is; a job that a more urgent one displaced is pending again.
UPDATE_JOB_STATUS: Final[LiteralString] = """
UPDATE historical_ingestion_jobs AS j
SET status = CASE WHEN open.running > 0 THEN 'running' ELSE 'pending' END,
  started_at = CASE WHEN open.running > 0 THEN coalesce(j.started_at, now()) ELSE j.started_at END
FROM (SELECT job_id, count(*) FILTER (WHERE status = 'running') AS running FROM historical_job_dates
  WHERE status IN ('pending', 'running') GROUP BY job_id) AS open
WHERE j.id = open.job_id AND j.status IN ('pending', 'running')
  AND j.status <> CASE WHEN open.running > 0 THEN 'running' ELSE 'pending' END"""


@dataclass(frozen=True, slots=True)
class RequestedDay:
    """A day that has just become `running`. `rank`: the urgency of its job."""

    rank: int
    job_id: str
    day: date
    attempts: int
    priority: Priority


class ScheduleRepository:
    """The schedule in the caller's transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def request_days(self, *, window: int, jobs: int) -> Sequence[RequestedDay]:
        """Close finished jobs, and start days of the `jobs` most urgent ones until `window` days are running."""
        for statement in (LOCK, CANCEL_DAYS, RECLAIM_DAYS, CLOSE_JOBS):
            await self._connection.execute(statement)
        requested_days = await self._connection.rows(RequestedDay, REQUEST_DAYS, {"window": window, "jobs": jobs})
        await self._connection.execute(UPDATE_JOB_STATUS)
        return sorted(requested_days, key=lambda requested: (requested.rank, requested.day))
