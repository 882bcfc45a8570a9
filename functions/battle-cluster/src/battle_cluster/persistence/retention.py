"""Deletion of expired battles and killmails, with all rows that belong to them."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final, LiteralString, NamedTuple

from psycopg import AsyncConnection
from psycopg.rows import class_row

from battle_cluster.domain.event_time import to_datetime
from battle_cluster.domain.killmail import Killmail
from battle_cluster.persistence.battles import DELETE_ALL_ROWS
from battle_cluster.persistence.parameters import int_array

BATTLES_PER_BATCH: Final = 200
KILLMAILS_PER_BATCH: Final = 1_000
# A battle is deleted as a whole, once its last killmail has expired. The condition on its start adds nothing but the
# use of an index.
DELETE_BATTLES: Final[LiteralString] = """
DELETE FROM battles WHERE id = ANY(ARRAY(
    SELECT id FROM battles
    WHERE deleted_at IS NULL AND start_time < %(before)s::timestamptz AND end_time < %(before)s::timestamptz
    ORDER BY start_time, id LIMIT 200))
RETURNING id::text AS battle_id, revision
"""
# `battle.deleted` was published for these when they were marked as deleted.
PURGE_DELETED_BATTLES: Final[LiteralString] = """
DELETE FROM battles WHERE id = ANY(ARRAY(
    SELECT id FROM battles WHERE deleted_at IS NOT NULL AND end_time < %(before)s::timestamptz LIMIT 5000))
RETURNING id::text
"""
DELETE_REVISIONS: Final[LiteralString] = "DELETE FROM battle_revisions WHERE battle_id = ANY(%(battle_ids)s::uuid[])"
# Killmails of a battle that extends past the cutoff stay with it.
SELECT_EXPIRED_KILLMAILS: Final[LiteralString] = """
SELECT killmail_id FROM mails AS m
WHERE occurred_at < %(before)s::timestamptz
    AND NOT EXISTS (SELECT FROM battles AS b WHERE b.id = m.component_id AND b.deleted_at IS NULL)
ORDER BY occurred_at, killmail_id LIMIT 1000
"""
DELETE_KILLMAILS: Final[LiteralString] = """
WITH gone AS (
    DELETE FROM mails AS m
    WHERE killmail_id = ANY(%(killmail_ids)s::bigint[])
        AND NOT EXISTS (SELECT FROM battles AS b WHERE b.id = m.component_id AND b.deleted_at IS NULL)
    RETURNING killmail_id
), pilots AS (
    DELETE FROM mail_pilots AS p
    USING unnest(%(pilots)s::bigint[], %(times)s::timestamptz[], %(pilot_killmail_ids)s::bigint[])
        AS old (character_id, occurred_at, killmail_id)
    WHERE p.character_id = old.character_id AND p.occurred_at = old.occurred_at AND p.killmail_id = old.killmail_id
        AND old.killmail_id IN (SELECT killmail_id FROM gone)
)
SELECT count(*) FROM gone
"""


class DeletedBattle(NamedTuple):
    """A deleted battle and its last revision."""

    battle_id: str
    revision: int


class RetentionRepository:
    """Expired rows in the caller's transaction."""

    def __init__(self, connection: AsyncConnection[Any]) -> None:
        self._connection = connection

    async def delete_battles(self, before: datetime) -> list[DeletedBattle]:
        """Delete up to `BATTLES_PER_BATCH` battles that ended before a time."""
        cursor = self._connection.cursor(row_factory=class_row(DeletedBattle))
        await cursor.execute(DELETE_BATTLES, {"before": before})
        battles = await cursor.fetchall()
        await self._delete_rows([battle.battle_id for battle in battles])
        return battles

    async def purge_deleted_battles(self, before: datetime) -> None:
        """Delete the rows of battles that were marked as deleted earlier."""
        cursor = await self._connection.execute(PURGE_DELETED_BATTLES, {"before": before})
        await self._delete_rows([row[0] for row in await cursor.fetchall()])

    async def _delete_rows(self, battle_ids: Sequence[str]) -> None:
        """What belongs to deleted battles; a statement of its own also sees what was written while they were locked."""
        await self._connection.execute(DELETE_ALL_ROWS, {"battle_ids": battle_ids})
        await self._connection.execute(DELETE_REVISIONS, {"battle_ids": battle_ids})

    async def expired_killmails(self, before: datetime) -> list[int]:
        """Ids of up to `KILLMAILS_PER_BATCH` expired killmails without a battle, oldest first."""
        cursor = await self._connection.execute(SELECT_EXPIRED_KILLMAILS, {"before": before})
        return [row[0] for row in await cursor.fetchall()]

    async def delete_killmails(self, killmails: Collection[Killmail]) -> int:
        """Delete those that still belong to no battle; returns how many."""
        pilots = [
            (pilot, to_datetime(killmail.time), killmail.killmail_id)
            for killmail in killmails
            for pilot in killmail.pilot_ids
        ]
        params = {
            "killmail_ids": int_array(killmail.killmail_id for killmail in killmails),
            "pilots": int_array(pilot for pilot, _, _ in pilots),
            "times": [time for _, time, _ in pilots],
            "pilot_killmail_ids": int_array(killmail_id for _, _, killmail_id in pilots),
        }
        row = await (await self._connection.execute(DELETE_KILLMAILS, params)).fetchone()
        return row[0] if row else 0
