"""Deletes old killmails, in batches, so that no statement holds its locks for long."""

from datetime import datetime
from typing import Final, LiteralString

from battlescope_events.postgres.database import Database

BATCH_SIZE: Final = 2_000
DELETE_OLD: Final[LiteralString] = """
WITH deleted AS (
    DELETE FROM killmails WHERE killmail_id = ANY(ARRAY(
        SELECT killmail_id FROM killmails WHERE killmail_time < %(cutoff)s::timestamptz
        ORDER BY killmail_time LIMIT 2000))
    RETURNING killmail_id
), copied AS (
    INSERT INTO engine_queue (document_type, document_id)
    SELECT 'killmail', killmail_id::text FROM deleted WHERE %(has_copy)s::boolean
)
SELECT count(*) FROM deleted
"""


async def delete_old(database: Database, cutoff: datetime, *, has_copy: bool) -> int:
    """Delete up to `BATCH_SIZE` killmails before the cutoff; returns their number."""
    async with database.connection() as connection:
        return await connection.scalar(DELETE_OLD, {"cutoff": cutoff, "has_copy": has_copy})
