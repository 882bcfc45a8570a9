"""Reclustering jobs, which battle-cluster processes part by part."""

from datetime import datetime
from typing import Final, LiteralString, NamedTuple
from uuid import UUID

from battle_api.domain.rows import Job, JobChange
from battlescope_events.postgres.database import Connection

COUNT_RANGE: Final[LiteralString] = """
SELECT count(*) FROM mails WHERE occurred_at >= %(start_time)s::timestamptz AND occurred_at < %(end_time)s::timestamptz
"""
# Counting five years (some 40 million killmails) takes seconds even by an index alone; so may waiting for the row lock
# of a job while battle-cluster processes one of its parts.
EXTEND_TIMEOUT: Final[LiteralString] = "SET LOCAL statement_timeout = '30s'"
INSERT_JOB: Final[LiteralString] = """
INSERT INTO reclustering_jobs (id, start_time, end_time, reason, dry_run, window_minutes, gap_max_minutes, min_kills,
    requested_by, killmails_total, created_at)
VALUES (%(id)s::uuid, %(start_time)s::timestamptz, %(end_time)s::timestamptz, %(reason)s::text, %(dry_run)s::boolean,
    %(window_minutes)s::integer, %(gap_max_minutes)s::integer, %(min_kills)s::integer, %(requested_by)s::text,
    %(killmails_total)s::integer, %(created_at)s::timestamptz)
"""
_JOB: Final[LiteralString] = """
SELECT j.id, j.start_time, j.end_time, j.reason, j.dry_run, j.window_minutes, j.gap_max_minutes, j.min_kills,
    j.requested_by, j.status, j.killmails_total, j.killmails_processed, j.killmails_moved, j.created_at, j.started_at,
    j.completed_at, j.cancelled_by, j.error_message, c.created, c.updated, c.deleted, c.merged
FROM reclustering_jobs j CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE change = 'created') AS created, count(*) FILTER (WHERE change = 'updated') AS updated,
        count(*) FILTER (WHERE change = 'deleted') AS deleted, count(*) FILTER (WHERE change = 'merged') AS merged
    FROM reclustering_changes WHERE job_id = j.id
) AS c
"""
JOB: Final[LiteralString] = _JOB + "WHERE j.id = %(job)s::uuid"
JOBS: Final[LiteralString] = (
    _JOB + "ORDER BY j.created_at DESC, j.id LIMIT %(limit)s::integer OFFSET %(offset)s::integer"
)
JOB_COUNT: Final[LiteralString] = "SELECT count(*) FROM reclustering_jobs"
CHANGES: Final[LiteralString] = """
SELECT battle_id, change, added, removed, merged_into FROM reclustering_changes WHERE job_id = %(job)s::uuid
ORDER BY battle_id LIMIT %(limit)s::integer OFFSET %(offset)s::integer
"""
CANCEL_JOB: Final[LiteralString] = """
UPDATE reclustering_jobs
SET status = 'cancelled', cancelled_by = %(author)s::text, completed_at = %(now)s::timestamptz
WHERE id = %(job)s::uuid AND status IN ('pending', 'running') RETURNING id
"""


class NewJob(NamedTuple):
    """A requested job; a setting of the clustering is None where the configuration decides."""

    id: UUID
    start_time: datetime
    end_time: datetime
    reason: str
    dry_run: bool
    window_minutes: int | None
    gap_max_minutes: int | None
    min_kills: int | None
    requested_by: str
    killmails_total: int
    created_at: datetime


class JobRepository:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def extend_timeout(self) -> None:
        """Let the statements of this transaction take longer than those of a usual request."""
        await self._connection.execute(EXTEND_TIMEOUT)

    async def count_killmails(self, start_time: datetime, end_time: datetime) -> int:
        """The number of stored killmails in a range whose end is exclusive."""
        return await self._connection.scalar(COUNT_RANGE, {"start_time": start_time, "end_time": end_time})

    async def insert(self, job: NewJob) -> None:
        await self._connection.execute(INSERT_JOB, job._asdict())

    async def find(self, job_id: UUID) -> Job | None:
        return await self._connection.row(Job, JOB, {"job": job_id})

    async def page(self, limit: int, offset: int) -> list[Job]:
        """Jobs, newest first."""
        return await self._connection.rows(Job, JOBS, {"limit": limit, "offset": offset})

    async def count(self) -> int:
        return await self._connection.scalar(JOB_COUNT)

    async def changes(self, job_id: UUID, limit: int, offset: int) -> list[JobChange]:
        """The battles that the job changed (a dry run: would change), in order of their ids."""
        params = {"job": job_id, "limit": limit, "offset": offset}
        return await self._connection.rows(JobChange, CHANGES, params)

    async def cancel(self, job_id: UUID, author: str, now: datetime) -> None:
        """Cancel the job unless it has ended. A part in progress holds the row until it ends, so this may wait."""
        await self.extend_timeout()
        await self._connection.execute(CANCEL_JOB, {"job": job_id, "author": author, "now": now})
