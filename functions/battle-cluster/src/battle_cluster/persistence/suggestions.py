"""Which battles that have ended still want suggestions, and where those are kept."""

import json
from collections.abc import Sequence
from typing import Any, Final, LiteralString, NamedTuple

from psycopg import AsyncConnection
from psycopg.rows import class_row

from battle_cluster.detection.split_suggestions import Suggestion

# Below six mails no two halves of three are left to suggest.
TO_SUGGEST: Final[LiteralString] = """
SELECT id::text AS battle_id, revision,
    ARRAY(SELECT killmail_id FROM battle_killmails WHERE battle_id = battles.id) AS killmail_ids
FROM battles
WHERE status <> 'open' AND deleted_at IS NULL AND suggested_revision < revision AND total_kills >= 6
ORDER BY last_killmail_at LIMIT %(limit)s::integer
"""
SUGGEST: Final[LiteralString] = """
UPDATE battles SET suggestions = %(suggestions)s::jsonb, suggested_revision = %(revision)s::integer
WHERE id = %(battle_id)s::uuid AND revision = %(revision)s::integer
"""


class Ended(NamedTuple):
    """A battle that has ended, as of a revision."""

    battle_id: str
    revision: int
    killmail_ids: list[int]


async def ended(connection: AsyncConnection[Any], limit: int) -> list[Ended]:
    cursor = connection.cursor(row_factory=class_row(Ended))
    await cursor.execute(TO_SUGGEST, {"limit": limit})
    return await cursor.fetchall()


async def suggest(connection: AsyncConnection[Any], battle: Ended, found: Sequence[Suggestion]) -> None:
    """Nothing happens where the battle is another one by now: it will be asked for again."""
    told = [{"doubt": one.doubt, "first": one.first, "second": one.second} for one in found]
    given = {"suggestions": json.dumps(told), "revision": battle.revision, "battle_id": battle.battle_id}
    await connection.execute(SUGGEST, given)
