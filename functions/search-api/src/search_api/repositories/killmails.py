"""Finds killmails in PostgreSQL by place, ship and victim. Every statement is static; every list has a limit."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, LiteralString
from uuid import UUID

from battlescope_events.postgres.database import Connection
from battlescope_schemas.search.documents import KillmailDocument
from search_api.domain.named import NamedKind
from search_api.domain.searches import (
    MAX_TOTAL,
    Direction,
    FoundDocument,
    FoundPage,
    KillmailOrder,
    KillmailSearch,
    TextFilter,
)
from search_api.repositories.battles import CountRow, facets_of, text_params, total_of

# What a killmail is found by: its place, its ship, and who lost it.
_FOUND: Final[LiteralString] = """
WITH parts AS (
    SELECT w.entity_type, w.entity_id, w.part, w.weight
    FROM unnest(%(kinds)s::text[], %(ids)s::bigint[], %(parts)s::integer[], %(weights)s::integer[])
        AS w (entity_type, entity_id, part, weight)
), named AS (
    SELECT best.killmail_id, sum(best.weight) AS weight FROM (
        SELECT killmail_id, part, max(weight) AS weight FROM (
            SELECT k.killmail_id, p.part, p.weight FROM parts p
            JOIN killmails k ON k.system_id = p.entity_id WHERE p.entity_type = 'system'
            UNION ALL
            SELECT k.killmail_id, p.part, p.weight FROM parts p
            JOIN killmails k ON k.ship_type_id = p.entity_id WHERE p.entity_type = 'ship_type'
            UNION ALL
            SELECT k.killmail_id, p.part, p.weight FROM parts p
            JOIN killmails k ON k.victim_character_id = p.entity_id WHERE p.entity_type = 'character'
            UNION ALL
            SELECT k.killmail_id, p.part, p.weight FROM parts p
            JOIN killmails k ON k.victim_corporation_id = p.entity_id WHERE p.entity_type = 'corporation'
            UNION ALL
            SELECT k.killmail_id, p.part, p.weight FROM parts p
            JOIN killmails k ON k.victim_alliance_id = p.entity_id WHERE p.entity_type = 'alliance') AS every
        GROUP BY killmail_id, part) AS best
    GROUP BY best.killmail_id HAVING count(*) = %(part_count)s::integer
), found AS (
    SELECT killmail_id, max(weight) AS weight FROM (
        SELECT killmail_id, weight FROM named
        UNION ALL
        SELECT killmail_id, %(words_weight)s::integer FROM killmails WHERE system_id IN (
            SELECT system_id FROM solar_systems WHERE region_id = ANY(%(text_regions)s::bigint[]))) AS either
    GROUP BY killmail_id
)
"""
_MATCHES: Final[LiteralString] = """
FROM killmails k
JOIN solar_systems s ON s.system_id = k.system_id
LEFT JOIN ship_types t ON t.ship_type_id = k.ship_type_id
LEFT JOIN found f ON f.killmail_id = k.killmail_id
WHERE (NOT %(has_text)s::boolean OR f.killmail_id IS NOT NULL)
    AND (%(killmail_ids)s::bigint[] IS NULL OR k.killmail_id = ANY(%(killmail_ids)s::bigint[]))
    AND (%(security_types)s::text[] IS NULL OR s.security_type = ANY(%(security_types)s::text[]))
    AND (%(hull_classes)s::text[] IS NULL OR t.hull_class = ANY(%(hull_classes)s::text[]))
    AND (%(system_ids)s::bigint[] IS NULL OR k.system_id = ANY(%(system_ids)s::bigint[]))
    AND (%(region_ids)s::bigint[] IS NULL OR s.region_id = ANY(%(region_ids)s::bigint[]))
    AND (%(ship_type_ids)s::bigint[] IS NULL OR k.ship_type_id = ANY(%(ship_type_ids)s::bigint[]))
    AND (%(alliance_ids)s::bigint[] IS NULL OR k.victim_alliance_id = ANY(%(alliance_ids)s::bigint[]))
    AND (%(corporation_ids)s::bigint[] IS NULL OR k.victim_corporation_id = ANY(%(corporation_ids)s::bigint[]))
    AND (%(character_ids)s::bigint[] IS NULL OR k.victim_character_id = ANY(%(character_ids)s::bigint[]))
    AND (%(time_least)s::timestamptz IS NULL OR k.killmail_time >= %(time_least)s::timestamptz)
    AND (%(time_most)s::timestamptz IS NULL OR k.killmail_time <= %(time_most)s::timestamptz)
    AND (%(isk_least)s::numeric IS NULL OR k.total_value >= %(isk_least)s::numeric)
    AND (%(isk_most)s::numeric IS NULL OR k.total_value <= %(isk_most)s::numeric)
    AND (%(attackers_least)s::integer IS NULL OR k.attacker_count >= %(attackers_least)s::integer)
    AND (%(attackers_most)s::integer IS NULL OR k.attacker_count <= %(attackers_most)s::integer)
"""
_PAGE: Final[LiteralString] = (
    _FOUND
    + """, page AS MATERIALIZED (
    SELECT k.killmail_id, coalesce(f.weight, 0)::double precision AS relevance"""
    + _MATCHES
    + " ORDER BY "
)
_SHOWN: Final[LiteralString] = """
)
SELECT k.killmail_id, k.killmail_time, k.system_id, s.system_name, s.region_id, s.region_name, s.security_type,
    s.security_status, k.ship_type_id, t.ship_type_name, t.ship_group_id, t.ship_group_name, t.hull_class,
    k.victim_character_id, p.entity_name AS victim_character_name,
    k.victim_corporation_id, c.entity_name AS victim_corporation_name,
    k.victim_alliance_id, a.entity_name AS victim_alliance_name,
    k.attacker_count, k.total_value, k.is_npc, k.is_solo, page.relevance,
    (SELECT battle_id FROM battle_killmails m WHERE m.killmail_id = k.killmail_id LIMIT 1) AS battle_id
FROM page
JOIN killmails k ON k.killmail_id = page.killmail_id
JOIN solar_systems s ON s.system_id = k.system_id
LEFT JOIN ship_types t ON t.ship_type_id = k.ship_type_id
LEFT JOIN entities p ON p.entity_type = 'character' AND p.entity_id = k.victim_character_id
LEFT JOIN entities c ON c.entity_type = 'corporation' AND c.entity_id = k.victim_corporation_id
LEFT JOIN entities a ON a.entity_type = 'alliance' AND a.entity_id = k.victim_alliance_id
ORDER BY """
_TIME: Final[LiteralString] = "k.killmail_time"
_VALUE: Final[LiteralString] = "k.total_value"
_DESC: Final[LiteralString] = " DESC NULLS LAST, k.killmail_id DESC"
_ASC: Final[LiteralString] = " NULLS FIRST, k.killmail_id"
_NEWEST: Final[LiteralString] = "k.killmail_time DESC, k.killmail_id DESC"
_OLDEST: Final[LiteralString] = "k.killmail_time, k.killmail_id"
_LIMIT: Final[LiteralString] = " LIMIT %(limit)s::integer OFFSET %(offset)s::integer"
# One statement an order; the page is chosen before anything is joined to it.
BY_TIME_DESC: Final[LiteralString] = _PAGE + _NEWEST + _LIMIT + _SHOWN + _NEWEST
BY_TIME_ASC: Final[LiteralString] = _PAGE + _OLDEST + _LIMIT + _SHOWN + _OLDEST
BY_VALUE_DESC: Final[LiteralString] = _PAGE + _VALUE + _DESC + _LIMIT + _SHOWN + _VALUE + _DESC
BY_VALUE_ASC: Final[LiteralString] = _PAGE + _VALUE + _ASC + _LIMIT + _SHOWN + _VALUE + _ASC
ORDERS: Final[Mapping[tuple[KillmailOrder, Direction], LiteralString]] = {
    (KillmailOrder.TIME, Direction.DESC): BY_TIME_DESC,
    (KillmailOrder.TIME, Direction.ASC): BY_TIME_ASC,
    (KillmailOrder.VALUE, Direction.DESC): BY_VALUE_DESC,
    (KillmailOrder.VALUE, Direction.ASC): BY_VALUE_ASC,
}
# The newest matching killmails at most, so that a search without filters costs no reading of all killmails.
_NEWEST_MATCHES: Final[LiteralString] = """, matching AS MATERIALIZED (
    SELECT s.security_type, t.hull_class, s.region_id, s.region_name
"""
_COUNTED: Final[LiteralString] = """
    ORDER BY k.killmail_time DESC LIMIT %(max_total)s::integer
)
SELECT CASE WHEN grouping(security_type) = 0 THEN 'securityType' WHEN grouping(hull_class) = 0 THEN 'hullClass'
        WHEN grouping(region_id) = 0 THEN 'region' ELSE 'total' END AS facet,
    coalesce(security_type, hull_class, region_id::text) AS value, max(region_name) AS name, count(*) AS count
FROM matching
GROUP BY GROUPING SETS ((security_type), (hull_class), (region_id), ())
ORDER BY count(*) DESC, value
"""
SUMMARY: Final[LiteralString] = _FOUND + _NEWEST_MATCHES + _MATCHES + _COUNTED


@dataclass(frozen=True, slots=True)
class _Row:
    killmail_id: int
    killmail_time: datetime
    system_id: int
    system_name: str
    region_id: int
    region_name: str
    security_type: str
    security_status: float
    ship_type_id: int | None
    ship_type_name: str | None
    ship_group_id: int | None
    ship_group_name: str | None
    hull_class: str | None
    victim_character_id: int | None
    victim_character_name: str | None
    victim_corporation_id: int | None
    victim_corporation_name: str | None
    victim_alliance_id: int | None
    victim_alliance_name: str | None
    attacker_count: int
    total_value: Decimal | None
    is_npc: bool
    is_solo: bool
    relevance: float
    battle_id: UUID | None


class KillmailRepository:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def page(self, search: KillmailSearch) -> FoundPage[KillmailDocument]:
        params = _params(search)
        rows = await self._connection.rows(_Row, ORDERS[search.order, search.direction], params)
        counts = await self._connection.rows(CountRow, SUMMARY, params)
        return FoundPage(
            [FoundDocument(_document(row), row.relevance, _matched(row, search.text)) for row in rows],
            total_of(counts),
            facets_of(counts, ("securityType", "hullClass", "region")),
        )


def _document(row: _Row) -> KillmailDocument:
    value = row.total_value
    return KillmailDocument.model_validate(
        {
            "id": str(row.killmail_id),
            "killmail_time": int(row.killmail_time.timestamp()),
            "system_id": str(row.system_id),
            "system_name": row.system_name,
            "region_id": str(row.region_id),
            "region_name": row.region_name,
            "security_type": row.security_type,
            "security_status": row.security_status,
            "ship_type_id": _text(row.ship_type_id),
            "ship_type_name": row.ship_type_name,
            "ship_group_id": _text(row.ship_group_id),
            "ship_group_name": row.ship_group_name,
            "hull_class": row.hull_class,
            "victim_character_id": _text(row.victim_character_id),
            "victim_character_name": row.victim_character_name,
            "victim_corporation_id": _text(row.victim_corporation_id),
            "victim_corporation_name": row.victim_corporation_name,
            "victim_alliance_id": _text(row.victim_alliance_id),
            "victim_alliance_name": row.victim_alliance_name,
            "attacker_count": row.attacker_count,
            "value": None if value is None else int(value),
            "isk_value": None if value is None else str(value),
            "battle_id": _text(row.battle_id),
            "npc": row.is_npc,
            "solo": row.is_solo,
        }
    )


def _matched(row: _Row, text: TextFilter | None) -> frozenset[tuple[NamedKind, int]]:
    named = {(part.kind, part.id) for part in text.named} if text else set[tuple[NamedKind, int]]()
    own = (
        (NamedKind.SYSTEM, row.system_id),
        (NamedKind.SHIP_TYPE, row.ship_type_id),
        (NamedKind.CHARACTER, row.victim_character_id),
        (NamedKind.CORPORATION, row.victim_corporation_id),
        (NamedKind.ALLIANCE, row.victim_alliance_id),
    )
    return frozenset((kind, value) for kind, value in own if value is not None and (kind, value) in named)


def _text(value: object | None) -> str | None:
    return None if value is None else str(value)


def _params(search: KillmailSearch) -> dict[str, Any]:
    lists = {
        name: list(values) if values else None
        for name, values in (
            ("security_types", search.security_types),
            ("hull_classes", search.hull_classes),
            ("system_ids", search.system_ids),
            ("region_ids", search.region_ids),
            ("ship_type_ids", search.ship_type_ids),
            ("alliance_ids", search.alliance_ids),
            ("corporation_ids", search.corporation_ids),
            ("character_ids", search.character_ids),
        )
    }
    ranges = {"time": search.time, "isk": search.isk, "attackers": search.attackers}
    return {
        **text_params(search.text),
        **lists,
        **{f"{name}_least": between.least for name, between in ranges.items()},
        **{f"{name}_most": between.most for name, between in ranges.items()},
        "killmail_ids": None if search.killmail_ids is None else list(search.killmail_ids),
        "limit": search.page.limit,
        "offset": search.page.offset,
        "max_total": MAX_TOTAL,
    }
