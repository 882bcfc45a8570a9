"""Jobs, rulesets and cooldowns in the ingestion database."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict
from datetime import date
from typing import Any, Final, LiteralString
from uuid import UUID

from psycopg.rows import class_row, kwargs_row

from battlescope_events.publisher import Publish
from battlescope_schemas.backfill import BackfillManifest
from battlescope_schemas.ruleset import Ruleset
from ingest_backfill.domain.cooldown import CooldownState
from ingest_backfill.persistence import connection as outbox
from ingest_backfill.persistence.connection import Connection, Pool, connected, execute

PING: Final[LiteralString] = "SELECT 1"
RULESET: Final[LiteralString] = """
SELECT id, min_pilots, tracked_alliance_ids, tracked_corp_ids, tracked_character_ids, tracked_system_ids,
  tracked_security_types, ignore_unlisted, exclude_npc
FROM rulesets WHERE CASE WHEN %(id)s::text IS NULL THEN is_active ELSE id::text = lower(%(id)s::text) END"""
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
LOAD_COOLDOWN: Final[LiteralString] = """
SELECT quiet_until, bans, failures FROM source_manners WHERE source = %(source)s"""
SAVE_COOLDOWN: Final[LiteralString] = """
INSERT INTO source_manners (source, quiet_until, bans, failures, reason)
VALUES (%(source)s, %(quiet_until)s, %(bans)s, %(failures)s, %(reason)s)
ON CONFLICT (source) DO UPDATE SET quiet_until = excluded.quiet_until, bans = excluded.bans,
  failures = excluded.failures, reason = excluded.reason"""


class Store:
    def __init__(self, pool: Pool) -> None:
        self.pool = pool

    async def ping(self) -> None:
        await execute(self.pool, PING, {})

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[Connection]:
        async with connected(self.pool) as connection, connection.transaction():
            yield connection

    async def flush_outbox(self, publish: Publish) -> None:
        await outbox.flush_outbox(self.pool, publish)

    async def ruleset(self, ruleset_id: str | None) -> Ruleset | None:
        """The ruleset with this id; without an id the active ruleset."""
        async with connected(self.pool) as connection, connection.cursor(row_factory=kwargs_row(_ruleset)) as cursor:
            await cursor.execute(RULESET, {"id": ruleset_id})
            return await cursor.fetchone()

    async def unplanned_manifests(self, manifests: Sequence[tuple[str, str]]) -> set[tuple[str, str]]:
        """Those of the manifests, by key and etag, that have no job."""
        params = {"keys": [key for key, _ in manifests], "etags": [etag for _, etag in manifests]}
        async with connected(self.pool) as connection:
            rows = await (await connection.execute(UNPLANNED_MANIFESTS, params)).fetchall()
        return {(key, etag) for key, etag in rows}

    async def add_failed_job(self, job_id: str, key: str, etag: str, *, requested_by: str, error: str) -> None:
        params = {"id": job_id, "key": key, "etag": etag, "requested_by": requested_by, "error": error}
        await execute(self.pool, INSERT_FAILED_JOB, params)

    async def overlapping_jobs(self, job_id: str, days: Sequence[date]) -> list[str]:
        """Other open jobs that include some of these days."""
        async with connected(self.pool) as connection:
            rows = await (await connection.execute(OVERLAPPING_JOBS, {"id": job_id, "days": list(days)})).fetchall()
        return sorted(job for (job,) in rows)

    async def cooldown(self, source: str) -> CooldownState:
        async with (
            connected(self.pool) as connection,
            connection.cursor(row_factory=class_row(CooldownState)) as cursor,
        ):
            await cursor.execute(LOAD_COOLDOWN, {"source": source})
            return await cursor.fetchone() or CooldownState()

    async def save_cooldown(self, source: str, cooldown: CooldownState, reason: str | None) -> None:
        await execute(self.pool, SAVE_COOLDOWN, {"source": source, "reason": reason, **asdict(cooldown)})


async def add_job(
    connection: Connection, job_id: str, key: str, etag: str, manifest: BackfillManifest, *, days: Sequence[date]
) -> bool:
    """Insert the job and its days; returns whether the job is new."""
    params = {
        "id": UUID(job_id), "key": key, "etag": etag, "first": days[0], "last": days[-1], "days": len(days),
        "source": manifest.source.value, "ruleset_id": manifest.ruleset_id, "priority": manifest.priority.value,
        "reason": manifest.reason, "requested_by": manifest.requested_by,
    }  # fmt: skip
    if await (await connection.execute(INSERT_JOB, params)).fetchone() is None:
        return False
    await connection.execute(INSERT_DAYS, {"id": job_id, "days": list(days)})
    return True


def _ruleset(**columns: Any) -> Ruleset:
    sets: dict[str, Any] = {name: frozenset[Any](columns[name]) for name in columns if name.startswith("tracked_")}
    return Ruleset(**columns | sets)
