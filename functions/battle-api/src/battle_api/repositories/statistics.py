"""Statistics over all battles. Each statement stands alone, so that one that takes too long costs only its own part."""

from datetime import datetime
from typing import Final, LiteralString

from battle_api.repositories.shown_names import with_unknown_names
from battle_api.schemas import statistics as schemas
from battlescope_events.postgres.database import Connection

TOTALS: Final[LiteralString] = """
SELECT count(*)::integer, coalesce(sum(total_kills), 0)::bigint FROM battles WHERE deleted_at IS NULL
"""
# Hops from one id to the next in the index instead of reading every row.
UNIQUE_ALLIANCES: Final[LiteralString] = """
WITH RECURSIVE ids AS (
    (SELECT party_id FROM battle_side_parties WHERE party_type = 'alliance' ORDER BY party_id LIMIT 1)
    UNION ALL
    SELECT (SELECT party_id FROM battle_side_parties
            WHERE party_type = 'alliance' AND party_id > ids.party_id ORDER BY party_id LIMIT 1)
    FROM ids WHERE ids.party_id IS NOT NULL
)
SELECT count(party_id)::integer FROM ids
"""
UNIQUE_CORPORATIONS: Final[LiteralString] = """
WITH RECURSIVE ids AS (
    (SELECT corporation_id FROM battle_participants WHERE corporation_id IS NOT NULL ORDER BY corporation_id LIMIT 1)
    UNION ALL
    SELECT (SELECT corporation_id FROM battle_participants
            WHERE corporation_id > ids.corporation_id ORDER BY corporation_id LIMIT 1)
    FROM ids WHERE ids.corporation_id IS NOT NULL
)
SELECT count(corporation_id)::integer FROM ids
"""
TOP_ALLIANCES: Final[LiteralString] = with_unknown_names("""
SELECT top.party_id AS alliance_id, coalesce(n.name, {unknown alliance} || top.party_id) AS alliance_name,
    top.battle_count
FROM (
    SELECT p.party_id, count(DISTINCT p.battle_id)::integer AS battle_count
    FROM battle_side_parties p JOIN battles b ON b.id = p.battle_id
    WHERE p.party_type = 'alliance' AND b.deleted_at IS NULL
        AND (%(since)s::timestamptz IS NULL OR b.start_time >= %(since)s::timestamptz)
    GROUP BY p.party_id ORDER BY battle_count DESC, p.party_id LIMIT 10
) AS top
LEFT JOIN entity_names n ON n.entity_type = 'alliance' AND n.id = top.party_id
ORDER BY top.battle_count DESC, top.party_id
""")
TOP_CORPORATIONS: Final[LiteralString] = with_unknown_names("""
SELECT top.corporation_id AS corp_id, coalesce(n.name, {unknown corporation} || top.corporation_id) AS corp_name,
    top.battle_count
FROM (
    SELECT corporation_id, count(DISTINCT battle_id)::integer AS battle_count FROM battle_participants
    WHERE corporation_id NOT BETWEEN 1000000 AND 1999999
    GROUP BY corporation_id ORDER BY battle_count DESC, corporation_id LIMIT 10
) AS top
LEFT JOIN entity_names n ON n.entity_type = 'corporation' AND n.id = top.corporation_id
ORDER BY top.battle_count DESC, top.corporation_id
""")
PERIOD_TOTALS: Final[LiteralString] = """
SELECT count(*)::integer AS total, coalesce(sum(total_isk_destroyed), 0) AS total_isk_destroyed,
    (SELECT count(DISTINCT p.character_id)::integer FROM battle_participants p JOIN battles b ON b.id = p.battle_id
     WHERE b.deleted_at IS NULL AND b.start_time >= %(since)s::timestamptz) AS total_pilots,
    coalesce(avg(total_isk_destroyed), 0) AS average_isk_per_battle,
    coalesce(round(avg(total_participants), 1), 0)::float8 AS average_pilots_per_battle
FROM battles WHERE deleted_at IS NULL AND start_time >= %(since)s::timestamptz
"""
TOP_SYSTEMS: Final[LiteralString] = with_unknown_names("""
SELECT top.*, coalesce(n.name, {unknown system} || top.system_id) AS system_name
FROM (
    SELECT system_id, count(*)::integer AS battle_count, sum(total_isk_destroyed) AS isk_destroyed FROM battles
    WHERE deleted_at IS NULL AND start_time >= %(since)s::timestamptz
    GROUP BY system_id ORDER BY battle_count DESC, isk_destroyed DESC, system_id LIMIT 10
) AS top
LEFT JOIN entity_names n ON n.entity_type = 'system' AND n.id = top.system_id
ORDER BY top.battle_count DESC, top.isk_destroyed DESC, top.system_id
""")
HOURS: Final[LiteralString] = """
SELECT date_trunc('hour', start_time, 'UTC') AS hour, count(*)::integer AS battles,
    sum(total_isk_destroyed) AS isk_destroyed
FROM battles WHERE deleted_at IS NULL AND start_time >= %(since)s::timestamptz GROUP BY 1 ORDER BY 1 LIMIT 1000
"""
ACTIVITY: Final[LiteralString] = with_unknown_names("""
SELECT r.battle_id, r.revision, r.made_at, r.reason, CASE WHEN b.deleted_at IS NULL THEN b.status END AS status,
    b.system_id, coalesce(n.name, {unknown system} || b.system_id) AS system_name,
    r.total_kills, r.total_participants, r.total_isk_destroyed
FROM battle_revisions r JOIN battles b ON b.id = r.battle_id
LEFT JOIN entity_names n ON n.entity_type = 'system' AND n.id = b.system_id
ORDER BY r.made_at DESC, r.battle_id, r.revision DESC LIMIT %(limit)s::integer
""")


class StatisticsRepository:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def totals(self) -> tuple[int, int]:
        """The number of battles and of their killmails."""
        row = await (await self._connection.execute(TOTALS)).fetchone()
        return (row[0], row[1]) if row else (0, 0)

    async def unique_alliances(self) -> int:
        return await self._connection.scalar(UNIQUE_ALLIANCES)

    async def unique_corporations(self) -> int:
        return await self._connection.scalar(UNIQUE_CORPORATIONS)

    async def top_alliances(self, since: datetime | None = None) -> list[schemas.AllianceCount]:
        return await self._connection.rows(schemas.AllianceCount, TOP_ALLIANCES, {"since": since})

    async def top_corporations(self) -> list[schemas.CorporationCount]:
        return await self._connection.rows(schemas.CorporationCount, TOP_CORPORATIONS)

    async def period_totals(self, since: datetime) -> schemas.PeriodTotals | None:
        return await self._connection.row(schemas.PeriodTotals, PERIOD_TOTALS, {"since": since})

    async def top_systems(self, since: datetime) -> list[schemas.SystemCount]:
        return await self._connection.rows(schemas.SystemCount, TOP_SYSTEMS, {"since": since})

    async def hours(self, since: datetime) -> list[schemas.HourCount]:
        return await self._connection.rows(schemas.HourCount, HOURS, {"since": since})

    async def activity(self, limit: int) -> list[schemas.ActivityItem]:
        return await self._connection.rows(schemas.ActivityItem, ACTIVITY, {"limit": limit})
