"""The clustering configuration, which is one row, and statistics of clustering."""

from datetime import datetime
from typing import Final, LiteralString, NamedTuple

from battle_api.domain.rows import ClusteringConfig, ClusteringStatistics
from battlescope_events.postgres.database import Connection

CLUSTERING_CONFIG: Final[LiteralString] = """
SELECT window_minutes, gap_max_minutes, min_kills, auto_clustering, updated_at, updated_by FROM clustering_configuration
"""
LOCK_CLUSTERING_CONFIG: Final[LiteralString] = CLUSTERING_CONFIG + "FOR UPDATE"
UPDATE_CLUSTERING_CONFIG: Final[LiteralString] = """
UPDATE clustering_configuration SET
    window_minutes = coalesce(%(window_minutes)s::integer, window_minutes),
    gap_max_minutes = coalesce(%(gap_max_minutes)s::integer, gap_max_minutes),
    min_kills = coalesce(%(min_kills)s::integer, min_kills),
    auto_clustering = coalesce(%(auto_clustering)s::boolean, auto_clustering),
    updated_at = %(now)s::timestamptz, updated_by = %(author)s::text
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


class ClusteringConfigChange(NamedTuple):
    """A change of the configuration; None leaves a field as it is."""

    window_minutes: int | None
    gap_max_minutes: int | None
    min_kills: int | None
    auto_clustering: bool | None
    author: str


class ConfigurationRepository:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def get(self) -> ClusteringConfig:
        (config,) = await self._connection.rows(ClusteringConfig, CLUSTERING_CONFIG)
        return config

    async def lock(self) -> ClusteringConfig:
        """The configuration, which nobody else changes until the transaction ends."""
        (config,) = await self._connection.rows(ClusteringConfig, LOCK_CLUSTERING_CONFIG)
        return config

    async def update(self, change: ClusteringConfigChange, now: datetime) -> ClusteringConfig:
        params = {**change._asdict(), "now": now}
        (config,) = await self._connection.rows(ClusteringConfig, UPDATE_CLUSTERING_CONFIG, params)
        return config

    async def statistics(self, since: datetime) -> ClusteringStatistics:
        params = {"since": since, "max_count": MAX_COUNT}
        (row,) = await self._connection.rows(ClusteringStatistics, STATISTICS, params)
        return row
