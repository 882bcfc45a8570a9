"""Enriched killmails that are too old, removed with what hangs on them, in batches that hold no lock for long."""

from datetime import datetime
from typing import Final, LiteralString

from killmail_enrich.persistence.killmails import Pool, connected

BATCH: Final = 2_000
DELETE_OLD: Final[LiteralString] = """
WITH gone AS (
    DELETE FROM enriched_killmails WHERE killmail_id = ANY(ARRAY(
        SELECT killmail_id FROM enriched_killmails WHERE killmail_time < %(before)s::timestamptz LIMIT 2000))
    RETURNING killmail_id
), unplaced AS (
    DELETE FROM battle_killmails WHERE killmail_id IN (SELECT killmail_id FROM gone)
), unnamed AS (
    DELETE FROM wanted_names WHERE killmail_id IN (SELECT killmail_id FROM gone)
)
SELECT count(*) FROM gone
"""


async def delete_old(pool: Pool, before: datetime) -> int:
    """Remove a batch; how many killmails it had."""
    async with connected(pool) as connection:
        row = await (await connection.execute(DELETE_OLD, {"before": before})).fetchone()
    return row[0] if row else 0
