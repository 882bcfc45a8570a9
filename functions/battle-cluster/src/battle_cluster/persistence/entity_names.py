"""Display names of pilots, corporations, alliances, ship types and places, and what the static data says of them."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final, LiteralString

from psycopg import AsyncConnection

from battle_cluster.domain.killmail import Location
from battle_cluster.messaging.enriched_killmail import EntityFact, EntityName, ShipType
from battle_cluster.persistence.parameters import Row, json_rows
from battle_cluster.persistence.upsert import all_of

SELECT_LOCATION_NAMES: Final[LiteralString] = """
SELECT entity_type, id, name FROM entity_names
WHERE entity_type = 'system' AND id = ANY(%(systems)s::bigint[])
    OR entity_type = 'region' AND id = ANY(%(regions)s::bigint[])
"""
# A killmail carries the name of its own time, so it never replaces a stored name. Part of `battles.SAVE`.
INSERT_UNKNOWN_NAMES: Final[LiteralString] = """
INSERT INTO entity_names (entity_type, id, name)
SELECT entity_type, id, name FROM json_populate_recordset(NULL::entity_names, %(names)s::json)
ORDER BY entity_type, id
ON CONFLICT DO NOTHING
"""
# Facts of the static data. A row that is stored as it should be is not locked; it is found by its key, since comparing
# whole rows of a batch with all stored ones is quadratic. Parts of `battles.SAVE`.
UPSERT_SHIP_TYPES: Final[LiteralString] = """
INSERT INTO ship_types (ship_type_id, group_id)
SELECT ship_type_id, group_id FROM json_populate_recordset(NULL::ship_types, %(ship_types)s::json) AS new
WHERE NOT EXISTS (
    SELECT FROM ship_types AS old WHERE old.ship_type_id = new.ship_type_id AND old IS NOT DISTINCT FROM new)
ORDER BY ship_type_id
ON CONFLICT (ship_type_id) DO UPDATE SET group_id = excluded.group_id
"""
# An event of an older release knows neither effect nor neighbours; it keeps those that are stored.
UPSERT_SOLAR_SYSTEMS: Final[LiteralString] = """
INSERT INTO solar_systems AS stored (system_id, constellation_id, security_status, wormhole_class, system_effect,
    adjacent_system_ids, nearby_system_ids)
SELECT system_id, constellation_id, security_status, wormhole_class, system_effect, adjacent_system_ids,
    nearby_system_ids
FROM json_populate_recordset(NULL::solar_systems, %(solar_systems)s::json) AS new
WHERE NOT EXISTS (
    SELECT FROM solar_systems AS old WHERE old.system_id = new.system_id AND old IS NOT DISTINCT FROM new)
ORDER BY system_id
ON CONFLICT (system_id) DO UPDATE SET constellation_id = excluded.constellation_id,
    security_status = excluded.security_status, wormhole_class = excluded.wormhole_class,
    system_effect = coalesce(excluded.system_effect, stored.system_effect),
    adjacent_system_ids = coalesce(excluded.adjacent_system_ids, stored.adjacent_system_ids),
    nearby_system_ids = coalesce(excluded.nearby_system_ids, stored.nearby_system_ids)
"""
SAVE_NAMES_AND_FACTS: Final[LiteralString] = all_of((INSERT_UNKNOWN_NAMES, UPSERT_SHIP_TYPES), UPSERT_SOLAR_SYSTEMS)
# An event without a ticker keeps the one that is stored.
UPSERT_NAME: Final[LiteralString] = """
INSERT INTO entity_names AS stored (entity_type, id, name, ticker)
VALUES (%(entity_type)s, %(id)s, %(name)s, %(ticker)s)
ON CONFLICT (entity_type, id) DO UPDATE
SET name = excluded.name, ticker = coalesce(excluded.ticker, stored.ticker)
WHERE stored.name <> excluded.name OR stored.ticker IS DISTINCT FROM coalesce(excluded.ticker, stored.ticker)
RETURNING id
"""
# Caches of answers are notified of the battles that show a name; of all battles where there are many.
NOTIFY_RENAMED: Final[LiteralString] = """
SELECT pg_notify('battle_changes', CASE WHEN count(*) > 200 THEN '*' ELSE string_agg(battle_id::text, ',') END)
FROM (
    SELECT battle_id FROM battle_participants WHERE %(entity_type)s = 'character' AND character_id = %(id)s
    UNION SELECT battle_id FROM battle_participants WHERE %(entity_type)s = 'corporation' AND corporation_id = %(id)s
    UNION SELECT battle_id FROM battle_side_parties WHERE party_type = %(entity_type)s AND party_id = %(id)s
    LIMIT 201
) AS showing
HAVING count(*) > 0
"""


class EntityNameRepository:
    def __init__(self, connection: AsyncConnection[Any]) -> None:
        self._connection = connection

    async def save(self, name: EntityName, ticker: str | None) -> None:
        """Store the current name and ticker of an entity, and notify those who show it in battles."""
        cursor = await self._connection.execute(UPSERT_NAME, {**name._asdict(), "ticker": ticker})
        if await cursor.fetchone() is not None:
            await self._connection.execute(NOTIFY_RENAMED, name._asdict())

    async def save_unknown(self, names: Iterable[EntityName], facts: Iterable[EntityFact]) -> None:
        """Store the names that are not stored, and the facts that are not stored as they are."""
        await self._connection.execute(SAVE_NAMES_AND_FACTS, names_and_facts(names, facts))

    async def of_locations(
        self, locations: Collection[Location], names: Iterable[EntityName]
    ) -> dict[tuple[str, int], str]:
        """Names of systems and regions by (entity type, id).

        `names` come with the killmails; the database is read only when they lack the name of a system.
        """
        incoming = {(name.entity_type, name.id): name.name for name in names}
        if all(("system", location.system_id) in incoming for location in locations):
            return incoming
        params = {
            "systems": [location.system_id for location in locations],
            "regions": [location.region_id for location in locations],
        }
        cursor = await self._connection.execute(SELECT_LOCATION_NAMES, params)
        stored = {(entity_type, entity_id): name for entity_type, entity_id, name in await cursor.fetchall()}
        return stored | incoming


def names_and_facts(names: Iterable[EntityName], facts: Iterable[EntityFact]) -> Mapping[str, str]:
    """The parameters of `SAVE_NAMES_AND_FACTS`.

    Each ship type and system is there once: the static data may have changed between two killmails of a batch.
    """
    ship_types: dict[int, Row] = {}
    systems: dict[int, Row] = {}
    for fact in facts:
        if isinstance(fact, ShipType):
            ship_types[fact.ship_type_id] = fact._asdict()
        else:
            systems[fact.system_id] = fact._asdict()
    return {
        "names": json_rows([name._asdict() for name in names]),
        "ship_types": json_rows(list(ship_types.values())),
        "solar_systems": json_rows(list(systems.values())),
    }
