"""Progress of a cleanup of transient objects, and the jobs that no longer need their planned manifests."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Final, LiteralString

from battlescope_events.postgres.database import Connection

LAST_KEY: Final[LiteralString] = """
SELECT transport_looked_at FROM data_retention_jobs WHERE cutoff_date = %(cutoff)s::date
"""
ADD_COUNTS: Final[LiteralString] = """
UPDATE data_retention_jobs SET transport_deleted = transport_deleted + %(deleted)s::bigint,
    transport_looked_at = %(last_key)s::text
WHERE cutoff_date = %(cutoff)s::date
"""
# A failed job may be retried, as long as its days are within retention.
ENDED_JOBS: Final[LiteralString] = """
SELECT id::text FROM historical_ingestion_jobs
WHERE id = ANY(%(jobs)s::text[]::uuid[]) AND completed_at < %(before)s::timestamptz
    AND (status IN ('completed', 'cancelled') OR status = 'failed' AND end_date < %(cutoff)s::date)
"""
# Days as text: an upload may be below a day that no calendar has, and then no job has it either.
DAYS_IN_USE: Final[LiteralString] = """
SELECT DISTINCT d.day::text FROM historical_job_dates AS d JOIN historical_ingestion_jobs AS j ON j.id = d.job_id
WHERE j.source = 'objects' AND d.day::text = ANY(%(days)s::text[])
    AND (j.completed_at >= %(before)s::timestamptz
        OR j.status NOT IN ('completed', 'cancelled', 'failed')
        OR j.status = 'failed' AND j.end_date >= %(cutoff)s::date)
"""


class TransientObjectRepository:
    """The progress of cleanups of transient objects, in the caller's transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def last_key(self, cutoff: date) -> str:
        """The key up to which the cleanup of this cutoff has listed objects; empty at its start."""
        return await self._connection.scalar(LAST_KEY, {"cutoff": cutoff})

    async def save_progress(self, cutoff: date, last_key: str, deleted: int) -> None:
        """`deleted`: how many objects were deleted since the last call."""
        params = {"cutoff": cutoff, "deleted": deleted, "last_key": last_key}
        await self._connection.execute(ADD_COUNTS, params)

    async def ended_jobs(self, job_ids: Collection[str], ended_before: datetime, cutoff: date) -> list[str]:
        """Those of the jobs that ended before that time and cannot be retried."""
        params = {"jobs": list(job_ids), "before": ended_before, "cutoff": cutoff}
        return await self._connection.column(ENDED_JOBS, params)

    async def days_in_use(self, days: Collection[str], ended_before: datetime, cutoff: date) -> set[str]:
        """Those of the days that a job with uploads has which is open, ended later, or can be retried."""
        params = {"days": list(days), "before": ended_before, "cutoff": cutoff}
        return set(await self._connection.column(DAYS_IN_USE, params))
