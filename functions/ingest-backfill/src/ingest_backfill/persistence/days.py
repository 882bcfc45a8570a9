"""One day under way: who is at it, what of it is known, and each chunk of it in one transaction."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, LiteralString
from uuid import UUID

from psycopg.rows import class_row

from battlescope_events.messages import Message
from battlescope_schemas.backfill import DaySource, Priority
from ingest_backfill.domain.chunk import PreparedChunk
from ingest_backfill.domain.killmail import BackfilledKillmail
from ingest_backfill.errors import JobCancelled, ConcurrentInsert, LeaseLost
from ingest_backfill.persistence.connection import Connection, Pool, connected, execute, enqueue

LEASE_SECONDS: Final = 10.0  # a killed worker blocks its successor for this long; a live one renews every third of it

TAKE_LEASE: Final[LiteralString] = """
INSERT INTO leases (name, holder, until)
VALUES (%(name)s, %(holder)s, clock_timestamp() + %(ttl)s * interval '1 second')
ON CONFLICT (name) DO UPDATE SET holder = excluded.holder, until = excluded.until
WHERE leases.until < clock_timestamp() RETURNING true"""
KEEP_LEASE: Final[LiteralString] = """
UPDATE leases SET until = clock_timestamp() + %(ttl)s * interval '1 second'
WHERE name = %(name)s AND holder = %(holder)s RETURNING true"""
FREE_LEASE: Final[LiteralString] = "DELETE FROM leases WHERE name = %(name)s AND holder = %(holder)s"
DAY: Final[LiteralString] = """
SELECT d.job_id::text, d.day, d.status, d.attempts, d.total, d.failed, d.decided_until, j.status AS job_status,
  j.source, j.ruleset_id::text, j.priority, j.reason,
  (SELECT count(*) FROM historical_chunks AS c WHERE c.job_id = d.job_id AND c.day = d.day) AS chunks
FROM historical_job_dates AS d JOIN historical_ingestion_jobs AS j ON j.id = d.job_id
WHERE d.job_id = %(job_id)s::text::uuid AND d.day = %(day)s"""
KNOWN: Final[LiteralString] = "SELECT killmail_id FROM killmail_ids WHERE killmail_id = ANY(%(ids)s::bigint[])"
# In one order, so that two writers of the same mails wait for each other instead of locking each other out.
CLAIM: Final[LiteralString] = """
INSERT INTO killmail_ids (killmail_id, occurred_at)
SELECT * FROM unnest(%(ids)s::bigint[], %(times)s::timestamptz[]) AS new (killmail_id, occurred_at)
ORDER BY killmail_id ON CONFLICT DO NOTHING"""
ENSURE_MONTHS: Final[LiteralString] = """
SELECT ensure_killmail_month(month) FROM unnest(%(months)s::timestamptz[]) AS m (month)"""
COPY_EVENTS: Final[LiteralString] = """
COPY killmail_events (killmail_id, zkb_hash, system_id, occurred_at, victim_alliance_id, victim_corp_id,
  victim_character_id, attacker_alliance_ids, attacker_corp_ids, pilot_count, isk_value, zkb_url, source,
  historical_job_id, ruleset_id, archive_key) FROM STDIN"""
ADD_REJECTED: Final[LiteralString] = """
INSERT INTO rejected_killmails (day, killmail_id, reason)
SELECT * FROM unnest(%(days)s::date[], %(ids)s::bigint[], %(reasons)s::text[]) ON CONFLICT DO NOTHING"""
ADD_CHUNK: Final[LiteralString] = """
INSERT INTO historical_chunks (job_id, day, chunk_key, count)
VALUES (%(job_id)s::text::uuid, %(day)s, %(chunk_key)s, %(count)s)"""
# Fenced by the lease: a worker that was believed dead must not count again what its successor counted.
COUNT: Final[LiteralString] = """
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
NEXT_STEP: Final[LiteralString] = """
UPDATE historical_job_dates SET attempts = attempts + 1, started_at = clock_timestamp()
WHERE job_id = %(job_id)s::text::uuid AND day = %(day)s AND status = 'running' RETURNING attempts"""


@dataclass(frozen=True, slots=True)
class Day:
    """A day of a job, as its rows have it."""

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
    total: int
    accepted: int
    rejected: int
    existing_ids: int
    failed: int


class DayRepository:
    """Days under way, each held by one worker."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def find(self, job_id: str, day: date) -> Day | None:
        async with connected(self._pool) as connection, connection.cursor(row_factory=class_row(Day)) as cursor:
            await cursor.execute(DAY, {"job_id": job_id, "day": day})
            return await cursor.fetchone()

    async def take_lease(self, name: str, holder: UUID) -> bool:
        values = {"name": name, "holder": holder, "ttl": LEASE_SECONDS}
        async with connected(self._pool) as connection:
            return await (await connection.execute(TAKE_LEASE, values)).fetchone() is not None

    async def renew_lease(self, name: str, holder: UUID) -> None:
        values = {"name": name, "holder": holder, "ttl": LEASE_SECONDS}
        async with connected(self._pool) as connection:
            if await (await connection.execute(KEEP_LEASE, values)).fetchone() is None:
                raise LeaseLost("Another worker has taken over the day.")

    async def release_lease(self, name: str, holder: UUID) -> None:
        await execute(self._pool, FREE_LEASE, {"name": name, "holder": holder})

    async def existing_ids(self, ids: Sequence[int]) -> set[int]:
        async with connected(self._pool) as connection:
            rows = await (await connection.execute(KNOWN, {"ids": list(ids)})).fetchall()
        return {killmail_id for (killmail_id,) in rows}

    @asynccontextmanager
    async def transaction(self, day: Day, holder: UUID) -> AsyncGenerator["DayTransaction"]:
        async with connected(self._pool) as connection, connection.transaction():
            yield DayTransaction(connection, day, holder)


class DayTransaction:
    """What is decided of a day at once."""

    def __init__(self, connection: Connection, day: Day, holder: UUID) -> None:
        self.connection = connection
        self._day = day
        self._where: dict[str, Any] = {"job_id": day.job_id, "day": day.day, "name": day.lease_name, "holder": holder}

    async def insert_killmails(self, filing: PreparedChunk) -> None:
        """The mails of a chunk.

        Raises:
            Overtaken: some are known by now; the transaction must not be committed.
        """
        mails = filing.killmails
        values = {"ids": [m.killmail_id for m in mails], "times": [m.occurred_at for m in mails]}
        if (await self.connection.execute(CLAIM, values)).rowcount != len(mails):
            raise ConcurrentInsert
        if filing.accepted:
            await self._add(filing)
        if filing.rejected:
            await self._reject([(mail, reason.value) for mail, reason in filing.rejected])

    async def add_counts(
        self, filing: PreparedChunk | None, *, failed: int | None, decided_until: int | None,
        read: int | None = None, expected: int | None = None,
    ) -> None:  # fmt: skip
        """Add to the sums of the day; `failed` replaces what was counted. `read` of `expected` mails: how far it is.

        Raises:
            LeaseLost: another worker is at this day.
            Cancelled: the job is not wanted any more.
        """
        accepted, rejected = (len(filing.accepted), len(filing.rejected)) if filing else (0, 0)
        sums = {"accepted": accepted, "rejected": rejected, "failed": failed, "decided_until": decided_until}
        sums |= {"read": read, "expected": expected}
        row = await (await self.connection.execute(COUNT, {**self._where, **sums})).fetchone()
        if row is None:
            raise LeaseLost("Another worker has taken over the day.")
        if row[0] == "cancelled":
            raise JobCancelled

    async def enqueue(self, messages: Sequence[Message]) -> None:
        await enqueue(self.connection, messages)

    async def end_day(
        self, status: str, *, error: str | None = None, total: int | None = None, expected: int | None = None
    ) -> DaySums | None:
        """The sums of the day, unless somebody else ended it."""
        cursor = self.connection.cursor(row_factory=class_row(DaySums))
        told = {"status": status, "error": error, "total": total, "expected": expected}
        await cursor.execute(END_DAY, {**self._where, **told})
        return await cursor.fetchone()

    async def start_next_step(self) -> int | None:
        """The number of the step that goes on with this day."""
        row = await (await self.connection.execute(NEXT_STEP, self._where)).fetchone()
        return row[0] if row else None

    async def _add(self, filing: PreparedChunk) -> None:
        months = sorted({m.occurred_at.replace(day=1, hour=0, minute=0, second=0) for m in filing.accepted})
        await self.connection.execute(ENSURE_MONTHS, {"months": months})
        async with self.connection.cursor().copy(COPY_EVENTS) as copy:
            await copy.write(filing.copy_rows)
        told = {"chunk_key": filing.chunk_key, "count": len(filing.accepted)}
        await self.connection.execute(ADD_CHUNK, {**self._where, **told})

    async def _reject(self, rejected: Sequence[tuple[BackfilledKillmail, str]]) -> None:
        values = {
            "days": [mail.occurred_at.date() for mail, _ in rejected],
            "ids": [mail.killmail_id for mail, _ in rejected],
            "reasons": [reason for _, reason in rejected],
        }
        await self.connection.execute(ADD_REJECTED, values)
