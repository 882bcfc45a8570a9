"""Documents of battles: what they are made of, and the rows that search reads."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final, LiteralString, NamedTuple

from battlescope_events.postgres.database import Connection
from battlescope_schemas.battle import BattleCreated
from battlescope_schemas.search.documents import BattleDocument
from search_index.persistence.rows import array, json_rows

# Locked, so that no revision comes between reading the state and writing the document.
SELECT_STATES: Final[LiteralString] = """
SELECT battle_id::text, ended_revision, (state || '{"killmailIds": []}')::text AS state, EXISTS (
        SELECT FROM battle_killmails AS member WHERE member.battle_id = battles.battle_id AND member.is_counted
    ) AS is_counted
FROM battles WHERE battle_id = ANY (%(battle_ids)s::uuid[])
ORDER BY battle_id FOR NO KEY UPDATE
"""
SELECT_SYSTEMS: Final[LiteralString] = """
SELECT system_id, system_name, constellation_id, constellation_name, region_id, region_name, security_type,
    security_status, wormhole_class, system_effect
FROM solar_systems WHERE system_id = ANY (%(system_ids)s::bigint[])
"""
# A document that is stored as it should be is not written: each row has a dozen index entries. What changed is queued
# for the copies of a search engine, and what was queued for this is done.
SAVE_DOCUMENTS: Final[LiteralString] = """
WITH incoming AS MATERIALIZED (
    SELECT * FROM json_to_recordset(%(documents)s::json) AS incoming (battle_id uuid, revision bigint,
        system_id bigint, constellation_id bigint, region_id bigint, security_type text, system_class smallint,
        status text, tier text, start_time timestamptz, end_time timestamptz, duration_seconds integer,
        total_kills integer, total_participants integer, total_isk_destroyed numeric, battle_score integer,
        document jsonb, words text[])
), saved AS (
    INSERT INTO battle_documents AS existing (battle_id, revision, system_id, constellation_id, region_id,
        security_type, system_class, status, tier, start_time, end_time, duration_seconds, total_kills,
        total_participants, total_isk_destroyed, battle_score, document, search_vector)
    SELECT battle_id, revision, system_id, constellation_id, region_id, security_type, system_class, status, tier,
        start_time, end_time, duration_seconds, total_kills, total_participants, total_isk_destroyed, battle_score,
        document, array_to_tsvector(words)
    FROM incoming
    ON CONFLICT (battle_id) DO UPDATE SET revision = EXCLUDED.revision, system_id = EXCLUDED.system_id,
        constellation_id = EXCLUDED.constellation_id, region_id = EXCLUDED.region_id,
        security_type = EXCLUDED.security_type, system_class = EXCLUDED.system_class, status = EXCLUDED.status,
        tier = EXCLUDED.tier, start_time = EXCLUDED.start_time, end_time = EXCLUDED.end_time,
        duration_seconds = EXCLUDED.duration_seconds, total_kills = EXCLUDED.total_kills,
        total_participants = EXCLUDED.total_participants, total_isk_destroyed = EXCLUDED.total_isk_destroyed,
        battle_score = EXCLUDED.battle_score, document = EXCLUDED.document, search_vector = EXCLUDED.search_vector
    WHERE existing.document <> EXCLUDED.document OR existing.search_vector <> EXCLUDED.search_vector
    RETURNING battle_id
), removed AS (
    DELETE FROM battle_documents
    WHERE battle_id = ANY (%(battle_ids)s::uuid[]) AND battle_id NOT IN (SELECT battle_id FROM incoming)
    RETURNING battle_id
), counted AS (
    UPDATE battles SET missing_killmails = missing.killmails
    FROM json_to_recordset(%(missing)s::json) AS missing (battle_id uuid, killmails integer)
    WHERE battles.battle_id = ANY (%(battle_ids)s::uuid[]) AND battles.battle_id = missing.battle_id
        AND battles.missing_killmails <> missing.killmails
), members AS (
    UPDATE battle_killmails AS member SET is_counted = true
    FROM unnest(%(counted_battle_ids)s::uuid[], %(counted_killmail_ids)s::bigint[]) AS new (battle_id, killmail_id)
    WHERE member.battle_id = new.battle_id AND member.killmail_id = new.killmail_id
), copied AS (
    INSERT INTO engine_queue (document_type, document_id)
    SELECT document_type, document_id FROM (
        SELECT 'battle' AS document_type, battle_id::text AS document_id FROM saved
        UNION ALL SELECT 'battle', battle_id::text FROM removed
        UNION ALL SELECT * FROM unnest(%(changed_types)s::text[], %(changed_ids)s::text[])
    ) AS changed WHERE %(has_copy)s::boolean
)
DELETE FROM index_queue WHERE id = ANY (%(queue_ids)s::bigint[])
"""
SELECT_DOCUMENTS: Final[LiteralString] = """
SELECT battle_id::text, document, tsvector_to_array(search_vector) AS words
FROM battle_documents WHERE battle_id = ANY (%(battle_ids)s::uuid[])
"""


class StoredState(NamedTuple):
    """A battle as its events left it. state: as JSON; None of a deleted battle.

    is_counted: its rows count some of its killmails, and none that has left it.
    """

    battle_id: str
    ended_revision: int
    state: str | None
    is_counted: bool

    def payload(self) -> BattleCreated | None:
        return None if self.state is None else BattleCreated.model_validate_json(self.state)


@dataclass(frozen=True, slots=True)
class StoredDocument:
    battle_id: str
    document: Mapping[str, Any]
    words: list[str]


def params_of(
    battle_ids: Sequence[str], documents: Iterable[tuple[BattleDocument, tuple[str, ...]]], missing: Mapping[str, int]
) -> dict[str, Any]:
    """Parameters of `SAVE_DOCUMENTS`: documents with their words, and how many killmails of each battle are missing."""
    rows = ({"battle_id": battle_id, "killmails": count} for battle_id, count in missing.items())
    return {
        "battle_ids": array(battle_ids),
        "documents": json_rows(_row(document, words) for document, words in documents),
        "missing": json_rows(rows),
    }


async def find(connection: Connection, battle_ids: Sequence[str]) -> list[StoredDocument]:
    """The documents of battles that are searchable."""
    return await connection.rows(StoredDocument, SELECT_DOCUMENTS, {"battle_ids": list(battle_ids)})


def _row(document: BattleDocument, words: tuple[str, ...]) -> dict[str, Any]:
    return {
        "battle_id": document.id,
        "revision": document.revision,
        "system_id": int(document.system_id),
        "constellation_id": document.constellation_id and int(document.constellation_id),
        "region_id": int(document.region_id),
        "security_type": document.security_type,
        "system_class": document.system_class,
        "status": document.status,
        "tier": document.tier,
        "start_time": datetime.fromtimestamp(document.start_time, UTC),
        "end_time": datetime.fromtimestamp(document.end_time, UTC),
        "duration_seconds": document.duration,
        "total_kills": document.total_kills,
        "total_participants": document.total_participants,
        "total_isk_destroyed": document.isk_destroyed,
        "battle_score": document.battle_score,
        "document": document.model_dump(mode="json", exclude_defaults=True),
        "words": words,
    }
