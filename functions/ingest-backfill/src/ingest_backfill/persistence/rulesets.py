"""Rulesets, which ingest-poll owns."""

from typing import Any, Final, LiteralString

from psycopg.rows import kwargs_row

from battlescope_events.postgres.database import Connection
from battlescope_schemas.ruleset import Ruleset

RULESET: Final[LiteralString] = """
SELECT id, min_pilots, tracked_alliance_ids, tracked_corp_ids, tracked_character_ids, tracked_system_ids,
  tracked_security_types, ignore_unlisted, exclude_npc
FROM rulesets WHERE CASE WHEN %(id)s::text IS NULL THEN is_active ELSE id::text = lower(%(id)s::text) END"""


class RulesetRepository:
    """Rulesets in the caller's transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def find(self, ruleset_id: str | None) -> Ruleset | None:
        """The ruleset with this id; without an id the active ruleset."""
        cursor = self._connection.cursor(row_factory=kwargs_row(_ruleset))
        await cursor.execute(RULESET, {"id": ruleset_id})
        return await cursor.fetchone()


def _ruleset(**columns: Any) -> Ruleset:
    sets: dict[str, Any] = {name: frozenset[Any](columns[name]) for name in columns if name.startswith("tracked_")}
    return Ruleset(**columns | sets)
