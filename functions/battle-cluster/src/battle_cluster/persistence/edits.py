"""People's edits in the battle context's database: the book of those in force, and which were applied."""

from typing import Any, Final, LiteralString, NamedTuple

from psycopg import AsyncConnection
from psycopg.rows import class_row

from battle_cluster.edits.active_edits import ActiveEdits, Edit, EditKind

EDITS_IN_FORCE: Final[LiteralString] = """
SELECT seq, kind, killmail_ids, data FROM battle_edits WHERE undone_at IS NULL
"""
EDIT: Final[LiteralString] = """
SELECT battle_id::text AS battle_id, killmail_ids, version, applied_version FROM battle_edits
WHERE id = %(edit_id)s::uuid
"""
APPLIED: Final[LiteralString] = """
UPDATE battle_edits SET applied_version = greatest(applied_version, %(version)s::bigint) WHERE id = %(edit_id)s::uuid
"""


class KnownEdit(NamedTuple):
    """Where an edit stands: `version` after its last change, `applied_version` when battles last followed it."""

    battle_id: str
    killmail_ids: list[int]
    version: int
    applied_version: int


async def book(connection: AsyncConnection[Any], version: int) -> ActiveEdits:
    """All edits in force; `version` is what the configuration says of them in the same transaction."""
    cursor = await connection.execute(EDITS_IN_FORCE)
    rows = await cursor.fetchall()
    return ActiveEdits(version, (Edit(seq, EditKind(kind), tuple(ids), data) for seq, kind, ids, data in rows))


async def edit(connection: AsyncConnection[Any], edit_id: str) -> KnownEdit | None:
    cursor = connection.cursor(row_factory=class_row(KnownEdit))
    await cursor.execute(EDIT, {"edit_id": edit_id})
    return await cursor.fetchone()


async def applied(connection: AsyncConnection[Any], edit_id: str, version: int) -> None:
    await connection.execute(APPLIED, {"edit_id": edit_id, "version": version})
