"""Jobs that compute values again: their progress, which is stored with the values of each part."""

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, LiteralString

from battlescope_events.postgres.database import Connection

START_JOB: Final[LiteralString] = """
UPDATE revaluation_jobs SET status = CASE status WHEN 'pending' THEN 'running' ELSE status END,
    started_at = CASE status WHEN 'pending' THEN %(now)s::timestamptz ELSE started_at END
WHERE id = %(job_id)s::uuid
RETURNING id::text AS id, last_day, status, part, position_day, position_id
"""
ADVANCE_JOB: Final[LiteralString] = """
UPDATE revaluation_jobs SET part = part + 1, position_day = %(day)s::date, position_id = %(last_id)s::bigint,
    killmails_read = killmails_read + %(read)s::bigint,
    killmails_changed = killmails_changed + %(changed)s::bigint,
    killmails_without_prices = killmails_without_prices + %(without_prices)s::bigint
WHERE id = %(job_id)s::uuid AND part = %(part)s::integer AND status = 'running'
RETURNING part
"""
COMPLETE_JOB: Final[LiteralString] = """
UPDATE revaluation_jobs SET status = 'completed', completed_at = %(now)s::timestamptz, part = part + 1
WHERE id = %(job_id)s::uuid AND part = %(part)s::integer AND status = 'running'
"""


@dataclass(frozen=True, slots=True)
class RevaluationJob:
    """A row of `revaluation_jobs`. part: the number of the next one. Positions are those of the last killmail read."""

    id: str
    last_day: date
    status: str
    part: int
    position_day: date
    position_id: int

    def is_next_part(self, part: int) -> bool:
        return self.status == "running" and self.part == part


@dataclass(frozen=True, slots=True)
class PartProgress:
    """What a part did, and where the next one goes on."""

    day: date
    last_id: int
    read: int
    changed: int
    without_prices: int


class RevaluationJobRepository:
    """Jobs in the caller's transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def start(self, job_id: str, now: datetime) -> RevaluationJob | None:
        """Mark a pending job as running and return it; None where there is no such job."""
        return await self._connection.row(RevaluationJob, START_JOB, {"job_id": job_id, "now": now})

    async def advance(self, job: RevaluationJob, progress: PartProgress) -> bool:
        """Record a part; False where it was recorded before, or where the job was cancelled meanwhile."""
        params = {
            "job_id": job.id,
            "part": job.part,
            "day": progress.day,
            "last_id": progress.last_id,
            "read": progress.read,
            "changed": progress.changed,
            "without_prices": progress.without_prices,
        }
        return await self._connection.scalar(ADVANCE_JOB, params) is not None

    async def complete(self, job: RevaluationJob, now: datetime) -> None:
        await self._connection.execute(COMPLETE_JOB, {"job_id": job.id, "part": job.part, "now": now})
