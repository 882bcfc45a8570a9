"""Which battle each killmail is in: one battle or thousands, always in the same three statements."""

from collections.abc import Collection
from typing import Any, Final, LiteralString

from psycopg import AsyncConnection
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from killmail_enrich.enrichment.battle_membership import BattleMembership
from killmail_enrich.persistence.killmails import Pool, connected

# Words of a battle come in any order; one that is not newer than what is known changes nothing. What is gone keeps its
# revision here, so that an older word does not bring it back. Whoever writes about a battle locks its row first, and
# all lock them in this order, so that nobody waits in a circle.
UPSERT_REVISIONS: Final[LiteralString] = """
INSERT INTO battles AS known (battle_id, revision)
SELECT battle_id, revision FROM jsonb_to_recordset(%(battles)s::jsonb) AS told (battle_id text, revision bigint)
ORDER BY battle_id
ON CONFLICT (battle_id) DO UPDATE SET revision = greatest(known.revision, EXCLUDED.revision)
WHERE known.revision < EXCLUDED.revision OR EXCLUDED.revision = 0
RETURNING battle_id
"""
# NOT IN and EXCEPT compare sets; arrays would be compared mail by mail, which is quadratic in a large battle.
DELETE_STALE_MEMBERS: Final[LiteralString] = """
DELETE FROM battle_killmails
WHERE battle_id = ANY (%(battle_ids)s::text[]) AND (battle_id, killmail_id) NOT IN (
    SELECT battle_id, unnest(killmail_ids)
    FROM jsonb_to_recordset(%(battles)s::jsonb) AS told (battle_id text, killmail_ids bigint[])
)
"""
JOIN: Final[LiteralString] = """
INSERT INTO battle_killmails (battle_id, killmail_id)
SELECT battle_id, killmail_id FROM (
    SELECT battle_id, unnest(killmail_ids)
    FROM jsonb_to_recordset(%(battles)s::jsonb) AS told (battle_id text, killmail_ids bigint[])
    EXCEPT SELECT battle_id, killmail_id FROM battle_killmails WHERE battle_id = ANY (%(battle_ids)s::text[])
) AS new (battle_id, killmail_id) ON CONFLICT DO NOTHING
"""


class PlacingStore:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def place(self, placings: Collection[BattleMembership]) -> None:
        """All of them or none; no battle may be among them twice."""
        async with connected(self._pool) as connection, connection.transaction():
            advanced = await _advanced(placings, connection)
            news = [each for each in placings if each.battle_id in advanced]
            if news:
                values = {"battle_ids": [each.battle_id for each in news], "battles": _told(news)}
                await connection.execute(DELETE_STALE_MEMBERS, values)
                await connection.execute(JOIN, values)


async def _advanced(placings: Collection[BattleMembership], connection: AsyncConnection[TupleRow]) -> frozenset[str]:
    cursor = await connection.execute(UPSERT_REVISIONS, {"battles": _told(placings)})
    return frozenset(row[0] for row in await cursor.fetchall())


def _told(placings: Collection[BattleMembership]) -> Jsonb:
    told: list[dict[str, Any]] = [
        {"battle_id": each.battle_id, "revision": each.revision, "killmail_ids": list(each.killmail_ids)}
        for each in placings
    ]
    return Jsonb(told)
