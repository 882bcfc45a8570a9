"""Finds battles in PostgreSQL. Statements are composed of constant parts; every list has a limit."""

from collections.abc import Mapping
from typing import Any, Final, LiteralString

from battlescope_events.postgres.database import Connection
from battlescope_schemas.search.documents import BattleDocument
from search_api.domain.searches import (
    MAX_TOTAL,
    SIZES,
    BattleOrder,
    BattleSearch,
    Direction,
    FoundDocument,
    FoundPage,
    TextFilter,
)
from search_api.repositories.found_rows import FoundRow, conditions, facets_of, matched_parts, names_of, total_of
from search_api.repositories.names import words_query

WORDS_WEIGHT: Final = 1
# Battles that fit the text: by an id of each of its parts, by their region, or by all its words.
_FOUND: Final[LiteralString] = """
WITH named_hits AS MATERIALIZED (
    SELECT e.battle_id, w.part, w.weight, w.place
    FROM unnest(%(kinds)s::text[], %(ids)s::bigint[], %(parts)s::integer[], %(weights)s::integer[])
        WITH ORDINALITY AS w (entity_type, entity_id, part, weight, place)
    JOIN battle_entities e ON e.entity_type = w.entity_type AND e.entity_id = w.entity_id
), named AS (
    SELECT best.battle_id, sum(best.weight) AS weight FROM (
        SELECT battle_id, part, max(weight) AS weight FROM named_hits GROUP BY battle_id, part) AS best
    GROUP BY best.battle_id HAVING count(*) = %(part_count)s::integer
), found AS (
    SELECT battle_id, max(weight) AS weight FROM (
        SELECT battle_id, weight FROM named
        UNION ALL
        SELECT battle_id, %(words_weight)s::integer FROM battle_documents
        WHERE search_vector @@ %(words)s::tsquery
        UNION ALL
        SELECT battle_id, %(words_weight)s::integer FROM battle_documents
        WHERE region_id = ANY(%(text_regions)s::bigint[])) AS either
    GROUP BY battle_id
), matching AS MATERIALIZED (
    SELECT b.battle_id, b.security_type, b.status, b.tier, b.region_id, b.total_participants, b.start_time,
        b.total_isk_destroyed, b.total_kills, b.battle_score, f.weight
    FROM found f JOIN battle_documents b ON b.battle_id = f.battle_id
"""
_FILTERS: Final[Mapping[str, LiteralString]] = {
    "battle_ids": "b.battle_id = ANY(%(battle_ids)s::uuid[])",
    "security_types": "b.security_type = ANY(%(security_types)s::text[])",
    "statuses": "b.status = ANY(%(statuses)s::text[])",
    "tiers": "b.tier = ANY(%(tiers)s::text[])",
    "region_ids": "b.region_id = ANY(%(region_ids)s::bigint[])",
    "system_ids": """b.battle_id IN (SELECT battle_id FROM battle_entities
        WHERE entity_type = 'system' AND entity_id = ANY(%(system_ids)s::bigint[]))""",
    "alliance_ids": """b.battle_id IN (SELECT battle_id FROM battle_entities
        WHERE entity_type = 'alliance' AND entity_id = ANY(%(alliance_ids)s::bigint[]))""",
    "corporation_ids": """b.battle_id IN (SELECT battle_id FROM battle_entities
        WHERE entity_type = 'corporation' AND entity_id = ANY(%(corporation_ids)s::bigint[]))""",
    "character_ids": """b.battle_id IN (SELECT battle_id FROM battle_entities
        WHERE entity_type = 'character' AND entity_id = ANY(%(character_ids)s::bigint[]))""",
    "start_least": "b.start_time >= %(start_least)s::timestamptz",
    "start_most": "b.start_time <= %(start_most)s::timestamptz",
    "kills_least": "b.total_kills >= %(kills_least)s::integer",
    "kills_most": "b.total_kills <= %(kills_most)s::integer",
    "participants_least": "b.total_participants >= %(participants_least)s::integer",
    "participants_most": "b.total_participants <= %(participants_most)s::integer",
    "isk_least": "b.total_isk_destroyed >= %(isk_least)s::numeric",
    "isk_most": "b.total_isk_destroyed <= %(isk_most)s::numeric",
    "duration_least": "b.duration_seconds >= %(duration_least)s::integer",
    "duration_most": "b.duration_seconds <= %(duration_most)s::integer",
}
_START_DESC: Final[LiteralString] = "b.start_time DESC, b.battle_id DESC"
_START_ASC: Final[LiteralString] = "b.start_time, b.battle_id"
# Without a text all battles are equally relevant, and each order reads its own index and stops after a page.
_ORDERS: Final[Mapping[tuple[BattleOrder, Direction], LiteralString]] = {
    (BattleOrder.RELEVANCE, Direction.DESC): _START_DESC,
    (BattleOrder.RELEVANCE, Direction.ASC): _START_ASC,
    (BattleOrder.START_TIME, Direction.DESC): _START_DESC,
    (BattleOrder.START_TIME, Direction.ASC): _START_ASC,
    (BattleOrder.TOTAL_ISK_DESTROYED, Direction.DESC): "b.total_isk_destroyed DESC, b.battle_id DESC",
    (BattleOrder.TOTAL_ISK_DESTROYED, Direction.ASC): "b.total_isk_destroyed, b.battle_id",
    (BattleOrder.TOTAL_KILLS, Direction.DESC): "b.total_kills DESC, b.battle_id DESC",
    (BattleOrder.TOTAL_KILLS, Direction.ASC): "b.total_kills, b.battle_id",
    (BattleOrder.BATTLE_SCORE, Direction.DESC): "b.battle_score DESC, b.battle_id DESC",
    (BattleOrder.BATTLE_SCORE, Direction.ASC): "b.battle_score, b.battle_id",
}
_RELEVANCE: Final[Mapping[Direction, LiteralString]] = {Direction.DESC: "b.weight DESC, ", Direction.ASC: "b.weight, "}
_PAGE: Final[LiteralString] = "page AS MATERIALIZED (SELECT b.battle_id, row_number() OVER (ORDER BY "
_LIMIT: Final[LiteralString] = " LIMIT %(limit)s::integer OFFSET %(offset)s::integer)"
# The newest matching battles at most, so that a search without filters costs no reading of all battles.
_NEWEST: Final[LiteralString] = """, newest AS MATERIALIZED (
    SELECT b.security_type, b.status, b.tier, b.region_id, b.total_participants
"""
# Equal combinations of values are counted first: there are some hundred of them among thousands of battles. The lists
# of names, which are only searched for, are left out of the documents.
_SHOWN: Final[LiteralString] = """
    ORDER BY b.start_time DESC LIMIT %(max_total)s::integer
), combined AS (
    SELECT security_type, status, tier, region_id, size, count(*) AS count
    FROM (SELECT security_type, status, tier, region_id,
            width_bucket(total_participants, %(sizes)s::integer[]) AS size FROM newest) AS sized
    GROUP BY security_type, status, tier, region_id, size
), counted AS (
    SELECT CASE WHEN grouping(security_type) = 0 THEN 'securityType' WHEN grouping(status) = 0 THEN 'status'
            WHEN grouping(tier) = 0 THEN 'tier' WHEN grouping(region_id) = 0 THEN 'region'
            WHEN grouping(size) = 0 THEN 'size' ELSE 'total' END AS facet,
        coalesce(security_type, status, tier, region_id::text, size::text) AS value, region_id,
        coalesce(sum(count), 0)::bigint AS count
    FROM combined
    GROUP BY GROUPING SETS ((security_type), (status), (tier), (region_id), (size), ())
)
SELECT p.place, (b.document - '{allianceNames,corpNames,characterNames}'::text[])::text AS document, p.relevance,
    p.names, NULL AS facet, NULL AS value, NULL AS name, NULL::bigint AS hits
FROM shown p JOIN battle_documents b ON b.battle_id = p.battle_id
UNION ALL
SELECT NULL, NULL, NULL, NULL, c.facet, c.value,
    (SELECT region_name FROM solar_systems WHERE region_id = c.region_id ORDER BY region_name LIMIT 1), c.count
FROM counted c
ORDER BY place, hits DESC, value
"""
_WITHOUT_NAMES: Final[LiteralString] = """, shown AS (
    SELECT battle_id, place, 0::double precision AS relevance, NULL::bigint[] AS names FROM page)
"""
_WITH_NAMES: Final[LiteralString] = """, shown AS (
    SELECT page.battle_id, page.place, page.relevance, of_battle.names FROM page LEFT JOIN (
        SELECT battle_id, array_agg(h.place) AS names FROM named_hits h
        WHERE battle_id IN (SELECT battle_id FROM page) GROUP BY battle_id) AS of_battle USING (battle_id))
"""


def _of_all(order: LiteralString, where: LiteralString) -> LiteralString:
    """Battles of the filters, each order by its index."""
    page = _PAGE + order + ") AS place FROM battle_documents b " + where + " ORDER BY " + order + _LIMIT
    return "WITH " + page + _WITHOUT_NAMES + _NEWEST + "FROM battle_documents b " + where


def _of_text(order: LiteralString, where: LiteralString) -> LiteralString:
    """Battles that fit the text and the filters, which are found once for the page and for the counts."""
    columns: LiteralString = ") AS place, b.weight::double precision AS relevance FROM matching b ORDER BY "
    return _FOUND + where + "), " + _PAGE + order + columns + order + _LIMIT + _WITH_NAMES + _NEWEST + "FROM matching b"


# With every part, for the check of all statements.
_EVERY_FILTER: Final[LiteralString] = "WHERE " + " AND ".join(_FILTERS.values())
BATTLES_BY_EVERY_FILTER: Final[LiteralString] = _of_all(", ".join(_ORDERS.values()), _EVERY_FILTER) + _SHOWN
BATTLES_BY_TEXT: Final[LiteralString] = (
    _of_text(_RELEVANCE[Direction.DESC] + ", ".join(_ORDERS.values()), _EVERY_FILTER) + _SHOWN
)


class BattleRepository:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def page(self, search: BattleSearch) -> FoundPage[BattleDocument]:
        params = _params(search)
        rows = await self._connection.rows(FoundRow, _statement(search, params), params)
        return FoundPage(
            [_found(row, row.document, search.text) for row in rows if row.document is not None],
            total_of(rows),
            facets_of(rows, ("securityType", "status", "tier", "region", "size"), {"size": list(SIZES)}),
        )


def _statement(search: BattleSearch, params: Mapping[str, Any]) -> LiteralString:
    order, where = _ORDERS[search.order, search.direction], conditions(_FILTERS, params)
    if search.text is None:
        return _of_all(order, where) + _SHOWN
    by_relevance = _RELEVANCE[search.direction] if search.order is BattleOrder.RELEVANCE else ""
    return _of_text(by_relevance + order, where) + _SHOWN


def _found(row: FoundRow, document: str, text: TextFilter | None) -> FoundDocument[BattleDocument]:
    matched = names_of(matched_parts(row, text))
    return FoundDocument(BattleDocument.model_validate_json(document), row.relevance or 0.0, matched)


def text_params(text: TextFilter | None) -> dict[str, Any]:
    text_filter = text or TextFilter()
    return {
        "kinds": [str(named.kind) for named in text_filter.named],
        "ids": [named.id for named in text_filter.named],
        "parts": [named.part for named in text_filter.named],
        "weights": [named.weight for named in text_filter.named],
        "part_count": text_filter.parts,
        "words": words_query(text_filter.words) or None,
        "words_weight": WORDS_WEIGHT,
        "text_regions": list(text_filter.region_ids),
    }


def _params(search: BattleSearch) -> dict[str, Any]:
    lists = {
        name: list(values) if values else None
        for name, values in (
            ("security_types", search.security_types),
            ("statuses", search.statuses),
            ("tiers", search.tiers),
            ("region_ids", search.region_ids),
            ("system_ids", search.system_ids),
            ("alliance_ids", search.alliance_ids),
            ("corporation_ids", search.corporation_ids),
            ("character_ids", search.character_ids),
        )
    }
    ranges = {
        "start": search.start_time,
        "kills": search.kills,
        "participants": search.participants,
        "isk": search.isk,
        "duration": search.duration,
    }
    return {
        **text_params(search.text),
        **lists,
        **{f"{name}_least": between.least for name, between in ranges.items()},
        **{f"{name}_most": between.most for name, between in ranges.items()},
        "battle_ids": None if search.battle_ids is None else list(search.battle_ids),
        "sizes": [least for least, _ in SIZES.values()],
        "limit": search.page.limit,
        "offset": search.page.offset,
        "max_total": MAX_TOTAL,
    }
