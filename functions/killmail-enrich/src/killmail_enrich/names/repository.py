"""Names that outlive the cache, who waits for one, and what is still to be said about them."""

import json
from collections.abc import AsyncGenerator, Collection, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Final, LiteralString

from psycopg import AsyncConnection
from psycopg.rows import TupleRow, class_row
from psycopg.types.json import Jsonb

from battlescope_schemas.entity import EntityType
from killmail_enrich.names.model import Name
from killmail_enrich.persistence.killmails import Pool, array, connected

KNOWN: Final[LiteralString] = """
SELECT entity_id, entity_type, entity_name AS name, extract(epoch FROM fetched_at)::float8 AS fetched_at
FROM entity_names WHERE entity_id = ANY (%(entity_ids)s::bigint[])
"""
WANTED: Final[LiteralString] = """
SELECT entity_id FROM wanted_names GROUP BY entity_id ORDER BY min(since), entity_id LIMIT %(most)s
"""
# Gives those that had another name before; a name that is new is news only to the mails that wait for it.
REMEMBER: Final[LiteralString] = """
WITH heard AS (
    SELECT * FROM jsonb_to_recordset(%(names)s::jsonb)
        AS heard (entity_id bigint, entity_type text, entity_name text, fetched_at float8)
), before AS (
    SELECT known.entity_id, known.entity_name FROM entity_names AS known JOIN heard USING (entity_id)
), kept AS (
    INSERT INTO entity_names AS known (entity_id, entity_type, entity_name, fetched_at)
    SELECT entity_id, entity_type, entity_name, to_timestamp(fetched_at) FROM heard ORDER BY entity_id
    ON CONFLICT (entity_id) DO UPDATE SET
        entity_type = coalesce(EXCLUDED.entity_type, known.entity_type),
        entity_name = EXCLUDED.entity_name, fetched_at = EXCLUDED.fetched_at
    WHERE known.fetched_at <= EXCLUDED.fetched_at
    RETURNING known.entity_id
)
SELECT entity_id FROM kept JOIN heard USING (entity_id) JOIN before USING (entity_id)
WHERE heard.entity_name <> before.entity_name
"""
SETTLE: Final[LiteralString] = """
DELETE FROM wanted_names WHERE entity_id = ANY (%(entity_ids)s::bigint[]) RETURNING entity_id, killmail_id
"""
LOCK_MAILS: Final[LiteralString] = """
SELECT killmail_id FROM enriched_killmails WHERE killmail_id = ANY (%(killmail_ids)s::bigint[])
ORDER BY killmail_id FOR UPDATE
"""
# Only what is missing is filled in: a mail keeps the names of its own time.
FILL: Final[LiteralString] = """
UPDATE enriched_killmails AS mail SET
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
        )) ORDER BY place), '[]'::jsonb)
        FROM jsonb_array_elements(mail.attacker_data) WITH ORDINALITY AS attackers (attacker, place)
    ),
    updated_at = now(), version = version + 1
WHERE killmail_id = ANY (%(killmail_ids)s::bigint[])
"""
SAY: Final[LiteralString] = "INSERT INTO outbox (headers, body) VALUES (%(headers)s, %(body)s)"
UNSAID: Final[LiteralString] = """
SELECT message_id, headers, body FROM outbox ORDER BY message_id LIMIT %(most)s FOR UPDATE SKIP LOCKED
"""
SAID: Final[LiteralString] = "DELETE FROM outbox WHERE message_id = ANY (%(message_ids)s::bigint[])"
ALONE: Final[LiteralString] = "SELECT pg_try_advisory_xact_lock(%(lock)s)"
NAMES_LOCK: Final = 0x6E616D65  # any number that no other lock of this database has


@dataclass(frozen=True, slots=True)
class OutboxMessage:
    """A message of the outbox, as it was to be said."""

    message_id: int
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class _Row:
    entity_id: int
    entity_type: str | None
    name: str | None
    fetched_at: float


class NameStore:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def known(self, entity_ids: Collection[int]) -> dict[int, Name]:
        async with connected(self._pool) as connection, connection.cursor(row_factory=class_row(_Row)) as cursor:
            await cursor.execute(KNOWN, {"entity_ids": array(entity_ids)})
            rows = await cursor.fetchall()
        return {row.entity_id: Name(row.entity_id, _kind(row.entity_type), row.name, row.fetched_at) for row in rows}

    async def wanted(self, most: int) -> list[int]:
        """Ids somebody waits for, the longest waiting first."""
        async with connected(self._pool) as connection:
            return [row[0] for row in await (await connection.execute(WANTED, {"most": most})).fetchall()]

    @asynccontextmanager
    async def single_flight(self) -> AsyncGenerator[bool]:
        """Whether nobody else is resolving names; holds until the end of the block."""
        async with connected(self._pool) as connection, connection.transaction():
            row = await (await connection.execute(ALONE, {"lock": NAMES_LOCK})).fetchone()
            yield bool(row and row[0])

    @asynccontextmanager
    async def name_transaction(self) -> AsyncGenerator["NameTransaction"]:
        """One transaction in which names become known, mails get them, and the news is written down."""
        async with connected(self._pool) as connection, connection.transaction():
            yield NameTransaction(connection)

    @asynccontextmanager
    async def unsaid(self, most: int) -> AsyncGenerator[tuple[OutboxMessage, ...]]:
        """Messages to say; they are forgotten when the block ends well."""
        async with connected(self._pool) as connection, connection.transaction():
            async with connection.cursor(row_factory=class_row(OutboxMessage)) as cursor:
                await cursor.execute(UNSAID, {"most": most})
                messages = tuple(await cursor.fetchall())
            yield messages
            if messages:
                await connection.execute(SAID, {"message_ids": [message.message_id for message in messages]})


class NameTransaction:
    def __init__(self, connection: AsyncConnection[TupleRow]) -> None:
        self._connection = connection

    async def remember(self, names: Iterable[Name]) -> frozenset[int]:
        """Keep these names; gives the ids whose name differs from the one known before."""
        heard = [
            {"entity_id": n.entity_id, "entity_type": n.entity_type, "entity_name": n.name, "fetched_at": n.fetched_at}
            for n in names
        ]
        cursor = await self._connection.execute(REMEMBER, {"names": Jsonb(heard)})
        return frozenset(row[0] for row in await cursor.fetchall())

    async def fill(self, names: Mapping[int, str | None]) -> frozenset[int]:
        """Give these names to the mails that wait for them; gives the ids somebody waited for."""
        cursor = await self._connection.execute(SETTLE, {"entity_ids": array(names)})
        waiting = [(entity_id, killmail_id) for entity_id, killmail_id in await cursor.fetchall() if killmail_id]
        if waiting:
            mails = {"killmail_ids": sorted({killmail_id for _, killmail_id in waiting})}
            await self._connection.execute(LOCK_MAILS, mails)
            spoken = json.dumps({str(entity_id): name for entity_id, name in names.items() if name is not None})
            await self._connection.execute(FILL, mails | {"names": spoken})
        return frozenset(entity_id for entity_id, _ in waiting)

    async def say(self, messages: Iterable[tuple[Mapping[str, str], bytes]]) -> None:
        async with self._connection.cursor() as cursor:
            await cursor.executemany(SAY, [{"headers": Jsonb(dict(head)), "body": body} for head, body in messages])


def _kind(entity_type: str | None) -> EntityType | None:
    return None if entity_type is None else EntityType(entity_type)
