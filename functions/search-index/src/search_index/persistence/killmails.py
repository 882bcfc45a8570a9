"""Killmails with the names and facts that come with them; one killmail or thousands take the same statements."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, LiteralString

from battlescope_events.postgres.database import Database
from battlescope_schemas.search.folding import compacted, folded
from search_index.domain.entity_key import SHIP_TYPE, SYSTEM, EntityKey
from search_index.domain.killmail import IncomingKillmail, Killmail, ShipType, SolarSystem
from search_index.persistence.known_facts import KnownFacts
from search_index.persistence.rows import json_rows

# A killmail is written once; only its value may change. Battles that it belongs to are indexed again. They are looked
# up by an array, of which PostgreSQL expects few values; for a hundred expected rows it reads all links of killmails.
_KILLMAILS: Final[LiteralString] = """
saved AS (
    INSERT INTO killmails AS existing (killmail_id, killmail_time, system_id, ship_type_id, victim_character_id,
        victim_corporation_id, victim_alliance_id, attacker_character_ids, attacker_corporation_ids,
        attacker_alliance_ids, attacker_ship_type_ids, attacker_count, total_value, is_npc, is_solo, value_revision,
        valuation_revision)
    SELECT killmail_id, killmail_time, system_id, ship_type_id, victim_character_id, victim_corporation_id,
        victim_alliance_id, attacker_character_ids, attacker_corporation_ids, attacker_alliance_ids,
        attacker_ship_type_ids, attacker_count, total_value, is_npc, is_solo, value_revision, valuation_revision
    FROM json_populate_recordset(NULL::killmails, %(killmails)s::json)
    ON CONFLICT (killmail_id) DO UPDATE SET total_value = EXCLUDED.total_value,
        value_revision = EXCLUDED.value_revision, valuation_revision = EXCLUDED.valuation_revision
    WHERE (existing.value_revision, existing.valuation_revision)
        < (EXCLUDED.value_revision, EXCLUDED.valuation_revision)
    RETURNING killmail_id
), copied AS (
    INSERT INTO engine_queue (document_type, document_id)
    SELECT 'killmail', killmail_id::text FROM saved WHERE %(has_copy)s::boolean
)
INSERT INTO index_queue (document_type, document_id)
SELECT DISTINCT 'battle', battle_id::text FROM battle_killmails
WHERE killmail_id = ANY (ARRAY(SELECT killmail_id FROM saved))
"""
# A killmail carries the name of its own time, so it never replaces a stored name. A name that comes after the battles
# of its entity makes that entity searchable. A lost ship tells more of its type than one that an attacker flew.
_FACTS: Final[LiteralString] = """
located AS (
    INSERT INTO solar_systems AS existing (system_id, system_name, constellation_id, constellation_name, region_id,
        region_name, security_type, security_status, wormhole_class, system_effect)
    SELECT system_id, system_name, constellation_id, constellation_name, region_id, region_name, security_type,
        security_status, wormhole_class, system_effect
    FROM json_populate_recordset(NULL::solar_systems, %(systems)s::json)
    ON CONFLICT (system_id) DO UPDATE SET system_name = EXCLUDED.system_name, region_name = EXCLUDED.region_name,
        constellation_name = coalesce(EXCLUDED.constellation_name, existing.constellation_name),
        security_type = EXCLUDED.security_type, security_status = EXCLUDED.security_status,
        wormhole_class = EXCLUDED.wormhole_class,
        system_effect = coalesce(EXCLUDED.system_effect, existing.system_effect)
    WHERE (existing.system_name, existing.region_name, existing.security_type, existing.security_status,
            existing.wormhole_class, existing.constellation_name, existing.system_effect)
        IS DISTINCT FROM (EXCLUDED.system_name, EXCLUDED.region_name, EXCLUDED.security_type, EXCLUDED.security_status,
            EXCLUDED.wormhole_class, coalesce(EXCLUDED.constellation_name, existing.constellation_name),
            coalesce(EXCLUDED.system_effect, existing.system_effect))
), built AS (
    INSERT INTO ship_types AS existing (ship_type_id, ship_type_name, ship_group_id, ship_group_name, hull_class)
    SELECT ship_type_id, ship_type_name, ship_group_id, ship_group_name, hull_class
    FROM json_populate_recordset(NULL::ship_types, %(ship_types)s::json)
    ON CONFLICT (ship_type_id) DO UPDATE SET ship_group_id = EXCLUDED.ship_group_id,
        ship_group_name = EXCLUDED.ship_group_name, hull_class = EXCLUDED.hull_class
    WHERE existing.ship_group_name IS NULL AND EXCLUDED.ship_group_name IS NOT NULL
), added AS (
    INSERT INTO entities (entity_type, entity_id, entity_name, named_at, folded_name, compact_name)
    SELECT entity_type, entity_id, entity_name, '-infinity', folded_name, compact_name
    FROM json_populate_recordset(NULL::entities, %(names)s::json)
    ON CONFLICT (entity_type, entity_id) DO NOTHING
    RETURNING entity_type, entity_id
), named AS (
    INSERT INTO index_queue (document_type, document_id)
    SELECT entity_type, entity_id::text FROM added
    WHERE entity_type IN ('character', 'corporation', 'alliance') AND EXISTS (
        SELECT FROM battle_entities AS b WHERE b.entity_type = added.entity_type AND b.entity_id = added.entity_id)
),
"""
SAVE_KILLMAILS: Final[LiteralString] = "WITH " + _KILLMAILS
SAVE_KILLMAILS_WITH_FACTS: Final[LiteralString] = "WITH " + _FACTS + _KILLMAILS


class KillmailRepository:
    def __init__(self, database: Database, known: KnownFacts, *, has_copy: bool) -> None:
        """`has_copy`: whether a search engine keeps copies of the documents."""
        self._database = database
        self._known = known
        self._has_copy = has_copy

    async def save(self, incoming: Sequence[IncomingKillmail]) -> None:
        """Save all killmails or none; each may occur only once, and they are sorted by id."""
        systems = self._known.unknown_systems(incoming)
        ships = self._known.unknown_ships(incoming)
        names = self._known.unknown_names(incoming)
        params = {"killmails": json_rows(_row(entry.killmail) for entry in incoming), "has_copy": self._has_copy}
        async with self._database.connection() as connection:
            if systems or ships or names:
                facts = _fact_params(names, systems, ships)
                await connection.execute(SAVE_KILLMAILS_WITH_FACTS, params | facts)
            else:
                await connection.execute(SAVE_KILLMAILS, params)
        self._known.add(names, systems, ships)


def _fact_params(
    names: Mapping[EntityKey, str], systems: Mapping[int, SolarSystem], ships: Mapping[int, ShipType]
) -> dict[str, str]:
    """Rows of each table, sorted, so that no two writers lock them crosswise."""
    rows = [_name_row(*key, name) for key, name in names.items()]
    rows += [_name_row(SYSTEM, system.system_id, system.system_name) for system in systems.values()]
    rows += [_name_row(SHIP_TYPE, ship.ship_type_id, ship.ship_type_name) for ship in ships.values()]
    return {
        "systems": json_rows(systems[key]._asdict() for key in sorted(systems)),
        "ship_types": json_rows(ships[key]._asdict() for key in sorted(ships)),
        "names": json_rows(sorted(rows, key=lambda row: (row["entity_type"], row["entity_id"]))),
    }


def _name_row(entity_type: str, entity_id: int, name: str) -> dict[str, Any]:
    folded_name = folded(name)
    return {
        "entity_type": entity_type,
        "entity_id": entity_id,
        "entity_name": name,
        "folded_name": folded_name,
        "compact_name": compacted(folded_name),
    }


def _row(killmail: Killmail) -> dict[str, Any]:
    victim, attackers = killmail.victim, killmail.attackers
    columns: Sequence[Collection[int | None]] = list(zip(*attackers, strict=True)) or [()] * 4
    return {
        "killmail_id": killmail.killmail_id,
        "killmail_time": killmail.killmail_time,
        "system_id": killmail.system_id,
        "ship_type_id": victim.ship_type_id,
        "victim_character_id": victim.character_id,
        "victim_corporation_id": victim.corporation_id,
        "victim_alliance_id": victim.alliance_id,
        "attacker_character_ids": columns[0],
        "attacker_corporation_ids": columns[1],
        "attacker_alliance_ids": columns[2],
        "attacker_ship_type_ids": columns[3],
        "attacker_count": killmail.attacker_count,
        "total_value": killmail.value,
        "is_npc": killmail.is_npc,
        "is_solo": killmail.is_solo,
        "value_revision": killmail.value_revision,
        "valuation_revision": killmail.valuation_revision,
    }
