"""Jobs that rebuild all documents: their progress, and the documents of their next part."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, LiteralString

from battlescope_events.postgres.database import Connection

START_JOB: Final[LiteralString] = """
UPDATE reindex_jobs SET status = CASE status WHEN 'pending' THEN 'running' ELSE status END,
    started_at = CASE status WHEN 'pending' THEN %(now)s::timestamptz ELSE started_at END
WHERE id = %(job_id)s::uuid
RETURNING id::text AS id, status, part, position_type, position_id
"""
INSERT_JOB: Final[LiteralString] = """
INSERT INTO reindex_jobs (id, requested_by, created_at)
VALUES (%(job_id)s::uuid, %(requested_by)s, %(now)s::timestamptz) ON CONFLICT DO NOTHING
RETURNING id::text
"""
COUNT_DOCUMENTS: Final[LiteralString] = """
UPDATE reindex_jobs SET documents_total = (SELECT count(*) FROM battles) + (SELECT count(*) FROM entities)
    + CASE WHEN %(has_copy)s::boolean THEN (SELECT count(*) FROM killmails) ELSE 0 END
WHERE id = %(job_id)s::uuid
"""
NEXT_BATTLES: Final[LiteralString] = """
SELECT battle_id::text FROM battles WHERE battle_id > %(after)s::uuid ORDER BY battle_id LIMIT %(limit)s::integer
"""
NEXT_ENTITIES: Final[LiteralString] = """
SELECT entity_id::text FROM entities
WHERE entity_type = %(document_type)s::text AND entity_id > %(after)s::bigint
ORDER BY entity_id LIMIT %(limit)s::integer
"""
NEXT_KILLMAILS: Final[LiteralString] = """
SELECT killmail_id::text FROM killmails WHERE killmail_id > %(after)s::bigint
ORDER BY killmail_id LIMIT %(limit)s::integer
"""
ADVANCE_JOB: Final[LiteralString] = """
UPDATE reindex_jobs SET part = part + 1, position_type = %(document_type)s, position_id = %(position)s,
    documents_processed = documents_processed + %(processed)s::integer, advanced_at = %(now)s::timestamptz
WHERE id = %(job_id)s::uuid
"""
COMPLETE_JOB: Final[LiteralString] = """
UPDATE reindex_jobs SET status = 'completed', completed_at = %(now)s::timestamptz WHERE id = %(job_id)s::uuid
"""
SELECT_RUNNING: Final[LiteralString] = "SELECT id::text FROM reindex_jobs WHERE status = 'running'"
SELECT_STALLED: Final[LiteralString] = """
SELECT id::text AS id, status, part, position_type, position_id FROM reindex_jobs
WHERE status IN ('pending', 'running') AND coalesce(advanced_at, created_at) < %(before)s::timestamptz
"""
_LOWEST_UUID: Final = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True, slots=True)
class ReindexJob:
    """A row of `reindex_jobs`. `part` is the number of the next part; the position is that of the last document."""

    id: str
    status: str
    part: int
    position_type: str | None
    position_id: str | None

    def is_next_part(self, part: int) -> bool:
        return self.status == "running" and self.part == part


class ReindexJobRepository:
    """Jobs in the caller's transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def insert(self, job_id: str, requested_by: str, now: datetime) -> bool:
        """Whether the job is new: there is at most one that has not ended."""
        params = {"job_id": job_id, "requested_by": requested_by, "now": now}
        return await self._connection.scalar(INSERT_JOB, params) is not None

    async def start(self, job_id: str, now: datetime) -> ReindexJob | None:
        """Lock the job until the transaction ends, mark a pending one as running and return it."""
        return await self._connection.row(ReindexJob, START_JOB, {"job_id": job_id, "now": now})

    async def count_documents(self, job: ReindexJob, *, has_copy: bool) -> None:
        await self._connection.execute(COUNT_DOCUMENTS, {"job_id": job.id, "has_copy": has_copy})

    async def next_ids(self, document_type: str, after: str | None, limit: int) -> list[str]:
        """Ids of the next documents of a type, in order."""
        params = {"document_type": document_type, "after": after or "0", "limit": limit}
        match document_type:
            case "battle":
                return await self._connection.column(NEXT_BATTLES, {**params, "after": after or _LOWEST_UUID})
            case "killmail":
                return await self._connection.column(NEXT_KILLMAILS, params)
            case _:
                return await self._connection.column(NEXT_ENTITIES, params)

    async def advance(
        self, job: ReindexJob, document_type: str, ids: Sequence[str], now: datetime, *, is_last: bool
    ) -> None:
        """Record a finished part with these documents; `is_last`: of their type."""
        params = {
            "job_id": job.id,
            "document_type": document_type,
            "position": None if is_last else ids[-1],
            "processed": len(ids),
            "now": now,
        }
        await self._connection.execute(ADVANCE_JOB, params)

    async def complete(self, job: ReindexJob, now: datetime) -> None:
        await self._connection.execute(COMPLETE_JOB, {"job_id": job.id, "now": now})

    async def running_id(self) -> str | None:
        return await self._connection.scalar(SELECT_RUNNING)

    async def stalled(self, before: datetime) -> list[ReindexJob]:
        """Jobs that have not advanced since then."""
        return await self._connection.rows(ReindexJob, SELECT_STALLED, {"before": before})
