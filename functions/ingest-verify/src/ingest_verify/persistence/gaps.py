"""Feed gaps, days without any kill, and the coverage of days by jobs and verifications."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Final, LiteralString

from battlescope_events.postgres.database import Connection
from ingest_verify.domain.day_coverage import DayCoverage, FeedGap

OPEN_GAPS: Final[LiteralString] = """
SELECT first_sequence, after_time, found_at FROM feed_gaps WHERE filled_at IS NULL ORDER BY found_at LIMIT 1000
"""
# Once per day and only if enabled: no index orders ids by time, so this scans all of them.
EMPTY_DAYS: Final[LiteralString] = """
SELECT day::date
FROM generate_series(%(since)s::date::timestamp, %(before)s::date - interval '1 day', interval '1 day') AS day
EXCEPT
SELECT DISTINCT (occurred_at AT TIME ZONE 'UTC')::date FROM killmail_ids
WHERE occurred_at >= %(since)s::date::timestamp AT TIME ZONE 'UTC'
    AND occurred_at < %(before)s::date::timestamp AT TIME ZONE 'UTC'
"""
# A job with killmails of its manifest does not cover the other killmails of their day.
DAY_COVERAGE: Final[LiteralString] = """
SELECT day, bool_or(is_assigned) AS is_assigned, max(checked_at) AS checked_at
FROM (
    SELECT d.day, d.status IN ('pending', 'running', 'cancelled') AS is_assigned,
        CASE WHEN d.status IN ('completed', 'skipped') THEN d.completed_at END AS checked_at
    FROM historical_job_dates AS d JOIN historical_ingestion_jobs AS j ON j.id = d.job_id
    WHERE d.day >= %(since)s::date AND d.status <> 'failed' AND j.source IN ('everef', 'r2z2')
    UNION ALL
    SELECT verification_date, false, completed_at FROM verification_history
    WHERE verification_date >= %(since)s::date AND status = 'completed'
) AS coverage
GROUP BY day
"""
MARK_FILLED: Final[LiteralString] = """
UPDATE feed_gaps SET filled_at = %(now)s::timestamptz WHERE first_sequence = ANY(%(gaps)s::bigint[])
"""


class GapRepository:
    """Gaps and coverage of days in the caller's transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def open_gaps(self) -> list[FeedGap]:
        return await self._connection.rows(FeedGap, OPEN_GAPS)

    async def empty_days(self, since: date, before: date) -> list[date]:
        """Days without any kill."""
        return await self._connection.column(EMPTY_DAYS, {"since": since, "before": before})

    async def coverage(self, since: date) -> list[DayCoverage]:
        """What jobs and verifications cover, from this day on."""
        return await self._connection.rows(DayCoverage, DAY_COVERAGE, {"since": since})

    async def mark_filled(self, first_sequences: Sequence[int], now: datetime) -> None:
        await self._connection.execute(MARK_FILLED, {"gaps": list(first_sequences), "now": now})
