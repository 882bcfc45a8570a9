"""The revisions of battles."""

from typing import Final, LiteralString
from uuid import UUID

from battle_api.domain.rows import Revision
from battlescope_events.postgres.database import Connection

# Callers pass the page size plus one: the extra row is the predecessor from which the oldest revision's deltas come.
REVISIONS: Final[LiteralString] = """
SELECT revision, made_at, reason, cause, added, removed, absorbed, sides,
    total_kills, total_participants, total_isk_destroyed,
    total_kills - coalesce(lag(total_kills) OVER in_order, 0) AS kills_delta,
    total_participants - coalesce(lag(total_participants) OVER in_order, 0) AS participants_delta,
    total_isk_destroyed - coalesce(lag(total_isk_destroyed) OVER in_order, 0) AS isk_delta
FROM (
    SELECT * FROM battle_revisions
    WHERE battle_id = %(id)s::uuid AND (%(before)s::integer IS NULL OR revision < %(before)s::integer)
    ORDER BY revision DESC LIMIT %(limit)s::integer
) AS page
WINDOW in_order AS (ORDER BY revision) ORDER BY revision DESC
"""


class RevisionRepository:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def page(self, battle_id: UUID, before: int | None, limit: int) -> list[Revision]:
        """Revisions below `before`, newest first."""
        params = {"id": battle_id, "before": before, "limit": limit}
        return await self._connection.rows(Revision, REVISIONS, params)
