"""Static data in the database: replaced as a whole by the import, looked up by id for each mail."""

from collections.abc import Callable, Collection, Generator, Iterable, Mapping
from contextlib import contextmanager
from typing import Final, LiteralString

import psycopg
from psycopg.rows import class_row

from killmail_enrich.enrichment.locations import ItemType, Place, Types
from killmail_enrich.errors import Unavailable, Unusable
from killmail_enrich.persistence.killmails import Pool, connected
from killmail_enrich.static_data.parser import Row

BUILD: Final[LiteralString] = "SELECT build_number FROM static_data"
LOCK: Final[LiteralString] = "SELECT pg_advisory_xact_lock(%(lock)s)"
SDE_LOCK: Final = 0x736465  # any number that no other lock of this database has
# Not TRUNCATE: readers go on with the old data until the new is committed.
CLEAR: Final[dict[str, LiteralString]] = {
    "categories": "DELETE FROM categories",
    "groups": "DELETE FROM groups",
    "types": "DELETE FROM types",
    "regions": "DELETE FROM regions",
    "constellations": "DELETE FROM constellations",
    "systems": "DELETE FROM systems",
}
COPY: Final[dict[str, LiteralString]] = {
    "categories": "COPY categories (category_id, name) FROM STDIN",
    "groups": "COPY groups (group_id, name, category_id) FROM STDIN",
    "types": "COPY types (type_id, name, group_id) FROM STDIN",
    "regions": "COPY regions (region_id, name, wormhole_class) FROM STDIN",
    "constellations": "COPY constellations (constellation_id, name, region_id, wormhole_class) FROM STDIN",
    "systems": "COPY systems (system_id, name, constellation_id, region_id, security_status, wormhole_class, "
    "nearby_system_ids) FROM STDIN",
}
IMPORTED: Final[LiteralString] = """
INSERT INTO static_data (build_number) VALUES (%(build)s)
ON CONFLICT (only_row) DO UPDATE SET build_number = EXCLUDED.build_number, imported_at = now()
"""
PLACES: Final[LiteralString] = """
SELECT system_id, systems.name AS system_name, systems.constellation_id, systems.region_id,
    coalesce(regions.name, '') AS region_name, security_status, nearby_system_ids
FROM systems LEFT JOIN regions USING (region_id) WHERE system_id = ANY (%(system_ids)s::bigint[])
"""
TYPES: Final[LiteralString] = """
SELECT type_id, nullif(types.name, '') AS type_name, group_id, nullif(groups.name, '') AS group_name, category_id
FROM types LEFT JOIN groups USING (group_id) WHERE type_id = ANY (%(type_ids)s::bigint[])
"""
_TRUST_SECONDS: Final = 300.0  # how long a process may go on with a build that has been replaced


class StaticData:
    """Looks up systems and types and keeps each for as long as the build is the same.

    Kept one by one and not loaded as a whole: a process meets a few thousand of the 60,000, and asks for what its
    first mail needs in two statements instead of reading everything before it.
    """

    def __init__(self, pool: Pool, monotonic: Callable[[], float]) -> None:
        self._pool = pool
        self._monotonic = monotonic
        self._build: int | None = None
        self._trusted_until = 0.0
        self._places: dict[int, Place] = {}
        self._types: dict[int, ItemType | None] = {}

    async def look_up(self, system_id: int, type_ids: Collection[int]) -> tuple[Place, Types]:
        """A system and those of the types that the static data knows.

        Raises:
            Unavailable: nothing was imported yet.
            Unusable: the build at hand lacks the system.
        """
        places, types = await self.look_up_all([system_id], type_ids)
        if system_id not in places:
            raise self.lacks(system_id)
        return places[system_id], types

    async def look_up_all(
        self, system_ids: Collection[int], type_ids: Collection[int]
    ) -> tuple[Mapping[int, Place], Types]:
        """Those of the systems and types that the static data knows.

        Raises:
            Unavailable: nothing was imported yet.
        """
        await self._check_build()
        if unknown := [system_id for system_id in system_ids if system_id not in self._places]:
            await self._read_places(unknown)
        if unknown := [type_id for type_id in type_ids if type_id not in self._types]:
            await self._read_types(unknown)
        places = {system_id: place for system_id in system_ids if (place := self._places.get(system_id))}
        types = {type_id: known for type_id in type_ids if (known := self._types.get(type_id))}
        return places, types

    def lacks(self, system_id: int) -> Unusable:
        """Why a mail of this system is of no use: retries of half a minute would not meet a newer build."""
        return Unusable(
            f"Build {self._build} of the static data has no system {system_id}; replay it with a newer one."
        )

    async def _check_build(self) -> None:
        if self._monotonic() < self._trusted_until:
            return
        async with connected(self._pool) as connection:
            row = await (await connection.execute(BUILD)).fetchone()
        if row is None:
            raise Unavailable("No static data has been imported yet; the job static-data does it.")
        if row[0] != self._build:
            self._build = row[0]
            self._places, self._types = {}, {}
        self._trusted_until = self._monotonic() + _TRUST_SECONDS

    async def _read_places(self, system_ids: list[int]) -> None:
        async with connected(self._pool) as connection, connection.cursor(row_factory=class_row(Place)) as cursor:
            await cursor.execute(PLACES, {"system_ids": system_ids})
            rows = await cursor.fetchall()
        self._places.update({row.system_id: row for row in rows})

    async def _read_types(self, type_ids: list[int]) -> None:
        async with connected(self._pool) as connection, connection.cursor(row_factory=class_row(ItemType)) as cursor:
            await cursor.execute(TYPES, {"type_ids": type_ids})
            rows = await cursor.fetchall()
        self._types.update(dict.fromkeys(type_ids))
        self._types.update({row.type_id: row for row in rows})


@contextmanager
def _importing(database_url: str) -> Generator[psycopg.Connection]:
    """One transaction on a connection of its own: the import runs beside the event loop, or without one."""
    try:
        with psycopg.connect(database_url) as connection:
            yield connection
    except psycopg.OperationalError as error:
        raise Unavailable(f"The killmail database does not answer: {error!r}.") from error


def replace(database_url: str, build: int, tables: Iterable[tuple[str, Iterable[Row]]]) -> bool:
    """Put a build in the place of the one before; false where it is there already.

    One import at a time: whoever comes second waits and then finds it done.
    """
    with _importing(database_url) as connection:
        connection.execute(LOCK, {"lock": SDE_LOCK})
        if connection.execute(BUILD).fetchone() == (build,):
            return False
        for table, rows in tables:
            connection.execute(CLEAR[table])
            with connection.cursor() as cursor, cursor.copy(COPY[table]) as copy:
                for row in rows:
                    copy.write_row(row)
        connection.execute(IMPORTED, {"build": build})
    return True


def imported_build(database_url: str) -> int | None:
    with _importing(database_url) as connection:
        row = connection.execute(BUILD).fetchone()
    return row[0] if row else None
