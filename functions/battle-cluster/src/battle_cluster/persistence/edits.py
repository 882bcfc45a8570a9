"""Manual edits: those in force, and which of them battles reflect already."""

from collections.abc import Iterable
from typing import Any, Final, LiteralString, NamedTuple

from psycopg import AsyncConnection
from psycopg.rows import class_row

from battle_cluster.edits.active_edits import ActiveEdits, Edit, EditKind
from battle_cluster.persistence.process_cache import ProcessCache

SELECT_ACTIVE_EDITS: Final[LiteralString] = """
SELECT seq, kind, killmail_ids, data FROM battle_edits WHERE undone_at IS NULL
"""
SELECT_EDIT: Final[LiteralString] = """
SELECT battle_id::text AS battle_id, killmail_ids, version, applied_version FROM battle_edits
WHERE id = %(edit_id)s::uuid
"""
MARK_APPLIED: Final[LiteralString] = """
UPDATE battle_edits SET applied_version = greatest(applied_version, %(version)s::bigint) WHERE id = %(edit_id)s::uuid
"""


# Edits stay with the battle that they were made on, also after it was merged into another one.
COUNT_ACTIVE_EDITS: Final[LiteralString] = """
SELECT current.battle_id::text AS battle_id, count(*)::integer AS edits
FROM unnest(%(battle_ids)s::uuid[], %(made_on)s::uuid[]) AS current (battle_id, made_on)
JOIN battle_edits AS e ON e.undone_at IS NULL AND (e.battle_id = current.made_on
    OR e.battle_id IN (SELECT alias_id FROM battle_aliases AS a WHERE a.battle_id = current.made_on))
GROUP BY current.battle_id
"""


class StoredEdit(NamedTuple):
    """An edit's progress: `version` of its last change, `applied_version` of the last one that battles reflect."""

    battle_id: str
    killmail_ids: list[int]
    version: int
    applied_version: int


class EditRepository:
    """Edits in the caller's transaction; the edits in force go through the process cache."""

    def __init__(self, connection: AsyncConnection[Any], cache: ProcessCache) -> None:
        self._connection = connection
        self._cache = cache

    async def active(self, version: int) -> ActiveEdits:
        """All edits in force, read only when the cache holds another version.

        `version` is `edits_version` of the clustering configuration, read in the same transaction.
        """
        if self._cache.active_edits.version != version:
            cursor = await self._connection.execute(SELECT_ACTIVE_EDITS)
            rows = await cursor.fetchall()
            edits = (Edit(seq, EditKind(kind), tuple(ids), data) for seq, kind, ids, data in rows)
            self._cache.active_edits = ActiveEdits(version, edits)
        return self._cache.active_edits

    async def count_active(self, battles: Iterable[tuple[str, Iterable[str]]]) -> dict[str, int]:
        """The number of edits in force by battle; each comes with the battles that are being merged into it."""
        pairs = [(battle_id, made_on) for battle_id, absorbed in battles for made_on in (battle_id, *absorbed)]
        params = {"battle_ids": [pair[0] for pair in pairs], "made_on": [pair[1] for pair in pairs]}
        cursor = await self._connection.execute(COUNT_ACTIVE_EDITS, params)
        return dict(await cursor.fetchall())

    async def find(self, edit_id: str) -> StoredEdit | None:
        cursor = self._connection.cursor(row_factory=class_row(StoredEdit))
        await cursor.execute(SELECT_EDIT, {"edit_id": edit_id})
        return await cursor.fetchone()

    async def mark_applied(self, edit_id: str, version: int) -> None:
        await self._connection.execute(MARK_APPLIED, {"edit_id": edit_id, "version": version})
