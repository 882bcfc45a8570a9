"""The tables of battles and their killmails; one battle or thousands take one exchange of three statements."""

from collections.abc import Collection
from typing import Any, Final, LiteralString

from psycopg.types.json import Jsonb

from battlescope_events.postgres.database import Database
from battlescope_events.postgres.pipelines import pipelined_transaction
from killmail_enrich.enrichment.battle_membership import BattleMembership

# Events of a battle arrive in any order; one that is older than the stored revision changes nothing. The row of a
# deleted battle keeps its revision, so that an older event does not bring the battle back. A deletion without a
# revision is final: it stores revision 0, which no event replaces. Every writer locks the rows of its battles first and
# in the same order, which avoids deadlocks; the members are those of the revision that is stored then.
UPSERT_REVISIONS: Final[LiteralString] = """
INSERT INTO battles AS existing (battle_id, revision)
SELECT battle_id, revision FROM jsonb_to_recordset(%(battles)s::jsonb) AS incoming (battle_id text, revision bigint)
ORDER BY battle_id
ON CONFLICT (battle_id) DO UPDATE SET revision = EXCLUDED.revision
WHERE existing.revision <> 0 AND (existing.revision < EXCLUDED.revision OR EXCLUDED.revision = 0)
"""
# NOT IN and EXCEPT compare sets; arrays would be compared element by element, which is quadratic in a large battle.
DELETE_STALE_MEMBERS: Final[LiteralString] = """
WITH current AS MATERIALIZED (
    SELECT incoming.battle_id, incoming.killmail_ids
    FROM jsonb_to_recordset(%(battles)s::jsonb) AS incoming (battle_id text, revision bigint, killmail_ids bigint[])
    JOIN battles USING (battle_id, revision)
)
DELETE FROM battle_killmails
WHERE battle_id = ANY (%(battle_ids)s::text[]) AND battle_id IN (SELECT battle_id FROM current)
    AND (battle_id, killmail_id) NOT IN (SELECT battle_id, unnest(killmail_ids) FROM current)
"""
INSERT_MEMBERS: Final[LiteralString] = """
WITH current AS MATERIALIZED (
    SELECT incoming.battle_id, incoming.killmail_ids
    FROM jsonb_to_recordset(%(battles)s::jsonb) AS incoming (battle_id text, revision bigint, killmail_ids bigint[])
    JOIN battles USING (battle_id, revision)
)
INSERT INTO battle_killmails (battle_id, killmail_id)
SELECT battle_id, killmail_id FROM (
    SELECT battle_id, unnest(killmail_ids) FROM current
    EXCEPT SELECT battle_id, killmail_id FROM battle_killmails WHERE battle_id = ANY (%(battle_ids)s::text[])
) AS new (battle_id, killmail_id) ON CONFLICT DO NOTHING
"""


class BattleMembershipRepository:
    def __init__(self, database: Database) -> None:
        self._database = database

    async def save(self, memberships: Collection[BattleMembership]) -> None:
        """Save all memberships or none; each battle may occur only once."""
        battles = _json(memberships)
        params = {"battle_ids": [membership.battle_id for membership in memberships], "battles": battles}
        async with pipelined_transaction(self._database) as connection:
            await connection.execute(UPSERT_REVISIONS, {"battles": battles})
            await connection.execute(DELETE_STALE_MEMBERS, params)
            await connection.execute(INSERT_MEMBERS, params)


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
