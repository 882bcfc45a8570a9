"""Progress of a cleanup of transient objects, and the jobs that no longer need their planned manifests."""

from typing import Final, LiteralString

LAST_KEY: Final[LiteralString] = """
SELECT transport_looked_at FROM data_retention_jobs WHERE cutoff_date = %(cutoff)s::date
"""
ADD_COUNTS: Final[LiteralString] = """
UPDATE data_retention_jobs SET transport_deleted = transport_deleted + %(deleted)s::bigint,
    transport_looked_at = %(last_key)s::text
WHERE cutoff_date = %(cutoff)s::date
"""
# A failed job may be retried, as long as its days are within retention.
ENDED_JOBS: Final[LiteralString] = """
SELECT id::text FROM historical_ingestion_jobs
WHERE id = ANY(%(jobs)s::text[]::uuid[]) AND completed_at < %(before)s::timestamptz
    AND (status IN ('completed', 'cancelled') OR status = 'failed' AND end_date < %(cutoff)s::date)
"""
