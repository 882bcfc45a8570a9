"""Finds killmails in PostgreSQL by place, ship, victim and attackers. Statements are composed of constant parts."""

from collections.abc import Collection, Mapping, Sequence
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
from search_api.repositories.found_rows import FoundRow, conditions, facets_of, matched_parts, names_of, total_of

# What a killmail is found by: its place, its ship, who lost it and who attacked. Each condition has an index, so that
# PostgreSQL chooses by the values: it looks up the few killmails of a pilot, and reads by time for those of an alliance
# that is on many, until it has enough.
_CONDITIONS: Final[Mapping[NamedKind, tuple[tuple[LiteralString, LiteralString], ...]]] = {
    NamedKind.SYSTEM: (("k.system_id = ANY(%(system_", ")s::bigint[])"),),
    NamedKind.SHIP_TYPE: (("k.ship_type_id = ANY(%(ship_type_", ")s::bigint[])"),),
    NamedKind.CHARACTER: (
        ("k.victim_character_id = ANY(%(character_", ")s::bigint[])"),
        ("k.attacker_character_ids && %(character_", ")s::bigint[]"),
    ),
    NamedKind.CORPORATION: (
        ("k.victim_corporation_id = ANY(%(corporation_", ")s::bigint[])"),
        ("k.attacker_corporation_ids && %(corporation_", ")s::bigint[]"),
    ),
    NamedKind.ALLIANCE: (
        ("k.victim_alliance_id = ANY(%(alliance_", ")s::bigint[])"),
        ("k.attacker_alliance_ids && %(alliance_", ")s::bigint[]"),
    ),
}
_PART_NUMBERS: Final[tuple[LiteralString, ...]] = ("0", "1", "2", "3", "4", "5")  # `MAX_PARTS` of them
# As an array, so that the systems are looked up once and killmails by index.
_IN_REGIONS: Final[LiteralString] = """k.system_id = ANY(ARRAY(
        SELECT system_id FROM solar_systems WHERE region_id = ANY(%(text_regions)s::bigint[])))"""
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
_NEWEST_FIRST: Final[LiteralString] = "k.killmail_time DESC, k.killmail_id DESC"
_OLDEST_FIRST: Final[LiteralString] = "k.killmail_time, k.killmail_id"
_ORDERS: Final[Mapping[tuple[KillmailOrder, Direction], LiteralString]] = {
    (KillmailOrder.TIME, Direction.DESC): _NEWEST_FIRST,
    (KillmailOrder.TIME, Direction.ASC): _OLDEST_FIRST,
    (KillmailOrder.VALUE, Direction.DESC): "k.total_value DESC NULLS LAST, k.killmail_id DESC",
    (KillmailOrder.VALUE, Direction.ASC): "k.total_value NULLS FIRST, k.killmail_id",
}
# What a text finds is read up to the largest total: a large alliance is on hundreds of thousands of killmails.
_MATCHING: Final[LiteralString] = """
WITH matching AS MATERIALIZED (
    SELECT k.killmail_id, k.killmail_time, k.total_value, k.system_id, k.ship_type_id FROM killmails k
"""
_READ_LIMIT: Final[LiteralString] = " LIMIT %(max_total)s::integer), "
_PAGE: Final[LiteralString] = "page AS MATERIALIZED (SELECT k.killmail_id, row_number() OVER (ORDER BY "
_LIMIT: Final[LiteralString] = " LIMIT %(limit)s::integer OFFSET %(offset)s::integer)"
_COUNTED: Final[LiteralString] = ", counted AS MATERIALIZED (SELECT k.system_id, k.ship_type_id FROM "
# The newest killmails at most, so that a search without filters costs no reading of all of them.
_NEWEST: Final[LiteralString] = " ORDER BY k.killmail_time DESC LIMIT %(max_total)s::integer"
# Counted by system and type before these are looked up, of which there are fewer than killmails. The page is chosen
# before anything is joined to it.
_SHOWN: Final[LiteralString] = """), located AS (
    SELECT s.security_type, s.region_id, s.region_name, of_system.count
    FROM (SELECT system_id, count(*) AS count FROM counted GROUP BY system_id) AS of_system
    JOIN solar_systems s ON s.system_id = of_system.system_id
)
SELECT page.place, NULL::double precision AS relevance, page.names, json_build_object(
        'id', d.killmail_id::text, 'killmailTime', floor(extract(epoch FROM d.killmail_time))::bigint,
        'systemId', d.system_id::text, 'systemName', d.system_name, 'regionId', d.region_id::text,
        'regionName', d.region_name, 'securityType', d.security_type, 'securityStatus', d.security_status,
        'systemClass', d.wormhole_class,
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
SELECT NULL, NULL, NULL, NULL, 'total', NULL, NULL, count(*) FROM counted
UNION ALL
SELECT NULL, NULL, NULL, NULL, 'securityType', security_type, NULL, sum(count)::bigint FROM located
GROUP BY security_type
UNION ALL
SELECT NULL, NULL, NULL, NULL, 'region', region_id::text, max(region_name), sum(count)::bigint FROM located
GROUP BY region_id
UNION ALL
SELECT NULL, NULL, NULL, NULL, 'hullClass', t.hull_class, NULL, sum(of_type.count)::bigint
FROM (SELECT ship_type_id, count(*) AS count FROM counted GROUP BY ship_type_id) AS of_type
JOIN ship_types t ON t.ship_type_id = of_type.ship_type_id WHERE t.hull_class IS NOT NULL
GROUP BY t.hull_class
ORDER BY place, hits DESC, value
"""

_WITHOUT_NAMES: Final[LiteralString] = """, shown AS (
    SELECT killmail_id, place, NULL::bigint[] AS names FROM page)
"""
# What the killmails of the page have of the names that the text may stand for.
_OWN: Final[Mapping[NamedKind, LiteralString]] = {
    NamedKind.SYSTEM: "SELECT 'system' AS entity_type, k.system_id AS entity_id",
    NamedKind.SHIP_TYPE: "SELECT 'ship_type', k.ship_type_id",
    NamedKind.CHARACTER: "SELECT 'character', unnest(k.victim_character_id || k.attacker_character_ids)",
    NamedKind.CORPORATION: "SELECT 'corporation', unnest(k.victim_corporation_id || k.attacker_corporation_ids)",
    NamedKind.ALLIANCE: "SELECT 'alliance', unnest(k.victim_alliance_id || k.attacker_alliance_ids)",
}
_WITH_NAMES: Final[tuple[LiteralString, LiteralString]] = (
    """, shown AS (
    SELECT page.killmail_id, page.place, (
        SELECT array_agg(DISTINCT named.place) FROM (""",
    """) AS own (entity_type, entity_id)
        JOIN unnest(%(kinds)s::text[], %(ids)s::bigint[]) WITH ORDINALITY AS named (entity_type, entity_id, place)
            USING (entity_type, entity_id)) AS names
    FROM page JOIN killmails k USING (killmail_id))
""",
)


def _of_all(order: LiteralString, where: LiteralString) -> LiteralString:
    """Killmails of the filters, the newest by an index."""
    page = _PAGE + order + ") AS place FROM killmails k " + where + " ORDER BY " + order + _LIMIT
    return "WITH " + page + _WITHOUT_NAMES + _COUNTED + "killmails k " + where + _NEWEST + _SHOWN


def _of_text(
    kinds: Sequence[Collection[NamedKind]], *, has_regions: bool, order: LiteralString, filters: LiteralString
) -> LiteralString:
    """Killmails that fit the text and the filters, read once for the page and for the counts.

    kinds: of the names that each part of the text may stand for.
    """
    where = "WHERE " + _text_condition(kinds, has_regions=has_regions) + filters
    page = _PAGE + order + ") AS place FROM matching k ORDER BY " + order + _LIMIT
    used = {kind for of_part in kinds for kind in of_part}
    own = " UNION ALL ".join([_OWN[kind] for kind in _OWN if kind in used])
    shown = _WITH_NAMES[0] + own + _WITH_NAMES[1] if own else _WITHOUT_NAMES
    read_order = _OLDEST_FIRST if order == _OLDEST_FIRST else _NEWEST_FIRST
    read = _MATCHING + where + " ORDER BY " + read_order + _READ_LIMIT
    return read + page + shown + _COUNTED + "matching k" + _SHOWN


def _text_condition(kinds: Sequence[Collection[NamedKind]], *, has_regions: bool) -> LiteralString:
    """One name for each part of the text, or one of its regions."""
    parts: list[LiteralString] = [
        "(" + " OR ".join(_conditions_of(of_part, _PART_NUMBERS[number])) + ")" for number, of_part in enumerate(kinds)
    ]
    ways: list[LiteralString] = [" AND ".join(parts)] if parts else []
    if has_regions:
        ways.append(_IN_REGIONS)
    return "(" + " OR ".join(ways) + ")" if ways else "false"


def _conditions_of(kinds: Collection[NamedKind], number: LiteralString) -> list[LiteralString]:
    return [before + number + after for kind in _CONDITIONS if kind in kinds for before, after in _CONDITIONS[kind]]


# With every part, for the check of all statements.
_EVERY_FILTER: Final[LiteralString] = " AND ".join(_FILTERS.values())
KILLMAILS_BY_EVERY_FILTER: Final[LiteralString] = _of_all(", ".join(_ORDERS.values()), "WHERE " + _EVERY_FILTER)
KILLMAILS_BY_TEXT: Final[LiteralString] = _of_text(
    [_CONDITIONS] * len(_PART_NUMBERS),
    has_regions=True,
    order=", ".join(_ORDERS.values()),
    filters=" AND " + _EVERY_FILTER,
)
KILLMAILS_BY_REGION: Final[LiteralString] = _of_text((), has_regions=True, order=_NEWEST_FIRST, filters="")


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
    order, text = _ORDERS[search.order, search.direction], search.text
    if text is None:
        return _of_all(order, conditions(_FILTERS, params))
    kinds = [{named.kind for named in text.of_part(number)} for number in range(text.parts)]
    filters = conditions(_FILTERS, params, " AND ")
    return _of_text(kinds, has_regions=bool(text.region_ids), order=order, filters=filters)


def _found(row: FoundRow, document: str, text: TextFilter | None) -> FoundDocument[KillmailDocument]:
    matched = matched_parts(row, text)
    relevance = text.relevance(matched) if text else 0
    return FoundDocument(KillmailDocument.model_validate_json(document), relevance, names_of(matched))


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
    return {
        **text_params(search.text),
        **_part_params(search.text or TextFilter()),
        **lists,
        **{f"{name}_least": between.least for name, between in ranges.items()},
        **{f"{name}_most": between.most for name, between in ranges.items()},
        "killmail_ids": None if search.killmail_ids is None else list(search.killmail_ids),
        "limit": search.page.limit,
        "offset": search.page.offset,
        "max_total": MAX_TOTAL,
    }


def _part_params(text: TextFilter) -> dict[str, list[int]]:
    """The ids that each part of the text may stand for, by kind."""
    return {
        f"{kind}_{number}": [named.id for named in text.of_part(number) if named.kind == kind]
        for number in range(text.parts)
        for kind in NamedKind
    }
