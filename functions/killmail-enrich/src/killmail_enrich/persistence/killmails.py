"""Enriched killmails, and which events were handled."""

from collections.abc import AsyncGenerator, Collection, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, LiteralString

from psycopg import AsyncConnection, DataError, InterfaceError, OperationalError
from psycopg.rows import TupleRow
from psycopg_pool import AsyncConnectionPool, PoolTimeout
from pydantic import ConfigDict, TypeAdapter

from battlescope_schemas.enriched import EnrichedAttacker, EnrichedKillmail
from killmail_enrich.errors import Unavailable, Unusable

Pool = AsyncConnectionPool[AsyncConnection[TupleRow]]
_ATTACKERS: Final = TypeAdapter(tuple[EnrichedAttacker, ...], config=ConfigDict(defer_build=True))

# A mail and the names it still wants are saved in one statement, so one can never be without the other. What says the
# same as the row that is there is not written again.
SAVE: Final[LiteralString] = """
WITH wanted AS (
    INSERT INTO wanted_names (entity_id, killmail_id)
    SELECT entity_id, %(killmail_id)s FROM unnest(%(missing)s::bigint[]) AS entity_id
    UNION ALL SELECT entity_id, 0 FROM unnest(%(stale)s::bigint[]) AS entity_id
    ON CONFLICT DO NOTHING
)
INSERT INTO enriched_killmails AS mail (
    killmail_id, killmail_time, system_id, system_name, constellation_id, region_id, region_name, security_status,
    security_type, ship_type_id, ship_type_name, ship_group_id, ship_group_name, ship_category_id,
    victim_character_id, victim_character_name, victim_corp_id, victim_corp_name, victim_alliance_id,
    victim_alliance_name, victim_faction_id, victim_faction_name, victim_damage_taken, attacker_data, attacker_count,
    zkb_total_value, zkb_points, zkb_hash, zkb_url, npc, solo, awox, source, archive_key, enriched_at,
    enrichment_duration_ms
) VALUES (
    %(killmail_id)s, %(killmail_time)s, %(system_id)s, %(system_name)s, %(constellation_id)s, %(region_id)s,
    %(region_name)s, %(security_status)s, %(security_type)s, %(ship_type_id)s, %(ship_type_name)s, %(ship_group_id)s,
    %(ship_group_name)s, %(ship_category_id)s, %(victim_character_id)s, %(victim_character_name)s,
    %(victim_corporation_id)s, %(victim_corporation_name)s, %(victim_alliance_id)s, %(victim_alliance_name)s,
    %(victim_faction_id)s, %(victim_faction_name)s, %(damage_taken)s, %(attackers)s::jsonb, %(attacker_count)s,
    %(zkb_total_value)s, %(zkb_points)s, %(zkb_hash)s, %(zkb_url)s, %(npc)s, %(solo)s, %(awox)s, %(source)s,
    %(archive_key)s, %(enriched_at)s, %(duration_ms)s
) ON CONFLICT (killmail_id) DO UPDATE SET
    ship_type_name = EXCLUDED.ship_type_name, ship_group_id = EXCLUDED.ship_group_id,
    ship_group_name = EXCLUDED.ship_group_name, ship_category_id = EXCLUDED.ship_category_id,
    victim_character_name = coalesce(EXCLUDED.victim_character_name, mail.victim_character_name),
    victim_corp_name = coalesce(EXCLUDED.victim_corp_name, mail.victim_corp_name),
    victim_alliance_name = coalesce(EXCLUDED.victim_alliance_name, mail.victim_alliance_name),
    victim_faction_name = coalesce(EXCLUDED.victim_faction_name, mail.victim_faction_name),
    attacker_data = EXCLUDED.attacker_data, zkb_total_value = EXCLUDED.zkb_total_value,
    zkb_points = EXCLUDED.zkb_points, npc = EXCLUDED.npc, solo = EXCLUDED.solo, awox = EXCLUDED.awox,
    source = EXCLUDED.source, archive_key = EXCLUDED.archive_key, updated_at = now(), version = mail.version + 1
WHERE (
    mail.ship_type_name, mail.ship_group_id, mail.ship_group_name, mail.ship_category_id, mail.victim_character_name,
    mail.victim_corp_name, mail.victim_alliance_name, mail.victim_faction_name, mail.attacker_data,
    mail.zkb_total_value, mail.zkb_points, mail.npc, mail.solo, mail.awox, mail.source, mail.archive_key
) IS DISTINCT FROM (
    EXCLUDED.ship_type_name, EXCLUDED.ship_group_id, EXCLUDED.ship_group_name, EXCLUDED.ship_category_id,
    coalesce(EXCLUDED.victim_character_name, mail.victim_character_name),
    coalesce(EXCLUDED.victim_corp_name, mail.victim_corp_name),
    coalesce(EXCLUDED.victim_alliance_name, mail.victim_alliance_name),
    coalesce(EXCLUDED.victim_faction_name, mail.victim_faction_name), EXCLUDED.attacker_data,
    EXCLUDED.zkb_total_value, EXCLUDED.zkb_points, EXCLUDED.npc, EXCLUDED.solo, EXCLUDED.awox, EXCLUDED.source,
    EXCLUDED.archive_key
)
"""
ATTEMPT: Final[LiteralString] = """
INSERT INTO event_attempts AS known (source, event_id) VALUES (%(source)s, %(event_id)s)
ON CONFLICT (source, event_id) DO UPDATE SET attempts = known.attempts + 1, last_at = now()
RETURNING attempts, handled
"""
HANDLED: Final[LiteralString] = """
UPDATE event_attempts AS known SET handled = true
FROM unnest(%(sources)s::text[], %(event_ids)s::text[]) AS done (source, event_id)
WHERE known.source = done.source AND known.event_id = done.event_id
"""
FORGET: Final[LiteralString] = "DELETE FROM event_attempts WHERE last_at < now() - interval '7 days'"
READY: Final[LiteralString] = "SELECT 1"


@dataclass(frozen=True, slots=True)
class Saved:
    """An enriched mail as it is to be stored."""

    mail: EnrichedKillmail
    missing: Collection[int]
    stale: Collection[int]
    enriched_at: datetime
    duration_ms: int


@asynccontextmanager
async def connected(pool: Pool) -> AsyncGenerator[AsyncConnection[TupleRow]]:
    """A connection of the pool, each statement its own transaction; the one place where the database may be away.

    Raises:
        Unavailable: the database does not answer, or gave up a statement.
        Unusable: a value fits no column, and never will.
    """
    try:
        async with pool.connection() as connection:
            yield connection
    except (OperationalError, InterfaceError, PoolTimeout) as error:
        raise Unavailable(f"The killmail database does not answer: {error!r}.") from error
    except DataError as error:
        raise Unusable(f"The killmail database cannot hold a value: {error}.") from error


class Store:
    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def save(self, saved: Saved) -> None:
        async with connected(self._pool) as connection:
            await connection.execute(SAVE, _columns(saved))

    async def attempt(self, source: str, event_id: str) -> tuple[int, bool]:
        async with connected(self._pool) as connection:
            row = await (await connection.execute(ATTEMPT, {"source": source, "event_id": event_id})).fetchone()
            assert row is not None  # noqa: S101  # an upsert returns its row
            return row[0], row[1]

    async def handled(self, events: Collection[tuple[str, str]]) -> None:
        """These events, each by source and id, need not be handled again."""
        values = {"sources": [source for source, _ in events], "event_ids": [event_id for _, event_id in events]}
        async with connected(self._pool) as connection:
            await connection.execute(HANDLED, values)

    async def forget_old_events(self) -> None:
        async with connected(self._pool) as connection:
            await connection.execute(FORGET)

    async def ready(self) -> None:
        async with connected(self._pool) as connection:
            await connection.execute(READY)


async def save_all(batch: Iterable[Saved], connection: AsyncConnection[TupleRow]) -> None:
    """Mails that may be there already, in the transaction at hand, sent in one go."""
    async with connection.cursor() as cursor:
        await cursor.executemany(SAVE, [_columns(saved) for saved in batch])


def array(numbers: Iterable[int]) -> str:
    """A bigint[] as text: the driver writes lists ten times slower."""
    return f"{{{','.join(map(str, numbers))}}}"


def _columns(saved: Saved) -> dict[str, Any]:
    mail = saved.mail
    columns = dict(mail) | {f"victim_{name}": value for name, value in mail.victim}
    ship = {name: value for name, value in mail.victim if name.startswith("ship_") or name == "damage_taken"}
    return (
        columns
        | ship
        | {
            "attackers": _ATTACKERS.dump_json(mail.attackers, by_alias=True, exclude_none=True).decode(),
            "missing": list(saved.missing),
            "stale": list(saved.stale),
            "enriched_at": saved.enriched_at,
            "duration_ms": saved.duration_ms,
        }
    )
