"""Reads enriched killmails. killmail-enrich owns the tables; this function has read access only."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Final, LiteralString

from battlescope_events.postgres.database import Connection
from battlescope_schemas.names.shown_names import NamedKind, unknown_name
from killmail_api.domain.archived_row import ArchivedRow

BEGINNING: Final = datetime(2003, 1, 1, tzinfo=UTC)  # before the launch of the game
# The ticker by which a participant is known: that of the alliance, else that of the corporation.
_TICKERS: Final[LiteralString] = """
    coalesce(
        (SELECT ticker FROM entity_names WHERE entity_id = victim_alliance_id),
        (SELECT ticker FROM entity_names WHERE entity_id = victim_corp_id)
    ) AS victim_ticker,
    (
        SELECT coalesce(alliance.ticker, corporation.ticker)
        FROM jsonb_path_query_first(attacker_data, '$[*] ? (@.finalBlow == true)') AS final_blow
        LEFT JOIN entity_names AS alliance ON alliance.entity_id = (final_blow ->> 'allianceId')::bigint
        LEFT JOIN entity_names AS corporation ON corporation.entity_id = (final_blow ->> 'corporationId')::bigint
    ) AS final_blow_ticker
"""
# Rows of older releases have no valuation; what is shown of them is the total of zKillboard.
_SUMMARY: Final[LiteralString] = (
    """
SELECT killmail.killmail_id, killmail.system_id, system_name, killmail.region_id, region_name,
    killmail_time AS timestamp, security_type, killmail.security_status, system.wormhole_class AS system_class,
    sun.name AS sun_name,
    victim_alliance_id, victim_alliance_name, victim_corp_id, victim_corp_name, victim_character_id,
    victim_character_name, attacker_data, ship_type_id, ship_type_name, ship_group_id, ship_group_name,
    ship_category_id, zkb_url, npc, solo, awox,
    CASE WHEN valuation IS NULL THEN zkb_total_value ELSE total_value END AS isk_value,
    CASE WHEN valuation IS NULL AND zkb_total_value IS NOT NULL THEN 'zkb' ELSE value_source END AS value_source,
    CASE WHEN value_source = 'computed' THEN valuation #>> '{computedValue,confidence}' END AS value_confidence,
    battle.battle_id, attacker_count + 1 AS participant_count,
"""
    + _TICKERS
)
_JOINS: Final[LiteralString] = """
LEFT JOIN systems AS system ON system.system_id = killmail.system_id
LEFT JOIN types AS sun ON sun.type_id = system.sun_type_id
LEFT JOIN LATERAL (
    SELECT battle_id FROM battle_killmails WHERE killmail_id = killmail.killmail_id ORDER BY battle_id LIMIT 1
) AS battle ON true
"""
# Reads the most recent killmails of each security type by index, at most five times the limit, then the most recent
# of those.
_FROM_RECENT: Final[LiteralString] = """
FROM (
    SELECT latest.killmail_id
    FROM unnest(%(security_types)s::text[]) AS selected (security_type)
    CROSS JOIN LATERAL (
        SELECT killmail_id, killmail_time FROM enriched_killmails AS candidate
        WHERE security_type = selected.security_type AND killmail_time >= %(since)s::timestamptz
            AND (cardinality(%(system_ids)s::bigint[]) = 0 OR system_id = ANY (%(system_ids)s::bigint[]))
            AND (cardinality(%(region_ids)s::bigint[]) = 0 OR region_id = ANY (%(region_ids)s::bigint[]))
            AND (
                %(min_isk)s::numeric = 0 OR %(min_isk)s::numeric
                <= CASE WHEN valuation IS NULL THEN zkb_total_value ELSE total_value END
            ) AND (
                cardinality(%(entity_ids)s::bigint[]) = 0
                OR victim_alliance_id = ANY (%(entity_ids)s::bigint[])
                OR victim_corp_id = ANY (%(entity_ids)s::bigint[])
                OR victim_character_id = ANY (%(entity_ids)s::bigint[])
                OR EXISTS (
                    SELECT FROM jsonb_array_elements(attacker_data) AS attacker
                    WHERE (attacker ->> 'allianceId')::bigint = ANY (%(entity_ids)s::bigint[])
                        OR (attacker ->> 'corporationId')::bigint = ANY (%(entity_ids)s::bigint[])
                        OR (attacker ->> 'characterId')::bigint = ANY (%(entity_ids)s::bigint[])
                )
            )
        ORDER BY killmail_time DESC, killmail_id DESC LIMIT %(max_rows)s
    ) AS latest
    ORDER BY latest.killmail_time DESC, latest.killmail_id DESC LIMIT %(max_rows)s
) AS recent
JOIN enriched_killmails AS killmail USING (killmail_id)
"""
SELECT_RECENT: Final[LiteralString] = (
    _SUMMARY + _FROM_RECENT + _JOINS + "ORDER BY killmail_time DESC, killmail.killmail_id DESC"
)
SELECT_BY_IDS: Final[LiteralString] = (
    _SUMMARY
    + "FROM enriched_killmails AS killmail"
    + _JOINS
    + "WHERE killmail.killmail_id = ANY (%(killmail_ids)s::bigint[])"
)
# By the index of block ranges: rows lie in the order of this time.
SELECT_ENRICHED_SINCE: Final[LiteralString] = """
SELECT killmail_id FROM enriched_killmails WHERE enriched_at >= %(since)s AND source = 'live'
ORDER BY enriched_at, killmail_id LIMIT %(max_rows)s
"""
SELECT_REVISIONS: Final[LiteralString] = """
SELECT battle_id, revision, NOT EXISTS (SELECT FROM battle_killmails WHERE battle_id = battle.battle_id) AS is_deleted
FROM battles AS battle WHERE battle_id = ANY (%(battle_ids)s::text[])
"""
# The shown value of a row without a valuation is that of zKillboard; such rows are of older releases.
SELECT_TOP: Final[LiteralString] = (
    _SUMMARY
    + "FROM enriched_killmails AS killmail"
    + _JOINS
    + "WHERE killmail_time >= %(since)s AND security_type IS NOT NULL"
    + """
ORDER BY CASE WHEN valuation IS NULL THEN zkb_total_value ELSE total_value END DESC NULLS LAST, killmail.killmail_id
LIMIT %(max_rows)s
"""
)
SELECT_ARCHIVED: Final[LiteralString] = """
SELECT archive_key, ship_type_id, ship_type_name, coalesce(type_prices::jsonb, unit_prices) AS unit_prices,
    valuation_rules AS rules,
    (valuation #>> '{computedValue,priceDay}')::date AS price_day
FROM enriched_killmails WHERE killmail_id = %(killmail_id)s
"""
SELECT_TYPE_NAMES: Final[LiteralString] = """
SELECT type_id, name FROM types WHERE type_id = ANY (%(type_ids)s::bigint[]) AND name <> ''
"""
_KILLMAIL: Final[LiteralString] = """
SELECT killmail.*, system.wormhole_class AS system_class, killmail_time AS timestamp,
    sun.name AS sun_name,
    attacker_count + 1 AS participant_count,
    CASE WHEN valuation IS NULL THEN zkb_total_value ELSE total_value END AS isk_value,
    CASE WHEN valuation IS NULL AND zkb_total_value IS NOT NULL THEN 'zkb' ELSE value_source END AS shown_source,
    ARRAY(
        SELECT json_build_object('type_id', listed.id, 'type_name', types.name)
        FROM jsonb_array_elements_text(valuation #> '{computedValue,unpriced}') AS listed (id)
        LEFT JOIN types ON types.type_id = listed.id::bigint ORDER BY listed.id::bigint
    ) AS unpriced_types,
    ARRAY(
        SELECT json_build_object('type_id', type_id, 'type_name', name) FROM types WHERE type_id IN (
            SELECT (attacker ->> 'weaponTypeId')::bigint FROM jsonb_array_elements(attacker_data) AS attacker
        )
    ) AS weapon_types,
    (SELECT battle_id FROM battle_killmails WHERE killmail_id = killmail.killmail_id ORDER BY battle_id LIMIT 1),
    EXISTS (
        SELECT FROM wanted_names LEFT JOIN entity_names USING (entity_id)
        WHERE killmail_id = killmail.killmail_id AND (retry_at IS NULL OR retry_at <> 'infinity')
    ) AS names_missing,
"""
_FROM_KILLMAIL: Final[LiteralString] = """
FROM enriched_killmails AS killmail LEFT JOIN systems AS system ON system.system_id = killmail.system_id
LEFT JOIN types AS sun ON sun.type_id = system.sun_type_id
WHERE killmail_id = %(killmail_id)s
"""
SELECT_KILLMAIL: Final[LiteralString] = _KILLMAIL + _TICKERS + _FROM_KILLMAIL


@dataclass(frozen=True, slots=True)
class RecentSearch:
    """An empty list selects everything. entity_ids: of alliances, corporations and characters on either side."""

    security_types: list[str]
    max_rows: int
    since: datetime = BEGINNING
    system_ids: list[int] = field(default_factory=list[int])
    region_ids: list[int] = field(default_factory=list[int])
    entity_ids: list[int] = field(default_factory=list[int])
    min_isk: Decimal = Decimal(0)


class KillmailRepository:
    """Rows of killmails, as mappings by column name."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def find_recent(self, search: RecentSearch) -> list[dict[str, Any]]:
        """The most recent killmails that the search describes, newest first."""
        return await self._connection.rows(dict[str, Any], SELECT_RECENT, asdict(search))

    async def find_all(self, killmail_ids: Sequence[int]) -> dict[int, dict[str, Any]]:
        """The killmails with these ids, by their id, as lists show them."""
        rows = await self._connection.rows(dict[str, Any], SELECT_BY_IDS, {"killmail_ids": list(killmail_ids)})
        return {row["killmail_id"]: row for row in rows}

    async def find_top(self, since: datetime, max_rows: int) -> list[dict[str, Any]]:
        """The most valuable killmails since this time; the highest value first."""
        return await self._connection.rows(dict[str, Any], SELECT_TOP, {"since": since, "max_rows": max_rows})

    async def find_archived(self, killmail_id: int) -> ArchivedRow | None:
        return await self._connection.row(ArchivedRow, SELECT_ARCHIVED, {"killmail_id": killmail_id})

    async def type_names(self, type_ids: Collection[int]) -> dict[int, str]:
        """A name for each of these types, as responses show it."""
        cursor = await self._connection.execute(SELECT_TYPE_NAMES, {"type_ids": list(type_ids)})
        names: list[tuple[int, str]] = await cursor.fetchall()
        return {type_id: unknown_name(NamedKind.ITEM_TYPE, type_id) for type_id in type_ids} | dict(names)

    async def ids_enriched_since(self, since: datetime, max_rows: int) -> list[int]:
        """The ids of live killmails that were enriched at this time or later, the first one first."""
        return await self._connection.column(SELECT_ENRICHED_SINCE, {"since": since, "max_rows": max_rows})

    async def revisions(self, battle_ids: Collection[str]) -> list[dict[str, Any]]:
        """The current revisions of those of these battles that are known, and whether they are deleted."""
        return await self._connection.rows(dict[str, Any], SELECT_REVISIONS, {"battle_ids": list(battle_ids)})

    async def find(self, killmail_id: int) -> Mapping[str, Any] | None:
        return await self._connection.row(dict[str, Any], SELECT_KILLMAIL, {"killmail_id": killmail_id})
