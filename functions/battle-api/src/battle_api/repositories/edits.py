"""Statements for manual edits.

An edit affects a battle when it was made on the battle (or on one merged into it), or when it names killmails that are
in the battle now.
"""

from typing import Final, LiteralString

_AFFECTS_BATTLE: Final[LiteralString] = """
(e.battle_id = %(id)s::uuid
    OR e.battle_id = ANY(ARRAY(SELECT alias_id FROM battle_aliases WHERE battle_id = %(id)s::uuid))
    OR e.killmail_ids && ARRAY(SELECT killmail_id FROM battle_killmails WHERE battle_id = %(id)s::uuid))
"""
_EDIT: Final[LiteralString] = """
SELECT e.id, e.battle_id, e.kind, e.killmail_ids, e.data, e.author, e.note, e.made_at, e.undone_at, e.undone_by,
    e.version, e.applied_version
FROM battle_edits e WHERE
"""
_COUNT_EDITS: Final[LiteralString] = "SELECT count(*) FROM battle_edits e WHERE "
ACTIVE_COUNT: Final[LiteralString] = _COUNT_EDITS + "e.undone_at IS NULL AND " + _AFFECTS_BATTLE
EDIT: Final[LiteralString] = _EDIT + "e.id = %(edit)s::uuid AND " + _AFFECTS_BATTLE
COUNT: Final[LiteralString] = _COUNT_EDITS + _AFFECTS_BATTLE
PAGE: Final[LiteralString] = (
    _EDIT + _AFFECTS_BATTLE + "ORDER BY e.seq DESC LIMIT %(limit)s::integer OFFSET %(offset)s::integer"
)
EDIT_BY_ID: Final[LiteralString] = _EDIT + "e.id = %(edit)s::uuid"

# The row lock serializes writers, so that the second writer sees the edit of the first one.
NEXT_VERSION: Final[LiteralString] = """
UPDATE clustering_configuration SET edits_version = edits_version + 1 RETURNING edits_version
"""
PENDING_EDIT: Final[LiteralString] = """
SELECT e.id FROM battle_edits e
WHERE e.applied_version < e.version AND greatest(e.made_at, e.undone_at) > %(since)s::timestamptz AND
""" + (_AFFECTS_BATTLE + " LIMIT 1")
INSERT: Final[LiteralString] = """
INSERT INTO battle_edits (id, battle_id, kind, killmail_ids, data, author, note, made_at, version)
VALUES (%(edit)s::uuid, %(id)s::uuid, %(kind)s::text, %(killmail_ids)s::bigint[], %(data)s::jsonb, %(author)s::text,
    %(note)s::text, %(now)s::timestamptz, %(version)s::bigint)
"""
UNDO: Final[LiteralString] = """
UPDATE battle_edits SET undone_at = %(now)s::timestamptz, undone_by = %(author)s::text, version = %(version)s::bigint
WHERE id = %(edit)s::uuid AND undone_at IS NULL RETURNING battle_id
"""

# Statements that validate what an edit refers to.
ACTIVE_BY_KILLMAILS: Final[LiteralString] = """
SELECT id, kind, killmail_ids, data FROM battle_edits
WHERE undone_at IS NULL AND kind IN ('tag', 'split', 'exclude') AND killmail_ids && %(killmail_ids)s::bigint[]
ORDER BY seq LIMIT 1000
"""
MEMBERS: Final[LiteralString] = """
SELECT killmail_id FROM battle_killmails
WHERE battle_id = %(id)s::uuid AND killmail_id = ANY(%(killmail_ids)s::bigint[])
"""
STORED_KILLMAILS: Final[LiteralString] = (
    "SELECT killmail_id FROM mails WHERE killmail_id = ANY(%(killmail_ids)s::bigint[])"
)
FIRST_KILLMAILS: Final[LiteralString] = """
SELECT requested.id, first.killmail_id
FROM unnest(%(ids)s::uuid[]) WITH ORDINALITY AS requested (id, ordinal)
LEFT JOIN battle_aliases a ON a.alias_id = requested.id
CROSS JOIN LATERAL (
    SELECT killmail_id FROM battle_killmails WHERE battle_id = coalesce(a.battle_id, requested.id)
    ORDER BY occurred_at, killmail_id LIMIT 1
) AS first
ORDER BY requested.ordinal LIMIT 100
"""
LAST_KILLMAIL: Final[LiteralString] = """
SELECT killmail_id FROM battle_killmails WHERE battle_id = %(id)s::uuid
ORDER BY occurred_at DESC, killmail_id DESC LIMIT 1
"""
IS_ON_KILLMAIL: Final[LiteralString] = """
SELECT true FROM battle_killmails WHERE battle_id = %(id)s::uuid AND killmail_id = %(killmail_id)s::bigint
    AND (victim_character_id = %(character_id)s::bigint OR %(character_id)s::bigint = ANY(attacker_character_ids))
"""
IS_PARTY: Final[LiteralString] = """
SELECT true FROM battle_side_parties
WHERE battle_id = %(id)s::uuid AND party_type = %(party_type)s::text AND party_id = %(party_id)s::bigint LIMIT 1
"""
KILLMAILS_OF_PARTY: Final[LiteralString] = """
SELECT killmail_id FROM battle_killmails
WHERE battle_id = %(id)s::uuid AND CASE %(party_type)s::text
    WHEN 'alliance' THEN victim_alliance_id = %(party_id)s::bigint OR %(party_id)s::bigint = ANY(attacker_alliance_ids)
    WHEN 'corporation' THEN
        victim_corporation_id = %(party_id)s::bigint OR %(party_id)s::bigint = ANY(attacker_corporation_ids)
    WHEN 'character' THEN
        victim_character_id = %(party_id)s::bigint OR %(party_id)s::bigint = ANY(attacker_character_ids)
    ELSE false END
ORDER BY occurred_at, killmail_id LIMIT 500
"""
