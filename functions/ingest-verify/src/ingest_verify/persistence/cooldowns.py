"""What a source wished: one row a host, whoever of this context asks it."""

from typing import Final, LiteralString

MANNERS: Final[LiteralString] = """
SELECT quiet_until, bans, failures FROM source_manners WHERE source = %(source)s::text
"""
MIND: Final[LiteralString] = """
INSERT INTO source_manners (source, quiet_until, bans, failures, reason)
VALUES (%(source)s::text, %(quiet_until)s::timestamptz, %(bans)s::integer, %(failures)s::integer, %(reason)s::text)
ON CONFLICT (source) DO UPDATE SET quiet_until = excluded.quiet_until, bans = excluded.bans,
    failures = excluded.failures, reason = excluded.reason
"""
