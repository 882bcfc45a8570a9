"""What the feed kept from us, days without a single kill, and days that somebody has seen to."""

from typing import Final, LiteralString

OPEN_GAPS: Final[LiteralString] = """
SELECT first_sequence, after_time, found_at FROM feed_gaps WHERE filled_at IS NULL ORDER BY found_at LIMIT 1000
"""
# Read once a day and only where it is wanted: no index orders ids by time, so this passes over all of them.
EMPTY_DAYS: Final[LiteralString] = """
SELECT day::date
FROM generate_series(%(since)s::date::timestamp, %(before)s::date - interval '1 day', interval '1 day') AS day
EXCEPT
SELECT DISTINCT (occurred_at AT TIME ZONE 'UTC')::date FROM killmail_ids
WHERE occurred_at >= %(since)s::date::timestamp AT TIME ZONE 'UTC'
    AND occurred_at < %(before)s::date::timestamp AT TIME ZONE 'UTC'
"""
# A job that ended while the day was still going on has not seen all of it.
SETTLED: Final[LiteralString] = """
SELECT day FROM historical_job_dates
WHERE status <> 'failed' AND day >= %(since)s::date
    AND (completed_at IS NULL OR completed_at >= (day + 1)::timestamp AT TIME ZONE 'UTC')
UNION
SELECT verification_date FROM verification_history
WHERE status = 'completed' AND verification_date >= %(since)s::date
"""
FILL: Final[LiteralString] = """
UPDATE feed_gaps SET filled_at = %(now)s::timestamptz WHERE first_sequence = ANY(%(gaps)s::bigint[])
"""
