"""Deletion of outdated rows: kills by monthly partitions, others in batches that hold no lock for long."""

from datetime import UTC, date, datetime, time
from typing import Final, LiteralString
from uuid import UUID

from battlescope_events.postgres.database import Connection

BATCH: Final = 5_000
START_CLEANUP: Final[LiteralString] = """
INSERT INTO data_retention_jobs (id, cutoff_date, status, created_at)
VALUES (%(id)s::uuid, %(cutoff)s::date, 'running', %(now)s::timestamptz) ON CONFLICT DO NOTHING RETURNING id
"""
RESTART_CLEANUP: Final[LiteralString] = """
INSERT INTO data_retention_jobs (id, cutoff_date, status, created_at)
VALUES (%(id)s::uuid, %(cutoff)s::date, 'running', %(now)s::timestamptz)
ON CONFLICT (cutoff_date) DO UPDATE SET status = 'running', completed_at = NULL, transport_looked_at = ''
"""
OPEN_CLEANUPS: Final[LiteralString] = """
SELECT cutoff_date FROM data_retention_jobs WHERE status = 'running' ORDER BY cutoff_date LIMIT 100
"""
DROP_MONTHS: Final[LiteralString] = "SELECT drop_killmail_months(%(cutoff)s::date)"
# An id stays as long as the month of its kill: without it, the killmail could be ingested a second time.
DELETE_IDS: Final[LiteralString] = """
DELETE FROM killmail_ids WHERE killmail_id = ANY(ARRAY(
    SELECT killmail_id FROM killmail_ids WHERE occurred_at < %(before)s::timestamptz LIMIT 5000))
"""
DELETE_REJECTED: Final[LiteralString] = """
DELETE FROM rejected_killmails WHERE (day, killmail_id) IN (
    SELECT day, killmail_id FROM rejected_killmails WHERE day < (%(before)s::timestamptz AT TIME ZONE 'UTC')::date
    ORDER BY day LIMIT 5000)
"""
DELETE_REFUSED: Final[LiteralString] = """
DELETE FROM refused_bodies WHERE event_id = ANY(ARRAY(
    SELECT event_id FROM refused_bodies WHERE refused_at < %(before)s::timestamptz LIMIT 5000))
"""
ADD_COUNTS: Final[LiteralString] = """
UPDATE data_retention_jobs SET killmails_deleted = killmails_deleted + %(killmails)s::bigint,
    objects_deleted = objects_deleted + %(objects)s::bigint,
    partitions_dropped = partitions_dropped + %(partitions)s::integer
WHERE cutoff_date = %(cutoff)s::date
"""
COMPLETE_CLEANUP: Final[LiteralString] = """
UPDATE data_retention_jobs SET status = 'completed', completed_at = %(now)s::timestamptz
WHERE cutoff_date = %(cutoff)s::date
"""


class RetentionRepository:
    """Cleanups and the rows that they delete, in the caller's transaction; each deletion counts what it deletes."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def start_cleanup(self, cleanup_id: UUID, cutoff: date, now: datetime) -> bool:
        """False where this cutoff had its cleanup before."""
        return bool(await self._connection.column(START_CLEANUP, {"id": cleanup_id, "cutoff": cutoff, "now": now}))

    async def restart_cleanup(self, cleanup_id: UUID, cutoff: date, now: datetime) -> None:
        await self._connection.execute(RESTART_CLEANUP, {"id": cleanup_id, "cutoff": cutoff, "now": now})

    async def open_cleanups(self) -> list[date]:
        """The cutoffs of the cleanups that are not complete, the oldest first."""
        return await self._connection.column(OPEN_CLEANUPS)

    async def drop_months(self, cutoff: date) -> None:
        """Drop the partitions of killmails whose month ends before the cutoff."""
        await self.add_counts(cutoff, partitions=await self._connection.scalar(DROP_MONTHS, {"cutoff": cutoff}))

    async def delete_ids(self, cutoff: date) -> int:
        """Delete up to `BATCH` ids of killmails; returns their number."""
        deleted = await self._delete(DELETE_IDS, cutoff)
        await self.add_counts(cutoff, killmails=deleted)
        return deleted

    async def delete_rejected(self, cutoff: date) -> int:
        """Delete up to `BATCH` rejected killmails; returns their number."""
        return await self._delete(DELETE_REJECTED, cutoff)

    async def delete_refused(self, cutoff: date) -> int:
        """Delete up to `BATCH` refused bodies; returns their number."""
        return await self._delete(DELETE_REFUSED, cutoff)

    async def add_counts(self, cutoff: date, *, killmails: int = 0, objects: int = 0, partitions: int = 0) -> None:
        """Add to the numbers of what the cleanup has deleted."""
        params = {"cutoff": cutoff, "killmails": killmails, "objects": objects, "partitions": partitions}
        await self._connection.execute(ADD_COUNTS, params)

    async def complete_cleanup(self, cutoff: date, now: datetime) -> None:
        await self._connection.execute(COMPLETE_CLEANUP, {"cutoff": cutoff, "now": now})

    async def _delete(self, statement: LiteralString, cutoff: date) -> int:
        month = datetime.combine(cutoff.replace(day=1), time(), UTC)
        return (await self._connection.execute(statement, {"before": month})).rowcount
