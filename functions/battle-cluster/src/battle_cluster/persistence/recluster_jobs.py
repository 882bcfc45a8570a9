"""Reclustering jobs: the next killmails of a job, its progress, and the battles that it changes."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, LiteralString, NamedTuple

from psycopg import AsyncConnection
from psycopg.rows import class_row

from battle_cluster.reconciliation.battle_diff import BattleDiff

START_JOB: Final[LiteralString] = """
UPDATE reclustering_jobs SET status = CASE status WHEN 'pending' THEN 'running' ELSE status END,
    started_at = CASE status WHEN 'pending' THEN %(now)s::timestamptz ELSE started_at END,
    killmails_total = CASE WHEN part = 0 THEN (
        SELECT count(*) FROM mails WHERE occurred_at >= start_time AND occurred_at < end_time
    ) ELSE killmails_total END
WHERE id = %(job_id)s::uuid
RETURNING id::text AS id, start_time, end_time, dry_run, window_minutes, gap_max_minutes, min_kills, status, part,
    position_time, position_id
"""
SELECT_NEXT_KILLMAILS: Final[LiteralString] = """
SELECT killmail_id FROM mails
WHERE occurred_at >= %(start)s::timestamptz AND occurred_at < %(end)s::timestamptz
    AND (occurred_at, killmail_id) > (%(after)s::timestamptz, %(after_id)s::bigint)
ORDER BY occurred_at, killmail_id LIMIT %(limit)s::integer
"""
ADVANCE_JOB: Final[LiteralString] = """
UPDATE reclustering_jobs SET part = part + 1, position_time = to_timestamp(%(time)s::float8),
    position_id = %(killmail_id)s::bigint, killmails_processed = killmails_processed + %(processed)s::integer,
    killmails_moved = killmails_moved + %(moved)s::integer
WHERE id = %(job_id)s::uuid
"""
COMPLETE_JOB: Final[LiteralString] = """
UPDATE reclustering_jobs SET status = 'completed', completed_at = %(now)s::timestamptz WHERE id = %(job_id)s::uuid
"""
# A battle that spans two parts of a dry run is written twice; the second part knows more of it.
SAVE_CHANGES: Final[LiteralString] = """
INSERT INTO reclustering_changes (job_id, battle_id, change, added, removed, merged_into)
SELECT job_id, battle_id, change, added, removed, merged_into
FROM json_populate_recordset(NULL::reclustering_changes, %(rows)s::json)
ON CONFLICT (job_id, battle_id) DO UPDATE SET change = excluded.change, added = excluded.added,
    removed = excluded.removed, merged_into = excluded.merged_into
"""
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Job:
    """A row of `reclustering_jobs`. `part` is the number of the next part; positions are those of the last killmail."""

    id: str
    start_time: datetime
    end_time: datetime
    dry_run: bool
    window_minutes: int | None
    gap_max_minutes: int | None
    min_kills: int | None
    status: str
    part: int
    position_time: datetime | None
    position_id: int | None

    def is_next_part(self, part: int) -> bool:
        return self.status == "running" and self.part == part


class Progress(NamedTuple):
    """Time and id of the last killmail of a part, and how many killmails the part had."""

    time: int
    killmail_id: int
    processed: int


class ReclusterJobRepository:
    """Jobs in the caller's transaction."""

    def __init__(self, connection: AsyncConnection[Any]) -> None:
        self._connection = connection

    async def start(self, job_id: str, now: datetime) -> Job | None:
        """Lock the job until the transaction ends, mark a pending one as running and return it."""
        cursor = self._connection.cursor(row_factory=class_row(Job))
        await cursor.execute(START_JOB, {"job_id": job_id, "now": now})
        return await cursor.fetchone()

    async def next_killmails(self, job: Job, limit: int) -> list[int]:
        """Ids of the killmails of the job's next part, in order of time."""
        params = {
            "start": job.start_time,
            "end": job.end_time,
            "after": job.position_time or _EPOCH,
            "after_id": job.position_id or 0,
            "limit": limit,
        }
        cursor = await self._connection.execute(SELECT_NEXT_KILLMAILS, params)
        return [row[0] for row in await cursor.fetchall()]

    async def advance(self, job: Job, progress: Progress, diff: BattleDiff) -> None:
        """Record a finished part and the battles that it changed, or would change in a dry run."""
        params = {**progress._asdict(), "moved": len(diff.components), "job_id": job.id}
        await self._connection.execute(ADVANCE_JOB, params)
        rows = [{"job_id": job.id, **row} for row in _change_rows(diff)]
        if rows:
            await self._connection.execute(SAVE_CHANGES, {"rows": json.dumps(rows)})

    async def complete(self, job: Job, now: datetime) -> None:
        await self._connection.execute(COMPLETE_JOB, {"job_id": job.id, "now": now})


def _change_rows(diff: BattleDiff) -> Iterator[dict[str, Any]]:
    for change in diff.changes:
        yield {
            "battle_id": change.battle_id,
            "change": "updated" if change.previous else "created",
            "added": change.added,
            "removed": change.removed,
            "merged_into": None,
        }
    for removal in diff.removals:
        yield {
            "battle_id": removal.battle_id,
            "change": "merged" if removal.merged_into else "deleted",
            "added": (),
            "removed": removal.killmail_ids,
            "merged_into": removal.merged_into,
        }
