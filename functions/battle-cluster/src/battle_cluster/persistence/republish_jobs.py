"""Jobs that republish current battles: their progress, and the battles of their next part."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, LiteralString

from battle_cluster.domain.current_battle import CurrentBattle
from battle_cluster.statistics.losses_over_time import BUCKETS
from battlescope_events.postgres.database import Connection

START_JOB: Final[LiteralString] = """
UPDATE republish_jobs AS job SET status = CASE status WHEN 'pending' THEN 'running' ELSE status END,
    started_at = CASE status WHEN 'pending' THEN %(now)s::timestamptz ELSE started_at END,
    battles_total = CASE WHEN part = 0 THEN (
        SELECT count(*) FROM battles AS b
        WHERE (job.start_time IS NULL OR b.start_time >= job.start_time)
            AND (job.end_time IS NULL OR b.start_time < job.end_time)
    ) ELSE battles_total END
WHERE id = %(job_id)s::uuid
RETURNING id::text AS id, start_time, end_time, status, part, position_time, position_id::text AS position_id
"""
# One statement sees one state of the database, so that a battle and its killmails are of the same revision.
SELECT_NEXT_BATTLES: Final[LiteralString] = """
WITH candidates AS (
    (SELECT * FROM battles WHERE deleted_at IS NULL
        AND start_time >= %(start)s::timestamptz AND start_time < %(end)s::timestamptz
        AND (start_time, id) > (%(after)s::timestamptz, %(after_id)s::uuid)
    ORDER BY start_time, id LIMIT %(max_battles)s::integer)
    UNION ALL
    (SELECT * FROM battles WHERE deleted_at IS NOT NULL
        AND start_time >= %(start)s::timestamptz AND start_time < %(end)s::timestamptz
        AND (start_time, id) > (%(after)s::timestamptz, %(after_id)s::uuid)
    ORDER BY start_time, id LIMIT %(max_battles)s::integer)
    ORDER BY start_time, id LIMIT %(max_battles)s::integer
), page AS (
    SELECT *, sum(total_kills) OVER (ORDER BY start_time, id) - total_kills AS earlier_kills FROM candidates
)
SELECT b.id::text AS battle_id, b.revision, b.system_id, coalesce(system.name, '') AS system_name, b.region_id,
    coalesce(region.name, '') AS region_name, b.security_type, b.start_time, b.end_time, b.status,
    b.zkill_related_url, b.total_kills, b.total_isk_destroyed, b.total_participants, b.deletion_reason,
    b.isk_computed_high, b.isk_computed_medium, b.isk_computed_low, b.kills_without_value,
    b.isk_fitted, b.isk_dropped, b.kills_without_parts, b.kills_with_unpriced,
    b.tier, b.name, b.is_decisive, b.winning_side,
    (SELECT coalesce(sum(pilots), 0)::integer FROM battle_side_parties AS p
        WHERE p.battle_id = b.id AND p.side_id IS NULL) AS unassigned_pilots,
    (SELECT count(*)::integer FROM battle_edits AS e WHERE e.undone_at IS NULL AND (e.battle_id = b.id
        OR e.battle_id IN (SELECT alias_id FROM battle_aliases AS a WHERE a.battle_id = b.id))) AS edit_count,
    ARRAY(
        SELECT json_build_object('side_id', k.side_id, 'bucket', bucket, 'cents', (sum(k.isk_value) * 100)::bigint)
        FROM battle_killmails AS k
        CROSS JOIN LATERAL (SELECT floor(extract(epoch FROM k.occurred_at - b.start_time)
            / ceil((b.duration_seconds + 1) / %(buckets)s::float8))::integer AS bucket) AS placed
        WHERE k.battle_id = b.id GROUP BY k.side_id, bucket
    ) AS losses,
    b.merged_into::text AS merged_into,
    ARRAY(
        SELECT killmail_id FROM battle_killmails AS k WHERE k.battle_id = b.id ORDER BY k.occurred_at, k.killmail_id
    ) AS killmail_ids,
    ARRAY(
        SELECT json_build_object('side_id', side_id, 'pilots', pilots, 'kills', kills, 'losses', losses,
            'isk_destroyed', isk_destroyed::text, 'isk_lost', isk_lost::text,
            'isk_lost_fitted', isk_lost_fitted::text, 'role', top.role, 'party_count', coalesce(top.parties, 0),
            'top_party', CASE WHEN top.party_id IS NOT NULL
                THEN json_build_object('party_type', top.party_type, 'party_id', top.party_id) END,
            'alliance_ids', ARRAY(
                SELECT party_id FROM battle_side_parties AS p
                WHERE p.battle_id = s.battle_id AND p.side_id = s.side_id AND p.party_type = 'alliance'
                ORDER BY party_id))
        FROM battle_sides AS s LEFT JOIN LATERAL (
            SELECT party_type, party_id, role, (count(*) OVER ())::integer AS parties FROM battle_side_parties AS p
            WHERE p.battle_id = s.battle_id AND p.side_id = s.side_id
            ORDER BY pilots DESC, party_type, party_id LIMIT 1
        ) AS top ON true
        WHERE s.battle_id = b.id ORDER BY side_id
    ) AS sides
FROM page AS b
LEFT JOIN entity_names AS system ON system.entity_type = 'system' AND system.id = b.system_id
LEFT JOIN entity_names AS region ON region.entity_type = 'region' AND region.id = b.region_id
WHERE b.earlier_kills < %(max_killmails)s::integer
ORDER BY b.start_time, b.id
"""
ADVANCE_JOB: Final[LiteralString] = """
UPDATE republish_jobs SET part = part + 1, position_time = %(time)s::timestamptz, position_id = %(battle_id)s::uuid,
    battles_processed = battles_processed + %(processed)s::integer
WHERE id = %(job_id)s::uuid
"""
COMPLETE_JOB: Final[LiteralString] = """
UPDATE republish_jobs SET status = 'completed', completed_at = %(now)s::timestamptz WHERE id = %(job_id)s::uuid
"""
# EVE began in 2003.
_EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LATEST: Final = datetime(9999, 1, 1, tzinfo=UTC)
_LOWEST_ID: Final = "00000000-0000-0000-0000-000000000000"


@dataclass(frozen=True, slots=True)
class RepublishJob:
    """A row of `republish_jobs`. `part` is the number of the next part; positions are those of the last battle."""

    id: str
    start_time: datetime | None
    end_time: datetime | None
    status: str
    part: int
    position_time: datetime | None
    position_id: str | None

    def is_next_part(self, part: int) -> bool:
        return self.status == "running" and self.part == part


class RepublishJobRepository:
    """Jobs in the caller's transaction."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def start(self, job_id: str, now: datetime) -> RepublishJob | None:
        """Lock the job until the transaction ends, mark a pending one as running and return it."""
        return await self._connection.row(RepublishJob, START_JOB, {"job_id": job_id, "now": now})

    async def next_battles(self, job: RepublishJob, *, max_battles: int, max_killmails: int) -> list[CurrentBattle]:
        """The battles of the job's next part in order of their start, deleted ones included.

        Reaching one of the limits ends the part; it holds at least one battle as long as there is one.
        """
        params = {
            "buckets": BUCKETS,
            "start": job.start_time or _EARLIEST,
            "end": job.end_time or _LATEST,
            "after": job.position_time or _EARLIEST,
            "after_id": job.position_id or _LOWEST_ID,
            "max_battles": max_battles,
            "max_killmails": max_killmails,
        }
        return await self._connection.rows(CurrentBattle, SELECT_NEXT_BATTLES, params)

    async def advance(self, job: RepublishJob, last: CurrentBattle, processed: int) -> None:
        """Record a finished part, its last battle and how many battles it had."""
        params = {"job_id": job.id, "time": last.start_time, "battle_id": last.battle_id, "processed": processed}
        await self._connection.execute(ADVANCE_JOB, params)

    async def complete(self, job: RepublishJob, now: datetime) -> None:
        await self._connection.execute(COMPLETE_JOB, {"job_id": job.id, "now": now})
