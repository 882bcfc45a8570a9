"""Stored battles: reads, and the write of everything that a regrouping changes, in a single statement for most.

Eleven separate statements took longer to send than to execute. Rows that are stored as they should be are not written.
"""

from collections.abc import Collection, Mapping, Sequence
from typing import Final, LiteralString

from battle_cluster.domain.battle import StoredBattle
from battle_cluster.persistence.entity_names import (
    INSERT_UNKNOWN_NAMES,
    UPSERT_SHIP_TYPES,
    UPSERT_SOLAR_SYSTEMS,
    names_and_facts,
)
from battle_cluster.persistence.killmails import INSERT_KILLMAIL_PILOTS, INSERT_KILLMAILS, SET_COMPONENTS
from battle_cluster.persistence.parameters import Values, copied_rows, json_rows, json_rows_of
from battle_cluster.persistence.row_changes import (
    BATTLES,
    COLUMNS,
    KILLMAILS,
    LINKS,
    PARTICIPANTS,
    PARTIES,
    REVISIONS,
    SHIPS,
    SIDES,
    RowChanges,
)
from battle_cluster.persistence.upsert import all_of, copy_into, delete, upsert
from battle_cluster.statistics.rows import SideTotals
from battlescope_events.messages import Message
from battlescope_events.postgres.database import Connection
from battlescope_events.postgres.outbox import INSERT_MESSAGES, Enqueued, Outbox

SELECT_BATTLES: Final[LiteralString] = """
SELECT id::text AS id, status, last_killmail_at, total_kills, total_isk_destroyed, total_participants, revision,
    deleted_at IS NOT NULL AS deleted
FROM battles WHERE id = ANY(%(battle_ids)s::uuid[])
"""
SELECT_SIDE_TOTALS: Final[LiteralString] = """
SELECT battle_id::text, side_id, pilots, kills, losses, ships_destroyed, ships_lost, isk_destroyed, isk_lost,
    isk_efficiency, isk_lost_fitted
FROM battle_sides WHERE battle_id = ANY(%(battle_ids)s::uuid[])
"""
# A dissolved battle, or one that was merged into a battle of `ours`, may come back under its old id.
SELECT_IDS_IN_USE: Final[LiteralString] = """
SELECT id::text FROM battles
WHERE id = ANY(%(ids)s::uuid[])
    AND (deleted_at IS NULL OR merged_into IS NOT NULL AND merged_into <> ALL(%(ours)s::uuid[]))
UNION SELECT alias_id::text FROM battle_aliases
    WHERE alias_id = ANY(%(ids)s::uuid[]) AND battle_id <> ALL(%(ours)s::uuid[])
UNION SELECT component_id::text FROM mails WHERE component_id = ANY(%(ids)s::uuid[])
"""
_SIDE_KEY: Final = ("battle_id", "side_id")
_PARTY_KEY: Final = ("battle_id", "party_type", "party_id")
_PARTICIPANT_KEY: Final = ("battle_id", "character_id")
_SHIP_KEY: Final = ("battle_id", "character_id", "ship_type_id")
_LINK_KEY: Final = ("battle_id", "from_killmail_id", "to_killmail_id", "reason")
_RESTORE: Final[LiteralString] = """, suggestions = '[]', deleted_at = NULL, deletion_reason = NULL, merged_into = NULL,
    updated_at = now()"""
SAVE: Final[LiteralString] = all_of(
    (
        INSERT_KILLMAILS,
        INSERT_KILLMAIL_PILOTS,
        SET_COMPONENTS,
        upsert(BATTLES, COLUMNS[BATTLES], ("id",), and_set=_RESTORE),
        upsert(REVISIONS, COLUMNS[REVISIONS]),
        upsert(SIDES, COLUMNS[SIDES], _SIDE_KEY),
        upsert(PARTIES, COLUMNS[PARTIES], (*_PARTY_KEY, "side_id")),
        upsert(KILLMAILS, COLUMNS[KILLMAILS], ("killmail_id",)),
        upsert(PARTICIPANTS, COLUMNS[PARTICIPANTS], _PARTICIPANT_KEY),
        upsert(SHIPS, COLUMNS[SHIPS], _SHIP_KEY),
        upsert(LINKS, COLUMNS[LINKS], _LINK_KEY),
        INSERT_UNKNOWN_NAMES,
        UPSERT_SHIP_TYPES,
        UPSERT_SOLAR_SYSTEMS,
    ),
    INSERT_MESSAGES,
)
# A killmail that changes no battle, which is every third one, touches none of the tables of battles and their indexes.
SAVE_KILLMAILS: Final[LiteralString] = all_of(
    (INSERT_KILLMAILS, INSERT_KILLMAIL_PILOTS, SET_COMPONENTS, INSERT_UNKNOWN_NAMES, UPSERT_SHIP_TYPES),
    UPSERT_SOLAR_SYSTEMS,
)
DELETE_ROWS: Final[LiteralString] = all_of(
    (
        delete(SIDES, _SIDE_KEY),
        delete(PARTIES, _PARTY_KEY, nullable=("side_id",)),
        delete(KILLMAILS, ("battle_id", "killmail_id")),
        delete(PARTICIPANTS, _PARTICIPANT_KEY),
        delete(SHIPS, _SHIP_KEY),
    ),
    delete(LINKS, _LINK_KEY),
)
_OTHER_TABLES: Final = ("mail_pilots", "components")
_COPY: Final[Mapping[LiteralString, LiteralString]] = {
    table: copy_into(table, columns) for table, columns in COLUMNS.items()
}
MIN_COPIED: Final = 100
"""New rows of a table from which COPY costs less than its two exchanges. It neither looks for a row with the same key
nor parses JSON, which are half of the time of an upsert."""
_DELETED_TABLES: Final = (SIDES, PARTIES, KILLMAILS, PARTICIPANTS, SHIPS, LINKS)
MARK_DELETED: Final[LiteralString] = """
UPDATE battles AS b SET deleted_at = now(), deletion_reason = gone.reason, merged_into = gone.merged_into,
    revision = gone.revision, updated_at = now()
FROM json_to_recordset(%(rows)s::json) AS gone (id uuid, reason text, merged_into uuid, revision integer)
WHERE b.id = gone.id
"""
# Every alias leads straight to the surviving battle, also after several merges.
SAVE_ALIASES: Final[LiteralString] = """
WITH gone AS (
    SELECT id, merged_into FROM json_to_recordset(%(rows)s::json) AS gone (id uuid, merged_into uuid)
    WHERE merged_into IS NOT NULL
), moved AS (
    UPDATE battle_aliases AS a SET battle_id = gone.merged_into FROM gone WHERE a.battle_id = gone.id
)
INSERT INTO battle_aliases (alias_id, battle_id) SELECT id, merged_into FROM gone
ON CONFLICT (alias_id) DO UPDATE SET battle_id = excluded.battle_id
"""
# A restored battle is no alias of another one any more.
DELETE_ALIASES: Final[LiteralString] = "DELETE FROM battle_aliases WHERE alias_id = ANY(%(battle_ids)s::uuid[])"
DELETE_ALL_ROWS: Final[LiteralString] = """
WITH ids AS (SELECT unnest(%(battle_ids)s::uuid[]) AS id),
sides AS (DELETE FROM battle_sides USING ids WHERE battle_id = ids.id),
parties AS (DELETE FROM battle_side_parties USING ids WHERE battle_id = ids.id),
killmails AS (DELETE FROM battle_killmails USING ids WHERE battle_id = ids.id),
participants AS (DELETE FROM battle_participants USING ids WHERE battle_id = ids.id),
ships AS (DELETE FROM battle_participant_ships USING ids WHERE battle_id = ids.id)
DELETE FROM battle_links USING ids WHERE battle_id = ids.id
"""


class BattleRepository:
    """Battles in the caller's transaction."""

    def __init__(self, connection: Connection, outbox: Outbox) -> None:
        self._connection = connection
        self._outbox = outbox

    async def load(self, battle_ids: Collection[str]) -> dict[str, StoredBattle]:
        if not battle_ids:
            return {}
        battles = await self._connection.rows(StoredBattle, SELECT_BATTLES, {"battle_ids": list(battle_ids)})
        return {battle.id: battle for battle in battles}

    async def side_totals(self, battle_ids: Collection[str]) -> dict[str, dict[int, SideTotals]]:
        """The stored sides of each battle by number."""
        cursor = await self._connection.execute(SELECT_SIDE_TOTALS, {"battle_ids": list(battle_ids)})
        sides: dict[str, dict[int, SideTotals]] = {}
        for battle_id, *columns in await cursor.fetchall():
            row = SideTotals._make(columns)
            sides.setdefault(battle_id, {})[row.side_id] = row
        return sides

    async def ids_in_use(self, battle_ids: Collection[str], ours: Sequence[str]) -> frozenset[str]:
        """Those ids that other battles have or had; an id that was merged into a battle of `ours` is free."""
        if not battle_ids:
            return frozenset()
        params = {"ids": list(battle_ids), "ours": list(ours)}
        return frozenset(await self._connection.column(SELECT_IDS_IN_USE, params))

    async def save(self, rows: RowChanges, messages: Sequence[Message]) -> Enqueued:
        """Write the rows, and the messages into the outbox.

        A new killmail becomes a row of `mails`, one of `mail_pilots` for each of its pilots and, in a battle, one of
        `battle_killmails`. The messages are published after the commit.
        """
        if rows.cleared:
            await self._connection.execute(DELETE_ALL_ROWS, {"battle_ids": rows.cleared})
        if rows.restored:
            await self._connection.execute(DELETE_ALIASES, {"battle_ids": rows.restored})
        if rows.deleted:
            params = {table: json_rows(rows.deleted.get(table, ())) for table in _DELETED_TABLES}
            await self._connection.execute(DELETE_ROWS, params)
        ids = await self._upsert(rows, messages)
        if rows.removed:
            removed = {"rows": json_rows(rows.removed)}
            await self._connection.execute(MARK_DELETED, removed)
            await self._connection.execute(SAVE_ALIASES, removed)
        return Enqueued(tuple(messages), tuple(ids))

    async def _upsert(self, rows: RowChanges, messages: Sequence[Message]) -> list[int]:
        """The ids of the messages in the outbox."""
        copied: list[LiteralString] = [t for t, inserted in rows.inserted.items() if len(inserted) >= MIN_COPIED]
        for table in copied:
            await self._copy(_COPY[table], rows.inserted[table])
        params = {table: json_rows(rows.other.get(table, ())) for table in _OTHER_TABLES}
        params |= names_and_facts(rows.names, rows.facts)
        params |= {table: _json_of(table, rows, is_copied=table in copied) for table in COLUMNS}
        if not messages and not rows.changes_battles:
            await self._connection.execute(SAVE_KILLMAILS, params)
            return []
        params |= self._outbox.insert_params(messages)
        cursor = await self._connection.execute(SAVE, params)
        return [row[0] for row in await cursor.fetchall()]

    async def _copy(self, statement: LiteralString, rows: Sequence[Values]) -> None:
        async with self._connection.cursor() as cursor, cursor.copy(statement) as copy:
            await copy.write(copied_rows(rows))


def _json_of(table: LiteralString, rows: RowChanges, *, is_copied: bool) -> str:
    """The rows that are not copied."""
    inserted = () if is_copied else rows.inserted.get(table, ())
    return json_rows_of(COLUMNS[table], [*inserted, *rows.upserted.get(table, ())])
