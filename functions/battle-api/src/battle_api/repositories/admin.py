"""Statements for reclustering jobs, the clustering configuration and clustering statistics."""

from typing import Final, LiteralString

COUNT_RANGE: Final[LiteralString] = """
SELECT count(*) FROM mails WHERE occurred_at >= %(start_time)s::timestamptz AND occurred_at < %(end_time)s::timestamptz
"""
# Counting five years (some 40 million killmails) takes seconds even by an index alone; so may waiting for the row lock
# of a job while battle-cluster processes one of its parts.
EXTEND_TIMEOUT: Final[LiteralString] = "SET LOCAL statement_timeout = '30s'"
INSERT_JOB: Final[LiteralString] = """
INSERT INTO reclustering_jobs (id, start_time, end_time, reason, dry_run, window_minutes, gap_max_minutes, min_kills,
    requested_by, killmails_total, created_at)
VALUES (%(job)s::uuid, %(start_time)s::timestamptz, %(end_time)s::timestamptz, %(reason)s::text, %(dry_run)s::boolean,
    %(window_minutes)s::integer, %(gap_max_minutes)s::integer, %(min_kills)s::integer, %(author)s::text,
    %(total)s::integer, %(now)s::timestamptz)
"""
_JOB: Final[LiteralString] = """
SELECT j.id, j.start_time, j.end_time, j.reason, j.dry_run, j.window_minutes, j.gap_max_minutes, j.min_kills,
    j.requested_by, j.status, j.killmails_total, j.killmails_processed, j.killmails_moved, j.created_at, j.started_at,
    j.completed_at, j.cancelled_by, j.error_message, c.created, c.updated, c.deleted, c.merged
FROM reclustering_jobs j CROSS JOIN LATERAL (
    SELECT count(*) FILTER (WHERE change = 'created') AS created, count(*) FILTER (WHERE change = 'updated') AS updated,
        count(*) FILTER (WHERE change = 'deleted') AS deleted, count(*) FILTER (WHERE change = 'merged') AS merged
    FROM reclustering_changes WHERE job_id = j.id
) AS c
"""
JOB: Final[LiteralString] = _JOB + "WHERE j.id = %(job)s::uuid"
JOBS: Final[LiteralString] = (
    _JOB + "ORDER BY j.created_at DESC, j.id LIMIT %(limit)s::integer OFFSET %(offset)s::integer"
)
JOB_COUNT: Final[LiteralString] = "SELECT count(*) FROM reclustering_jobs"
CHANGES: Final[LiteralString] = """
SELECT battle_id, change, added, removed, merged_into FROM reclustering_changes WHERE job_id = %(job)s::uuid
ORDER BY battle_id LIMIT %(limit)s::integer OFFSET %(offset)s::integer
"""
CANCEL_JOB: Final[LiteralString] = """
UPDATE reclustering_jobs
SET status = 'cancelled', cancelled_by = %(author)s::text, completed_at = %(now)s::timestamptz
WHERE id = %(job)s::uuid AND status IN ('pending', 'running') RETURNING id
"""
CLUSTERING_CONFIG: Final[LiteralString] = """
SELECT window_minutes, gap_max_minutes, min_kills, auto_clustering, updated_at, updated_by FROM clustering_configuration
"""
UPDATE_CLUSTERING_CONFIG: Final[LiteralString] = """
UPDATE clustering_configuration SET
    window_minutes = coalesce(%(window_minutes)s::integer, window_minutes),
    gap_max_minutes = coalesce(%(gap_max_minutes)s::integer, gap_max_minutes),
    min_kills = coalesce(%(min_kills)s::integer, min_kills),
    auto_clustering = coalesce(%(auto_clustering)s::boolean, auto_clustering),
    updated_at = %(now)s::timestamptz, updated_by = %(author)s::text
WHERE %(expected_updated_at)s::timestamptz IS NULL OR updated_at = %(expected_updated_at)s::timestamptz
RETURNING window_minutes, gap_max_minutes, min_kills, auto_clustering, updated_at, updated_by
"""
# The lag counts only killmails of the last day: backfilled and replayed killmails would distort it.
STATISTICS: Final[LiteralString] = """
SELECT
    (SELECT count(*) FROM battle_revisions WHERE reason = 'created' AND made_at > %(since)s::timestamptz)
        AS battles_created,
    (SELECT count(*) FROM (SELECT 1 FROM mails WHERE component_id IS NULL LIMIT %(max_count)s::integer) AS pool)
        AS unprocessed,
    (SELECT (avg(extract(epoch FROM r.made_at - m.occurred_at)) / 60)::double precision
        FROM battle_revisions r JOIN mails m
            ON m.killmail_id = CASE WHEN r.cause LIKE 'killmail:%%' THEN substr(r.cause, 10)::bigint END
        WHERE r.made_at > %(since)s::timestamptz AND r.reason IN ('created', 'new_killmail')
            AND m.occurred_at > %(since)s::timestamptz) AS lag_minutes,
    (SELECT max(made_at) FROM battle_revisions) AS last_processed_at
"""
MAX_COUNT: Final = 100_000  # unclustered killmails are counted up to here
