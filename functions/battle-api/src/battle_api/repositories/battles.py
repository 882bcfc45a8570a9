"""Finds battles. Every statement is static; every list has a limit."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final, LiteralString
from uuid import UUID

from battle_api.domain.rows import Battle
from battle_api.repositories.shown_names import with_unknown_names
from battle_api.schemas.battle_query import BattleQuery, sql_params
from battlescope_events.postgres.database import Connection

MAX_COUNT: Final = 10_000  # counting stops here: an exact count of every battle would cost more than the page

_MATCHES: Final[LiteralString] = """
FROM battles b LEFT JOIN solar_systems s ON s.system_id = b.system_id
WHERE b.deleted_at IS NULL
    AND (%(id)s::uuid[] IS NULL OR b.id = ANY(%(id)s::uuid[]))
    AND (%(security_type)s::text[] IS NULL OR b.security_type = ANY(%(security_type)s::text[]))
    AND (%(system_id)s::bigint[] IS NULL OR b.system_id = ANY(%(system_id)s::bigint[]))
    AND (%(system_name)s::text IS NULL OR b.system_id IN (
        SELECT id FROM entity_names WHERE entity_type = 'system' AND name ILIKE %(system_name)s::text))
    AND (%(region_id)s::bigint[] IS NULL OR b.region_id = ANY(%(region_id)s::bigint[]))
    AND (%(constellation_id)s::bigint[] IS NULL OR b.system_id IN (
        SELECT system_id FROM solar_systems WHERE constellation_id = ANY(%(constellation_id)s::bigint[])))
    AND (%(system_class)s::smallint[] IS NULL OR s.wormhole_class = ANY(%(system_class)s::smallint[]))
    AND (%(weekday)s::integer[] IS NULL
        OR extract(isodow FROM b.start_time AT TIME ZONE 'UTC') = ANY(%(weekday)s::integer[]))
    AND (%(hour)s::integer[] IS NULL OR extract(hour FROM b.start_time AT TIME ZONE 'UTC') = ANY(%(hour)s::integer[]))
    AND (%(alliance_id)s::bigint[] IS NULL OR b.id IN (
        SELECT battle_id FROM battle_side_parties
        WHERE party_type = 'alliance' AND party_id = ANY(%(alliance_id)s::bigint[])
            AND (%(role)s::text[] IS NULL OR role = ANY(%(role)s::text[]))))
    AND (%(alliance_name)s::text IS NULL OR b.id IN (
        SELECT p.battle_id FROM entity_names n
        JOIN battle_side_parties p ON p.party_type = 'alliance' AND p.party_id = n.id
        WHERE n.entity_type = 'alliance' AND n.name ILIKE %(alliance_name)s::text))
    AND (%(corp_id)s::bigint[] IS NULL OR b.id IN (
        SELECT battle_id FROM battle_participants WHERE corporation_id = ANY(%(corp_id)s::bigint[])))
    AND (%(corp_name)s::text IS NULL OR b.id IN (
        SELECT p.battle_id FROM entity_names n JOIN battle_participants p ON p.corporation_id = n.id
        WHERE n.entity_type = 'corporation' AND n.name ILIKE %(corp_name)s::text))
    AND (%(character_id)s::bigint[] IS NULL OR b.id IN (
        SELECT battle_id FROM battle_participants WHERE character_id = ANY(%(character_id)s::bigint[])))
    AND (%(character_name)s::text IS NULL OR b.id IN (
        SELECT p.battle_id FROM entity_names n JOIN battle_participants p ON p.character_id = n.id
        WHERE n.entity_type = 'character' AND n.name ILIKE %(character_name)s::text))
    AND (%(min_kills)s::integer IS NULL OR b.total_kills >= %(min_kills)s::integer)
    AND (%(max_kills)s::integer IS NULL OR b.total_kills <= %(max_kills)s::integer)
    AND (%(min_isk)s::numeric IS NULL OR b.total_isk_destroyed >= %(min_isk)s::numeric)
    AND (%(max_isk)s::numeric IS NULL OR b.total_isk_destroyed <= %(max_isk)s::numeric)
    AND (%(min_participants)s::integer IS NULL OR b.total_participants >= %(min_participants)s::integer)
    AND (%(max_participants)s::integer IS NULL OR b.total_participants <= %(max_participants)s::integer)
    AND (%(min_duration)s::integer IS NULL OR b.duration_seconds >= %(min_duration)s::integer)
    AND (%(max_duration)s::integer IS NULL OR b.duration_seconds <= %(max_duration)s::integer)
    AND (%(start_time_after)s::timestamptz IS NULL OR b.start_time >= %(start_time_after)s::timestamptz)
    AND (%(start_time_before)s::timestamptz IS NULL OR b.start_time < %(start_time_before)s::timestamptz)
    AND (%(status)s::text[] IS NULL OR b.status = ANY(%(status)s::text[]))
    AND (%(tier)s::text[] IS NULL OR b.tier = ANY(%(tier)s::text[]))
"""
_BATTLE: Final[LiteralString] = with_unknown_names("""
SELECT b.id, b.system_id, b.region_id, b.security_type, b.status, b.tier, b.start_time, b.end_time,
    b.duration_seconds, b.total_kills, b.total_participants, b.total_isk_destroyed, b.zkill_related_url,
    b.isk_computed_high, b.isk_computed_medium, b.isk_computed_low, b.kills_without_value,
    b.isk_fitted, b.isk_dropped, b.kills_without_parts, b.kills_with_unpriced,
    b.created_at, b.last_killmail_at, b.revision, b.is_decisive, b.winning_side, b.separate_fights, b.name,
    coalesce((SELECT n.name FROM entity_names n WHERE n.entity_type = 'system' AND n.id = b.system_id),
        {unknown system} || b.system_id) AS system_name,
    coalesce((SELECT n.name FROM entity_names n WHERE n.entity_type = 'region' AND n.id = b.region_id),
        {unknown region} || b.region_id) AS region_name,
    s.constellation_id, s.security_status, s.wormhole_class, s.system_effect,
    coalesce((SELECT n.name FROM entity_names n WHERE n.entity_type = 'constellation' AND n.id = s.constellation_id),
        {unknown constellation} || s.constellation_id) AS constellation_name
""")
_LIST: Final[LiteralString] = _BATTLE + _MATCHES
_START: Final[LiteralString] = " AND (%(value)s::timestamptz IS NULL OR (b.start_time, b.id) "
_ISK: Final[LiteralString] = " AND (%(value)s::numeric IS NULL OR (b.total_isk_destroyed, b.id) "
_KILLS: Final[LiteralString] = " AND (%(value)s::integer IS NULL OR (b.total_kills, b.id) "
_DURATION: Final[LiteralString] = " AND (%(value)s::integer IS NULL OR (b.duration_seconds, b.id) "
_PILOTS: Final[LiteralString] = " AND (%(value)s::integer IS NULL OR (b.total_participants, b.id) "
_START_VALUE: Final[LiteralString] = "(%(value)s::timestamptz, %(last_id)s::uuid))"
_ISK_VALUE: Final[LiteralString] = "(%(value)s::numeric, %(last_id)s::uuid))"
_COUNT_VALUE: Final[LiteralString] = "(%(value)s::integer, %(last_id)s::uuid))"
_LIMIT: Final[LiteralString] = " LIMIT %(limit)s::integer"
_DESC: Final[LiteralString] = " DESC, b.id DESC" + _LIMIT
_ASC: Final[LiteralString] = ", b.id" + _LIMIT

# One statement per sort order, so that each can scan its own index and stop after one page.
BY_START_DESC: Final[LiteralString] = _LIST + _START + "< " + _START_VALUE + " ORDER BY b.start_time" + _DESC
BY_START_ASC: Final[LiteralString] = _LIST + _START + "> " + _START_VALUE + " ORDER BY b.start_time" + _ASC
BY_ISK_DESC: Final[LiteralString] = _LIST + _ISK + "< " + _ISK_VALUE + " ORDER BY b.total_isk_destroyed" + _DESC
BY_ISK_ASC: Final[LiteralString] = _LIST + _ISK + "> " + _ISK_VALUE + " ORDER BY b.total_isk_destroyed" + _ASC
BY_KILLS_DESC: Final[LiteralString] = _LIST + _KILLS + "< " + _COUNT_VALUE + " ORDER BY b.total_kills" + _DESC
BY_KILLS_ASC: Final[LiteralString] = _LIST + _KILLS + "> " + _COUNT_VALUE + " ORDER BY b.total_kills" + _ASC
BY_DURATION_DESC: Final[LiteralString] = (
    _LIST + _DURATION + "< " + _COUNT_VALUE + " ORDER BY b.duration_seconds" + _DESC
)
BY_DURATION_ASC: Final[LiteralString] = _LIST + _DURATION + "> " + _COUNT_VALUE + " ORDER BY b.duration_seconds" + _ASC
BY_PILOTS_DESC: Final[LiteralString] = _LIST + _PILOTS + "< " + _COUNT_VALUE + " ORDER BY b.total_participants" + _DESC
BY_PILOTS_ASC: Final[LiteralString] = _LIST + _PILOTS + "> " + _COUNT_VALUE + " ORDER BY b.total_participants" + _ASC
ORDERS: Final[Mapping[str, LiteralString]] = {
    "start_time:desc": BY_START_DESC,
    "start_time:asc": BY_START_ASC,
    "isk_destroyed:desc": BY_ISK_DESC,
    "isk_destroyed:asc": BY_ISK_ASC,
    "kills:desc": BY_KILLS_DESC,
    "kills:asc": BY_KILLS_ASC,
    "duration:desc": BY_DURATION_DESC,
    "duration:asc": BY_DURATION_ASC,
    "participants:desc": BY_PILOTS_DESC,
    "participants:asc": BY_PILOTS_ASC,
}
_COUNT_ROWS: Final[LiteralString] = "SELECT count(*) FROM (SELECT 1 "
COUNT: Final[LiteralString] = _COUNT_ROWS + _MATCHES + " LIMIT %(max_count)s::integer) AS matching"
BATTLE: Final[LiteralString] = (
    _BATTLE
    + """
FROM battles b LEFT JOIN solar_systems s ON s.system_id = b.system_id
WHERE b.id = %(id)s::uuid AND b.deleted_at IS NULL
"""
)
DELETION: Final[LiteralString] = """
SELECT coalesce(deletion_reason, 'unknown') FROM battles WHERE id = %(id)s::uuid AND deleted_at IS NOT NULL
"""
SURVIVOR: Final[LiteralString] = "SELECT battle_id FROM battle_aliases WHERE alias_id = %(id)s::uuid"
_DELETION_REASONS: Final[Mapping[str, str]] = {
    "retention_policy": "it was older than the retention period",
    "reclustering": "its killmails were reclustered and no longer form a battle",
    "manual_deletion": "it was deleted manually",
}
Position = tuple[Any, UUID]  # the sort value and the id of the last row of a page


class BattleRepository:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def page(self, query: BattleQuery, now: datetime, after: Position | None, limit: int) -> list[Battle]:
        """Matching battles in the order of the query, from the position on."""
        value, last_id = after or (None, None)
        params = {**sql_params(query, now), "value": value, "last_id": last_id, "limit": limit}
        return await self._connection.rows(Battle, ORDERS[query.order], params)

    async def count(self, query: BattleQuery, now: datetime) -> int:
        """The number of matching battles, counted up to `MAX_COUNT`."""
        return await self._connection.scalar(COUNT, {**sql_params(query, now), "max_count": MAX_COUNT})

    async def find(self, battle_id: UUID) -> Battle | None:
        return await self._connection.row(Battle, BATTLE, {"id": battle_id})

    async def find_survivor(self, battle_id: UUID) -> UUID | None:
        """The battle that this one was merged into; None when it was not merged."""
        return await self._connection.scalar(SURVIVOR, {"id": battle_id})

    async def find_deletion_reason(self, battle_id: UUID) -> str | None:
        """Why the battle was deleted, as part of a sentence; None when it was not deleted."""
        reason = await self._connection.scalar(DELETION, {"id": battle_id})
        return reason and _DELETION_REASONS.get(reason, "it was deleted")
