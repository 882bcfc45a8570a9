"""Cooldown of a source: one row per host, shared by all functions of this context."""

from typing import Final, LiteralString

LOAD_COOLDOWN: Final[LiteralString] = """
SELECT quiet_until, bans, failures FROM source_manners WHERE source = %(source)s::text
"""
SAVE_COOLDOWN: Final[LiteralString] = """
INSERT INTO source_manners (source, quiet_until, bans, failures, reason)
VALUES (%(source)s::text, %(quiet_until)s::timestamptz, %(bans)s::integer, %(failures)s::integer, %(reason)s::text)
ON CONFLICT (source) DO UPDATE SET quiet_until = excluded.quiet_until, bans = excluded.bans,
    failures = excluded.failures, reason = excluded.reason
"""
