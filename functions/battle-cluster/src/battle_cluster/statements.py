"""The SQL of `store.py`, apart from it only to keep both readable.

Rows arrive as one JSON parameter per table, so each statement is static whatever their number, and an upsert leaves
rows alone that already say the same.
"""

from typing import Final, LiteralString

LOCK: Final[LiteralString] = """
SELECT CASE WHEN system_id = %(only_looked_at)s THEN pg_advisory_xact_lock_shared(system_id)
    ELSE pg_advisory_xact_lock(system_id) END
FROM unnest(%(systems)s::bigint[]) AS system_id
"""
INSERT_MAIL: Final[LiteralString] = """
INSERT INTO mails (killmail_id, system_id, region_id, security_type, occurred_at, value, historical, body)
VALUES (%(killmail_id)s, %(system_id)s, %(region_id)s, %(security_type)s, %(occurred_at)s, %(value)s, %(historical)s,
    %(body)s)
ON CONFLICT DO NOTHING RETURNING killmail_id
"""
INSERT_MAILS: Final[LiteralString] = """
INSERT INTO mails (killmail_id, system_id, region_id, security_type, occurred_at, value, historical, body)
SELECT killmail_id, system_id, region_id, security_type, to_timestamp(occurred_at), value, historical,
    convert_to(body, 'UTF8')
FROM json_to_recordset(%(rows)s::json) AS new (killmail_id bigint, system_id bigint, region_id bigint,
    security_type text, occurred_at float8, value numeric, historical boolean, body text)
ON CONFLICT DO NOTHING RETURNING killmail_id
"""
COPY_PILOTS: Final[LiteralString] = "COPY mail_pilots (character_id, occurred_at, killmail_id) FROM STDIN"
CONFIGURATION: Final[LiteralString] = """
SELECT window_minutes, gap_max_minutes, min_kills, auto_clustering, edits_version FROM clustering_configuration
"""
WHERE_FILED: Final[LiteralString] = """
SELECT killmail_id, component_id::text FROM mails WHERE killmail_id = ANY(%(killmail_ids)s::bigint[])
"""
INSERT_PILOTS: Final[LiteralString] = """
INSERT INTO mail_pilots (character_id, occurred_at, killmail_id)
SELECT character_id, %(occurred_at)s, killmail_id FROM mails, unnest(%(pilots)s::bigint[]) AS character_id
WHERE killmail_id = %(killmail_id)s
ON CONFLICT DO NOTHING
"""
# Mails of systems in spans of time, with all members of the components that these and those named are stored in.
# (`= ANY(ARRAY(…))` and `OFFSET 0` keep every step on an index however much is stored; joins were planned as scans.)
AROUND: Final[LiteralString] = """
WITH hit AS MATERIALIZED (
    SELECT m.* FROM unnest(%(systems)s::bigint[], %(starts)s::float8[], %(ends)s::float8[]) AS span (id, since, until)
    CROSS JOIN LATERAL (
        SELECT killmail_id, component_id FROM mails
        WHERE system_id = span.id AND occurred_at BETWEEN to_timestamp(span.since) AND to_timestamp(span.until) OFFSET 0
    ) AS m
)
SELECT killmail_id, component_id::text FROM hit WHERE killmail_id <> ALL(%(known)s::bigint[])
UNION
SELECT killmail_id, component_id::text FROM mails
WHERE component_id = ANY(%(components)s::uuid[] || ARRAY(
    SELECT DISTINCT component_id FROM hit WHERE component_id IS NOT NULL
)) AND killmail_id <> ALL(%(known)s::bigint[])
UNION
SELECT killmail_id, component_id::text FROM mails WHERE killmail_id = ANY(%(single)s::bigint[])
"""
ON_TRAIL: Final[LiteralString] = """
SELECT killmail_id, component_id::text FROM mails WHERE killmail_id = ANY(ARRAY(
    SELECT killmail_id FROM mail_pilots
    WHERE character_id = ANY(%(pilots)s::bigint[])
        AND occurred_at BETWEEN to_timestamp(%(start)s::float8) AND to_timestamp(%(end)s::float8)
    EXCEPT SELECT unnest(%(known)s::bigint[]) -- hashed; `<> ALL` of a parameter compares each with each
))
"""
# A battle that dissolved, or was merged into one of our own, may come back under its old id.
TAKEN: Final[LiteralString] = """
SELECT id::text FROM battles
WHERE id = %(id)s::uuid
    AND (deleted_at IS NULL OR merged_into IS NOT NULL AND merged_into <> ALL(%(ours)s::uuid[]))
UNION ALL SELECT alias_id::text FROM battle_aliases
    WHERE alias_id = %(id)s::uuid AND battle_id <> ALL(%(ours)s::uuid[])
UNION ALL (SELECT component_id::text FROM mails WHERE component_id = %(id)s::uuid LIMIT 1)
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
SHOWN_SIDES: Final[LiteralString] = """
SELECT battle_id::text, side_id, pilots, losses, isk_destroyed FROM battle_sides
WHERE battle_id = ANY(%(battle_ids)s::uuid[]) ORDER BY battle_id, side_id
"""
PLACE_NAMES: Final[LiteralString] = """
SELECT entity_type, id, name FROM entity_names
WHERE entity_type = 'system' AND id = ANY(%(systems)s::bigint[])
    OR entity_type = 'region' AND id = ANY(%(regions)s::bigint[])
"""
SET_COMPONENTS: Final[LiteralString] = """
UPDATE mails AS m SET component_id = new.component_id
FROM json_to_recordset(%(rows)s::json) AS new (killmail_id bigint, component_id uuid)
WHERE m.killmail_id = new.killmail_id AND m.component_id IS DISTINCT FROM new.component_id
"""
SAVE_BATTLES: Final[LiteralString] = """
INSERT INTO battles (id, system_id, region_id, security_type, start_time, end_time, last_killmail_at, status, tier,
    total_kills, total_participants, total_isk_destroyed, zkill_related_url, is_decisive, winning_side,
    separate_fights, revision, quiet_seconds, name)
SELECT id, system_id, region_id, security_type, to_timestamp(start_time), to_timestamp(end_time),
    to_timestamp(end_time), status, tier, total_kills, total_participants, total_isk_destroyed, zkill_related_url,
    is_decisive, winning_side, separate_fights, revision, quiet, name
FROM json_to_recordset(%(rows)s::json) AS new (id uuid, system_id bigint, region_id bigint, security_type text,
    start_time float8, end_time float8, status text, tier text, total_kills integer, total_participants integer,
    total_isk_destroyed numeric, zkill_related_url text, is_decisive boolean, winning_side smallint,
    separate_fights boolean, revision integer, quiet integer, name text)
ON CONFLICT (id) DO UPDATE SET system_id = excluded.system_id, region_id = excluded.region_id,
    security_type = excluded.security_type, start_time = excluded.start_time, end_time = excluded.end_time,
    last_killmail_at = excluded.last_killmail_at, status = excluded.status, tier = excluded.tier,
    total_kills = excluded.total_kills, total_participants = excluded.total_participants,
    total_isk_destroyed = excluded.total_isk_destroyed, zkill_related_url = excluded.zkill_related_url,
    is_decisive = excluded.is_decisive, winning_side = excluded.winning_side,
    separate_fights = excluded.separate_fights, revision = excluded.revision,
    quiet_seconds = excluded.quiet_seconds, name = excluded.name, suggestions = '[]', deleted_at = NULL,
    deletion_reason = NULL, merged_into = NULL, updated_at = now()
"""
REMOVE_BATTLES: Final[LiteralString] = """
UPDATE battles AS b SET deleted_at = now(), deletion_reason = gone.reason, merged_into = gone.merged_into,
    revision = gone.revision, updated_at = now()
FROM json_to_recordset(%(rows)s::json) AS gone (id uuid, reason text, merged_into uuid, revision integer)
WHERE b.id = gone.id
"""
# A chain of merges stays one step long.
SAVE_ALIASES: Final[LiteralString] = """
WITH gone AS (
    SELECT id, merged_into FROM json_to_recordset(%(rows)s::json) AS gone (id uuid, merged_into uuid)
), moved AS (
    UPDATE battle_aliases AS a SET battle_id = gone.merged_into FROM gone WHERE a.battle_id = gone.id
)
INSERT INTO battle_aliases (alias_id, battle_id) SELECT id, merged_into FROM gone
ON CONFLICT (alias_id) DO UPDATE SET battle_id = excluded.battle_id
"""
# A battle that came back is nobody's alias any more.
UNALIAS: Final[LiteralString] = "DELETE FROM battle_aliases WHERE alias_id = ANY(%(battle_ids)s::uuid[])"
SAVE_REVISIONS: Final[LiteralString] = """
INSERT INTO battle_revisions (battle_id, revision, made_at, reason, cause, added, removed, absorbed, total_kills,
    total_participants, total_isk_destroyed, sides)
SELECT battle_id, revision, made_at, reason, cause, added, removed, absorbed, total_kills, total_participants,
    total_isk_destroyed, sides
FROM json_populate_recordset(NULL::battle_revisions, %(rows)s::json)
"""
CLEAR: Final[LiteralString] = """
WITH ids AS (SELECT unnest(%(battle_ids)s::uuid[]) AS id),
sides AS (DELETE FROM battle_sides USING ids WHERE battle_id = ids.id),
parties AS (DELETE FROM battle_side_parties USING ids WHERE battle_id = ids.id),
killmails AS (DELETE FROM battle_killmails USING ids WHERE battle_id = ids.id),
participants AS (DELETE FROM battle_participants USING ids WHERE battle_id = ids.id),
ships AS (DELETE FROM battle_participant_ships USING ids WHERE battle_id = ids.id)
DELETE FROM battle_links USING ids WHERE battle_id = ids.id
"""
SAVE_SIDES: Final[LiteralString] = """
INSERT INTO battle_sides (battle_id, side_id, pilots, kills, losses, ships_destroyed, ships_lost, isk_destroyed,
    isk_lost, isk_efficiency)
SELECT battle_id, side_id, pilots, kills, losses, ships_destroyed, ships_lost, isk_destroyed, isk_lost, isk_efficiency
FROM json_populate_recordset(NULL::battle_sides, %(rows)s::json)
ON CONFLICT (battle_id, side_id) DO UPDATE SET pilots = excluded.pilots, kills = excluded.kills,
    losses = excluded.losses, ships_destroyed = excluded.ships_destroyed, ships_lost = excluded.ships_lost,
    isk_destroyed = excluded.isk_destroyed, isk_lost = excluded.isk_lost, isk_efficiency = excluded.isk_efficiency
"""
SAVE_PARTIES: Final[LiteralString] = """
INSERT INTO battle_side_parties (battle_id, party_type, party_id, side_id, role, confidence, evidence, pilots, kills,
    losses, isk_destroyed, isk_lost)
SELECT battle_id, party_type, party_id, side_id, role, confidence, evidence, pilots, kills, losses, isk_destroyed,
    isk_lost
FROM json_populate_recordset(NULL::battle_side_parties, %(rows)s::json)
ON CONFLICT (battle_id, party_type, party_id, side_id) DO UPDATE SET role = excluded.role,
    confidence = excluded.confidence, evidence = excluded.evidence, pilots = excluded.pilots, kills = excluded.kills,
    losses = excluded.losses, isk_destroyed = excluded.isk_destroyed, isk_lost = excluded.isk_lost
"""
SAVE_KILLMAILS: Final[LiteralString] = """
INSERT INTO battle_killmails (battle_id, killmail_id, occurred_at, system_id, victim_alliance_id,
    victim_corporation_id, victim_character_id, ship_type_id, attacker_alliance_ids, attacker_corporation_ids,
    attacker_character_ids, isk_value, side_id)
SELECT battle_id, killmail_id, to_timestamp(time), system_id, victim_alliance_id, victim_corporation_id,
    victim_character_id, ship_type_id, attacker_alliance_ids, attacker_corporation_ids, attacker_character_ids,
    isk_value, side_id
FROM json_to_recordset(%(rows)s::json) AS new (battle_id uuid, killmail_id bigint, time float8, system_id bigint,
    victim_alliance_id bigint, victim_corporation_id bigint, victim_character_id bigint, ship_type_id bigint,
    attacker_alliance_ids bigint[], attacker_corporation_ids bigint[], attacker_character_ids bigint[],
    isk_value numeric, side_id smallint)
ON CONFLICT (killmail_id) DO UPDATE SET battle_id = excluded.battle_id, side_id = excluded.side_id
"""
SAVE_PARTICIPANTS: Final[LiteralString] = """
INSERT INTO battle_participants (battle_id, character_id, corporation_id, alliance_id, side_id, is_victim, kills,
    deaths, damage_done, damage_received, isk_destroyed, isk_lost, first_seen_at, last_seen_at, is_awoxer)
SELECT battle_id, character_id, corporation_id, alliance_id, side_id, is_victim, kills, deaths, damage_done,
    damage_received, isk_destroyed, isk_lost, to_timestamp(first_seen), to_timestamp(last_seen), is_awoxer
FROM json_to_recordset(%(rows)s::json) AS new (battle_id uuid, character_id bigint, corporation_id bigint,
    alliance_id bigint, side_id smallint, is_victim boolean, kills integer, deaths integer, damage_done bigint,
    damage_received bigint, isk_destroyed numeric, isk_lost numeric, first_seen float8, last_seen float8,
    is_awoxer boolean)
ON CONFLICT (battle_id, character_id) DO UPDATE SET corporation_id = excluded.corporation_id,
    alliance_id = excluded.alliance_id, side_id = excluded.side_id, is_victim = excluded.is_victim,
    kills = excluded.kills, deaths = excluded.deaths, damage_done = excluded.damage_done,
    damage_received = excluded.damage_received, isk_destroyed = excluded.isk_destroyed, isk_lost = excluded.isk_lost,
    first_seen_at = excluded.first_seen_at, last_seen_at = excluded.last_seen_at, is_awoxer = excluded.is_awoxer
"""
SAVE_SHIPS: Final[LiteralString] = """
INSERT INTO battle_participant_ships (battle_id, character_id, ship_type_id, kills, losses)
SELECT battle_id, character_id, ship_type_id, kills, losses
FROM json_populate_recordset(NULL::battle_participant_ships, %(rows)s::json)
ON CONFLICT (battle_id, character_id, ship_type_id) DO UPDATE SET kills = excluded.kills, losses = excluded.losses
"""
SAVE_LINKS: Final[LiteralString] = """
INSERT INTO battle_links (battle_id, from_killmail_id, to_killmail_id, reason, score)
SELECT battle_id, from_killmail_id, to_killmail_id, reason, score
FROM json_populate_recordset(NULL::battle_links, %(rows)s::json)
ON CONFLICT (battle_id, from_killmail_id, to_killmail_id, reason) DO UPDATE SET score = excluded.score
"""
DROP_SIDES: Final[LiteralString] = """
DELETE FROM battle_sides AS t USING json_populate_recordset(NULL::battle_sides, %(rows)s::json) AS gone
WHERE t.battle_id = gone.battle_id AND t.side_id = gone.side_id
"""
DROP_PARTIES: Final[LiteralString] = """
DELETE FROM battle_side_parties AS t USING json_populate_recordset(NULL::battle_side_parties, %(rows)s::json) AS gone
WHERE t.battle_id = gone.battle_id AND t.party_type = gone.party_type AND t.party_id = gone.party_id
    AND t.side_id IS NOT DISTINCT FROM gone.side_id
"""
DROP_KILLMAILS: Final[LiteralString] = """
DELETE FROM battle_killmails AS t USING json_populate_recordset(NULL::battle_killmails, %(rows)s::json) AS gone
WHERE t.battle_id = gone.battle_id AND t.killmail_id = gone.killmail_id
"""
DROP_PARTICIPANTS: Final[LiteralString] = """
DELETE FROM battle_participants AS t USING json_populate_recordset(NULL::battle_participants, %(rows)s::json) AS gone
WHERE t.battle_id = gone.battle_id AND t.character_id = gone.character_id
"""
DROP_SHIPS: Final[LiteralString] = """
DELETE FROM battle_participant_ships AS t
USING json_populate_recordset(NULL::battle_participant_ships, %(rows)s::json) AS gone
WHERE t.battle_id = gone.battle_id AND t.character_id = gone.character_id AND t.ship_type_id = gone.ship_type_id
"""
DROP_LINKS: Final[LiteralString] = """
DELETE FROM battle_links AS t USING json_populate_recordset(NULL::battle_links, %(rows)s::json) AS gone
WHERE t.battle_id = gone.battle_id AND t.from_killmail_id = gone.from_killmail_id
    AND t.to_killmail_id = gone.to_killmail_id AND t.reason = gone.reason
"""
# A mail tells the name as it was; only where nobody knew one does it stand.
LEARN_NAMES: Final[LiteralString] = """
INSERT INTO entity_names (entity_type, id, name)
SELECT entity_type, id, name FROM json_populate_recordset(NULL::entity_names, %(rows)s::json)
ORDER BY entity_type, id
ON CONFLICT DO NOTHING
"""
RENAME: Final[LiteralString] = """
INSERT INTO entity_names (entity_type, id, name) VALUES (%(entity_type)s, %(id)s, %(name)s)
ON CONFLICT (entity_type, id) DO UPDATE SET name = excluded.name WHERE entity_names.name <> excluded.name
"""
SAY: Final[LiteralString] = """
INSERT INTO outbox (headers, body) SELECT headers, convert_to(body, 'UTF8')
FROM json_to_recordset(%(rows)s::json) AS said (headers jsonb, body text)
RETURNING seq
"""
SAID_AT_ONCE: Final = 100
TAKE_SAID: Final[LiteralString] = """
DELETE FROM outbox WHERE seq = ANY(ARRAY(SELECT seq FROM outbox ORDER BY seq LIMIT 100 FOR UPDATE SKIP LOCKED))
RETURNING seq, headers, body
"""
UNSAY: Final[LiteralString] = "DELETE FROM outbox WHERE seq = ANY(%(told)s::bigint[])"
# The loss of this commit would only say the same events again.
WITHOUT_WAITING: Final[LiteralString] = "SET LOCAL synchronous_commit = off"
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
