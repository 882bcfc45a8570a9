"""Split suggestions: the ended battles that lack them, and where they are stored."""

import json
from collections.abc import Sequence
from typing import Any, Final, LiteralString, NamedTuple

from psycopg import AsyncConnection
from psycopg.rows import class_row

from battle_cluster.detection.split_suggestions import Suggestion

# A split needs two halves of three killmails, so smaller battles have no suggestions.
SELECT_ENDED_BATTLES: Final[LiteralString] = """
SELECT id::text AS battle_id, revision,
    ARRAY(SELECT killmail_id FROM battle_killmails WHERE battle_id = battles.id) AS killmail_ids
FROM battles
WHERE status <> 'open' AND deleted_at IS NULL AND suggested_revision < revision AND total_kills >= 6
ORDER BY last_killmail_at LIMIT %(limit)s::integer
"""
SAVE_SUGGESTIONS: Final[LiteralString] = """
UPDATE battles SET suggestions = %(suggestions)s::jsonb, suggested_revision = %(revision)s::integer
WHERE id = %(battle_id)s::uuid AND revision = %(revision)s::integer
"""


class EndedBattle(NamedTuple):
    """An ended battle at one revision."""

    battle_id: str
    revision: int
    killmail_ids: list[int]


class SuggestionRepository:
    """Suggestions in the caller's transaction."""

    def __init__(self, connection: AsyncConnection[Any]) -> None:
        self._connection = connection

    async def ended_battles(self, limit: int) -> list[EndedBattle]:
        """Ended battles whose current revision has no suggestions yet."""
        cursor = self._connection.cursor(row_factory=class_row(EndedBattle))
        await cursor.execute(SELECT_ENDED_BATTLES, {"limit": limit})
        return await cursor.fetchall()

    async def save(self, battle: EndedBattle, suggestions: Sequence[Suggestion]) -> None:
        """Writes nothing when the battle has a newer revision: `ended_battles` returns that one later."""
        rows = [{"doubt": split.reason, "first": split.first, "second": split.second} for split in suggestions]
        params = {"suggestions": json.dumps(rows), "revision": battle.revision, "battle_id": battle.battle_id}
        await self._connection.execute(SAVE_SUGGESTIONS, params)
