"""A day in progress: its lease, its existing killmail ids, and one transaction per chunk."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, LiteralString
from uuid import UUID

from psycopg.rows import class_row

from battlescope_events.messages import Message
from battlescope_schemas.backfill import DaySource, Priority
from battlescope_schemas.ruleset import FilteredKillmail
from ingest_backfill.domain.chunk import PreparedChunk
from ingest_backfill.errors import ConcurrentInsert, JobCancelled, LeaseLost
from ingest_backfill.persistence.connection import Connection, Pool, connected, enqueue, execute

LEASE_SECONDS: Final = 10.0  # a killed worker blocks its successor this long; a live one renews at every third of it

TAKE_LEASE: Final[LiteralString] = """
INSERT INTO leases (name, holder, until)
VALUES (%(name)s, %(holder)s, clock_timestamp() + %(ttl)s * interval '1 second')
ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
WHERE leases.until < clock_timestamp() RETURNING true"""
RENEW_LEASE: Final[LiteralString] = """
UPDATE leases SET until = clock_timestamp() + %(ttl)s * interval '1 second'
WHERE name = %(name)s AND holder = %(holder)s RETURNING true"""
RELEASE_LEASE: Final[LiteralString] = "DELETE FROM leases WHERE name = %(name)s AND holder = %(holder)s"
FIND_DAY: Final[LiteralString] = """
SELECT d.job_id::text, d.day, d.status, d.attempts, d.total, d.failed, d.decided_until, j.status AS job_status,
  j.source, j.ruleset_id::text, j.priority, j.reason,
  (SELECT count(*) FROM historical_chunks AS c WHERE c.job_id = d.job_id AND c.day = d.day) AS chunks
FROM historical_job_dates AS d JOIN historical_ingestion_jobs AS j ON j.id = d.job_id
WHERE d.job_id = %(job_id)s::text::uuid AND d.day = %(day)s"""
EXISTING_IDS: Final[LiteralString] = "SELECT killmail_id FROM killmail_ids WHERE killmail_id = ANY(%(ids)s::bigint[])"
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
  total = greatest(d.total, %(read)s::integer), expected = coalesce(%(expected)s::integer, expected)
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
    """A day of a job; the fields are columns of FIND_DAY."""

    job_id: str
    day: date
    status: str
    attempts: int
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
    """Days in progress; a lease admits one worker per day."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def find(self, job_id: str, day: date) -> Day | None:
        async with connected(self._pool) as connection, connection.cursor(row_factory=class_row(Day)) as cursor:
            await cursor.execute(FIND_DAY, {"job_id": job_id, "day": day})
            return await cursor.fetchone()

    async def take_lease(self, name: str, holder: UUID) -> bool:
        """Whether the lease was free."""
        params = {"name": name, "holder": holder, "ttl": LEASE_SECONDS}
        async with connected(self._pool) as connection:
            return await (await connection.execute(TAKE_LEASE, params)).fetchone() is not None

    async def renew_lease(self, name: str, holder: UUID) -> None:
        """Extend the lease.

        Raises:
            LeaseLost: another worker holds it.
        """
        params = {"name": name, "holder": holder, "ttl": LEASE_SECONDS}
        async with connected(self._pool) as connection:
            if await (await connection.execute(RENEW_LEASE, params)).fetchone() is None:
                raise LeaseLost("Another worker holds the lease of the day.")

    async def release_lease(self, name: str, holder: UUID) -> None:
        await execute(self._pool, RELEASE_LEASE, {"name": name, "holder": holder})

    async def existing_ids(self, ids: Sequence[int]) -> set[int]:
        """Those of the ids that are stored, accepted or rejected."""
        async with connected(self._pool) as connection:
            rows = await (await connection.execute(EXISTING_IDS, {"ids": list(ids)})).fetchall()
        return {killmail_id for (killmail_id,) in rows}

    @asynccontextmanager
    async def transaction(self, day: Day, holder: UUID) -> AsyncGenerator["DayTransaction"]:
        async with connected(self._pool) as connection, connection.transaction():
            yield DayTransaction(connection, day, holder)


class DayTransaction:
    """One transaction on a day."""

    def __init__(self, connection: Connection, day: Day, holder: UUID) -> None:
        self.connection = connection
        self._day = day
        self._keys: dict[str, Any] = {"job_id": day.job_id, "day": day.day, "name": day.lease_name, "holder": holder}

    async def insert_killmails(self, chunk: PreparedChunk) -> None:
        """Insert the killmails of a chunk.

        Raises:
            ConcurrentInsert: some of them exist by now; the caller must roll back.
        """
        killmails = chunk.killmails
        params = {"ids": [k.killmail_id for k in killmails], "times": [k.killmail_time for k in killmails]}
        if (await self.connection.execute(CLAIM_IDS, params)).rowcount != len(killmails):
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
        row = await (await self.connection.execute(ADD_COUNTS, {**self._keys, **counts})).fetchone()
        if row is None:
            raise LeaseLost("Another worker holds the lease of the day.")
        if row[0] == "cancelled":
            raise JobCancelled

    async def enqueue(self, messages: Sequence[Message]) -> None:
        await enqueue(self.connection, messages)

    async def end_day(
        self, status: str, *, error: str | None = None, total: int | None = None, expected: int | None = None
    ) -> DaySums | None:
        """Set the day's status; returns its sums, or none if another worker has ended the day."""
        cursor = self.connection.cursor(row_factory=class_row(DaySums))
        params = {"status": status, "error": error, "total": total, "expected": expected}
        await cursor.execute(END_DAY, {**self._keys, **params})
        return await cursor.fetchone()

    async def start_next_step(self) -> int | None:
        """The attempt number of the next step of this day, or none if the day has ended."""
        row = await (await self.connection.execute(START_NEXT_STEP, self._keys)).fetchone()
        return row[0] if row else None

    async def _insert_accepted(self, chunk: PreparedChunk) -> None:
        times = (accepted.killmail.killmail_time for accepted in chunk.accepted)
        months = sorted({time.replace(day=1, hour=0, minute=0, second=0) for time in times})
        await self.connection.execute(ENSURE_MONTHS, {"months": months})
        async with self.connection.cursor().copy(COPY_KILLMAILS) as copy:
            await copy.write(chunk.copy_rows)
        params = {"chunk_key": chunk.chunk_key, "count": len(chunk.accepted)}
        await self.connection.execute(INSERT_CHUNK, {**self._keys, **params})

    async def _insert_rejected(self, rejected: Sequence[FilteredKillmail]) -> None:
        params = {
            "days": [filtered.killmail.killmail_time.date() for filtered in rejected],
            "ids": [filtered.killmail.killmail_id for filtered in rejected],
            "reasons": [filtered.rejection for filtered in rejected],
        }
        await self.connection.execute(INSERT_REJECTED, params)
