"""Jobs that compute values again, which killmail-enrich processes part by part."""

from datetime import date, datetime
from typing import Final, LiteralString
from uuid import UUID

from battlescope_events.postgres.database import Connection
from killmail_api.domain.revaluation_job import RevaluationJob

INSERT_JOB: Final[LiteralString] = """
INSERT INTO revaluation_jobs (id, first_day, last_day, position_day, requested_by, created_at)
VALUES (%(id)s::uuid, %(first_day)s::date, %(last_day)s::date, %(first_day)s::date, %(requested_by)s::text,
    %(created_at)s::timestamptz)
"""
_JOB: Final[LiteralString] = """
SELECT id, first_day, last_day, requested_by, status, position_day, killmails_read, killmails_changed,
    killmails_without_prices, created_at, started_at, completed_at, cancelled_by
FROM revaluation_jobs
"""
JOB: Final[LiteralString] = _JOB + "WHERE id = %(job)s::uuid"
JOBS: Final[LiteralString] = _JOB + "ORDER BY created_at DESC, id LIMIT %(limit)s::integer OFFSET %(offset)s::integer"
JOB_COUNT: Final[LiteralString] = "SELECT count(*) FROM revaluation_jobs"
CANCEL_JOB: Final[LiteralString] = """
UPDATE revaluation_jobs
SET status = 'cancelled', cancelled_by = %(author)s::text, completed_at = %(now)s::timestamptz
WHERE id = %(job)s::uuid AND status IN ('pending', 'running')
"""


class RevaluationJobRepository:
    """Jobs in the caller's transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def insert(self, job_id: UUID, first_day: date, last_day: date, requested_by: str, now: datetime) -> None:
        """Store a job for the killmails of these days, both included."""
        params = {
            "id": job_id,
            "first_day": first_day,
            "last_day": last_day,
            "requested_by": requested_by,
            "created_at": now,
        }
        await self._connection.execute(INSERT_JOB, params)

    async def find(self, job_id: UUID) -> RevaluationJob | None:
        return await self._connection.row(RevaluationJob, JOB, {"job": job_id})

    async def page(self, limit: int, offset: int) -> list[RevaluationJob]:
        """Jobs, newest first."""
        return await self._connection.rows(RevaluationJob, JOBS, {"limit": limit, "offset": offset})

    async def count(self) -> int:
        return await self._connection.scalar(JOB_COUNT)

    async def cancel(self, job_id: UUID, author: str, now: datetime) -> None:
        """Cancel the job unless it has ended."""
        await self._connection.execute(CANCEL_JOB, {"job": job_id, "author": author, "now": now})
