"""Jobs that republish current battles, which battle-cluster processes part by part."""

from datetime import datetime
from typing import Final, LiteralString
from uuid import UUID

from battle_api.domain.rows import RepublishJob
from battle_api.repositories.reclustering import EXTEND_TIMEOUT
from battlescope_events.postgres.database import Connection

INSERT_JOB: Final[LiteralString] = """
INSERT INTO republish_jobs (id, start_time, end_time, requested_by, created_at)
VALUES (%(id)s::uuid, %(start_time)s::timestamptz, %(end_time)s::timestamptz, %(requested_by)s::text,
    %(created_at)s::timestamptz)
"""
_JOB: Final[LiteralString] = """
SELECT id, start_time, end_time, requested_by, status, battles_total, battles_processed, created_at, started_at,
    completed_at, cancelled_by
FROM republish_jobs
"""
JOB: Final[LiteralString] = _JOB + "WHERE id = %(job)s::uuid"
JOBS: Final[LiteralString] = _JOB + "ORDER BY created_at DESC, id LIMIT %(limit)s::integer OFFSET %(offset)s::integer"
JOB_COUNT: Final[LiteralString] = "SELECT count(*) FROM republish_jobs"
CANCEL_JOB: Final[LiteralString] = """
UPDATE republish_jobs
SET status = 'cancelled', cancelled_by = %(author)s::text, completed_at = %(now)s::timestamptz
WHERE id = %(job)s::uuid AND status IN ('pending', 'running')
"""


class RepublishJobRepository:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def insert(
        self, job_id: UUID, start_time: datetime | None, end_time: datetime | None, requested_by: str, now: datetime
    ) -> None:
        """Store a job for battles that start in a range; a time is None where the range is open."""
        params = {
            "id": job_id,
            "start_time": start_time,
            "end_time": end_time,
            "requested_by": requested_by,
            "created_at": now,
        }
        await self._connection.execute(INSERT_JOB, params)

    async def find(self, job_id: UUID) -> RepublishJob | None:
        return await self._connection.row(RepublishJob, JOB, {"job": job_id})

    async def page(self, limit: int, offset: int) -> list[RepublishJob]:
        """Jobs, newest first."""
        return await self._connection.rows(RepublishJob, JOBS, {"limit": limit, "offset": offset})

    async def count(self) -> int:
        return await self._connection.scalar(JOB_COUNT)

    async def cancel(self, job_id: UUID, author: str, now: datetime) -> None:
        """Cancel the job unless it has ended. A part in progress holds the row until it ends, so this may wait."""
        await self._connection.execute(EXTEND_TIMEOUT)
        await self._connection.execute(CANCEL_JOB, {"job": job_id, "author": author, "now": now})
