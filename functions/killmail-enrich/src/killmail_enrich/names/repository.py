"""The tables of names: resolved names, and killmails whose names are pending."""

import json
from collections.abc import AsyncGenerator, Collection, Iterable, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from typing import Final, LiteralString

from psycopg.types.json import Jsonb

from battlescope_events.postgres.database import Database
from battlescope_events.postgres.outbox import Outbox
from battlescope_events.postgres.unit_of_work import UnitOfWork
from battlescope_schemas.entity import EntityType
from killmail_enrich.names.model import Name
from killmail_enrich.persistence.parameters import bigint_array

SELECT_NAMES: Final[LiteralString] = """
SELECT entity_id, entity_type, entity_name AS name, extract(epoch FROM fetched_at)::float8 AS fetched_at, attempts
FROM entity_names WHERE entity_id = ANY (%(entity_ids)s::bigint[])
"""
SELECT_PENDING: Final[LiteralString] = """
SELECT entity_id FROM wanted_names LEFT JOIN entity_names USING (entity_id)
WHERE retry_at IS NULL OR retry_at <= to_timestamp(%(now)s::float8)
GROUP BY entity_id ORDER BY min(since), entity_id LIMIT %(max_rows)s
"""
COUNT_PENDING: Final[LiteralString] = """
SELECT count(*) FROM (
    SELECT DISTINCT entity_id FROM wanted_names LEFT JOIN entity_names USING (entity_id)
    WHERE retry_at IS NULL OR retry_at <> 'infinity' LIMIT %(max_count)s
) AS pending
"""
# Returns the entities whose name changed. A first name concerns only the killmails that wait for it. An entity never
# loses its name: where a response has none, ESI is at fault.
UPSERT_NAMES: Final[LiteralString] = """
WITH incoming AS (
    SELECT * FROM jsonb_to_recordset(%(names)s::jsonb)
        AS incoming (entity_id bigint, entity_type text, entity_name text, fetched_at float8, attempts integer,
            retry_at float8)
), before AS (
    SELECT existing.entity_id, existing.entity_name FROM entity_names AS existing JOIN incoming USING (entity_id)
), written AS (
    INSERT INTO entity_names AS existing (entity_id, entity_type, entity_name, fetched_at, attempts, retry_at)
    SELECT entity_id, entity_type, entity_name, to_timestamp(fetched_at), attempts, to_timestamp(retry_at)
    FROM incoming ORDER BY entity_id
    ON CONFLICT (entity_id) DO UPDATE SET
        entity_type = coalesce(EXCLUDED.entity_type, existing.entity_type),
        entity_name = coalesce(EXCLUDED.entity_name, existing.entity_name), fetched_at = EXCLUDED.fetched_at,
        attempts = EXCLUDED.attempts,
        retry_at = CASE WHEN existing.entity_name IS NULL THEN EXCLUDED.retry_at END
    WHERE existing.fetched_at <= EXCLUDED.fetched_at
    RETURNING existing.entity_id
)
SELECT entity_id FROM written JOIN incoming USING (entity_id) JOIN before USING (entity_id)
WHERE incoming.entity_name <> before.entity_name
"""
DELETE_PENDING: Final[LiteralString] = """
DELETE FROM wanted_names WHERE entity_id = ANY (%(entity_ids)s::bigint[]) RETURNING entity_id, killmail_id
"""
LOCK_KILLMAILS: Final[LiteralString] = """
SELECT killmail_id FROM enriched_killmails WHERE killmail_id = ANY (%(killmail_ids)s::bigint[])
ORDER BY killmail_id FOR UPDATE
"""
# Fills in only missing names: a killmail keeps the names of its own time.
FILL_IN_NAMES: Final[LiteralString] = """
UPDATE enriched_killmails AS killmail SET
    victim_character_name = coalesce(victim_character_name, %(names)s::jsonb ->> victim_character_id::text),
    victim_corp_name = coalesce(victim_corp_name, %(names)s::jsonb ->> victim_corp_id::text),
    victim_alliance_name = coalesce(victim_alliance_name, %(names)s::jsonb ->> victim_alliance_id::text),
    victim_faction_name = coalesce(victim_faction_name, %(names)s::jsonb ->> victim_faction_id::text),
    attacker_data = (
        SELECT coalesce(jsonb_agg(attacker || jsonb_strip_nulls(jsonb_build_object(
            'characterName', coalesce(attacker ->> 'characterName', %(names)s::jsonb ->> (attacker ->> 'characterId')),
            'corporationName',
                coalesce(attacker ->> 'corporationName', %(names)s::jsonb ->> (attacker ->> 'corporationId')),
            'allianceName', coalesce(attacker ->> 'allianceName', %(names)s::jsonb ->> (attacker ->> 'allianceId')),
            'factionName', coalesce(attacker ->> 'factionName', %(names)s::jsonb ->> (attacker ->> 'factionId'))
        )) ORDER BY ordinal), '[]'::jsonb)
        FROM jsonb_array_elements(killmail.attacker_data) WITH ORDINALITY AS attackers (attacker, ordinal)
    ),
    updated_at = now(), version = version + 1
WHERE killmail_id = ANY (%(killmail_ids)s::bigint[])
"""
MAX_COUNT: Final = 10_000  # a higher count would only make the readiness answer slow
NAMES_LOCK: Final = 0x6E616D65  # any number that no other lock of this database uses


@dataclass(frozen=True, slots=True)
class _NameRow:
    entity_id: int
    entity_type: str | None
    name: str | None
    fetched_at: float
    attempts: int


class NameRepository:
    def __init__(self, database: Database, outbox: Outbox) -> None:
        self._database = database
        self._outbox = outbox

    async def find(self, entity_ids: Collection[int]) -> dict[int, Name]:
        """The stored names by id."""
        async with self._database.connection() as connection:
            rows = await connection.rows(_NameRow, SELECT_NAMES, {"entity_ids": bigint_array(entity_ids)})
        return {
            row.entity_id: Name(row.entity_id, _entity_type(row.entity_type), row.name, row.fetched_at, row.attempts)
            for row in rows
        }

    async def due_ids(self, now: float, max_rows: int) -> list[int]:
        """Ids whose name is missing or stale and may be asked for, the oldest request first. `now`: Unix time."""
        async with self._database.connection() as connection:
            return await connection.column(SELECT_PENDING, {"now": now, "max_rows": max_rows})

    async def pending_count(self) -> int:
        """How many names are awaited, at most `MAX_COUNT`; without those that were asked for in vain for a week."""
        async with self._database.connection() as connection:
            return await connection.scalar(COUNT_PENDING, {"max_count": MAX_COUNT})

    def single_flight(self) -> AbstractAsyncContextManager[bool]:
        """True for the only process that resolves pending names until the end of the block, False for the others."""
        return self._database.single_flight(NAMES_LOCK)

    @asynccontextmanager
    async def name_transaction(self) -> AsyncGenerator["NameTransaction"]:
        """One transaction that stores names, fills them into killmails and enqueues the events about them."""
        async with self._database.transaction() as connection:
            yield NameTransaction(connection, self._outbox)


class NameTransaction(UnitOfWork):
    """Names, the killmails that wait for them, and the events about them; the next timer event publishes these."""

    async def save(self, names: Iterable[Name]) -> frozenset[int]:
        """Store these names; returns the ids whose name differs from the stored one."""
        rows = [
            {
                "entity_id": name.entity_id,
                "entity_type": name.entity_type,
                "entity_name": name.name,
                "fetched_at": name.fetched_at,
                "attempts": name.attempts,
                "retry_at": None if name.retry_at is None else str(name.retry_at),
            }
            for name in names
        ]
        return frozenset(await self._connection.column(UPSERT_NAMES, {"names": Jsonb(rows)}))

    async def fill_in(self, names: Mapping[int, str]) -> frozenset[int]:
        """Fill these names into the killmails that wait for them; returns the ids that killmails waited for."""
        cursor = await self._connection.execute(DELETE_PENDING, {"entity_ids": bigint_array(names)})
        pending = [(entity_id, killmail_id) for entity_id, killmail_id in await cursor.fetchall() if killmail_id]
        if pending:
            killmails = {"killmail_ids": sorted({killmail_id for _, killmail_id in pending})}
            await self._connection.execute(LOCK_KILLMAILS, killmails)
            names_by_id = json.dumps({str(entity_id): name for entity_id, name in names.items()})
            await self._connection.execute(FILL_IN_NAMES, killmails | {"names": names_by_id})
        return frozenset(entity_id for entity_id, _ in pending)


def _entity_type(value: str | None) -> EntityType | None:
    return None if value is None else EntityType(value)
