"""Deletes old killmails with their dependent rows, in batches, so that no statement holds its locks for long."""

from datetime import datetime
from typing import Final, LiteralString

from killmail_enrich.persistence.connection import Pool, connected

BATCH_SIZE: Final = 2_000
DELETE_OLD: Final[LiteralString] = """
WITH deleted AS (
    DELETE FROM enriched_killmails WHERE killmail_id = ANY(ARRAY(
        SELECT killmail_id FROM enriched_killmails WHERE killmail_time < %(cutoff)s::timestamptz LIMIT 2000))
    RETURNING killmail_id
), deleted_memberships AS (
    DELETE FROM battle_killmails WHERE killmail_id IN (SELECT killmail_id FROM deleted)
), deleted_pending_names AS (
    DELETE FROM wanted_names WHERE killmail_id IN (SELECT killmail_id FROM deleted)
)
SELECT count(*) FROM deleted
"""


async def delete_old(pool: Pool, cutoff: datetime) -> int:
    """Delete a batch of killmails before the cutoff; returns their number."""
    async with connected(pool) as connection:
        row = await (await connection.execute(DELETE_OLD, {"cutoff": cutoff})).fetchone()
    return row[0] if row else 0
