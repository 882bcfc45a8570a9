"""How far a cleanup has looked at what only carries something, and which jobs need their manifests no more."""

from typing import Final, LiteralString

LOOKED_AT: Final[LiteralString] = """
SELECT transport_looked_at FROM data_retention_jobs WHERE cutoff_date = %(cutoff)s::date
"""
COUNT: Final[LiteralString] = """
UPDATE data_retention_jobs SET transport_deleted = transport_deleted + %(deleted)s::bigint,
    transport_looked_at = %(after)s::text
WHERE cutoff_date = %(cutoff)s::date
"""
# What failed may be tried again, as long as its days are not older than anything that is kept.
ENDED_JOBS: Final[LiteralString] = """
SELECT id::text FROM historical_ingestion_jobs
WHERE id = ANY(%(jobs)s::text[]::uuid[]) AND completed_at < %(before)s::timestamptz
    AND (status IN ('completed', 'cancelled') OR status = 'failed' AND end_date < %(cutoff)s::date)
"""
