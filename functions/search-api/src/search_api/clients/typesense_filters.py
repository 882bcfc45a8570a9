"""Filters of Typesense from typed searches. Values are ids, numbers, enums and folded words, which end no clause."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Final

from search_api.domain.named import NamedKind
from search_api.domain.searches import BattleSearch, Between, Direction, KillmailSearch, NamedPart, TextFilter

NOTHING: Final = "id:=[`-`]"
"""A filter that no document matches."""
Fields = Mapping[NamedKind, tuple[str, ...]]
"""The fields of a document that have ids of a kind."""
BATTLE_FIELDS: Final[Fields] = {
    NamedKind.SYSTEM: ("systemIds",),
    NamedKind.ALLIANCE: ("allianceIds",),
    NamedKind.CORPORATION: ("corpIds",),
    NamedKind.CHARACTER: ("characterIds",),
    NamedKind.SHIP_TYPE: ("shipTypeIds",),
}
KILLMAIL_FIELDS: Final[Fields] = {
    NamedKind.SYSTEM: ("systemId",),
    NamedKind.ALLIANCE: ("victimAllianceId", "attackerAllianceIds"),
    NamedKind.CORPORATION: ("victimCorporationId", "attackerCorporationIds"),
    NamedKind.CHARACTER: ("victimCharacterId", "attackerCharacterIds"),
    NamedKind.SHIP_TYPE: ("shipTypeId",),
}


def battle_filter(search: BattleSearch) -> str:
    return _all(
        [
            *_text(search.text, BATTLE_FIELDS, has_words=True),
            *([any_of("id", search.battle_ids)] if search.battle_ids is not None else ()),
            *_lists(
                {
                    "securityType": search.security_types,
                    "status": search.statuses,
                    "tier": search.tiers,
                    "systemIds": search.system_ids,
                    "regionId": search.region_ids,
                    "allianceIds": search.alliance_ids,
                    "corpIds": search.corporation_ids,
                    "characterIds": search.character_ids,
                }
            ),
            *_between("startTime", search.start_time),
            *_between("totalKills", search.kills),
            *_between("totalParticipants", search.participants),
            *_between("totalIskDestroyed", search.isk),
            *_between("duration", search.duration),
        ]
    )


def killmail_filter(search: KillmailSearch) -> str:
    return _all(
        [
            *_text(search.text, KILLMAIL_FIELDS, has_words=False),
            *([any_of("id", search.killmail_ids)] if search.killmail_ids is not None else ()),
            *_lists(
                {
                    "securityType": search.security_types,
                    "hullClass": search.hull_classes,
                    "systemId": search.system_ids,
                    "regionId": search.region_ids,
                    "shipTypeId": search.ship_type_ids,
                    "victimAllianceId": search.alliance_ids,
                    "victimCorporationId": search.corporation_ids,
                    "victimCharacterId": search.character_ids,
                    "attackerAllianceIds": search.attacker_alliance_ids,
                    "attackerCorporationIds": search.attacker_corporation_ids,
                    "attackerCharacterIds": search.attacker_character_ids,
                }
            ),
            *_between("killmailTime", search.time),
            *_between("value", search.isk),
            *_between("attackerCount", search.attackers),
        ]
    )


def relevance_order(text: TextFilter | None, fields: Fields, direction: Direction) -> str:
    """The expression that sorts by the weight of the best match; empty without one."""
    named = text.named if text else ()
    weights = sorted({part.weight for part in named}, reverse=True)
    scores = [f"({_either([p for p in named if p.weight == weight], fields)}):{weight}" for weight in weights]
    return f"_eval([{','.join(scores)}]):{direction}" if scores else ""


def _text(text: TextFilter | None, fields: Fields, *, has_words: bool) -> list[str]:
    if text is None:
        return []
    parts = [[named for named in text.named if named.part == number] for number in range(text.parts)]
    ways = [
        _all([f"({_either(part, fields)})" for part in parts]) if parts and all(parts) else "",
        any_of("regionId", text.region_ids) if text.region_ids else "",
        _all([any_of("words", (word,)) for word in text.words]) if has_words else "",
    ]
    given = [f"({way})" for way in ways if way]
    return [f"({' || '.join(given)})"] if given else [NOTHING]


def _either(named: Iterable[NamedPart], fields: Fields) -> str:
    by_kind: dict[NamedKind, list[int]] = {}
    for part in named:
        by_kind.setdefault(part.kind, []).append(part.id)
    return " || ".join(any_of(field, ids) for kind, ids in by_kind.items() for field in fields[kind])


def _lists(filters: Mapping[str, Iterable[object]]) -> list[str]:
    return [any_of(field, values) for field, values in filters.items() if values]


def any_of(field: str, values: Iterable[object]) -> str:
    quoted = ",".join(f"`{value}`" for value in values)
    return f"{field}:=[{quoted}]" if quoted else NOTHING


def _between(field: str, between: Between[datetime] | Between[Decimal] | Between[int]) -> list[str]:
    low, high = between.least, between.most
    return [
        *([] if low is None else [f"{field}:>={_number(low, ROUND_CEILING)}"]),
        *([] if high is None else [f"{field}:<={_number(high, ROUND_FLOOR)}"]),
    ]


def _number(value: datetime | Decimal | int, rounding: str) -> int:
    """Whole seconds and ISK, as the index has them."""
    if isinstance(value, datetime):
        value = Decimal(str(value.timestamp()))
    return int(Decimal(value).to_integral_value(rounding))


def _all(clauses: Iterable[str]) -> str:
    return " && ".join(clauses)
