"""Reads enriched killmails. The tables belong to killmail-enrich, in whose database this function may only look."""

from collections.abc import AsyncGenerator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, LiteralString

from psycopg import AsyncConnection, InterfaceError, OperationalError
from psycopg.rows import TupleRow, dict_row
from psycopg_pool import AsyncConnectionPool, PoolTimeout

Pool = AsyncConnectionPool[AsyncConnection[TupleRow]]
# The newest of each kind of space by index, then the newest of those: never more than five times the limit is read.
RECENT: Final[LiteralString] = """
SELECT mail.killmail_id, system_id, system_name, killmail_time AS timestamp, security_type,
    victim_alliance_id, victim_alliance_name, victim_corp_id, victim_corp_name, victim_character_id,
    victim_character_name, attacker_data, ship_type_id, ship_type_name, zkb_total_value AS isk_value, zkb_url,
    battle.battle_id, attacker_count + 1 AS participant_count
FROM (
    SELECT newest.killmail_id
    FROM unnest(%(security_types)s::text[]) AS space (kind)
    CROSS JOIN LATERAL (
        SELECT killmail_id, killmail_time FROM enriched_killmails WHERE security_type = space.kind
        ORDER BY killmail_time DESC, killmail_id DESC LIMIT %(most)s
    ) AS newest
    ORDER BY newest.killmail_time DESC, newest.killmail_id DESC LIMIT %(most)s
) AS chosen
JOIN enriched_killmails AS mail USING (killmail_id)
LEFT JOIN LATERAL (
    SELECT battle_id FROM battle_killmails WHERE killmail_id = mail.killmail_id ORDER BY battle_id LIMIT 1
) AS battle ON true
ORDER BY killmail_time DESC, mail.killmail_id DESC
"""
ONE: Final[LiteralString] = """
SELECT mail.*, killmail_time AS timestamp, zkb_total_value AS isk_value, attacker_count + 1 AS participant_count,
    (SELECT battle_id FROM battle_killmails WHERE killmail_id = mail.killmail_id ORDER BY battle_id LIMIT 1),
    EXISTS (SELECT FROM wanted_names WHERE killmail_id = mail.killmail_id) AS names_missing
FROM enriched_killmails AS mail WHERE killmail_id = %(killmail_id)s
"""
READY: Final[LiteralString] = "SELECT 1"


class Unavailable(Exception):  # noqa: N818  # named as an outcome
    """The database does not answer in time; the text says how."""


class Store:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def recent(self, security_types: Sequence[str], most: int) -> list[Mapping[str, Any]]:
        async with self._connected() as connection, connection.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(RECENT, {"security_types": list(security_types), "most": most})
            return list(await cursor.fetchall())

    async def one(self, killmail_id: int) -> Mapping[str, Any] | None:
        async with self._connected() as connection, connection.cursor(row_factory=dict_row) as cursor:
            await cursor.execute(ONE, {"killmail_id": killmail_id})
            return await cursor.fetchone()

    async def ready(self) -> None:
        async with self._connected() as connection:
            await connection.execute(READY)

    @asynccontextmanager
    async def _connected(self) -> AsyncGenerator[AsyncConnection[TupleRow]]:
        try:
            async with self._pool.connection() as connection:
                yield connection
        except (OperationalError, InterfaceError, PoolTimeout) as error:
            raise Unavailable(f"The killmail database does not answer: {error!r}.") from error
