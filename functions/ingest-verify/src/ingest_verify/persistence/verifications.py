"""Verifications: one row per day, `running` until the day was compared with its list."""

from typing import Final, LiteralString

OPEN_DAY: Final[LiteralString] = """
INSERT INTO verification_history (verification_date, status, started_at)
VALUES (%(day)s::date, 'running', %(now)s::timestamptz) ON CONFLICT DO NOTHING
"""
REOPEN_DAY: Final[LiteralString] = """
INSERT INTO verification_history (verification_date, status, started_at)
VALUES (%(day)s::date, 'running', %(now)s::timestamptz)
ON CONFLICT (verification_date) DO UPDATE
SET status = 'running', started_at = excluded.started_at, completed_at = NULL, error_message = NULL
"""
OPEN_DAYS: Final[LiteralString] = """
SELECT verification_date, started_at FROM verification_history
WHERE status = 'running' ORDER BY verification_date DESC LIMIT 20
"""
SAVE_PROBLEM: Final[LiteralString] = """
UPDATE verification_history SET error_message = %(problem)s::text WHERE verification_date = %(day)s::date
"""
GIVE_UP: Final[LiteralString] = """
UPDATE verification_history SET status = 'failed', completed_at = %(now)s::timestamptz
WHERE status = 'running' AND started_at < %(before)s::timestamptz
"""
# killmail_ids holds every ingested id, accepted or rejected, of any day.
MISSING_IDS: Final[LiteralString] = """
SELECT id FROM unnest(%(ids)s::bigint[]) AS listed (id)
WHERE NOT EXISTS (SELECT FROM killmail_ids WHERE killmail_id = id) ORDER BY id
"""
COMPLETE_DAY: Final[LiteralString] = """
UPDATE verification_history SET status = 'completed', total_killmails_expected = %(expected)s::integer,
    total_killmails_found = %(existing)s::integer, missing_killmails = %(missing)s::integer,
    requeued_killmails = %(missing)s::integer, job_id = %(job)s::uuid, completed_at = %(now)s::timestamptz,
    error_message = NULL
WHERE verification_date = %(day)s::date
"""
