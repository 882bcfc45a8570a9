"""What waits to be indexed, and what waits to be copied into the search engine."""

from collections.abc import Collection
from typing import Final, LiteralString, NamedTuple

from battlescope_events.postgres.database import Connection

INDEX_LOCK: Final = 7_308_604
ENGINE_LOCK: Final = 7_308_605
"""Advisory locks of the transaction: one process indexes at a time, and one copies, so that no older document is
written over a newer one."""

LOCK: Final[LiteralString] = "SELECT pg_advisory_xact_lock(%(key)s)"
# Losing the commit of a step only indexes the same again, because what was queued for it is back, too.
LOCK_INDEXING: Final[LiteralString] = """
SELECT pg_advisory_xact_lock(%(key)s), set_config('synchronous_commit', 'off', true)
"""
SELECT_INDEX: Final[LiteralString] = """
SELECT id, document_type, document_id FROM index_queue ORDER BY id LIMIT %(limit)s::integer
"""
TAKE_ENGINE: Final[LiteralString] = """
WITH locked AS MATERIALIZED (SELECT pg_advisory_xact_lock(%(key)s))
SELECT queued.* FROM locked CROSS JOIN (
    SELECT id, document_type, document_id FROM engine_queue ORDER BY id LIMIT %(limit)s::integer
) AS queued
"""
DELETE_ENGINE: Final[LiteralString] = "DELETE FROM engine_queue WHERE id = ANY (%(ids)s::bigint[])"
# A killmail and the event of its battle that are committed at the same moment do not see each other.
QUEUE_INCOMPLETE: Final[LiteralString] = """
INSERT INTO index_queue (document_type, document_id)
SELECT 'battle', battle_id::text FROM battles
WHERE missing_killmails > 0 AND missing_killmails > (
    SELECT count(*) FROM battle_killmails AS member WHERE member.battle_id = battles.battle_id AND NOT EXISTS (
        SELECT FROM killmails WHERE killmails.killmail_id = member.killmail_id))
"""


class Queued(NamedTuple):
    """A row of a queue; one document may be queued several times."""

    id: int
    document_type: str
    document_id: str


class Queues:
    """The queues in the caller's transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def oldest_index(self, limit: int) -> list[Queued]:
        """The oldest rows, without a lock: what another process indexes meanwhile is indexed again, without effect."""
        return await self._connection.rows(Queued, SELECT_INDEX, {"limit": limit})

    async def lock_indexing(self) -> None:
        """Lock indexing until the transaction ends."""
        await self._connection.execute(LOCK_INDEXING, {"key": INDEX_LOCK})

    async def take_engine(self, limit: int) -> list[Queued]:
        """Lock copying until the transaction ends; returns the oldest rows."""
        return await self._connection.rows(Queued, TAKE_ENGINE, {"key": ENGINE_LOCK, "limit": limit})

    async def lock_all(self) -> None:
        """Lock indexing and copying until the transaction ends."""
        await self._connection.execute(LOCK, {"key": INDEX_LOCK})
        await self._connection.execute(LOCK, {"key": ENGINE_LOCK})

    async def delete_engine(self, rows: Collection[Queued]) -> None:
        await self._connection.execute(DELETE_ENGINE, {"ids": [row.id for row in rows]})

    async def add_incomplete(self) -> None:
        """Queue the battles of which killmails have come since they were indexed."""
        await self._connection.execute(QUEUE_INCOMPLETE)
