"""Finds battles in PostgreSQL. Every statement is static; every list has a limit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, LiteralString
from uuid import UUID

from battlescope_events.postgres.database import Connection
from battlescope_schemas.search.documents import BattleDocument
from search_api.domain.named import NamedKind
from search_api.domain.searches import (
    MAX_TOTAL,
    SIZES,
    BattleOrder,
    BattleSearch,
    Direction,
    Facets,
    FacetValue,
    FoundDocument,
    FoundPage,
    TextFilter,
)
from search_api.repositories.names import words_query

WORDS_WEIGHT: Final = 1
# Battles that fit the text: by an id of each of its parts, by their region, or by all its words.
_FOUND: Final[LiteralString] = """
WITH named AS (
    SELECT parts.battle_id, sum(parts.weight) AS weight FROM (
        SELECT e.battle_id, w.part, max(w.weight) AS weight
        FROM unnest(%(kinds)s::text[], %(ids)s::bigint[], %(parts)s::integer[], %(weights)s::integer[])
            AS w (entity_type, entity_id, part, weight)
        JOIN battle_entities e ON e.entity_type = w.entity_type AND e.entity_id = w.entity_id
        GROUP BY e.battle_id, w.part) AS parts
    GROUP BY parts.battle_id HAVING count(*) = %(part_count)s::integer
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
)
"""
_MATCHES: Final[LiteralString] = """
FROM battle_documents b LEFT JOIN found f ON f.battle_id = b.battle_id
WHERE (NOT %(has_text)s::boolean OR f.battle_id IS NOT NULL)
    AND (%(battle_ids)s::uuid[] IS NULL OR b.battle_id = ANY(%(battle_ids)s::uuid[]))
    AND (%(security_types)s::text[] IS NULL OR b.security_type = ANY(%(security_types)s::text[]))
    AND (%(statuses)s::text[] IS NULL OR b.status = ANY(%(statuses)s::text[]))
    AND (%(tiers)s::text[] IS NULL OR b.tier = ANY(%(tiers)s::text[]))
    AND (%(region_ids)s::bigint[] IS NULL OR b.region_id = ANY(%(region_ids)s::bigint[]))
    AND (%(system_ids)s::bigint[] IS NULL OR b.battle_id IN (
        SELECT battle_id FROM battle_entities
        WHERE entity_type = 'system' AND entity_id = ANY(%(system_ids)s::bigint[])))
    AND (%(alliance_ids)s::bigint[] IS NULL OR b.battle_id IN (
        SELECT battle_id FROM battle_entities
        WHERE entity_type = 'alliance' AND entity_id = ANY(%(alliance_ids)s::bigint[])))
    AND (%(corporation_ids)s::bigint[] IS NULL OR b.battle_id IN (
        SELECT battle_id FROM battle_entities
        WHERE entity_type = 'corporation' AND entity_id = ANY(%(corporation_ids)s::bigint[])))
    AND (%(character_ids)s::bigint[] IS NULL OR b.battle_id IN (
        SELECT battle_id FROM battle_entities
        WHERE entity_type = 'character' AND entity_id = ANY(%(character_ids)s::bigint[])))
    AND (%(start_least)s::timestamptz IS NULL OR b.start_time >= %(start_least)s::timestamptz)
    AND (%(start_most)s::timestamptz IS NULL OR b.start_time <= %(start_most)s::timestamptz)
    AND (%(kills_least)s::integer IS NULL OR b.total_kills >= %(kills_least)s::integer)
    AND (%(kills_most)s::integer IS NULL OR b.total_kills <= %(kills_most)s::integer)
    AND (%(participants_least)s::integer IS NULL OR b.total_participants >= %(participants_least)s::integer)
    AND (%(participants_most)s::integer IS NULL OR b.total_participants <= %(participants_most)s::integer)
    AND (%(isk_least)s::numeric IS NULL OR b.total_isk_destroyed >= %(isk_least)s::numeric)
    AND (%(isk_most)s::numeric IS NULL OR b.total_isk_destroyed <= %(isk_most)s::numeric)
    AND (%(duration_least)s::integer IS NULL OR b.duration_seconds >= %(duration_least)s::integer)
    AND (%(duration_most)s::integer IS NULL OR b.duration_seconds <= %(duration_most)s::integer)
"""
_PAGE: Final[LiteralString] = (
    _FOUND
    + "SELECT b.battle_id, b.document, coalesce(f.weight, 0)::double precision AS relevance"
    + _MATCHES
    + " ORDER BY "
)
_DESC: Final[LiteralString] = " DESC, b.battle_id DESC LIMIT %(limit)s::integer OFFSET %(offset)s::integer"
_ASC: Final[LiteralString] = ", b.battle_id LIMIT %(limit)s::integer OFFSET %(offset)s::integer"
# One statement an order, so that each can read its own index and stop after a page.
BY_RELEVANCE_DESC: Final[LiteralString] = _PAGE + "coalesce(f.weight, 0) DESC, b.start_time" + _DESC
BY_RELEVANCE_ASC: Final[LiteralString] = _PAGE + "coalesce(f.weight, 0), b.start_time" + _ASC
BY_START_DESC: Final[LiteralString] = _PAGE + "b.start_time" + _DESC
BY_START_ASC: Final[LiteralString] = _PAGE + "b.start_time" + _ASC
BY_ISK_DESC: Final[LiteralString] = _PAGE + "b.total_isk_destroyed" + _DESC
BY_ISK_ASC: Final[LiteralString] = _PAGE + "b.total_isk_destroyed" + _ASC
BY_KILLS_DESC: Final[LiteralString] = _PAGE + "b.total_kills" + _DESC
BY_KILLS_ASC: Final[LiteralString] = _PAGE + "b.total_kills" + _ASC
BY_SCORE_DESC: Final[LiteralString] = _PAGE + "b.battle_score" + _DESC
BY_SCORE_ASC: Final[LiteralString] = _PAGE + "b.battle_score" + _ASC
ORDERS: Final[Mapping[tuple[BattleOrder, Direction], LiteralString]] = {
    (BattleOrder.RELEVANCE, Direction.DESC): BY_RELEVANCE_DESC,
    (BattleOrder.RELEVANCE, Direction.ASC): BY_RELEVANCE_ASC,
    (BattleOrder.START_TIME, Direction.DESC): BY_START_DESC,
    (BattleOrder.START_TIME, Direction.ASC): BY_START_ASC,
    (BattleOrder.TOTAL_ISK_DESTROYED, Direction.DESC): BY_ISK_DESC,
    (BattleOrder.TOTAL_ISK_DESTROYED, Direction.ASC): BY_ISK_ASC,
    (BattleOrder.TOTAL_KILLS, Direction.DESC): BY_KILLS_DESC,
    (BattleOrder.TOTAL_KILLS, Direction.ASC): BY_KILLS_ASC,
    (BattleOrder.BATTLE_SCORE, Direction.DESC): BY_SCORE_DESC,
    (BattleOrder.BATTLE_SCORE, Direction.ASC): BY_SCORE_ASC,
}
# The newest matching battles at most, so that a search without filters costs no reading of all battles.
_NEWEST: Final[LiteralString] = """, matching AS MATERIALIZED (
    SELECT b.security_type, b.status, b.tier, b.region_id,
        width_bucket(b.total_participants, %(sizes)s::integer[]) AS size
"""
_COUNTED: Final[LiteralString] = """
    ORDER BY b.start_time DESC LIMIT %(max_total)s::integer
), counted AS (
    SELECT CASE WHEN grouping(security_type) = 0 THEN 'securityType' WHEN grouping(status) = 0 THEN 'status'
            WHEN grouping(tier) = 0 THEN 'tier' WHEN grouping(region_id) = 0 THEN 'region'
            WHEN grouping(size) = 0 THEN 'size' ELSE 'total' END AS facet,
        coalesce(security_type, status, tier, region_id::text, size::text) AS value, region_id, count(*) AS count
    FROM matching
    GROUP BY GROUPING SETS ((security_type), (status), (tier), (region_id), (size), ())
)
SELECT c.facet, c.value, r.region_name AS name, c.count
FROM counted c
LEFT JOIN (SELECT region_id, min(region_name) AS region_name FROM solar_systems GROUP BY region_id) AS r
    ON r.region_id = c.region_id
ORDER BY c.count DESC, c.value
"""
SUMMARY: Final[LiteralString] = _FOUND + _NEWEST + _MATCHES + _COUNTED
MATCHED: Final[LiteralString] = """
SELECT e.battle_id, e.entity_type, e.entity_id
FROM unnest(%(kinds)s::text[], %(ids)s::bigint[]) AS w (entity_type, entity_id)
JOIN battle_entities e ON e.entity_type = w.entity_type AND e.entity_id = w.entity_id
WHERE e.battle_id = ANY(%(battle_ids)s::uuid[])
"""


@dataclass(frozen=True, slots=True)
class _Row:
    battle_id: UUID
    document: dict[str, Any]
    relevance: float


@dataclass(frozen=True, slots=True)
class _MatchedRow:
    battle_id: UUID
    entity_type: str
    entity_id: int


@dataclass(frozen=True, slots=True)
class CountRow:
    """How many matching documents have a value of a facet; of the facet `total` how many there are."""

    facet: str
    value: str | None
    name: str | None
    count: int


class BattleRepository:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def page(self, search: BattleSearch) -> FoundPage[BattleDocument]:
        params = _params(search)
        rows = await self._connection.rows(_Row, ORDERS[search.order, search.direction], params)
        counts = await self._connection.rows(CountRow, SUMMARY, params)
        matched = await self._matched(params, [row.battle_id for row in rows] if search.text else [])
        return FoundPage(
            [
                FoundDocument(
                    BattleDocument.model_validate(row.document),
                    row.relevance,
                    frozenset(matched.get(row.battle_id, ())),
                )
                for row in rows
            ],
            total_of(counts),
            facets_of(counts, ("securityType", "status", "tier", "region", "size"), {"size": list(SIZES)}),
        )

    async def _matched(
        self, params: Mapping[str, Any], battle_ids: Sequence[UUID]
    ) -> Mapping[UUID, set[tuple[NamedKind, int]]]:
        matched: dict[UUID, set[tuple[NamedKind, int]]] = {}
        if not battle_ids:
            return matched
        for row in await self._connection.rows(_MatchedRow, MATCHED, {**params, "battle_ids": list(battle_ids)}):
            matched.setdefault(row.battle_id, set()).add((NamedKind(row.entity_type), row.entity_id))
        return matched


def total_of(counts: Sequence[CountRow]) -> int:
    return next((row.count for row in counts if row.facet == "total"), 0)


def facets_of(
    counts: Sequence[CountRow], names: Sequence[str], buckets: Mapping[str, Sequence[str]] | None = None
) -> Facets:
    """The values of each facet, the most frequent first; numbers of buckets become their names, counted from 1."""
    facets: dict[str, list[FacetValue]] = {name: [] for name in names}
    for row in counts:
        named = (buckets or {}).get(row.facet)
        if row.facet not in facets or row.value is None or (named and row.value == "0"):
            continue
        value = named[int(row.value) - 1] if named else row.value
        facets[row.facet].append(FacetValue(value, row.count, row.name if row.facet == "region" else None))
    return facets


def text_params(text: TextFilter | None) -> dict[str, Any]:
    text_filter = text or TextFilter()
    return {
        "has_text": text is not None,
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
