"""Writes documents into the tables that search-api reads, as search-index does."""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final

import psycopg
from psycopg.types.json import Jsonb
from search_documents import BIG, MERGED, MERGED_AGAIN, NOW, SMALL, TOKENS, Documents

from battlescope_schemas.search.documents import (
    BattleDocument,
    Collection,
    EntityDocument,
    KillmailDocument,
    NamedDocument,
    ShipTypeDocument,
    SystemDocument,
)
from battlescope_schemas.search.folding import compact, folded

if TYPE_CHECKING:
    from collections.abc import Iterable

_KINDS: Final = {
    Collection.ALLIANCES: "alliance",
    Collection.CORPORATIONS: "corporation",
    Collection.CHARACTERS: "character",
    Collection.SYSTEMS: "system",
    Collection.SHIP_TYPES: "ship_type",
}
_NOT_STORED: Final = {"allianceIds", "corpIds", "characterIds", "shipTypeIds", "words"}
ENTITY: Final = """
INSERT INTO entities (entity_type, entity_id, entity_name, ticker, named_at, folded_name, compact_name, compact_ticker,
    is_searchable, battle_count, kills, losses, last_seen_at, corporation_id, alliance_id)
VALUES (%(kind)s, %(id)s, %(name)s, %(ticker)s, now(), %(folded)s, %(compact)s, %(compact_ticker)s, %(searchable)s,
    %(battles)s, 0, 0, %(seen)s, %(corporation)s, %(alliance)s)
ON CONFLICT DO NOTHING
"""


def write(url: str, documents: Documents) -> None:
    """Write all documents as the owner of the database."""
    with psycopg.connect(url) as connection:
        for collection, kind in _KINDS.items():
            of_kind: Any = documents.get(collection, ())
            connection.cursor().executemany(ENTITY, [_entity(kind, document) for document in of_kind])
        for system in documents.get(Collection.SYSTEMS, ()):
            assert isinstance(system, SystemDocument)
            _write_system(connection, system)
        for ship in documents.get(Collection.SHIP_TYPES, ()):
            assert isinstance(ship, ShipTypeDocument)
            values = (int(ship.id), ship.name, _number(ship.group_id), ship.group_name, ship.hull_class)
            connection.execute("INSERT INTO ship_types VALUES (%s, %s, %s, %s, %s)", values)
        for battle in documents.get(Collection.BATTLES, ()):
            assert isinstance(battle, BattleDocument)
            _write_battle(connection, battle)
        for killmail in documents.get(Collection.KILLMAILS, ()):
            assert isinstance(killmail, KillmailDocument)
            _write_killmail(connection, killmail)
        _write_links(connection)


def _write_links(connection: psycopg.Connection) -> None:
    """Battles that were merged, and links to shared battles."""
    connection.execute(
        "INSERT INTO battles (battle_id, revision, merged_into) VALUES (%s, 2, %s), (%s, 2, %s), (%s, 3, NULL)",
        (MERGED_AGAIN, MERGED, MERGED, SMALL, SMALL),
    )
    links = (
        ("open", BIG, None, False),
        ("of merged", MERGED_AGAIN, NOW + timedelta(days=1), False),
        ("expired", BIG, NOW, False),
        ("revoked", BIG, None, True),
    )
    for name, battle_id, expires_at, is_revoked in links:
        digest = sha256(TOKENS[name].encode()).hexdigest()
        row = (digest, battle_id, expires_at, is_revoked)
        connection.execute("INSERT INTO battle_shares VALUES (%s, %s, %s, %s)", row)


def _entity(kind: str, document: NamedDocument) -> dict[str, Any]:
    is_entity = isinstance(document, EntityDocument)
    return {
        "kind": kind,
        "id": int(document.id),
        "name": document.name,
        "ticker": document.ticker if is_entity else None,
        "folded": document.folded_name,
        "compact": document.compact_name,
        "compact_ticker": document.compact_ticker if is_entity else None,
        "searchable": True,
        "battles": document.battle_count,
        "seen": _time(document.last_seen_at),
        "corporation": _number(document.corp_id) if is_entity and kind == "character" else None,
        "alliance": _number(document.alliance_id) if is_entity else None,
    }


def _write_system(connection: psycopg.Connection, system: SystemDocument) -> None:
    values = (
        int(system.id), system.name, int(system.constellation_id), system.constellation_name, int(system.region_id),
        system.region_name, system.security_type, system.security_status, system.system_class, system.system_effect,
    )  # fmt: skip
    marks = ", ".join(["%s"] * len(values))
    connection.execute(f"INSERT INTO solar_systems VALUES ({marks})", values)


def _write_battle(connection: psycopg.Connection, battle: BattleDocument) -> None:
    document = {name: value for name, value in battle.model_dump(mode="json").items() if name not in _NOT_STORED}
    values: dict[str, Any] = {
        "battle_id": battle.id,
        "revision": battle.revision,
        "system_id": int(battle.system_id),
        "constellation_id": _number(battle.constellation_id),
        "region_id": int(battle.region_id),
        "security_type": battle.security_type,
        "system_class": battle.system_class,
        "status": battle.status,
        "tier": battle.tier,
        "start_time": _time(battle.start_time),
        "end_time": _time(battle.end_time),
        "duration_seconds": battle.duration,
        "total_kills": battle.total_kills,
        "total_participants": battle.total_participants,
        "total_isk_destroyed": battle.isk_destroyed,
        "battle_score": battle.battle_score,
        "document": Jsonb(document),
    }
    names, marks = ", ".join(values), ", ".join(f"%({name})s" for name in values)
    connection.execute(
        f"INSERT INTO battle_documents ({names}, search_vector) VALUES ({marks}, array_to_tsvector(%(words)s::text[]))",
        {**values, "words": sorted(set(battle.words))},
    )
    _write_membership(connection, battle)


def _write_membership(connection: psycopg.Connection, battle: BattleDocument) -> None:
    ids: Iterable[tuple[str, Iterable[str]]] = (
        ("system", battle.system_ids),
        ("alliance", battle.alliance_ids),
        ("corporation", battle.corp_ids),
        ("character", battle.character_ids),
        ("ship_type", battle.ship_type_ids),
    )
    for kind, of_kind in ids:
        for entity_id in of_kind:
            connection.execute(
                "INSERT INTO battle_entities (entity_type, entity_id, battle_id, kills, losses, last_seen_at)"
                " VALUES (%s, %s, %s, 0, 0, %s)",
                (kind, int(entity_id), battle.id, _time(battle.end_time)),
            )


def _write_killmail(connection: psycopg.Connection, killmail: KillmailDocument) -> None:
    values: dict[str, Any] = {
        "killmail_id": int(killmail.id),
        "killmail_time": _time(killmail.killmail_time),
        "system_id": int(killmail.system_id),
        "ship_type_id": _number(killmail.ship_type_id),
        "victim_character_id": _number(killmail.victim_character_id),
        "victim_corporation_id": _number(killmail.victim_corporation_id),
        "victim_alliance_id": _number(killmail.victim_alliance_id),
        "attacker_character_ids": [int(value) for value in killmail.attacker_character_ids],
        "attacker_corporation_ids": [int(value) for value in killmail.attacker_corporation_ids],
        "attacker_alliance_ids": [int(value) for value in killmail.attacker_alliance_ids],
        "attacker_ship_type_ids": [],
        "attacker_count": killmail.attacker_count,
        "total_value": killmail.isk_value,
        "is_npc": killmail.npc,
        "is_solo": killmail.solo,
    }
    names, marks = ", ".join(values), ", ".join(f"%({name})s" for name in values)
    connection.execute(f"INSERT INTO killmails ({names}) VALUES ({marks})", values)
    if killmail.battle_id:
        connection.execute("INSERT INTO battle_killmails VALUES (%s, %s)", (int(killmail.id), killmail.battle_id))
    for kind, entity_id, name in (
        ("character", killmail.victim_character_id, killmail.victim_character_name),
        ("corporation", killmail.victim_corporation_id, killmail.victim_corporation_name),
        ("alliance", killmail.victim_alliance_id, killmail.victim_alliance_name),
    ):
        if entity_id and name:
            unsearchable = {
                "kind": kind, "id": int(entity_id), "name": name, "ticker": None, "folded": folded(name),
                "compact": compact(name), "compact_ticker": None, "searchable": False, "battles": 0, "seen": None,
                "corporation": None, "alliance": None,
            }  # fmt: skip
            connection.execute(ENTITY, unsearchable)


def _time(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def _number(text: str | None) -> int | None:
    return None if text is None else int(text)
