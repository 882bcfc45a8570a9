"""What became of a battle, revision by revision."""

from typing import Final, LiteralString

# The page is read with one row more, so that its oldest revision also has one before it to differ from.
REVISIONS: Final[LiteralString] = """
SELECT revision, made_at, reason, cause, added, removed, absorbed, sides,
    total_kills, total_participants, total_isk_destroyed,
    total_kills - coalesce(lag(total_kills) OVER in_order, 0) AS kills_more,
    total_participants - coalesce(lag(total_participants) OVER in_order, 0) AS participants_more,
    total_isk_destroyed - coalesce(lag(total_isk_destroyed) OVER in_order, 0) AS isk_more
FROM (
    SELECT * FROM battle_revisions
    WHERE battle_id = %(id)s::uuid AND (%(before)s::integer IS NULL OR revision < %(before)s::integer)
    ORDER BY revision DESC LIMIT %(limit)s::integer
) AS page
WINDOW in_order AS (ORDER BY revision) ORDER BY revision DESC
"""
