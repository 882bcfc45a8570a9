"""The tables of battles and their killmails; one battle or thousands take the same three statements."""

from collections.abc import Collection
from typing import Any, Final, LiteralString

from psycopg.types.json import Jsonb

from battlescope_events.postgres.database import Connection, Database
from killmail_enrich.enrichment.battle_membership import BattleMembership

# Events of a battle arrive in any order; one that is not newer than the stored revision changes nothing. The row of a
# deleted battle keeps its revision, so that an older event does not bring the battle back. Every writer locks the rows
# of its battles first and in the same order, which avoids deadlocks.
UPSERT_REVISIONS: Final[LiteralString] = """
INSERT INTO battles AS existing (battle_id, revision)
SELECT battle_id, revision FROM jsonb_to_recordset(%(battles)s::jsonb) AS incoming (battle_id text, revision bigint)
ORDER BY battle_id
ON CONFLICT (battle_id) DO UPDATE SET revision = greatest(existing.revision, EXCLUDED.revision)
WHERE existing.revision < EXCLUDED.revision OR EXCLUDED.revision = 0
RETURNING battle_id
"""
# NOT IN and EXCEPT compare sets; arrays would be compared element by element, which is quadratic in a large battle.
DELETE_STALE_MEMBERS: Final[LiteralString] = """
DELETE FROM battle_killmails
WHERE battle_id = ANY (%(battle_ids)s::text[]) AND (battle_id, killmail_id) NOT IN (
    SELECT battle_id, unnest(killmail_ids)
    FROM jsonb_to_recordset(%(battles)s::jsonb) AS incoming (battle_id text, killmail_ids bigint[])
)
"""
INSERT_MEMBERS: Final[LiteralString] = """
INSERT INTO battle_killmails (battle_id, killmail_id)
SELECT battle_id, killmail_id FROM (
    SELECT battle_id, unnest(killmail_ids)
    FROM jsonb_to_recordset(%(battles)s::jsonb) AS incoming (battle_id text, killmail_ids bigint[])
    EXCEPT SELECT battle_id, killmail_id FROM battle_killmails WHERE battle_id = ANY (%(battle_ids)s::text[])
) AS new (battle_id, killmail_id) ON CONFLICT DO NOTHING
"""


class BattleMembershipRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def save(self, memberships: Collection[BattleMembership]) -> None:
        """Save all memberships or none; each battle may occur only once."""
        async with self._database.transaction() as connection:
            advanced_ids = await _advance_revisions(memberships, connection)
            advanced = [membership for membership in memberships if membership.battle_id in advanced_ids]
            if advanced:
                battle_ids = [membership.battle_id for membership in advanced]
                params = {"battle_ids": battle_ids, "battles": _json(advanced)}
                await connection.execute(DELETE_STALE_MEMBERS, params)
                await connection.execute(INSERT_MEMBERS, params)


async def _advance_revisions(memberships: Collection[BattleMembership], connection: Connection) -> frozenset[str]:
    """Ids of the battles whose stored revision was older."""
    return frozenset(await connection.column(UPSERT_REVISIONS, {"battles": _json(memberships)}))


def _json(memberships: Collection[BattleMembership]) -> Jsonb:
    battles: list[dict[str, Any]] = [
        {
            "battle_id": membership.battle_id,
            "revision": membership.revision,
            "killmail_ids": list(membership.killmail_ids),
        }
        for membership in memberships
    ]
    return Jsonb(battles)
