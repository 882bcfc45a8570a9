"""Documents as a search engine copies them, read from the rows that PostgreSQL searches."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any, Final, LiteralString

from battlescope_events.postgres.database import Connection
from battlescope_schemas.names.shown_names import shown_name
from battlescope_schemas.search.documents import (
    Document,
    EntityDocument,
    KillmailDocument,
    ShipTypeDocument,
    SystemDocument,
)
from battlescope_schemas.ships.hulls import HullClass
from battlescope_schemas.universe import SecurityType
from search_index.domain.entity_key import ALLIANCE, CHARACTER, CORPORATION, SHIP_TYPE
from search_index.domain.scores import activity_score

SELECT_ENTITIES: Final[LiteralString] = """
SELECT e.entity_id, e.entity_name, e.ticker, e.compact_ticker, e.folded_name, e.compact_name, e.battle_count, e.kills,
    e.losses, e.last_seen_at, e.corporation_id, corporation.entity_name AS corporation_name,
    corporation.ticker AS corporation_ticker, e.alliance_id, alliance.entity_name AS alliance_name,
    alliance.ticker AS alliance_ticker
FROM entities AS e
LEFT JOIN entities AS corporation
    ON corporation.entity_type = 'corporation' AND corporation.entity_id = e.corporation_id
LEFT JOIN entities AS alliance ON alliance.entity_type = 'alliance' AND alliance.entity_id = e.alliance_id
WHERE e.entity_type = %(entity_type)s::text AND e.entity_id = ANY (%(ids)s::bigint[]) AND e.is_searchable
"""
SELECT_SYSTEMS: Final[LiteralString] = """
SELECT e.entity_id, e.entity_name, e.folded_name, e.compact_name, e.battle_count, e.kills, e.losses, e.last_seen_at,
    s.region_id, s.region_name, s.constellation_id, s.constellation_name, s.security_type, s.security_status,
    s.wormhole_class, s.system_effect
FROM entities AS e JOIN solar_systems AS s ON s.system_id = e.entity_id
WHERE e.entity_type = 'system' AND e.entity_id = ANY (%(ids)s::bigint[]) AND e.is_searchable
"""
SELECT_SHIP_TYPES: Final[LiteralString] = """
SELECT e.entity_id, e.entity_name, e.folded_name, e.compact_name, e.battle_count, e.kills, e.losses, e.last_seen_at,
    s.ship_group_id, s.ship_group_name, s.hull_class
FROM entities AS e JOIN ship_types AS s ON s.ship_type_id = e.entity_id
WHERE e.entity_type = 'ship_type' AND e.entity_id = ANY (%(ids)s::bigint[]) AND e.is_searchable
"""
SELECT_KILLMAILS: Final[LiteralString] = """
SELECT * FROM killmail_documents WHERE killmail_id = ANY (%(ids)s::bigint[])
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class _NamedRow:
    entity_id: int
    entity_name: str
    folded_name: str
    compact_name: str
    battle_count: int
    kills: int
    losses: int
    last_seen_at: datetime

    def fields(self, now: datetime) -> dict[str, Any]:
        return {
            "id": str(self.entity_id),
            "name": self.entity_name,
            "folded_name": self.folded_name,
            "compact_name": self.compact_name,
            "battle_count": self.battle_count,
            "kills": self.kills,
            "losses": self.losses,
            "last_seen_at": int(self.last_seen_at.timestamp()),
            "activity_score": activity_score(self.battle_count, self.last_seen_at, now),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class _EntityRow(_NamedRow):
    ticker: str | None
    compact_ticker: str | None
    corporation_id: int | None
    corporation_name: str | None
    corporation_ticker: str | None
    alliance_id: int | None
    alliance_name: str | None
    alliance_ticker: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _SystemRow(_NamedRow):
    region_id: int
    region_name: str
    constellation_id: int
    constellation_name: str | None
    security_type: str
    security_status: float
    wormhole_class: int | None
    system_effect: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _ShipTypeRow(_NamedRow):
    ship_group_id: int | None
    ship_group_name: str | None
    hull_class: str | None


@dataclass(frozen=True, slots=True)
class _KillmailRow:
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
    attacker_character_ids: list[int | None]
    attacker_corporation_ids: list[int | None]
    attacker_alliance_ids: list[int | None]
    attacker_count: int
    total_value: Decimal | None
    is_npc: bool
    is_solo: bool
    battle_id: str | None
    wormhole_class: int | None


class SearchableDocuments:
    """Documents in the caller's transaction; what is not searchable (any more) has none."""

    def __init__(self, connection: Connection, now: datetime) -> None:
        self._connection = connection
        self._now = now

    async def of_type(self, document_type: str, ids: Sequence[str]) -> list[Document]:
        """The documents of everything but battles; `document_type` as in the queues."""
        numbers = [int(document_id) for document_id in ids]
        match document_type:
            case "killmail":
                rows = await self._connection.rows(_KillmailRow, SELECT_KILLMAILS, {"ids": numbers})
                return [_killmail(row) for row in rows]
            case "system":
                rows = await self._connection.rows(_SystemRow, SELECT_SYSTEMS, {"ids": numbers})
                return [_system(row, self._now) for row in rows]
            case "ship_type":
                rows = await self._connection.rows(_ShipTypeRow, SELECT_SHIP_TYPES, {"ids": numbers})
                return [_ship_type(row, self._now) for row in rows]
            case _:
                params = {"ids": numbers, "entity_type": document_type}
                rows = await self._connection.rows(_EntityRow, SELECT_ENTITIES, params)
                return [_entity(row, self._now) for row in rows]


def _text(value: int | None) -> str | None:
    return None if value is None else str(value)


def _entity(row: _EntityRow, now: datetime) -> EntityDocument:
    return EntityDocument(
        **row.fields(now),
        ticker=row.ticker,
        compact_ticker=row.compact_ticker,
        corp_id=_text(row.corporation_id),
        corp_name=shown_name(CORPORATION, row.corporation_id, row.corporation_name),
        corp_ticker=row.corporation_ticker,
        alliance_id=_text(row.alliance_id),
        alliance_name=shown_name(ALLIANCE, row.alliance_id, row.alliance_name),
        alliance_ticker=row.alliance_ticker,
    )


def _system(row: _SystemRow, now: datetime) -> SystemDocument:
    return SystemDocument(
        **row.fields(now),
        region_id=str(row.region_id),
        region_name=row.region_name,
        constellation_id=str(row.constellation_id),
        constellation_name=row.constellation_name,
        security_type=SecurityType(row.security_type),
        security_status=row.security_status,
        system_class=row.wormhole_class,
        system_effect=row.system_effect,
    )


def _ship_type(row: _ShipTypeRow, now: datetime) -> ShipTypeDocument:
    return ShipTypeDocument(
        **row.fields(now),
        group_id=_text(row.ship_group_id),
        group_name=row.ship_group_name,
        hull_class=None if row.hull_class is None else HullClass(row.hull_class),
    )


def _killmail(row: _KillmailRow) -> KillmailDocument:
    return KillmailDocument(
        id=str(row.killmail_id),
        killmail_time=int(row.killmail_time.timestamp()),
        system_id=str(row.system_id),
        system_name=row.system_name,
        region_id=str(row.region_id),
        region_name=row.region_name,
        security_type=SecurityType(row.security_type),
        security_status=row.security_status,
        system_class=row.wormhole_class,
        ship_type_id=_text(row.ship_type_id),
        ship_type_name=shown_name(SHIP_TYPE, row.ship_type_id, row.ship_type_name),
        ship_group_id=_text(row.ship_group_id),
        ship_group_name=row.ship_group_name,
        hull_class=None if row.hull_class is None else HullClass(row.hull_class),
        victim_character_id=_text(row.victim_character_id),
        victim_character_name=shown_name(CHARACTER, row.victim_character_id, row.victim_character_name),
        victim_corporation_id=_text(row.victim_corporation_id),
        victim_corporation_name=shown_name(CORPORATION, row.victim_corporation_id, row.victim_corporation_name),
        victim_alliance_id=_text(row.victim_alliance_id),
        victim_alliance_name=shown_name(ALLIANCE, row.victim_alliance_id, row.victim_alliance_name),
        attacker_character_ids=_ids(row.attacker_character_ids),
        attacker_corporation_ids=_ids(row.attacker_corporation_ids),
        attacker_alliance_ids=_ids(row.attacker_alliance_ids),
        attacker_count=row.attacker_count,
        value=None if row.total_value is None else int(row.total_value),
        isk_value=None if row.total_value is None else str(row.total_value),
        battle_id=row.battle_id,
        npc=row.is_npc,
        solo=row.is_solo,
    )


def _ids(ids: Sequence[int | None]) -> tuple[str, ...]:
    return tuple(str(entity_id) for entity_id in sorted({i for i in ids if i is not None}))
