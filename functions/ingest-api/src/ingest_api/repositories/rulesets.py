"""Statements for rulesets, of which one is active, and their versions, which a trigger stores."""

from typing import Final, LiteralString

_COLUMNS: Final[LiteralString] = """
SELECT id, name, description, min_pilots, tracked_alliance_ids, tracked_corp_ids, tracked_character_ids,
    tracked_system_ids, tracked_security_types, ignore_unlisted, exclude_npc, is_active, created_at, updated_at,
    updated_by, names
FROM rulesets
"""
RULESETS: Final[LiteralString] = (
    _COLUMNS + "ORDER BY is_active DESC, created_at, id LIMIT %(limit)s::integer OFFSET %(offset)s::integer"
)
COUNT: Final[LiteralString] = "SELECT count(*) FROM rulesets"
RULESET: Final[LiteralString] = _COLUMNS + "WHERE id = %(id)s::uuid"
ACTIVE_RULESET: Final[LiteralString] = _COLUMNS + "WHERE is_active"
# Serializes writers, because each write may change which ruleset is active.
LOCK_RULESETS: Final[LiteralString] = "SELECT pg_advisory_xact_lock(hashtext('rulesets'))"
DEACTIVATE: Final[LiteralString] = """
UPDATE rulesets SET is_active = false, updated_by = %(updated_by)s::text WHERE is_active AND id <> %(id)s::uuid
"""
INSERT: Final[LiteralString] = """
INSERT INTO rulesets (id, name, description, min_pilots, tracked_alliance_ids, tracked_corp_ids, tracked_character_ids,
    tracked_system_ids, tracked_security_types, ignore_unlisted, exclude_npc, is_active, updated_by, names)
VALUES (%(id)s::uuid, %(name)s::text, %(description)s::text, %(min_pilots)s::integer,
    %(tracked_alliance_ids)s::bigint[], %(tracked_corp_ids)s::bigint[], %(tracked_character_ids)s::bigint[],
    %(tracked_system_ids)s::bigint[], %(tracked_security_types)s::text[], %(ignore_unlisted)s::boolean,
    %(exclude_npc)s::boolean, %(is_active)s::boolean, %(updated_by)s::text, %(names)s::jsonb)
"""
UPDATE: Final[LiteralString] = """
UPDATE rulesets SET name = %(name)s::text, description = %(description)s::text, min_pilots = %(min_pilots)s::integer,
    tracked_alliance_ids = %(tracked_alliance_ids)s::bigint[], tracked_corp_ids = %(tracked_corp_ids)s::bigint[],
    tracked_character_ids = %(tracked_character_ids)s::bigint[], tracked_system_ids = %(tracked_system_ids)s::bigint[],
    tracked_security_types = %(tracked_security_types)s::text[], ignore_unlisted = %(ignore_unlisted)s::boolean,
    exclude_npc = %(exclude_npc)s::boolean, is_active = %(is_active)s::boolean, updated_by = %(updated_by)s::text,
    names = %(names)s::jsonb
WHERE id = %(id)s::uuid
"""
DELETE: Final[LiteralString] = "DELETE FROM rulesets WHERE id = %(id)s::uuid"
HISTORY: Final[LiteralString] = """
SELECT version, changed_at FROM ruleset_history WHERE ruleset_id = %(id)s::uuid
ORDER BY changed_at DESC, id DESC LIMIT %(limit)s::integer OFFSET %(offset)s::integer
"""
HISTORY_COUNT: Final[LiteralString] = "SELECT count(*) FROM ruleset_history WHERE ruleset_id = %(id)s::uuid"
