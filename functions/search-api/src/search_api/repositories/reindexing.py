"""Jobs that rebuild the index, which search-index processes part by part, and the size of the index."""

from datetime import datetime
from typing import Final, LiteralString
from uuid import UUID

from psycopg.errors import UniqueViolation

from battlescope_events.postgres.database import Connection
from search_api.domain.reindex_job import IndexSize, ReindexJob

INSERT_JOB: Final[LiteralString] = """
INSERT INTO reindex_jobs (id, requested_by, created_at)
VALUES (%(id)s::uuid, %(requested_by)s::text, %(created_at)s::timestamptz)
"""
_JOB: Final[LiteralString] = """
SELECT id, requested_by, status, documents_total, documents_processed, created_at, started_at, completed_at,
    cancelled_by
FROM reindex_jobs
"""
JOB: Final[LiteralString] = _JOB + "WHERE id = %(job)s::uuid"
JOBS: Final[LiteralString] = _JOB + "ORDER BY created_at DESC, id LIMIT %(limit)s::integer OFFSET %(offset)s::integer"
JOB_COUNT: Final[LiteralString] = "SELECT count(*) FROM reindex_jobs"
CANCEL_JOB: Final[LiteralString] = """
UPDATE reindex_jobs
SET status = 'cancelled', cancelled_by = %(author)s::text, completed_at = %(now)s::timestamptz
WHERE id = %(job)s::uuid AND status IN ('pending', 'running')
"""
SIZE: Final[LiteralString] = """
SELECT (SELECT count(*) FROM battle_documents) AS battles,
    (SELECT count(*) FROM killmails) AS killmails,
    count(*) FILTER (WHERE entity_type = 'character') AS characters,
    count(*) FILTER (WHERE entity_type = 'corporation') AS corporations,
    count(*) FILTER (WHERE entity_type = 'alliance') AS alliances,
    count(*) FILTER (WHERE entity_type = 'system') AS systems,
    count(*) FILTER (WHERE entity_type = 'ship_type') AS ship_types,
    (SELECT count(*) FROM index_queue) + (SELECT count(*) FROM engine_queue) AS waiting,
    least((SELECT min(queued_at) FROM index_queue), (SELECT min(queued_at) FROM engine_queue)) AS oldest_waiting_at
FROM entities WHERE is_searchable
"""


class ActiveJobExistsError(Exception):
    """Another job is pending or running; there is one at a time."""


class ReindexJobRepository:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def insert(self, job_id: UUID, requested_by: str, now: datetime) -> None:
        """Store a job.

        Raises:
            ActiveJobExistsError: another one has not ended.
        """
        params = {"id": job_id, "requested_by": requested_by, "created_at": now}
        try:
            await self._connection.execute(INSERT_JOB, params)
        except UniqueViolation as error:
            raise ActiveJobExistsError from error

    async def find(self, job_id: UUID) -> ReindexJob | None:
        return await self._connection.row(ReindexJob, JOB, {"job": job_id})

    async def page(self, limit: int, offset: int) -> list[ReindexJob]:
        """Jobs, newest first."""
        return await self._connection.rows(ReindexJob, JOBS, {"limit": limit, "offset": offset})

    async def count(self) -> int:
        return await self._connection.scalar(JOB_COUNT)

    async def cancel(self, job_id: UUID, author: str, now: datetime) -> None:
        """Cancel the job unless it has ended."""
        await self._connection.execute(CANCEL_JOB, {"job": job_id, "author": author, "now": now})

    async def size(self) -> IndexSize:
        """The size of the index; counts every document."""
        size = await self._connection.row(IndexSize, SIZE)
        assert size is not None  # noqa: S101  # an aggregate has one row
        return size
