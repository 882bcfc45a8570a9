"""Finds names in PostgreSQL: what a text begins, then words of it, then similar ones."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, LiteralString

from battlescope_events.postgres.database import Connection
from search_api.domain.edit_distance import near_beginnings, tolerated_edits
from search_api.domain.named import NamedDocument, NamedKind
from search_api.domain.search_text import EntityLink, SearchText

MAX_SIMILAR: Final = 20
"""Names that are compared letter by letter, of a kind."""
# The share of three-letter groups that a name keeps after one edit and after two, in a short text and in a long one.
_SIMILARITY_BY_EDITS: Final = {1: "0.34", 2: "0.30"}

STEM_LENGTHS: Final = {1: 7, 2: 5}
"""Letters of a text that may have one edit, by the edits that the whole text may have: up to seven have one at most."""

# Ten points a battle and one for each recent day: `activity_score` of the domain.
_SCORE: Final[LiteralString] = """
battle_count * 10 + greatest(0, least(100, 100 - extract(epoch FROM %(now)s::timestamptz - last_seen_at) / 86400))
"""
_SEARCHABLE: Final[LiteralString] = """
FROM entities
WHERE is_searchable AND entity_type = ANY(%(kinds)s::text[])
"""
# LIMIT 1 keeps the planner, which expects many more rows, from reading whole tables for a few.
_SHOWN: Final[LiteralString] = """
SELECT e.entity_type AS kind, e.entity_id AS id, e.entity_name AS name, e.ticker, e.battle_count, e.last_seen_at,
    e.corporation_id, (SELECT entity_name FROM entities
        WHERE entity_type = 'corporation' AND entity_id = e.corporation_id) AS corporation_name,
    e.alliance_id, (SELECT entity_name FROM entities
        WHERE entity_type = 'alliance' AND entity_id = e.alliance_id) AS alliance_name,
    s.constellation_id, s.constellation_name, s.region_id, s.region_name, s.security_type, s.security_status,
    s.wormhole_class AS system_class, s.system_effect,
    t.ship_group_id AS group_id, t.ship_group_name AS group_name, t.hull_class
FROM found f
CROSS JOIN LATERAL (
    SELECT * FROM entities WHERE entity_type = f.entity_type AND entity_id = f.entity_id LIMIT 1) AS e
LEFT JOIN LATERAL (
    SELECT * FROM solar_systems WHERE f.entity_type = 'system' AND system_id = f.entity_id LIMIT 1) AS s ON true
LEFT JOIN LATERAL (
    SELECT * FROM ship_types WHERE f.entity_type = 'ship_type' AND ship_type_id = f.entity_id LIMIT 1) AS t ON true
"""
_BEST: Final[LiteralString] = """
found AS (
    SELECT entity_type, entity_id FROM (
        SELECT entity_type, entity_id, row_number() OVER (
            PARTITION BY entity_type ORDER BY quality, score DESC, entity_id) AS place
        FROM matching) AS placed
    WHERE place <= %(limit)s::integer
)
"""
OF_LINK: Final[LiteralString] = (
    """
WITH found AS (
    SELECT entity_type, entity_id"""
    + _SEARCHABLE
    + """ AND entity_type = %(kind)s::text AND entity_id = %(id)s::bigint
)"""
    + _SHOWN
)
# As a range of bytes, which no character of the text can widen, and which has an index whatever the text is.
BY_BEGINNING: Final[LiteralString] = (
    """
WITH matching AS (
    SELECT entity_type, entity_id, (compact_name <> %(text)s::text)::integer AS quality, """
    + _SCORE
    + " AS score"
    + _SEARCHABLE
    + """ AND NOT %(is_ticker)s::boolean
        AND compact_name ~>=~ %(text)s::text AND compact_name ~<~ (%(text)s::text || chr(1114111))
    UNION ALL
    SELECT entity_type, entity_id, (compact_ticker <> %(text)s::text)::integer, """
    + _SCORE
    + _SEARCHABLE
    + """ AND compact_ticker ~>=~ %(text)s::text AND compact_ticker ~<~ (%(text)s::text || chr(1114111))
), """
    + _BEST
    + _SHOWN
)
BY_WORDS: Final[LiteralString] = (
    """
WITH matching AS (
    SELECT entity_type, entity_id, 0 AS quality, """
    + _SCORE
    + " AS score"
    + _SEARCHABLE
    + """ AND array_to_tsvector(string_to_array(folded_name, ' ')) @@ %(words)s::tsquery
), """
    + _BEST
    + _SHOWN
)
# Names that begin with one of many texts, and of which a beginning as long as the text is near to it. A swap of
# neighbours is two edits here, so that one more is allowed; the names are compared again.
_NEAR: Final[LiteralString] = """
WITH matching AS (
    SELECT e.entity_type, e.entity_id,
        2 * near.edits + (length(e.compact_name) > %(length)s::integer + %(edits)s::integer)::integer AS quality,
"""
_AMONG_BEGINNINGS: Final[LiteralString] = """ AS score
    FROM unnest(%(beginnings)s::text[]) AS b (beginning)
    JOIN entities e ON e.compact_name ~>=~ b.beginning AND e.compact_name ~<~ (b.beginning || chr(1114111))
    CROSS JOIN LATERAL (
        SELECT min(levenshtein_less_equal(%(text)s::text, left(e.compact_name, l), %(edits)s::integer + 1)) AS edits
        FROM generate_series(%(length)s::integer - %(edits)s::integer, %(length)s::integer + %(edits)s::integer) AS l
    ) AS near
    WHERE is_searchable AND entity_type = ANY(%(kinds)s::text[]) AND near.edits <= %(edits)s::integer + 1
), """
BY_NEAR_BEGINNING: Final[LiteralString] = _NEAR + _SCORE + _AMONG_BEGINNINGS + _BEST + _SHOWN
SET_SIMILARITY: Final[LiteralString] = """
SELECT set_config('pg_trgm.word_similarity_threshold', %(threshold)s::text, false)
"""
BY_SIMILARITY: Final[LiteralString] = (
    """
WITH matching AS (
    SELECT entity_type, entity_id, -word_similarity(%(text)s::text, compact_name) AS quality, """
    + _SCORE
    + " AS score"
    + _SEARCHABLE
    + """ AND %(text)s::text <%% compact_name
), """
    + _BEST
    + _SHOWN
)
REGIONS: Final[LiteralString] = "SELECT DISTINCT region_id, region_name FROM solar_systems"


class NameRepository:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def of_link(self, link: EntityLink, kinds: Iterable[NamedKind]) -> list[NamedDocument]:
        """What a link names, if it is of these kinds."""
        params = {"kind": link.kind, "id": link.id, "kinds": [str(kind) for kind in kinds]}
        return await self._documents(OF_LINK, params)

    async def beginning_with(
        self, text: SearchText, kinds: Iterable[NamedKind], now: datetime, limit: int
    ) -> list[NamedDocument]:
        """Names and tickers that begin with the text; complete ones and the most active of each kind."""
        return await self._documents(BY_BEGINNING, _params(text, kinds, now, limit))

    async def with_words(
        self, text: SearchText, kinds: Iterable[NamedKind], now: datetime, limit: int
    ) -> list[NamedDocument]:
        """Names with words that begin with those of the text; the most active of each kind."""
        return await self._documents(BY_WORDS, _params(text, kinds, now, limit))

    async def beginning_nearly_with(
        self, text: SearchText, kinds: Iterable[NamedKind], now: datetime
    ) -> list[NamedDocument]:
        """Names of which a beginning is near to the text; the caller compares them letter by letter."""
        params = _params(text, kinds, now, MAX_SIMILAR)
        near = {
            "beginnings": sorted(near_beginnings(text.compact, STEM_LENGTHS[params["edits"]])),
            "length": len(text.compact),
        }
        return await self._documents(BY_NEAR_BEGINNING, {**params, **near})

    async def similar_to(self, text: SearchText, kinds: Iterable[NamedKind], now: datetime) -> list[NamedDocument]:
        """Names that share much with the text; the caller compares them letter by letter."""
        threshold = _SIMILARITY_BY_EDITS[tolerated_edits(text.compact)]
        await self._connection.execute(SET_SIMILARITY, {"threshold": threshold})
        return await self._documents(BY_SIMILARITY, _params(text, kinds, now, MAX_SIMILAR))

    async def regions(self) -> list[tuple[int, str]]:
        """Every region with a system that killmails have named."""
        return await (await self._connection.execute(REGIONS)).fetchall()

    async def _documents(self, statement: LiteralString, params: Mapping[str, Any]) -> list[NamedDocument]:
        return await self._connection.rows(NamedDocument, statement, params)


def _params(text: SearchText, kinds: Iterable[NamedKind], now: datetime, limit: int) -> dict[str, Any]:
    return {
        "text": text.compact,
        "words": words_query(text.words),
        "is_ticker": text.is_ticker,
        "edits": tolerated_edits(text.compact),
        "kinds": [str(kind) for kind in kinds],
        "now": now,
        "limit": limit,
    }


def words_query(words: Sequence[str]) -> str:
    """The full text query for words that begin with these, each quoted: no character has a meaning."""
    return " & ".join(f"{_quoted(word)}:*" for word in words)


def _quoted(word: str) -> str:
    escaped = word.replace("\\", "\\\\").replace("'", "''")
    return f"'{escaped}'"
