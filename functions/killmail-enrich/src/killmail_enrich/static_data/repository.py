"""The tables of static data: an import replaces them as a whole, each killmail looks up its ids."""

import asyncio
from collections.abc import Callable, Collection, Generator, Iterable, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, LiteralString

import psycopg

from battlescope_events.errors import TransientError
from battlescope_events.postgres.database import Database
from killmail_enrich.enrichment.locations import ItemType, Location, Types
from killmail_enrich.prices.build_cost import Blueprint, Blueprints, without_cycles
from killmail_enrich.prices.fixed_prices import load_fixed_prices
from killmail_enrich.static_data.parser import Row

SELECT_BUILD: Final[LiteralString] = "SELECT build_number FROM static_data"
LOCK: Final[LiteralString] = "SELECT pg_advisory_xact_lock(%(lock)s)"
IMPORT_LOCK: Final = 0x736465  # any number that no other lock of this database uses
# Not TRUNCATE: readers see the previous build until the new one is committed.
DELETE_ROWS: Final[dict[str, LiteralString]] = {
    "categories": "DELETE FROM categories",
    "groups": "DELETE FROM groups",
    "types": "DELETE FROM types",
    "regions": "DELETE FROM regions",
    "constellations": "DELETE FROM constellations",
    "systems": "DELETE FROM systems",
    "blueprints": "DELETE FROM blueprints",
}
COPY_ROWS: Final[dict[str, LiteralString]] = {
    "categories": "COPY categories (category_id, name) FROM STDIN",
    "groups": "COPY groups (group_id, name, category_id) FROM STDIN",
    "types": "COPY types (type_id, name, group_id) FROM STDIN",
    "regions": "COPY regions (region_id, name, wormhole_class) FROM STDIN",
    "constellations": "COPY constellations (constellation_id, name, region_id, wormhole_class) FROM STDIN",
    "systems": "COPY systems (system_id, name, constellation_id, region_id, security_status, wormhole_class, "
    "nearby_system_ids, adjacent_system_ids, sun_type_id) FROM STDIN",
    "blueprints": "COPY blueprints (product_type_id, blueprint_type_id, batch, material_type_ids, quantities) "
    "FROM STDIN",
}
# The number of the build, and how much of it was imported: a release that imports more imports the same build again.
# The eighth part are the suns and the neighbours of systems.
IMPORTED_TABLES: Final = 8
SELECT_IMPORT: Final[LiteralString] = """
SELECT build_number FROM static_data WHERE imported_tables = %(imported_tables)s
"""
UPSERT_BUILD: Final[LiteralString] = """
INSERT INTO static_data (build_number, imported_tables) VALUES (%(build)s, %(imported_tables)s)
ON CONFLICT (only_row) DO UPDATE SET build_number = EXCLUDED.build_number,
    imported_tables = EXCLUDED.imported_tables, imported_at = now()
"""
SELECT_BLUEPRINTS: Final[LiteralString] = """
SELECT product_type_id, batch, material_type_ids, quantities FROM blueprints
"""
SELECT_LOCATIONS: Final[LiteralString] = """
SELECT system_id, systems.name AS system_name, systems.constellation_id, systems.region_id,
    nullif(constellations.name, '') AS constellation_name, coalesce(regions.name, '') AS region_name, security_status,
    coalesce(systems.wormhole_class, constellations.wormhole_class, regions.wormhole_class) AS wormhole_class,
    nearby_system_ids, adjacent_system_ids, nullif(sun.name, '') AS sun_name
FROM systems LEFT JOIN constellations USING (constellation_id)
LEFT JOIN regions ON regions.region_id = systems.region_id
LEFT JOIN types AS sun ON sun.type_id = systems.sun_type_id
WHERE system_id = ANY (%(system_ids)s::bigint[])
"""
SELECT_TYPES: Final[LiteralString] = """
SELECT type_id, nullif(types.name, '') AS type_name, group_id, nullif(groups.name, '') AS group_name, category_id
FROM types LEFT JOIN groups USING (group_id) WHERE type_id = ANY (%(type_ids)s::bigint[])
"""
_IMPORT_PARAMS: Final = {"imported_tables": IMPORTED_TABLES}
_BUILD_CHECK_SECONDS: Final = 300.0  # how long a process may use a build after its replacement


@dataclass(frozen=True, slots=True)
class _BlueprintRow:
    product_type_id: int
    batch: int
    material_type_ids: list[int]
    quantities: list[int]

    @property
    def blueprint(self) -> Blueprint:
        return Blueprint(self.batch, dict(zip(self.material_type_ids, self.quantities, strict=True)))


class StaticData:
    """Looks up systems and types, and caches each until another build is imported.

    It does not load the tables as a whole: a process meets a few thousand of 60,000 rows, and the first killmail
    needs two statements instead of waiting for all rows.
    """

    def __init__(self, database: Database, monotonic: Callable[[], float]) -> None:
        self._database = database
        self._monotonic = monotonic
        self._build: int | None = None
        self._checked_until = 0.0
        self._locations: dict[int, Location] = {}
        self._types: dict[int, ItemType | None] = {}
        self._blueprints: Blueprints | None = None

    async def look_up(
        self, system_ids: Collection[int], type_ids: Collection[int]
    ) -> tuple[Mapping[int, Location], Types]:
        """Those of the systems and types that the static data has.

        Raises:
            TransientError: no build has been imported yet.
        """
        await self._check_build()
        if uncached := [system_id for system_id in system_ids if system_id not in self._locations]:
            await self._load_locations(uncached)
        if uncached := [type_id for type_id in type_ids if type_id not in self._types]:
            await self._load_types(uncached)
        locations = {system_id: location for system_id in system_ids if (location := self._locations.get(system_id))}
        types = {type_id: item_type for type_id in type_ids if (item_type := self._types.get(type_id))}
        return locations, types

    async def blueprints(self) -> Blueprints:
        """All blueprints by product, with what players assemble: 4 MB, read once per build.

        Raises:
            TransientError: as `look_up`.
        """
        await self._check_build()
        if self._blueprints is None:
            async with self._database.connection() as connection:
                rows = await connection.rows(_BlueprintRow, SELECT_BLUEPRINTS)
            blueprints = {row.product_type_id: row.blueprint for row in rows}
            built = {**blueprints, **load_fixed_prices().assembled}
            self._blueprints = await asyncio.to_thread(without_cycles, built)
        return self._blueprints

    async def _check_build(self) -> None:
        if self._monotonic() < self._checked_until:
            return
        async with self._database.connection() as connection:
            build = await connection.scalar(SELECT_BUILD)
        if build is None:
            raise TransientError("No static data has been imported yet; the job static-data imports it.")
        if build != self._build:
            self._build = build
            self._locations, self._types, self._blueprints = {}, {}, None
        self._checked_until = self._monotonic() + _BUILD_CHECK_SECONDS

    async def _load_locations(self, system_ids: list[int]) -> None:
        async with self._database.connection() as connection:
            rows = await connection.rows(Location, SELECT_LOCATIONS, {"system_ids": system_ids})
        self._locations.update({row.system_id: row for row in rows})

    async def _load_types(self, type_ids: list[int]) -> None:
        async with self._database.connection() as connection:
            rows = await connection.rows(ItemType, SELECT_TYPES, {"type_ids": type_ids})
        self._types.update(dict.fromkeys(type_ids))
        self._types.update({row.type_id: row for row in rows})


@contextmanager
def _import_transaction(database_url: str) -> Generator[psycopg.Connection]:
    """One transaction on a connection of its own: the import runs in a thread or as a Job, without the event loop."""
    try:
        with psycopg.connect(database_url) as connection:
            yield connection
    except psycopg.OperationalError as error:
        raise TransientError(f"The killmail database does not answer: {error!r}.") from error


def replace(database_url: str, build: int, tables: Iterable[tuple[str, Iterable[Row]]]) -> bool:
    """Replace the imported build; False where this build is there already.

    One import runs at a time: a second one waits for the lock and then returns False.
    """
    with _import_transaction(database_url) as connection:
        connection.execute(LOCK, {"lock": IMPORT_LOCK})
        if connection.execute(SELECT_IMPORT, _IMPORT_PARAMS).fetchone() == (build,):
            return False
        for table, rows in tables:
            connection.execute(DELETE_ROWS[table])
            with connection.cursor() as cursor, cursor.copy(COPY_ROWS[table]) as copy:
                for row in rows:
                    copy.write_row(row)
        connection.execute(UPSERT_BUILD, {"build": build} | _IMPORT_PARAMS)
    return True


def imported_build(database_url: str) -> int | None:
    """None also where a release that imports less has imported it."""
    with _import_transaction(database_url) as connection:
        row = connection.execute(SELECT_IMPORT, _IMPORT_PARAMS).fetchone()
    return row[0] if row else None
