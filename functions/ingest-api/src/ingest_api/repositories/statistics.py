"""Statistics of ingestion, from the tables of ingest-poll and ingest-backfill."""

from datetime import datetime
from typing import Final, LiteralString

from battlescope_events.postgres.database import Connection
from ingest_api.schemas.statistics import DayRow, HealthRow, HistoricalRow, RealTimeRow

_REJECTED: Final[LiteralString] = (
    "rejected_min_pilots + rejected_system + rejected_security + rejected_entity + rejected_npc"
)
REAL_TIME: Final[LiteralString] = (
    """
SELECT coalesce(sum(received), 0)::bigint AS received, coalesce(sum(accepted), 0)::bigint AS accepted,
    coalesce(sum("""
    + _REJECTED
    + """), 0)::bigint AS rejected,
    coalesce(sum(received) FILTER (WHERE hour = %(last_hour)s::timestamptz), 0)::bigint AS received_last_hour,
    coalesce(sum(accepted) FILTER (WHERE hour = %(last_hour)s::timestamptz), 0)::bigint AS accepted_last_hour
FROM ingestion_stats_hourly
"""
)
HISTORICAL: Final[LiteralString] = """
SELECT count(*) AS jobs, count(*) FILTER (WHERE status = 'running') AS running,
    count(*) FILTER (WHERE status = 'completed') AS completed, count(*) FILTER (WHERE status = 'failed') AS failed,
    (SELECT coalesce(sum(total), 0)::bigint FROM historical_job_dates) AS killmails
FROM historical_ingestion_jobs
"""
DAY: Final[LiteralString] = """
SELECT coalesce(sum(received), 0)::bigint AS received, coalesce(sum(accepted), 0)::bigint AS accepted,
    coalesce(sum(duplicate), 0)::bigint AS duplicate, coalesce(sum(refused), 0)::bigint AS refused,
    coalesce(sum(rejected_min_pilots), 0)::bigint AS min_pilots, coalesce(sum(rejected_system), 0)::bigint AS system,
    coalesce(sum(rejected_security), 0)::bigint AS security, coalesce(sum(rejected_entity), 0)::bigint AS entity,
    coalesce(sum(rejected_npc), 0)::bigint AS npc, coalesce(sum(from_standby), 0)::bigint AS from_standby,
    coalesce(sum(from_backlog), 0)::bigint AS from_backlog,
    (SELECT coalesce(sum(head - cursor), 0)::bigint FROM feed_backlogs) AS backlog_files,
    (SELECT count(*) FROM (
        SELECT FROM outbox_messages WHERE parked_at IS NULL LIMIT %(max_count)s::integer) AS unpublished) AS unpublished
FROM ingestion_stats_hourly WHERE hour > %(since)s::timestamptz
"""
MAX_COUNT: Final = 100_000  # unpublished events are counted up to here
HEALTH: Final[LiteralString] = """
SELECT last_poll_at, last_successful_poll_at, last_killmail_id, last_sequence, consecutive_failures,
    (SELECT count(*) FROM feed_gaps WHERE filled_at IS NULL) AS open_gaps,
    (SELECT coalesce(sum(head - cursor), 0)::bigint FROM feed_backlogs) AS backlog_files,
    active AS active_source, since AS source_since, reason AS source_reason, standby_success_at,
    (SELECT count(*) FROM source_switches WHERE switched_at > %(since)s::timestamptz) AS switches,
    (SELECT count(*) FROM unavailable_listings) AS unavailable
FROM ingestion_status, source_failover
"""


class StatisticsRepository:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def live(self, last_hour: datetime) -> RealTimeRow:
        """Totals of the live feed, and those of the hour that begins at `last_hour`."""
        (row,) = await self._connection.rows(RealTimeRow, REAL_TIME, {"last_hour": last_hour})
        return row

    async def historical(self) -> HistoricalRow:
        (row,) = await self._connection.rows(HistoricalRow, HISTORICAL)
        return row

    async def live_since(self, since: datetime) -> DayRow:
        (row,) = await self._connection.rows(DayRow, DAY, {"since": since, "max_count": MAX_COUNT})
        return row

    async def feed_health(self, since: datetime) -> HealthRow:
        """`since`: from when on switches of the source are counted."""
        (row,) = await self._connection.rows(HealthRow, HEALTH, {"since": since})
        return row
