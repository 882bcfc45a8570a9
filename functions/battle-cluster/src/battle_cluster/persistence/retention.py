"""Battles and mails that are too old, removed for good with everything that hangs on them."""

from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any, Final, LiteralString, NamedTuple

from psycopg import AsyncConnection
from psycopg.rows import class_row

from battle_cluster.domain.killmail import Killmail
from battle_cluster.persistence.parameters import ids, moment

BATTLES: Final = 200
MAILS: Final = 1_000
# A battle goes as a whole, once its last mail is too old. Its start is asked for as well, because that has an index.
DELETE_BATTLES: Final[LiteralString] = """
DELETE FROM battles WHERE id = ANY(ARRAY(
    SELECT id FROM battles
    WHERE deleted_at IS NULL AND start_time < %(before)s::timestamptz AND end_time < %(before)s::timestamptz
    ORDER BY start_time, id LIMIT 200))
RETURNING id::text AS battle_id, revision
"""
# Of these it was told when they went.
PURGE_DELETED_BATTLES: Final[LiteralString] = """
DELETE FROM battles WHERE id = ANY(ARRAY(
    SELECT id FROM battles WHERE deleted_at IS NOT NULL AND end_time < %(before)s::timestamptz LIMIT 5000))
"""
# Those of a battle that reaches past the cutoff stay with it.
OLD_MAILS: Final[LiteralString] = """
SELECT killmail_id FROM mails AS m
WHERE occurred_at < %(before)s::timestamptz
    AND NOT EXISTS (SELECT FROM battles AS b WHERE b.id = m.component_id AND b.deleted_at IS NULL)
ORDER BY occurred_at, killmail_id LIMIT 1000
"""
DELETE_MAILS: Final[LiteralString] = """
WITH gone AS (
    DELETE FROM mails AS m
    WHERE killmail_id = ANY(%(killmail_ids)s::bigint[])
        AND NOT EXISTS (SELECT FROM battles AS b WHERE b.id = m.component_id AND b.deleted_at IS NULL)
    RETURNING killmail_id
), pilots AS (
    DELETE FROM mail_pilots AS p
    USING unnest(%(pilots)s::bigint[], %(times)s::timestamptz[], %(mails)s::bigint[])
        AS old (character_id, occurred_at, killmail_id)
    WHERE p.character_id = old.character_id AND p.occurred_at = old.occurred_at AND p.killmail_id = old.killmail_id
        AND old.killmail_id IN (SELECT killmail_id FROM gone)
)
SELECT count(*) FROM gone
"""


class Retired(NamedTuple):
    """A battle that is gone, and its last revision."""

    battle_id: str
    revision: int


class Retention:
    """What a transaction can do about what is too old."""

    def __init__(self, connection: AsyncConnection[Any]) -> None:
        self._connection = connection

    async def delete_battles(self, before: datetime) -> list[Retired]:
        """Up to `BATTLES` of them."""
        cursor = self._connection.cursor(row_factory=class_row(Retired))
        await cursor.execute(DELETE_BATTLES, {"before": before})
        return await cursor.fetchall()

    async def delete_ghosts(self, before: datetime) -> None:
        await self._connection.execute(PURGE_DELETED_BATTLES, {"before": before})

    async def old_mails(self, before: datetime) -> list[int]:
        """Up to `MAILS` of them, the oldest first."""
        cursor = await self._connection.execute(OLD_MAILS, {"before": before})
        return [row[0] for row in await cursor.fetchall()]

    async def delete_mails(self, mails: Collection[Killmail]) -> int:
        """How many went; those that a battle took meanwhile stay."""
        pilots = [(pilot, moment(mail.time), mail.killmail_id) for mail in mails for pilot in mail.pilot_ids]
        given = {"killmail_ids": ids(mail.killmail_id for mail in mails), **_columns(pilots)}
        row = await (await self._connection.execute(DELETE_MAILS, given)).fetchone()
        return row[0] if row else 0


def _columns(pilots: Iterable[tuple[int, datetime, int]]) -> dict[str, Any]:
    known = list(pilots)
    return {
        "pilots": ids(pilot for pilot, _, _ in known),
        "times": [at for _, at, _ in known],
        "mails": ids(mail for _, _, mail in known),
    }
