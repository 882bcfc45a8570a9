"""Everything that has a name: names and tickers of events, and counts over the battles that it was in."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final, LiteralString

from battlescope_events.postgres.database import Database
from battlescope_schemas.entity import EntityUpdated
from battlescope_schemas.search.folding import compact, folded
from search_index.domain.entity_key import EntityKey
from search_index.domain.participation_changes import NO_INCREMENT, Increment
from search_index.persistence.rows import array

MAX_RENAMED_BATTLES: Final = 200
"""The newest battles of an entity, which show its new name at once; the others do after the daily rebuild."""

# Counted by the differences between the rows of battles as they were stored and as they are computed now: a repeated
# event makes none. The battles themselves are read where they alone tell (`ParticipationChanges`), where two of them
# ended with another affiliation at the same moment, and for the first count, because a name may come at the moment when
# its battle is indexed. The affiliation is that of the last battle. Returns the entities whose row changed.
RECOUNT: Final[LiteralString] = """
WITH changed AS (
    SELECT c.entity_type, c.entity_id, e.battle_count + c.battles AS battle_count, e.kills + c.kills AS kills,
        e.losses + c.losses AS losses, greatest(e.last_seen_at, c.last_seen_at) AS last_seen_at,
        CASE WHEN c.last_seen_at > e.last_seen_at THEN c.corporation_id ELSE e.corporation_id END AS corporation_id,
        CASE WHEN c.last_seen_at > e.last_seen_at THEN c.alliance_id ELSE e.alliance_id END AS alliance_id,
        e.is_searchable AND NOT c.is_recounted AND NOT (c.last_seen_at = e.last_seen_at
            AND (c.corporation_id, c.alliance_id) IS DISTINCT FROM (e.corporation_id, e.alliance_id)) IS TRUE
            AS is_summed
    FROM unnest(%(entity_types)s::text[], %(entity_ids)s::bigint[], %(is_recounted)s::boolean[], %(battles)s::integer[],
        %(kills)s::integer[], %(losses)s::integer[], %(last_seen_at)s::timestamptz[], %(corporation_ids)s::bigint[],
        %(alliance_ids)s::bigint[])
        AS c (entity_type, entity_id, is_recounted, battles, kills, losses, last_seen_at, corporation_id, alliance_id)
    JOIN entities AS e USING (entity_type, entity_id)
), counted AS (
    SELECT requested.entity_type, requested.entity_id, count(b.battle_id)::integer AS battle_count,
        coalesce(sum(b.kills), 0)::integer AS kills, coalesce(sum(b.losses), 0)::integer AS losses,
        max(b.last_seen_at) AS last_seen_at,
        (array_agg(b.corporation_id ORDER BY b.last_seen_at DESC, b.battle_id)
            FILTER (WHERE requested.entity_type = 'character'))[1] AS corporation_id,
        (array_agg(b.alliance_id ORDER BY b.last_seen_at DESC, b.battle_id)
            FILTER (WHERE requested.entity_type IN ('character', 'corporation')))[1] AS alliance_id
    FROM (SELECT entity_type, entity_id FROM changed WHERE NOT is_summed) AS requested
    LEFT JOIN battle_entities AS b USING (entity_type, entity_id)
    GROUP BY requested.entity_type, requested.entity_id
    UNION ALL
    SELECT entity_type, entity_id, battle_count, kills, losses, last_seen_at, corporation_id, alliance_id
    FROM changed WHERE is_summed
)
UPDATE entities AS e SET battle_count = c.battle_count, kills = c.kills, losses = c.losses,
    last_seen_at = c.last_seen_at, is_searchable = c.battle_count > 0, corporation_id = c.corporation_id,
    alliance_id = c.alliance_id
FROM counted AS c
WHERE e.entity_type = c.entity_type AND e.entity_id = c.entity_id
    AND (e.battle_count, e.kills, e.losses, e.last_seen_at, e.corporation_id, e.alliance_id)
        IS DISTINCT FROM (c.battle_count, c.kills, c.losses, c.last_seen_at, c.corporation_id, c.alliance_id)
RETURNING e.entity_type, e.entity_id
"""
SELECT_NAMES: Final[LiteralString] = """
SELECT entity_type, entity_id, entity_name, ticker
FROM unnest(%(entity_types)s::text[], %(entity_ids)s::bigint[]) AS requested (entity_type, entity_id)
JOIN entities USING (entity_type, entity_id)
"""
# The later name counts, and the later ticker, whichever event comes last. Only what changes is indexed again.
SAVE_NAME: Final[LiteralString] = """
WITH before AS MATERIALIZED (
    SELECT entity_name, ticker FROM entities
    WHERE entity_type = %(entity_type)s::text AND entity_id = %(entity_id)s::bigint FOR UPDATE
), saved AS (
    INSERT INTO entities AS existing (entity_type, entity_id, entity_name, named_at, folded_name, compact_name, ticker,
        compact_ticker, ticker_at)
    VALUES (%(entity_type)s::text, %(entity_id)s::bigint, %(entity_name)s::text, %(time)s::timestamptz,
        %(folded_name)s::text, %(compact_name)s::text, %(ticker)s::text, %(compact_ticker)s::text,
        CASE WHEN %(ticker)s::text IS NULL THEN '-infinity' ELSE %(time)s::timestamptz END)
    ON CONFLICT (entity_type, entity_id) DO UPDATE SET
        (entity_name, named_at, folded_name, compact_name) = (SELECT * FROM (VALUES
            (existing.entity_name, existing.named_at, existing.folded_name, existing.compact_name),
            (EXCLUDED.entity_name, EXCLUDED.named_at, EXCLUDED.folded_name, EXCLUDED.compact_name))
            AS version (name, at, folded, compact) ORDER BY at DESC, name DESC LIMIT 1),
        (ticker, compact_ticker, ticker_at) = (SELECT * FROM (VALUES
            (existing.ticker, existing.compact_ticker, existing.ticker_at),
            (EXCLUDED.ticker, EXCLUDED.compact_ticker, EXCLUDED.ticker_at))
            AS version (ticker, compact, at) ORDER BY at DESC, ticker DESC LIMIT 1)
    RETURNING entity_type, entity_id, entity_name, ticker
), renamed AS (
    SELECT entity_type, entity_id FROM saved
    WHERE NOT EXISTS (SELECT FROM before WHERE before.entity_name = saved.entity_name
        AND before.ticker IS NOT DISTINCT FROM saved.ticker)
), battles AS (
    SELECT battle_id FROM battle_entities JOIN renamed USING (entity_type, entity_id)
    ORDER BY last_seen_at DESC LIMIT %(max_battles)s::integer
), copied AS (
    INSERT INTO engine_queue (document_type, document_id)
    SELECT entity_type, entity_id::text FROM renamed WHERE %(has_copy)s::boolean
)
INSERT INTO index_queue (document_type, document_id)
SELECT entity_type, entity_id::text FROM renamed
UNION ALL SELECT 'battle', battle_id::text FROM battles
"""


async def save_name(database: Database, payload: EntityUpdated, *, has_copy: bool) -> None:
    """Store the name of an event, and index what shows it."""
    params = {
        "entity_type": payload.entity_type,
        "entity_id": payload.entity_id,
        "entity_name": payload.entity_name,
        "ticker": payload.ticker,
        "time": payload.updated_at,
        "folded_name": folded(payload.entity_name),
        "compact_name": compact(payload.entity_name),
        "compact_ticker": compact(payload.ticker) if payload.ticker else None,
        "max_battles": MAX_RENAMED_BATTLES,
        "has_copy": has_copy,
    }
    async with database.connection() as connection:
        await connection.execute(SAVE_NAME, params)


def count_params(recounted: Collection[EntityKey], increments: Mapping[EntityKey, Increment]) -> dict[str, Any]:
    """The parameters of `RECOUNT`, sorted by key, so that no two writers lock rows crosswise."""
    keys = sorted({*recounted, *increments})
    rows = [increments.get(key, NO_INCREMENT) for key in keys]
    return {
        **key_params(keys),
        "is_recounted": array(key in recounted for key in keys),
        "battles": array(row.battles for row in rows),
        "kills": array(row.kills for row in rows),
        "losses": array(row.losses for row in rows),
        "last_seen_at": array(row.last_seen_at for row in rows),
        "corporation_ids": array(row.affiliation[0] for row in rows),
        "alliance_ids": array(row.affiliation[1] for row in rows),
    }


def key_params(keys: Iterable[EntityKey]) -> dict[str, Any]:
    """Keys as the parameters of a statement."""
    keys = list(keys)
    return {"entity_types": array(key[0] for key in keys), "entity_ids": array(key[1] for key in keys)}
