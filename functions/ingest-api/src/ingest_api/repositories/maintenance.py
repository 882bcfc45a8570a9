"""The history of verification and retention, and the time range of stored killmails."""

from typing import Final, LiteralString

from battlescope_events.postgres.database import Connection
from ingest_api.schemas.maintenance import (
    RetentionRow,
    StoredRange,
    VerificationRow,
    VerificationSummaryRow,
    search_bounds,
)

VERIFICATIONS: Final[LiteralString] = """
SELECT verification_date AS day, status, total_killmails_expected AS expected, total_killmails_found AS found,
    missing_killmails AS missing, requeued_killmails AS requeued, job_id, started_at, completed_at, error_message
FROM verification_history ORDER BY verification_date DESC LIMIT %(limit)s::integer OFFSET %(offset)s::integer
"""
VERIFICATION_SUMMARY: Final[LiteralString] = """
SELECT count(*) AS total, count(*) FILTER (WHERE status = 'completed') AS verified,
    coalesce(sum(missing_killmails), 0)::bigint AS missing, coalesce(sum(requeued_killmails), 0)::bigint AS requeued,
    (avg(extract(epoch FROM completed_at - started_at)) FILTER (WHERE status = 'completed'))::double precision
        AS average_seconds
FROM verification_history
"""
RETENTION: Final[LiteralString] = """
SELECT max(completed_at) FILTER (WHERE status = 'completed') AS last_cleanup,
    (avg(extract(epoch FROM completed_at - created_at)) FILTER (WHERE status = 'completed'))::double precision
        AS average_seconds
FROM data_retention_jobs
"""
# killmail_events is partitioned by month and has no index on times. The oldest and the newest killmail are searched in
# two months each, since one month may be empty; the count uses the index of ids.
PARTITION_MONTHS: Final[LiteralString] = """
SELECT to_date(right(c.relname, 7), 'YYYY_MM') AS month
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
WHERE i.inhparent = 'killmail_events'::regclass ORDER BY month
"""
STORED_RANGE: Final[LiteralString] = """
SELECT
    (SELECT min(occurred_at) FROM killmail_events
        WHERE occurred_at >= %(first)s::timestamptz AND occurred_at < %(early)s::timestamptz) AS oldest,
    (SELECT max(occurred_at) FROM killmail_events
        WHERE occurred_at >= %(late)s::timestamptz AND occurred_at < %(last)s::timestamptz) AS newest,
    (SELECT count(*) FROM killmail_events) AS total
"""


class MaintenanceRepository:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def verifications(self, limit: int, offset: int) -> list[VerificationRow]:
        """Verified days, newest first."""
        return await self._connection.rows(VerificationRow, VERIFICATIONS, {"limit": limit, "offset": offset})

    async def verification_summary(self) -> VerificationSummaryRow:
        (summary,) = await self._connection.rows(VerificationSummaryRow, VERIFICATION_SUMMARY)
        return summary

    async def retention(self) -> RetentionRow:
        (retention,) = await self._connection.rows(RetentionRow, RETENTION)
        return retention

    async def stored_range(self) -> StoredRange:
        months = await self._connection.column(PARTITION_MONTHS)
        stored = await self._connection.row(StoredRange, STORED_RANGE, search_bounds(months)) if months else None
        return stored or StoredRange(None, None, 0)
