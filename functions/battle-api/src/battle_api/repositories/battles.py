"""Reads battles. Every statement is static; every list has a limit."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, LiteralString
from uuid import UUID

from battle_api.domain.rows import Battle, BattleKillmail, NameKey
from battle_api.schemas import battles as schemas
from battle_api.schemas.battle_query import BattleQuery, sql_params
from battlescope_events.postgres.database import Connection

MAX_COUNT: Final = 10_000  # counting stops here: an exact count of every battle would cost more than the page

_MATCHES: Final[LiteralString] = """
FROM battles b
WHERE b.deleted_at IS NULL
    AND (%(security_type)s::text[] IS NULL OR b.security_type = ANY(%(security_type)s::text[]))
    AND (%(system_id)s::bigint[] IS NULL OR b.system_id = ANY(%(system_id)s::bigint[]))
    AND (%(system_name)s::text IS NULL OR b.system_id IN (
        SELECT id FROM entity_names WHERE entity_type = 'system' AND name ILIKE %(system_name)s::text))
    AND (%(region_id)s::bigint[] IS NULL OR b.region_id = ANY(%(region_id)s::bigint[]))
    AND (%(alliance_id)s::bigint[] IS NULL OR b.id IN (
        SELECT battle_id FROM battle_side_parties
        WHERE party_type = 'alliance' AND party_id = ANY(%(alliance_id)s::bigint[])))
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
    AND (%(status)s::text IS NULL OR b.status = %(status)s::text)
    AND (%(tier)s::text[] IS NULL OR b.tier = ANY(%(tier)s::text[]))
"""
_BATTLE: Final[LiteralString] = """
SELECT b.id, b.system_id, b.region_id, b.security_type, b.status, b.tier, b.start_time, b.end_time,
    b.duration_seconds, b.total_kills, b.total_participants, b.total_isk_destroyed, b.zkill_related_url,
    b.isk_computed_high, b.isk_computed_medium, b.isk_computed_low, b.kills_without_value,
    b.created_at, b.last_killmail_at, b.revision, b.is_decisive, b.winning_side, b.separate_fights, b.name,
    (SELECT n.name FROM entity_names n WHERE n.entity_type = 'system' AND n.id = b.system_id) AS system_name,
    (SELECT n.name FROM entity_names n WHERE n.entity_type = 'region' AND n.id = b.region_id) AS region_name
"""
_LIST: Final[LiteralString] = _BATTLE + _MATCHES
_START: Final[LiteralString] = " AND (%(value)s::timestamptz IS NULL OR (b.start_time, b.id) "
_ISK: Final[LiteralString] = " AND (%(value)s::numeric IS NULL OR (b.total_isk_destroyed, b.id) "
_KILLS: Final[LiteralString] = " AND (%(value)s::integer IS NULL OR (b.total_kills, b.id) "
_DURATION: Final[LiteralString] = " AND (%(value)s::integer IS NULL OR (b.duration_seconds, b.id) "
_PILOTS: Final[LiteralString] = " AND (%(value)s::integer IS NULL OR (b.total_participants, b.id) "
_START_VALUE: Final[LiteralString] = "(%(value)s::timestamptz, %(id)s::uuid))"
_ISK_VALUE: Final[LiteralString] = "(%(value)s::numeric, %(id)s::uuid))"
_COUNT_VALUE: Final[LiteralString] = "(%(value)s::integer, %(id)s::uuid))"
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
MAIN_ALLIANCES: Final[LiteralString] = """
SELECT battle_id, party_id AS alliance_id, pilots AS participant_count,
    (SELECT n.name FROM entity_names n WHERE n.entity_type = 'alliance' AND n.id = party_id) AS alliance_name
FROM unnest(%(ids)s::uuid[]) AS requested (id)
CROSS JOIN LATERAL (
    SELECT battle_id, party_id, pilots FROM battle_side_parties
    WHERE battle_id = requested.id AND party_type = 'alliance' ORDER BY pilots DESC, party_id LIMIT 5
) AS main
"""
BATTLE: Final[LiteralString] = _BATTLE + "FROM battles b WHERE b.id = %(id)s::uuid AND b.deleted_at IS NULL"
SUGGESTIONS: Final[LiteralString] = "SELECT suggestions FROM battles WHERE id = %(id)s::uuid"
DELETION: Final[LiteralString] = """
SELECT coalesce(deletion_reason, 'unknown') FROM battles WHERE id = %(id)s::uuid AND deleted_at IS NOT NULL
"""
SURVIVOR: Final[LiteralString] = "SELECT battle_id FROM battle_aliases WHERE alias_id = %(id)s::uuid"
SIDES: Final[LiteralString] = """
SELECT side_id, pilots, kills, losses, ships_destroyed, ships_lost, isk_destroyed, isk_lost, isk_efficiency
FROM battle_sides WHERE battle_id = %(id)s::uuid ORDER BY side_id LIMIT 100
"""
PARTIES: Final[LiteralString] = """
SELECT party_type, party_id, side_id, role, confidence, evidence, pilots, kills, losses, isk_destroyed, isk_lost,
    (SELECT n.name FROM entity_names n WHERE n.entity_type = party_type AND n.id = party_id) AS party_name
FROM battle_side_parties WHERE battle_id = %(id)s::uuid
ORDER BY side_id, pilots DESC, isk_lost DESC, party_type, party_id LIMIT 1000
"""
SIDE_SHIPS: Final[LiteralString] = """
SELECT p.side_id, s.ship_type_id, count(*) AS count,
    (SELECT n.name FROM entity_names n WHERE n.entity_type = 'ship_type' AND n.id = s.ship_type_id) AS ship_type_name
FROM battle_participant_ships s JOIN battle_participants p USING (battle_id, character_id)
WHERE s.battle_id = %(id)s::uuid AND p.side_id IS NOT NULL
GROUP BY p.side_id, s.ship_type_id ORDER BY p.side_id, count(*) DESC, s.ship_type_id LIMIT 2000
"""
KILLMAILS: Final[LiteralString] = """
SELECT killmail_id, occurred_at, system_id, victim_alliance_id, victim_corporation_id, victim_character_id,
    ship_type_id, attacker_alliance_ids, attacker_corporation_ids, attacker_character_ids, isk_value, value_basis,
    side_id
FROM battle_killmails
WHERE battle_id = %(id)s::uuid AND (%(side)s::smallint IS NULL OR side_id = %(side)s::smallint)
    AND (%(time)s::timestamptz IS NULL OR (occurred_at, killmail_id) > (%(time)s::timestamptz, %(last)s::bigint))
ORDER BY occurred_at, killmail_id LIMIT %(limit)s::integer OFFSET %(offset)s::integer
"""
KILLMAILS_BY_ISK: Final[LiteralString] = """
SELECT killmail_id, occurred_at, system_id, victim_alliance_id, victim_corporation_id, victim_character_id,
    ship_type_id, attacker_alliance_ids, attacker_corporation_ids, attacker_character_ids, isk_value, value_basis,
    side_id
FROM battle_killmails
WHERE battle_id = %(id)s::uuid AND (%(side)s::smallint IS NULL OR side_id = %(side)s::smallint)
    AND (%(isk)s::numeric IS NULL OR (isk_value, killmail_id) < (%(isk)s::numeric, %(last)s::bigint))
ORDER BY isk_value DESC, killmail_id DESC LIMIT %(limit)s::integer OFFSET %(offset)s::integer
"""
PARTICIPANTS: Final[LiteralString] = """
SELECT character_id, alliance_id, corporation_id AS corp_id, side_id, is_victim, kills, deaths, damage_done,
    damage_received, isk_destroyed, isk_lost, first_seen_at, last_seen_at, is_awoxer,
    (SELECT n.name FROM entity_names n WHERE n.entity_type = 'character' AND n.id = character_id) AS character_name,
    (SELECT n.name FROM entity_names n WHERE n.entity_type = 'alliance' AND n.id = alliance_id) AS alliance_name,
    (SELECT n.name FROM entity_names n WHERE n.entity_type = 'corporation' AND n.id = corporation_id) AS corp_name
FROM battle_participants
WHERE battle_id = %(id)s::uuid AND (%(side)s::smallint IS NULL OR side_id = %(side)s::smallint)
    AND (%(alliance_id)s::bigint IS NULL OR alliance_id = %(alliance_id)s::bigint)
ORDER BY CASE %(sort)s::text WHEN 'deaths' THEN deaths WHEN 'isk_destroyed' THEN isk_destroyed ELSE kills END DESC,
    character_id
LIMIT %(limit)s::integer OFFSET %(offset)s::integer
"""
PARTICIPANT_COUNT: Final[LiteralString] = """
SELECT count(*) FROM battle_participants
WHERE battle_id = %(id)s::uuid AND (%(side)s::smallint IS NULL OR side_id = %(side)s::smallint)
    AND (%(alliance_id)s::bigint IS NULL OR alliance_id = %(alliance_id)s::bigint)
"""
SHIPS: Final[LiteralString] = """
SELECT character_id, ship_type_id, kills, losses,
    (SELECT n.name FROM entity_names n WHERE n.entity_type = 'ship_type' AND n.id = ship_type_id) AS ship_type_name
FROM battle_participant_ships
WHERE battle_id = %(id)s::uuid AND character_id = ANY(%(characters)s::bigint[])
ORDER BY character_id, losses DESC, kills DESC, ship_type_id LIMIT 20000
"""
REASONS: Final[LiteralString] = """
SELECT reason, count(*) AS count FROM battle_links WHERE battle_id = %(id)s::uuid
GROUP BY reason ORDER BY count(*) DESC, reason LIMIT 20
"""
LINKS: Final[LiteralString] = """
SELECT from_killmail_id, to_killmail_id, reason, score FROM battle_links WHERE battle_id = %(id)s::uuid
ORDER BY from_killmail_id, to_killmail_id, reason LIMIT %(limit)s::integer
"""
NAMES: Final[LiteralString] = """
SELECT entity_type, id, name FROM entity_names
JOIN unnest(%(types)s::text[], %(ids)s::bigint[]) AS requested (entity_type, id) USING (entity_type, id)
"""
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
        params = {**sql_params(query, now), "value": value, "id": last_id, "limit": limit}
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

    async def main_alliances(self, battle_ids: Sequence[UUID]) -> list[schemas.MainAllianceRow]:
        """The five largest alliances of each battle."""
        return await self._connection.rows(schemas.MainAllianceRow, MAIN_ALLIANCES, {"ids": list(battle_ids)})

    async def sides(self, battle_id: UUID) -> list[schemas.SideRow]:
        return await self._connection.rows(schemas.SideRow, SIDES, {"id": battle_id})

    async def parties(self, battle_id: UUID) -> list[schemas.PartyRow]:
        return await self._connection.rows(schemas.PartyRow, PARTIES, {"id": battle_id})

    async def side_ships(self, battle_id: UUID) -> list[schemas.ShipCountRow]:
        return await self._connection.rows(schemas.ShipCountRow, SIDE_SHIPS, {"id": battle_id})

    async def link_reasons(self, battle_id: UUID) -> list[schemas.LinkReason]:
        return await self._connection.rows(schemas.LinkReason, REASONS, {"id": battle_id})

    async def links(self, battle_id: UUID, limit: int) -> list[schemas.LinkItem]:
        return await self._connection.rows(schemas.LinkItem, LINKS, {"id": battle_id, "limit": limit})

    async def suggestions(self, battle_id: UUID) -> Any:
        """The suggested edits, as battle-cluster stored them."""
        return await self._connection.scalar(SUGGESTIONS, {"id": battle_id})

    async def killmails(
        self,
        battle_id: UUID,
        limit: int,
        offset: int = 0,
        *,
        side: int | None = None,
        after: tuple[datetime, int] | None = None,
    ) -> list[BattleKillmail]:
        """Killmails in order of time, from the position on."""
        time, last = after or (None, None)
        params = {"id": battle_id, "limit": limit, "offset": offset, "side": side, "time": time, "last": last}
        return await self._connection.rows(BattleKillmail, KILLMAILS, params)

    async def killmails_by_isk(
        self, battle_id: UUID, limit: int, offset: int, *, side: int | None, after: tuple[Decimal, int] | None
    ) -> list[BattleKillmail]:
        """Killmails with the most valuable first, from the position on."""
        isk, last = after or (None, None)
        params = {"id": battle_id, "limit": limit, "offset": offset, "side": side, "isk": isk, "last": last}
        return await self._connection.rows(BattleKillmail, KILLMAILS_BY_ISK, params)

    async def participants(
        self,
        battle_id: UUID,
        limit: int,
        offset: int = 0,
        *,
        sort: str = "kills",
        side: int | None = None,
        alliance_id: int | None = None,
    ) -> list[schemas.PilotRow]:
        """Pilots with the largest number of `sort` first: kills, deaths or isk_destroyed."""
        params = {"id": battle_id, "side": side, "alliance_id": alliance_id}
        return await self._connection.rows(
            schemas.PilotRow, PARTICIPANTS, {**params, "sort": sort, "limit": limit, "offset": offset}
        )

    async def count_participants(self, battle_id: UUID, side: int | None, alliance_id: int | None) -> int:
        params = {"id": battle_id, "side": side, "alliance_id": alliance_id}
        return await self._connection.scalar(PARTICIPANT_COUNT, params)

    async def ships(self, battle_id: UUID, character_ids: Sequence[int]) -> list[schemas.ShipFlownRow]:
        """The ships of these pilots."""
        return await self._connection.rows(
            schemas.ShipFlownRow, SHIPS, {"id": battle_id, "characters": list(character_ids)}
        )

    async def names(self, keys: Iterable[NameKey]) -> dict[NameKey, str]:
        """The known names of these entities."""
        sorted_keys = sorted(set(keys))
        params = {"types": [kind for kind, _ in sorted_keys], "ids": [entity_id for _, entity_id in sorted_keys]}
        cursor = await self._connection.execute(NAMES, params)
        return {(kind, entity_id): name for kind, entity_id, name in await cursor.fetchall()}
