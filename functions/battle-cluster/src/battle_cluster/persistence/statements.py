"""The SQL of `store.py`, apart from it only to keep both readable.

Rows arrive as one JSON parameter per table, so each statement is static whatever their number, and an upsert leaves
rows alone that already say the same.
"""

from typing import Final, LiteralString

LOCK: Final[LiteralString] = """
SELECT CASE WHEN place = ANY(%(only_looked_at)s::bigint[]) THEN pg_advisory_xact_lock_shared(place)
    ELSE pg_advisory_xact_lock(place) END
FROM unnest(%(places)s::bigint[]) AS place
"""
# The mail, its pilots, and the terms of grouping; `is_new` is false where the mail was here before.
INSERT_KILLMAIL: Final[LiteralString] = """
WITH mail AS (
    INSERT INTO mails (killmail_id, system_id, region_id, security_type, occurred_at, value, historical, body)
    VALUES (%(killmail_id)s, %(system_id)s, %(region_id)s, %(security_type)s, %(occurred_at)s, %(value)s,
        %(historical)s, %(body)s)
    ON CONFLICT DO NOTHING RETURNING killmail_id, occurred_at
), pilots AS (
    INSERT INTO mail_pilots (character_id, occurred_at, killmail_id)
    SELECT character_id, occurred_at, killmail_id FROM mail, unnest(%(pilots)s::bigint[]) AS character_id
)
SELECT window_minutes, gap_max_minutes, min_kills, auto_clustering, edits_version,
    EXISTS (SELECT FROM mail) AS is_new FROM clustering_configuration
"""
COPY_MAILS: Final[LiteralString] = """
COPY mails (killmail_id, system_id, region_id, security_type, occurred_at, value, historical, body, component_id)
FROM STDIN
"""
COPY_PILOTS: Final[LiteralString] = "COPY mail_pilots (character_id, occurred_at, killmail_id) FROM STDIN"
CONFIGURATION: Final[LiteralString] = """
SELECT window_minutes, gap_max_minutes, min_kills, auto_clustering, edits_version FROM clustering_configuration
"""
# Systems and UTC days, counted from 1970, in which something is stored between two times.
PLACES_BETWEEN: Final[LiteralString] = """
SELECT DISTINCT system_id, floor(extract(epoch FROM occurred_at) / 86400)::bigint FROM mails
WHERE occurred_at BETWEEN to_timestamp(%(start)s::float8) AND to_timestamp(%(end)s::float8)
"""
SELECT_COMPONENTS: Final[LiteralString] = """
SELECT killmail_id, component_id::text FROM mails WHERE killmail_id = ANY(%(killmail_ids)s::bigint[])
"""
# Mails of systems in spans of time, those of a trail, single ones, and all members of the components that any of these
# and those named are stored in. (`= ANY(ARRAY(…))` and `OFFSET 0` keep every step on an index however much is stored;
# joins were planned as scans. `NOT IN (SELECT …)` is hashed; `<> ALL` would compare each with each.)
AROUND: Final[LiteralString] = """
WITH hit AS MATERIALIZED (
    SELECT m.* FROM unnest(%(systems)s::bigint[], %(starts)s::float8[], %(ends)s::float8[]) AS span (id, since, until)
    CROSS JOIN LATERAL (
        SELECT killmail_id, component_id FROM mails
        WHERE system_id = span.id AND occurred_at BETWEEN to_timestamp(span.since) AND to_timestamp(span.until) OFFSET 0
    ) AS m
    UNION
    SELECT killmail_id, component_id FROM mails
    WHERE occurred_at BETWEEN to_timestamp(%(window_start)s::float8) AND to_timestamp(%(window_end)s::float8)
    UNION
    SELECT killmail_id, component_id FROM mails WHERE killmail_id = ANY(%(single)s::bigint[] || ARRAY(
        SELECT DISTINCT killmail_id FROM mail_pilots
        WHERE character_id = ANY(%(pilots)s::bigint[])
            AND occurred_at BETWEEN to_timestamp(%(start)s::float8) AND to_timestamp(%(end)s::float8)
            AND killmail_id NOT IN (SELECT unnest(%(known)s::bigint[]))
    ))
)
SELECT killmail_id, component_id::text FROM hit WHERE killmail_id NOT IN (SELECT unnest(%(known)s::bigint[]))
UNION
SELECT killmail_id, component_id::text FROM mails
WHERE component_id = ANY(%(components)s::uuid[] || ARRAY(
    SELECT DISTINCT component_id FROM hit WHERE component_id IS NOT NULL
)) AND killmail_id NOT IN (SELECT unnest(%(known)s::bigint[]))
"""
# Each pilot in his own time.
SELECT_BY_PILOTS: Final[LiteralString] = """
SELECT DISTINCT seen.killmail_id
FROM unnest(%(pilots)s::bigint[], %(starts)s::bigint[], %(ends)s::bigint[]) AS trail (pilot, since, until)
CROSS JOIN LATERAL (
    SELECT killmail_id FROM mail_pilots
    WHERE character_id = trail.pilot AND occurred_at BETWEEN to_timestamp(trail.since) AND to_timestamp(trail.until)
    OFFSET 0
) AS seen
"""
# A battle that dissolved, or was merged into one of our own, may come back under its old id.
TAKEN: Final[LiteralString] = """
SELECT id::text FROM battles
WHERE id = ANY(%(ids)s::uuid[])
    AND (deleted_at IS NULL OR merged_into IS NOT NULL AND merged_into <> ALL(%(ours)s::uuid[]))
UNION SELECT alias_id::text FROM battle_aliases
    WHERE alias_id = ANY(%(ids)s::uuid[]) AND battle_id <> ALL(%(ours)s::uuid[])
UNION SELECT component_id::text FROM mails WHERE component_id = ANY(%(ids)s::uuid[])
"""
BODIES: Final[LiteralString] = """
SELECT killmail_id, occurred_at, system_id, value::float8 AS value, body, region_id, security_type, historical
FROM mails WHERE killmail_id = ANY(%(killmail_ids)s::bigint[])
"""
STORED: Final[LiteralString] = """
SELECT id::text AS id, status, last_killmail_at, total_kills, total_isk_destroyed, total_participants, revision,
    deleted_at IS NOT NULL AS deleted
FROM battles WHERE id = ANY(%(battle_ids)s::uuid[])
"""
SELECT_SIDE_TOTALS: Final[LiteralString] = """
SELECT battle_id::text, side_id, pilots, losses, isk_destroyed FROM battle_sides
WHERE battle_id = ANY(%(battle_ids)s::uuid[]) ORDER BY battle_id, side_id
"""
PLACE_NAMES: Final[LiteralString] = """
SELECT entity_type, id, name FROM entity_names
WHERE entity_type = 'system' AND id = ANY(%(systems)s::bigint[])
    OR entity_type = 'region' AND id = ANY(%(regions)s::bigint[])
"""
RENAME: Final[LiteralString] = """
INSERT INTO entity_names (entity_type, id, name) VALUES (%(entity_type)s, %(id)s, %(name)s)
ON CONFLICT (entity_type, id) DO UPDATE SET name = excluded.name WHERE entity_names.name <> excluded.name
"""
SAID_AT_ONCE: Final = 1000
DEQUEUE_OUTBOX: Final[LiteralString] = """
DELETE FROM outbox WHERE seq = ANY(ARRAY(SELECT seq FROM outbox ORDER BY seq LIMIT 1000 FOR UPDATE SKIP LOCKED))
RETURNING seq, headers, body
"""
DELETE_PUBLISHED: Final[LiteralString] = "DELETE FROM outbox WHERE seq = ANY(%(told)s::bigint[])"
# The loss of this commit would only say the same events again.
ASYNC_COMMIT: Final[LiteralString] = "SET LOCAL synchronous_commit = off"
ATTEMPT: Final[LiteralString] = """
INSERT INTO event_attempts (source, id, attempts) VALUES (%(source)s, %(id)s, 1)
ON CONFLICT (source, id) DO UPDATE SET attempts = event_attempts.attempts + 1, last_at = now()
RETURNING attempts AS number, handled
"""
HANDLED: Final[LiteralString] = """
UPDATE event_attempts SET handled = true WHERE source = %(source)s AND id = %(id)s
"""
FORGET_ATTEMPTS: Final[LiteralString] = """
DELETE FROM event_attempts WHERE last_at < now() - interval '7 days'
"""
