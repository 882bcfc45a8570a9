"""Finds killmails in PostgreSQL by place, ship, victim and attackers. Statements are composed of constant parts."""

from collections.abc import Iterable, Mapping
from typing import Any, Final, LiteralString

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
from search_api.repositories.battles import text_params
from search_api.repositories.found_rows import FoundRow, conditions, facets_of, matched_names, total_of

_PARTS: Final[LiteralString] = """
WITH parts AS MATERIALIZED (
    SELECT * FROM unnest(%(kinds)s::text[], %(ids)s::bigint[], %(parts)s::integer[], %(weights)s::integer[])
        WITH ORDINALITY AS p (entity_type, entity_id, part, weight, place)
), named_hits AS MATERIALIZED (
"""
# What a killmail is found by: its place, its ship, who lost it and who attacked. Attackers are compared with the ids of
# the text first, by an index of them, and with its parts then.
_OF_KIND: Final[Mapping[NamedKind, LiteralString]] = {
    NamedKind.SYSTEM: """SELECT k.killmail_id, p.part, p.weight, p.place FROM parts p
        JOIN killmails k ON k.system_id = p.entity_id WHERE p.entity_type = 'system'""",
    NamedKind.SHIP_TYPE: """SELECT k.killmail_id, p.part, p.weight, p.place FROM parts p
        JOIN killmails k ON k.ship_type_id = p.entity_id WHERE p.entity_type = 'ship_type'""",
    NamedKind.CHARACTER: """SELECT k.killmail_id, p.part, p.weight, p.place FROM parts p
        JOIN killmails k ON k.victim_character_id = p.entity_id WHERE p.entity_type = 'character'
        UNION ALL SELECT k.killmail_id, p.part, p.weight, p.place FROM killmails k
        JOIN parts p ON p.entity_type = 'character' AND p.entity_id = ANY(k.attacker_character_ids)
        WHERE k.attacker_character_ids && %(text_characters)s::bigint[]""",
    NamedKind.CORPORATION: """SELECT k.killmail_id, p.part, p.weight, p.place FROM parts p
        JOIN killmails k ON k.victim_corporation_id = p.entity_id WHERE p.entity_type = 'corporation'
        UNION ALL SELECT k.killmail_id, p.part, p.weight, p.place FROM killmails k
        JOIN parts p ON p.entity_type = 'corporation' AND p.entity_id = ANY(k.attacker_corporation_ids)
        WHERE k.attacker_corporation_ids && %(text_corporations)s::bigint[]""",
    NamedKind.ALLIANCE: """SELECT k.killmail_id, p.part, p.weight, p.place FROM parts p
        JOIN killmails k ON k.victim_alliance_id = p.entity_id WHERE p.entity_type = 'alliance'
        UNION ALL SELECT k.killmail_id, p.part, p.weight, p.place FROM killmails k
        JOIN parts p ON p.entity_type = 'alliance' AND p.entity_id = ANY(k.attacker_alliance_ids)
        WHERE k.attacker_alliance_ids && %(text_alliances)s::bigint[]""",
}
_NO_KIND: Final[LiteralString] = "SELECT NULL::bigint AS killmail_id, 0 AS part, 0 AS weight, 0 AS place WHERE false"
_FOUND: Final[LiteralString] = """
), named AS (
    SELECT best.killmail_id, sum(best.weight) AS weight FROM (
        SELECT killmail_id, part, max(weight) AS weight FROM named_hits GROUP BY killmail_id, part) AS best
    GROUP BY best.killmail_id HAVING count(*) = %(part_count)s::integer
), found AS (
    SELECT killmail_id, max(weight) AS weight FROM (
        SELECT killmail_id, weight FROM named
        UNION ALL
        SELECT killmail_id, %(words_weight)s::integer FROM killmails WHERE system_id IN (
            SELECT system_id FROM solar_systems WHERE region_id = ANY(%(text_regions)s::bigint[]))) AS either
    GROUP BY killmail_id
), matching AS MATERIALIZED (
    SELECT k.killmail_id, k.killmail_time, k.total_value, k.system_id, k.ship_type_id, f.weight
    FROM found f JOIN killmails k ON k.killmail_id = f.killmail_id
"""
_FILTERS: Final[Mapping[str, LiteralString]] = {
    "killmail_ids": "k.killmail_id = ANY(%(killmail_ids)s::bigint[])",
    "security_types": """k.system_id IN (
        SELECT system_id FROM solar_systems WHERE security_type = ANY(%(security_types)s::text[]))""",
    "hull_classes": """k.ship_type_id IN (
        SELECT ship_type_id FROM ship_types WHERE hull_class = ANY(%(hull_classes)s::text[]))""",
    "system_ids": "k.system_id = ANY(%(system_ids)s::bigint[])",
    "region_ids": """k.system_id IN (
        SELECT system_id FROM solar_systems WHERE region_id = ANY(%(region_ids)s::bigint[]))""",
    "ship_type_ids": "k.ship_type_id = ANY(%(ship_type_ids)s::bigint[])",
    "alliance_ids": "k.victim_alliance_id = ANY(%(alliance_ids)s::bigint[])",
    "corporation_ids": "k.victim_corporation_id = ANY(%(corporation_ids)s::bigint[])",
    "character_ids": "k.victim_character_id = ANY(%(character_ids)s::bigint[])",
    "attacker_alliance_ids": "k.attacker_alliance_ids && %(attacker_alliance_ids)s::bigint[]",
    "attacker_corporation_ids": "k.attacker_corporation_ids && %(attacker_corporation_ids)s::bigint[]",
    "attacker_character_ids": "k.attacker_character_ids && %(attacker_character_ids)s::bigint[]",
    "time_least": "k.killmail_time >= %(time_least)s::timestamptz",
    "time_most": "k.killmail_time <= %(time_most)s::timestamptz",
    "isk_least": "k.total_value >= %(isk_least)s::numeric",
    "isk_most": "k.total_value <= %(isk_most)s::numeric",
    "attackers_least": "k.attacker_count >= %(attackers_least)s::integer",
    "attackers_most": "k.attacker_count <= %(attackers_most)s::integer",
}
_ORDERS: Final[Mapping[tuple[KillmailOrder, Direction], LiteralString]] = {
    (KillmailOrder.TIME, Direction.DESC): "k.killmail_time DESC, k.killmail_id DESC",
    (KillmailOrder.TIME, Direction.ASC): "k.killmail_time, k.killmail_id",
    (KillmailOrder.VALUE, Direction.DESC): "k.total_value DESC NULLS LAST, k.killmail_id DESC",
    (KillmailOrder.VALUE, Direction.ASC): "k.total_value NULLS FIRST, k.killmail_id",
}
_PAGE: Final[LiteralString] = "page AS MATERIALIZED (SELECT k.killmail_id, row_number() OVER (ORDER BY "
_LIMIT: Final[LiteralString] = " LIMIT %(limit)s::integer OFFSET %(offset)s::integer)"
# The newest matching killmails at most, so that a search without filters costs no reading of all killmails.
_NEWEST: Final[LiteralString] = ", newest AS MATERIALIZED (SELECT k.system_id, k.ship_type_id "
# Counted by system and type before these are looked up, of which there are fewer than killmails. The page is chosen
# before anything is joined to it.
_SHOWN: Final[LiteralString] = """
    ORDER BY k.killmail_time DESC LIMIT %(max_total)s::integer
), located AS (
    SELECT s.security_type, s.region_id, s.region_name, of_system.count
    FROM (SELECT system_id, count(*) AS count FROM newest GROUP BY system_id) AS of_system
    JOIN solar_systems s ON s.system_id = of_system.system_id
)
SELECT page.place, page.relevance, page.names, json_build_object(
        'id', d.killmail_id::text, 'killmailTime', floor(extract(epoch FROM d.killmail_time))::bigint,
        'systemId', d.system_id::text, 'systemName', d.system_name, 'regionId', d.region_id::text,
        'regionName', d.region_name, 'securityType', d.security_type, 'securityStatus', d.security_status,
        'shipTypeId', d.ship_type_id::text, 'shipTypeName', d.ship_type_name, 'shipGroupId', d.ship_group_id::text,
        'shipGroupName', d.ship_group_name, 'hullClass', d.hull_class,
        'victimCharacterId', d.victim_character_id::text, 'victimCharacterName', d.victim_character_name,
        'victimCorporationId', d.victim_corporation_id::text, 'victimCorporationName', d.victim_corporation_name,
        'victimAllianceId', d.victim_alliance_id::text, 'victimAllianceName', d.victim_alliance_name,
        'attackerCount', d.attacker_count, 'value', floor(d.total_value)::bigint, 'iskValue', d.total_value::text,
        'npc', d.is_npc, 'solo', d.is_solo, 'battleId', d.battle_id)::text AS document,
    NULL AS facet, NULL AS value, NULL AS name, NULL::bigint AS hits
FROM shown AS page JOIN killmail_documents AS d USING (killmail_id)
UNION ALL
SELECT NULL, NULL, NULL, NULL, 'total', NULL, NULL, count(*) FROM newest
UNION ALL
SELECT NULL, NULL, NULL, NULL, 'securityType', security_type, NULL, sum(count)::bigint FROM located
GROUP BY security_type
UNION ALL
SELECT NULL, NULL, NULL, NULL, 'region', region_id::text, max(region_name), sum(count)::bigint FROM located
GROUP BY region_id
UNION ALL
SELECT NULL, NULL, NULL, NULL, 'hullClass', t.hull_class, NULL, sum(of_type.count)::bigint
FROM (SELECT ship_type_id, count(*) AS count FROM newest GROUP BY ship_type_id) AS of_type
JOIN ship_types t ON t.ship_type_id = of_type.ship_type_id WHERE t.hull_class IS NOT NULL
GROUP BY t.hull_class
ORDER BY place, hits DESC, value
"""

_WITHOUT_NAMES: Final[LiteralString] = """, shown AS (
    SELECT killmail_id, place, relevance, NULL::bigint[] AS names FROM page)
"""
_WITH_NAMES: Final[LiteralString] = """, shown AS (
    SELECT page.killmail_id, page.place, page.relevance, of_killmail.names FROM page LEFT JOIN (
        SELECT killmail_id, array_agg(DISTINCT h.place) AS names FROM named_hits h
        WHERE killmail_id IN (SELECT killmail_id FROM page) GROUP BY killmail_id) AS of_killmail USING (killmail_id))
"""


def _of_all(order: LiteralString, where: LiteralString) -> LiteralString:
    """Killmails of the filters, the newest by an index."""
    columns: LiteralString = ") AS place, 0::double precision AS relevance FROM killmails k "
    page = _PAGE + order + columns + where + " ORDER BY " + order + _LIMIT
    return "WITH " + page + _WITHOUT_NAMES + _NEWEST + "FROM killmails k " + where + _SHOWN


def _of_text(kinds: Iterable[NamedKind], order: LiteralString, where: LiteralString) -> LiteralString:
    """Killmails that fit the text and the filters, which are found once for the page and for the counts."""
    of_kinds = " UNION ALL ".join([_OF_KIND[kind] for kind in kinds]) or _NO_KIND
    columns: LiteralString = ") AS place, k.weight::double precision AS relevance FROM matching k ORDER BY "
    page = _PAGE + order + columns + order + _LIMIT
    return _PARTS + of_kinds + _FOUND + where + "), " + page + _WITH_NAMES + _NEWEST + "FROM matching k " + _SHOWN


# With every part, for the check of all statements.
_EVERY_FILTER: Final[LiteralString] = "WHERE " + " AND ".join(_FILTERS.values())
KILLMAILS_BY_EVERY_FILTER: Final[LiteralString] = _of_all(", ".join(_ORDERS.values()), _EVERY_FILTER)
KILLMAILS_BY_TEXT: Final[LiteralString] = _of_text(_OF_KIND, ", ".join(_ORDERS.values()), _EVERY_FILTER)
KILLMAILS_BY_REGION: Final[LiteralString] = _of_text((), _ORDERS[KillmailOrder.TIME, Direction.DESC], "")


class KillmailRepository:
    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    async def page(self, search: KillmailSearch) -> FoundPage[KillmailDocument]:
        params = _params(search)
        rows = await self._connection.rows(FoundRow, _statement(search, params), params)
        return FoundPage(
            [_found(row, row.document, search.text) for row in rows if row.document is not None],
            total_of(rows),
            facets_of(rows, ("securityType", "hullClass", "region")),
        )


def _statement(search: KillmailSearch, params: Mapping[str, Any]) -> LiteralString:
    order, where = _ORDERS[search.order, search.direction], conditions(_FILTERS, params)
    if search.text is None:
        return _of_all(order, where)
    kinds = {named.kind for named in search.text.named}
    return _of_text([kind for kind in _OF_KIND if kind in kinds], order, where)


def _found(row: FoundRow, document: str, text: TextFilter | None) -> FoundDocument[KillmailDocument]:
    matched = matched_names(row, text)
    return FoundDocument(KillmailDocument.model_validate_json(document), row.relevance or 0.0, matched)


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
            ("attacker_alliance_ids", search.attacker_alliance_ids),
            ("attacker_corporation_ids", search.attacker_corporation_ids),
            ("attacker_character_ids", search.attacker_character_ids),
        )
    }
    ranges = {"time": search.time, "isk": search.isk, "attackers": search.attackers}
    named = search.text.named if search.text else ()
    return {
        **text_params(search.text),
        "text_characters": [part.id for part in named if part.kind == NamedKind.CHARACTER],
        "text_corporations": [part.id for part in named if part.kind == NamedKind.CORPORATION],
        "text_alliances": [part.id for part in named if part.kind == NamedKind.ALLIANCE],
        **lists,
        **{f"{name}_least": between.least for name, between in ranges.items()},
        **{f"{name}_most": between.most for name, between in ranges.items()},
        "killmail_ids": None if search.killmail_ids is None else list(search.killmail_ids),
        "limit": search.page.limit,
        "offset": search.page.offset,
        "max_total": MAX_TOTAL,
    }
