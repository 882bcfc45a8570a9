"""Jobs: one per manifest, with its days."""

from collections.abc import Collection, Sequence
from datetime import date
from typing import Final, LiteralString
from uuid import UUID

from battlescope_events.postgres.database import Connection
from battlescope_schemas.backfill import BackfillManifest

UNPLANNED_MANIFESTS: Final[LiteralString] = """
SELECT key, etag FROM unnest(%(keys)s::text[], %(etags)s::text[]) AS uploaded (key, etag)
WHERE NOT EXISTS (SELECT FROM historical_ingestion_jobs WHERE manifest_key = key AND manifest_etag = etag)"""
INSERT_JOB: Final[LiteralString] = """
INSERT INTO historical_ingestion_jobs (id, manifest_key, manifest_etag, start_date, end_date, source, ruleset_id,
  priority, reason, requested_by, total_dates)
VALUES (%(id)s, %(key)s, %(etag)s, %(first)s, %(last)s, %(source)s, %(ruleset_id)s::text::uuid, %(priority)s,
  %(reason)s, %(requested_by)s, %(days)s)
ON CONFLICT DO NOTHING RETURNING true"""
INSERT_DAYS: Final[LiteralString] = """
INSERT INTO historical_job_dates (job_id, day) SELECT %(id)s::uuid, unnest(%(days)s::date[])"""
INSERT_FAILED_JOB: Final[LiteralString] = """
INSERT INTO historical_ingestion_jobs (id, manifest_key, manifest_etag, requested_by, status, completed_at,
  error_message)
VALUES (%(id)s, %(key)s, %(etag)s, %(requested_by)s, 'failed', now(), %(error)s) ON CONFLICT DO NOTHING"""
OVERLAPPING_JOBS: Final[LiteralString] = """
SELECT DISTINCT j.id::text FROM historical_ingestion_jobs AS j JOIN historical_job_dates AS d ON d.job_id = j.id
WHERE j.id <> %(id)s::uuid AND j.status IN ('pending', 'running', 'paused') AND d.day = ANY(%(days)s::date[])"""


class JobRepository:
    """Jobs in the caller's transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def unplanned_manifests(self, manifests: Collection[tuple[str, str]]) -> set[tuple[str, str]]:
        """Those of the manifests, by key and etag, that have no job."""
        params = {"keys": [key for key, _ in manifests], "etags": [etag for _, etag in manifests]}
        cursor = await self._connection.execute(UNPLANNED_MANIFESTS, params)
        return {(key, etag) for key, etag in await cursor.fetchall()}

    async def add(self, job_id: str, key: str, etag: str, manifest: BackfillManifest, *, days: Sequence[date]) -> bool:
        """Insert the job and its days; returns whether the job is new."""
        params = {
            "id": UUID(job_id), "key": key, "etag": etag, "first": days[0], "last": days[-1], "days": len(days),
            "source": manifest.source.value, "ruleset_id": manifest.ruleset_id, "priority": manifest.priority.value,
            "reason": manifest.reason, "requested_by": manifest.requested_by,
        }  # fmt: skip
        if not await self._connection.column(INSERT_JOB, params):
            return False
        await self._connection.execute(INSERT_DAYS, {"id": job_id, "days": list(days)})
        return True

    async def add_failed(self, job_id: str, key: str, etag: str, *, requested_by: str, error: str) -> None:
        params = {"id": job_id, "key": key, "etag": etag, "requested_by": requested_by, "error": error}
        await self._connection.execute(INSERT_FAILED_JOB, params)

    async def overlapping(self, job_id: str, days: Sequence[date]) -> list[str]:
        """Other open jobs that include some of these days."""
        return sorted(await self._connection.column(OVERLAPPING_JOBS, {"id": job_id, "days": list(days)}))
