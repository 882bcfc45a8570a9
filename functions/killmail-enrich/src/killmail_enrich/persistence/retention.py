"""Deletes old killmails with their dependent rows, in batches, so that no statement holds its locks for long."""

from datetime import datetime
from typing import Final, LiteralString

from battlescope_events.postgres.database import Database

BATCH_SIZE: Final = 2_000
DELETE_OLD: Final[LiteralString] = """
WITH deleted AS (
    DELETE FROM enriched_killmails WHERE killmail_id = ANY(ARRAY(
        SELECT killmail_id FROM enriched_killmails WHERE killmail_time < %(cutoff)s::timestamptz LIMIT 2000))
    RETURNING killmail_id
), deleted_memberships AS (
    DELETE FROM battle_killmails WHERE killmail_id IN (SELECT killmail_id FROM deleted)
), deleted_waiting AS (
    DELETE FROM waiting_killmails WHERE killmail_id IN (SELECT killmail_id FROM deleted)
), deleted_pending_names AS (
    DELETE FROM wanted_names WHERE killmail_id IN (SELECT killmail_id FROM deleted)
)
SELECT count(*) FROM deleted
"""


class RetentionRepository:
    """Deletes old killmails, each batch in a transaction of its own."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def delete_old(self, cutoff: datetime) -> int:
        """Delete up to `BATCH_SIZE` killmails before the cutoff; returns their number."""
        async with self._database.connection() as connection:
            return await connection.scalar(DELETE_OLD, {"cutoff": cutoff})
