"""Verifications: one row per day, `running` until the day was compared with its list."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final, LiteralString

from battlescope_events.postgres.database import Connection

OPEN_DAY: Final[LiteralString] = """
INSERT INTO verification_history (verification_date, status, started_at)
VALUES (%(day)s::date, 'running', %(now)s::timestamptz) ON CONFLICT DO NOTHING
"""
REOPEN_DAY: Final[LiteralString] = """
INSERT INTO verification_history (verification_date, status, started_at)
VALUES (%(day)s::date, 'running', %(now)s::timestamptz)
ON CONFLICT (verification_date) DO UPDATE
SET status = 'running', started_at = excluded.started_at, completed_at = NULL, error_message = NULL
"""
OPEN_DAYS: Final[LiteralString] = """
SELECT verification_date AS day, started_at AS opened_at FROM verification_history
WHERE status = 'running' ORDER BY verification_date DESC LIMIT 20
"""
SAVE_PROBLEM: Final[LiteralString] = """
UPDATE verification_history SET error_message = %(problem)s::text WHERE verification_date = %(day)s::date
"""
GIVE_UP: Final[LiteralString] = """
UPDATE verification_history SET status = 'failed', completed_at = %(now)s::timestamptz
WHERE status = 'running' AND started_at < %(before)s::timestamptz
"""
# killmail_ids holds every ingested id, accepted or rejected, of any day.
MISSING_IDS: Final[LiteralString] = """
SELECT id FROM unnest(%(ids)s::bigint[]) AS listed (id)
WHERE NOT EXISTS (SELECT FROM killmail_ids WHERE killmail_id = id) ORDER BY id
"""
# Of rejected killmails no hash is kept.
OTHER_BODIES: Final[LiteralString] = """
SELECT listed.id FROM unnest(%(ids)s::bigint[], %(hashes)s::text[]) AS listed (id, hash)
JOIN killmail_ids AS i ON i.killmail_id = listed.id
JOIN killmail_events AS e ON e.killmail_id = i.killmail_id AND e.occurred_at = i.occurred_at
WHERE e.zkb_hash <> listed.hash ORDER BY listed.id
"""
COMPLETE_DAY: Final[LiteralString] = """
UPDATE verification_history SET status = 'completed', total_killmails_expected = %(expected)s::integer,
    total_killmails_found = %(existing)s::integer, missing_killmails = %(missing)s::integer,
    requeued_killmails = %(missing)s::integer, job_id = %(job)s::uuid, completed_at = %(now)s::timestamptz,
    error_message = %(note)s::text
WHERE verification_date = %(day)s::date
"""


@dataclass(frozen=True, slots=True)
class OpenDay:
    """A day that is not verified yet."""

    day: date
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class VerificationResult:
    """Numbers of killmails of a day's list.

    job: the id of the backfill job that loads the missing ones. note: which killmails are stored with another body.
    """

    expected: int
    missing: int
    job: str | None
    note: str | None = None


class VerificationRepository:
    """Verifications in the caller's transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def open(self, day: date, now: datetime) -> None:
        """Does nothing where the day was opened before."""
        await self._connection.execute(OPEN_DAY, {"day": day, "now": now})

    async def reopen(self, day: date, now: datetime) -> None:
        await self._connection.execute(REOPEN_DAY, {"day": day, "now": now})

    async def open_days(self) -> list[OpenDay]:
        """The newest days first."""
        return await self._connection.rows(OpenDay, OPEN_DAYS)

    async def missing_ids(self, killmail_ids: Collection[int]) -> list[int]:
        """Those of the ids that were never ingested, in order."""
        return await self._connection.column(MISSING_IDS, {"ids": list(killmail_ids)})

    async def other_bodies(self, hashes_by_id: Mapping[int, str]) -> list[int]:
        """Those of the ids that are stored with another hash, in order."""
        params = {"ids": list(hashes_by_id), "hashes": list(hashes_by_id.values())}
        return await self._connection.column(OTHER_BODIES, params)

    async def save_problem(self, day: date, problem: str) -> None:
        await self._connection.execute(SAVE_PROBLEM, {"day": day, "problem": problem})

    async def complete(self, day: date, result: VerificationResult, now: datetime) -> None:
        existing = result.expected - result.missing
        counts = {"expected": result.expected, "existing": existing, "missing": result.missing}
        await self._connection.execute(
            COMPLETE_DAY, {"day": day, "job": result.job, "now": now, "note": result.note, **counts}
        )

    async def give_up(self, opened_before: datetime, now: datetime) -> None:
        """Mark the days that were opened before that time and are still open as failed."""
        await self._connection.execute(GIVE_UP, {"before": opened_before, "now": now})
