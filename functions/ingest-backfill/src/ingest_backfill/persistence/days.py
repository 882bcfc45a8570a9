"""A day in progress: its existing killmail ids, its chunks and its sums."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, LiteralString
from uuid import UUID

from battlescope_events.postgres.database import Connection
from battlescope_schemas.backfill import DaySource, Priority
from battlescope_schemas.ruleset import FilteredKillmail
from ingest_backfill.domain.chunk import PreparedChunk
from ingest_backfill.domain.killmail import BodyIdentity
from ingest_backfill.errors import ConcurrentInsert, JobCancelled, LeaseLost

FIND_DAY: Final[LiteralString] = """
SELECT d.job_id::text, d.day, d.status, d.attempts, d.fruitless_attempts, d.total, d.failed, d.decided_until,
  j.status AS job_status, j.source, j.ruleset_id::text, j.priority, j.reason,
  (SELECT count(*) FROM historical_chunks AS c WHERE c.job_id = d.job_id AND c.day = d.day) AS chunks
FROM historical_job_dates AS d JOIN historical_ingestion_jobs AS j ON j.id = d.job_id
WHERE d.job_id = %(job_id)s::text::uuid AND d.day = %(day)s"""
EXISTING_IDS: Final[LiteralString] = "SELECT killmail_id FROM killmail_ids WHERE killmail_id = ANY(%(ids)s::bigint[])"
# The hash covers the time, but of rejected killmails only the time is kept; a list of ids states no time.
OTHER_BODIES: Final[LiteralString] = """
SELECT r.killmail_id
FROM unnest(%(ids)s::bigint[], %(hashes)s::text[], %(times)s::timestamptz[]) AS r (killmail_id, zkb_hash, occurred_at)
JOIN killmail_ids AS i USING (killmail_id)
LEFT JOIN killmail_events AS e ON e.killmail_id = i.killmail_id AND e.occurred_at = i.occurred_at
WHERE i.occurred_at <> r.occurred_at OR e.zkb_hash <> r.zkb_hash"""
# Ordered, so that two writers of the same killmails wait for each other instead of deadlocking.
CLAIM_IDS: Final[LiteralString] = """
INSERT INTO killmail_ids (killmail_id, occurred_at)
SELECT * FROM unnest(%(ids)s::bigint[], %(times)s::timestamptz[]) AS new (killmail_id, occurred_at)
ORDER BY killmail_id ON CONFLICT DO NOTHING"""
ENSURE_MONTHS: Final[LiteralString] = """
SELECT ensure_killmail_month(month) FROM unnest(%(months)s::timestamptz[]) AS m (month)"""
COPY_KILLMAILS: Final[LiteralString] = """
COPY killmail_events (killmail_id, zkb_hash, system_id, occurred_at, victim_alliance_id, victim_corp_id,
  victim_character_id, attacker_alliance_ids, attacker_corp_ids, pilot_count, isk_value, zkb_url, source,
  historical_job_id, ruleset_id, archive_key) FROM STDIN"""
INSERT_REJECTED: Final[LiteralString] = """
INSERT INTO rejected_killmails (day, killmail_id, reason)
SELECT * FROM unnest(%(days)s::date[], %(ids)s::bigint[], %(reasons)s::text[]) ON CONFLICT DO NOTHING"""
INSERT_CHUNK: Final[LiteralString] = """
INSERT INTO historical_chunks (job_id, day, chunk_key, count)
VALUES (%(job_id)s::text::uuid, %(day)s, %(chunk_key)s, %(count)s)"""
# Fenced by the lease: a worker that lost it must not count killmails that its successor counts.
ADD_COUNTS: Final[LiteralString] = """
UPDATE historical_job_dates AS d
SET accepted = accepted + %(accepted)s::integer, rejected = rejected + %(rejected)s::integer,
  failed = coalesce(%(failed)s::integer, failed), decided_until = coalesce(%(decided_until)s, decided_until),
  total = greatest(d.total, %(read)s::integer), expected = coalesce(%(expected)s::integer, expected),
  fruitless_attempts = CASE WHEN %(accepted)s::integer + %(rejected)s::integer > 0 OR %(read)s::integer > d.total
    OR %(decided_until)s::bigint > coalesce(d.decided_until, 0) THEN 0 ELSE fruitless_attempts END
FROM historical_ingestion_jobs AS j
WHERE j.id = d.job_id AND d.job_id = %(job_id)s::text::uuid AND d.day = %(day)s AND d.status = 'running'
  AND EXISTS (SELECT FROM leases WHERE name = %(name)s AND holder = %(holder)s)
RETURNING j.status"""
END_DAY: Final[LiteralString] = """
UPDATE historical_job_dates
SET status = %(status)s, error = %(error)s, expected = coalesce(%(expected)s::integer, expected),
  total = coalesce(%(total)s::integer, total),
  known = CASE WHEN %(total)s::integer IS NULL THEN known ELSE %(total)s::integer - accepted - rejected - failed END,
  completed_at = CASE WHEN %(status)s IN ('pending', 'running') THEN NULL ELSE now() END
WHERE job_id = %(job_id)s::text::uuid AND day = %(day)s AND status = 'running'
RETURNING total, accepted, rejected, known, failed"""
START_NEXT_STEP: Final[LiteralString] = """
UPDATE historical_job_dates SET attempts = attempts + 1, started_at = clock_timestamp()
WHERE job_id = %(job_id)s::text::uuid AND day = %(day)s AND status = 'running' RETURNING attempts"""


@dataclass(frozen=True, slots=True)
class Day:
    """A day of a job; the fields are columns of FIND_DAY.

    attempts: requests and further steps. fruitless_attempts: requests since the day last made progress.
    """

    job_id: str
    day: date
    status: str
    attempts: int
    fruitless_attempts: int
    total: int
    failed: int
    decided_until: int | None
    job_status: str
    source: DaySource
    ruleset_id: str | None
    priority: Priority
    reason: str
    chunks: int

    @property
    def lease_name(self) -> str:
        return f"day {self.job_id} {self.day}"


@dataclass(frozen=True, slots=True)
class DaySums:
    """The sums of a day; the fields are columns of END_DAY."""

    total: int
    accepted: int
    rejected: int
    known: int
    failed: int


class DayRepository:
    """Days of jobs in the caller's transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def find(self, job_id: str, day: date) -> Day | None:
        return await self._connection.row(Day, FIND_DAY, {"job_id": job_id, "day": day})

    async def existing_ids(self, ids: Sequence[int]) -> set[int]:
        """Those of the ids that are stored, accepted or rejected."""
        return set(await self._connection.column(EXISTING_IDS, {"ids": list(ids)}))

    async def other_bodies(self, bodies: Sequence[BodyIdentity]) -> set[int]:
        """Ids of those that are stored with another body. `bodies`: at least one."""
        ids, hashes, times = zip(*bodies, strict=True)
        params = {"ids": list(ids), "hashes": list(hashes), "times": list(times)}
        return set(await self._connection.column(OTHER_BODIES, params))


class LeasedDayRepository:
    """A day in progress, whose lease `holder` has, in the caller's transaction."""

    def __init__(self, connection: Connection, day: Day, holder: UUID) -> None:
        self._connection = connection
        self._keys: dict[str, Any] = {"job_id": day.job_id, "day": day.day, "name": day.lease_name, "holder": holder}

    async def insert_killmails(self, chunk: PreparedChunk) -> None:
        """Insert the killmails of a chunk.

        Raises:
            ConcurrentInsert: some of them exist by now; the caller must roll back.
        """
        killmails = chunk.killmails
        params = {"ids": [k.killmail_id for k in killmails], "times": [k.killmail_time for k in killmails]}
        if (await self._connection.execute(CLAIM_IDS, params)).rowcount != len(killmails):
            raise ConcurrentInsert
        if chunk.accepted:
            await self._insert_accepted(chunk)
        if chunk.rejected:
            await self._insert_rejected(chunk.rejected)

    async def add_counts(
        self, chunk: PreparedChunk | None, *, failed: int | None, decided_until: int | None,
        read: int | None = None, expected: int | None = None,
    ) -> None:  # fmt: skip
        """Add a chunk to the day's sums; `failed` replaces its sum, `read` of `expected` killmails is the progress.

        Raises:
            LeaseLost: another worker holds the lease of the day.
            JobCancelled: an operator has cancelled the job.
        """
        accepted, rejected = (len(chunk.accepted), len(chunk.rejected)) if chunk else (0, 0)
        counts = {"accepted": accepted, "rejected": rejected, "failed": failed, "decided_until": decided_until}
        counts |= {"read": read, "expected": expected}
        job_status = await self._connection.scalar(ADD_COUNTS, {**self._keys, **counts})
        if job_status is None:
            raise LeaseLost("Another worker holds the lease of the day.")
        if job_status == "cancelled":
            raise JobCancelled

    async def end(
        self, status: str, *, error: str | None = None, total: int | None = None, expected: int | None = None
    ) -> DaySums | None:
        """Set the day's status; returns its sums, or none if another worker has ended the day."""
        params = {"status": status, "error": error, "total": total, "expected": expected}
        return await self._connection.row(DaySums, END_DAY, {**self._keys, **params})

    async def start_next_step(self) -> int | None:
        """The attempt number of the next step of this day, or none if the day has ended."""
        return await self._connection.scalar(START_NEXT_STEP, self._keys)

    async def _insert_accepted(self, chunk: PreparedChunk) -> None:
        times = (accepted.killmail.killmail_time for accepted in chunk.accepted)
        months = sorted({time.replace(day=1, hour=0, minute=0, second=0) for time in times})
        await self._connection.execute(ENSURE_MONTHS, {"months": months})
        async with self._connection.cursor().copy(COPY_KILLMAILS) as copy:
            await copy.write(chunk.copy_rows)
        params = {"chunk_key": chunk.chunk_key, "count": len(chunk.accepted)}
        await self._connection.execute(INSERT_CHUNK, {**self._keys, **params})

    async def _insert_rejected(self, rejected: Sequence[FilteredKillmail]) -> None:
        params = {
            "days": [filtered.killmail.killmail_time.date() for filtered in rejected],
            "ids": [filtered.killmail.killmail_id for filtered in rejected],
            "reasons": [filtered.rejection for filtered in rejected],
        }
        await self._connection.execute(INSERT_REJECTED, params)
