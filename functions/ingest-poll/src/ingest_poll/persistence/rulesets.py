"""Rulesets, of which one is active."""

from typing import Any, Final, LiteralString

from psycopg.rows import kwargs_row

from battlescope_events.errors import TransientError
from battlescope_events.postgres.database import Connection
from battlescope_schemas.ruleset import Ruleset

ACTIVE_RULESET: Final[LiteralString] = """
SELECT id, min_pilots, tracked_alliance_ids, tracked_corp_ids, tracked_character_ids, tracked_system_ids,
  tracked_security_types, ignore_unlisted, exclude_npc
FROM rulesets WHERE is_active"""


class RulesetRepository:
    """Rulesets in the caller's transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def active(self) -> Ruleset:
        """The active ruleset.

        Raises:
            TransientError: none is active; accepting or rejecting everything could not be undone.
        """
        async with self._connection.cursor(row_factory=kwargs_row(_ruleset)) as cursor:
            await cursor.execute(ACTIVE_RULESET)
            ruleset = await cursor.fetchone()
        if ruleset is None:
            raise TransientError("No ruleset is active.")
        return ruleset


def _ruleset(**columns: Any) -> Ruleset:
    sets: dict[str, Any] = {name: frozenset[int](columns[name]) for name in columns if name.startswith("tracked_")}
    return Ruleset(**columns | sets)
