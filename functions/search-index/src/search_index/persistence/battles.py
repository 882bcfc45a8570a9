"""Battles and their killmails, as of the latest revision of each; one battle or thousands take the same statements."""

from collections.abc import Mapping, Sequence
from typing import Any, Final, LiteralString

import orjson

from battlescope_events.postgres.database import Database
from battlescope_events.postgres.pipelines import pipelined_transaction
from battlescope_schemas.battle import BattleCreated
from search_index.domain.battle import BattleState
from search_index.persistence.rows import array, json_rows

# Events of a battle arrive in any order; one that is not newer than the stored revision changes nothing. Every writer
# locks the rows of its battles first and in the same order.
UPSERT_BATTLES: Final[LiteralString] = """
INSERT INTO battles AS existing (battle_id, revision, state, merged_into)
SELECT battle_id, revision, state, merged_into
FROM json_to_recordset(%(battles)s::json)
    AS incoming (battle_id uuid, revision bigint, state jsonb, merged_into uuid)
ON CONFLICT (battle_id) DO UPDATE SET revision = EXCLUDED.revision, state = EXCLUDED.state,
    merged_into = EXCLUDED.merged_into
WHERE NOT (existing.revision = 0 AND existing.state IS NULL)
    AND (existing.revision < EXCLUDED.revision OR (EXCLUDED.revision = 0 AND EXCLUDED.state IS NULL))
"""
# A statement of its own: it sees the killmails that another writer of the same battle has just committed. Only battles
# whose stored revision is the incoming one are written; what was stored before ends in the same rows. Where a killmail
# that was counted leaves its battle, none of the battle is counted any more, so that all of them will be.
SAVE_MEMBERS: Final[LiteralString] = """
WITH saved AS MATERIALIZED (
    SELECT battle_id
    FROM unnest(%(battle_ids)s::uuid[], %(revisions)s::bigint[], %(is_deleted)s::boolean[])
        AS incoming (battle_id, revision, is_deleted)
    JOIN battles USING (battle_id, revision) WHERE (battles.state IS NULL) = is_deleted
), incoming AS MATERIALIZED (
    SELECT member.battle_id, member.killmail_id
    FROM unnest(%(member_battle_ids)s::uuid[], %(member_killmail_ids)s::bigint[]) AS member (battle_id, killmail_id)
    JOIN saved USING (battle_id)
), existing AS MATERIALIZED (
    SELECT battle_id, killmail_id FROM battle_killmails
    WHERE battle_id = ANY (%(battle_ids)s::uuid[]) AND battle_id IN (SELECT battle_id FROM saved)
), stale AS (
    DELETE FROM battle_killmails AS member USING (TABLE existing EXCEPT TABLE incoming) AS stale
    WHERE member.killmail_id = stale.killmail_id AND member.battle_id = stale.battle_id
    RETURNING member.killmail_id, member.battle_id, member.is_counted
), uncounted AS (
    UPDATE battle_killmails AS member SET is_counted = false
    WHERE member.is_counted AND member.battle_id = ANY (ARRAY(SELECT battle_id FROM stale WHERE is_counted))
        AND (member.battle_id, member.killmail_id) IN (TABLE incoming)
), added AS (
    INSERT INTO battle_killmails (battle_id, killmail_id) TABLE incoming EXCEPT TABLE existing
    ON CONFLICT DO NOTHING RETURNING killmail_id
), copied AS (
    INSERT INTO engine_queue (document_type, document_id)
    SELECT 'killmail', killmail_id::text FROM (SELECT killmail_id FROM stale UNION TABLE added) AS moved
    WHERE %(has_copy)s::boolean
)
INSERT INTO index_queue (document_type, document_id) SELECT 'battle', battle_id::text FROM saved
"""
# The end may arrive before the revision that it ends.
END_BATTLES: Final[LiteralString] = """
WITH ended AS (
    INSERT INTO battles AS existing (battle_id, revision, ended_revision)
    SELECT battle_id, -1, revision FROM unnest(%(battle_ids)s::uuid[], %(revisions)s::bigint[])
        AS incoming (battle_id, revision)
    ON CONFLICT (battle_id) DO UPDATE SET ended_revision = EXCLUDED.ended_revision
    WHERE existing.ended_revision < EXCLUDED.ended_revision
    RETURNING battle_id, revision
)
INSERT INTO index_queue (document_type, document_id)
SELECT 'battle', battle_id::text FROM ended WHERE revision >= 0
"""
_LISTS: Final = {"killmail_ids", "added_killmails", "removed_killmails", "previous"}


class BattleRepository:
    def __init__(self, database: Database, *, has_copy: bool) -> None:
        """`has_copy`: whether a search engine keeps copies of the documents."""
        self._database = database
        self._has_copy = has_copy

    async def save(self, states: Sequence[BattleState]) -> None:
        """Save all battles or none; each may occur only once, and they are sorted by id."""
        async with pipelined_transaction(self._database) as connection:
            await connection.execute(UPSERT_BATTLES, {"battles": json_rows(map(_row, states))})
            await connection.execute(SAVE_MEMBERS, _member_params(states) | {"has_copy": self._has_copy})

    async def end(self, revisions: Mapping[str, int]) -> None:
        """Store the revision in which each battle ended; the ids are sorted, so that no two writers lock crosswise."""
        params = {"battle_ids": array(revisions), "revisions": array(revisions.values())}
        async with self._database.connection() as connection:
            await connection.execute(END_BATTLES, params)


def _row(battle: BattleState) -> dict[str, Any]:
    return {
        "battle_id": battle.battle_id,
        "revision": battle.revision,
        "state": None if battle.state is None else _state(battle.state),
        "merged_into": battle.merged_into,
    }


def _member_params(states: Sequence[BattleState]) -> dict[str, Any]:
    members = [(state.battle_id, killmail_id) for state in states for killmail_id in set(state.killmail_ids)]
    return {
        "battle_ids": array(state.battle_id for state in states),
        "revisions": array(state.revision for state in states),
        "is_deleted": array(state.state is None for state in states),
        "member_battle_ids": array(battle_id for battle_id, _ in members),
        "member_killmail_ids": array(killmail_id for _, killmail_id in members),
    }


def _state(payload: BattleCreated) -> orjson.Fragment:
    return orjson.Fragment(payload.model_dump_json(exclude=_LISTS, exclude_none=True))
