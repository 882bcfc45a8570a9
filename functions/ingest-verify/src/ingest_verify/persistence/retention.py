"""Deletion of outdated rows: kills by monthly partitions, others in batches that hold no lock for long."""

from typing import Final, LiteralString

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
