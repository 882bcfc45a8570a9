"""Stored killmails whose value is missing or is computed again."""

from collections.abc import AsyncGenerator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, LiteralString

from psycopg.types.json import Jsonb

from battlescope_events.messages import Message
from battlescope_events.postgres.database import Connection, Database
from battlescope_events.postgres.outbox import Outbox
from killmail_enrich.enrichment.stored_killmail import StoredKillmail, ValuedKillmail
from killmail_enrich.enrichment.valuation_column import valuation_column

MAX_COUNTED: Final = 100_000  # killmails: counting all of a year's would take longer than an answer may

# Jumps from day to day along the index, however many killmails a day has.
SELECT_DAYS_WITHOUT_VALUES: Final[LiteralString] = """
WITH RECURSIVE days AS (
    SELECT (
        SELECT (killmail_time AT TIME ZONE 'UTC')::date FROM enriched_killmails
        WHERE valuation_rules IS NULL ORDER BY killmail_time LIMIT 1
    ) AS day
    UNION ALL
    SELECT (
        SELECT (killmail_time AT TIME ZONE 'UTC')::date FROM enriched_killmails
        WHERE valuation_rules IS NULL AND killmail_time >= (days.day + 1)::timestamp AT TIME ZONE 'UTC'
        ORDER BY killmail_time LIMIT 1
    ) FROM days WHERE days.day IS NOT NULL
)
SELECT day FROM days WHERE day IS NOT NULL ORDER BY day DESC LIMIT %(max_days)s
"""
COUNT_WITHOUT_VALUES: Final[LiteralString] = """
SELECT count(*) FROM (
    SELECT FROM enriched_killmails WHERE valuation_rules IS NULL LIMIT %(max_counted)s
) AS counted
"""
SELECT_ARCHIVE_KEY: Final[LiteralString] = """
SELECT archive_key FROM enriched_killmails WHERE killmail_id = %(killmail_id)s::bigint
"""
_STORED: Final[LiteralString] = """
SELECT killmail_id, zkb_hash, killmail_time, system_id, system_name, constellation_id, region_id, region_name,
    security_type, security_status, zkb_total_value, zkb_points, zkb_url, npc, solo, awox, victim_character_id,
    victim_character_name, victim_corp_id, victim_corp_name, victim_alliance_id, victim_alliance_name,
    victim_faction_id, victim_faction_name, ship_type_id, ship_type_name, ship_group_id, ship_group_name,
    ship_category_id, victim_damage_taken, attacker_data::text AS attackers, attacker_count, source, archive_key,
    value_revision, valuation_revision
FROM enriched_killmails
WHERE killmail_time >= %(day)s::date::timestamp AT TIME ZONE 'UTC'
    AND killmail_time < (%(day)s::date + 1)::timestamp AT TIME ZONE 'UTC'
    AND region_id IS NOT NULL AND killmail_id > %(after)s::bigint
"""
_NEXT: Final[LiteralString] = " ORDER BY killmail_id LIMIT %(max_rows)s"
SELECT_WITHOUT_VALUES: Final[LiteralString] = _STORED + "AND valuation_rules IS NULL" + _NEXT
SELECT_OF_DAY: Final[LiteralString] = _STORED + _NEXT
# A killmail that got another value meanwhile is left out, and one whose valuation is the same is not written. All
# writers lock rows by ascending id.
UPDATE_VALUATIONS: Final[LiteralString] = """
WITH new AS (
    SELECT killmail_id, value_revision, valuation_revision, value_source, total_value, valuation::jsonb,
        valuation_rules, type_prices::json
    FROM jsonb_to_recordset(%(valuations)s::jsonb) AS given (killmail_id bigint, value_revision integer,
        valuation_revision integer, value_source text, total_value numeric, valuation text, valuation_rules smallint,
        type_prices text)
), locked AS MATERIALIZED (
    SELECT killmail_id FROM enriched_killmails WHERE killmail_id IN (SELECT killmail_id FROM new)
    ORDER BY killmail_id FOR UPDATE
)
UPDATE enriched_killmails AS killmail SET value_source = new.value_source, total_value = new.total_value,
    valuation = new.valuation, valuation_rules = new.valuation_rules, type_prices = new.type_prices, unit_prices = NULL,
    valuation_revision = killmail.valuation_revision + 1, updated_at = now(), version = killmail.version + 1
FROM new JOIN locked USING (killmail_id)
WHERE killmail.killmail_id = new.killmail_id
    AND (killmail.value_revision, killmail.valuation_revision) = (new.value_revision, new.valuation_revision)
    AND (
        killmail.value_source, killmail.total_value, killmail.valuation, killmail.valuation_rules,
        coalesce(killmail.type_prices::jsonb, killmail.unit_prices)
    ) IS DISTINCT FROM (
        new.value_source, new.total_value, new.valuation, new.valuation_rules, new.type_prices::jsonb
    )
RETURNING killmail.killmail_id
"""


class ValuationRepository:
    def __init__(self, database: Database, outbox: Outbox) -> None:
        self._database = database
        self._outbox = outbox

    async def days_without_values(self, max_days: int) -> list[date]:
        """Days with killmails that wait for prices, newest first."""
        async with self._database.connection() as connection:
            return list(await connection.column(SELECT_DAYS_WITHOUT_VALUES, {"max_days": max_days}))

    async def count_without_values(self) -> int:
        """Killmails that wait for prices, counted up to `MAX_COUNTED`."""
        async with self._database.connection() as connection:
            return await connection.scalar(COUNT_WITHOUT_VALUES, {"max_counted": MAX_COUNTED})

    async def of_day(self, day: date, after: int, max_rows: int, *, only_missing: bool) -> list[StoredKillmail]:
        """The next killmails of a UTC day by id, of those with a location."""
        statement = SELECT_WITHOUT_VALUES if only_missing else SELECT_OF_DAY
        params = {"day": day, "after": after, "max_rows": max_rows}
        async with self._database.connection() as connection:
            return await connection.rows(StoredKillmail, statement, params)

    async def archive_key(self, killmail_id: int) -> str | None:
        """Where the body of a killmail is; None where the killmail is not stored."""
        async with self._database.connection() as connection:
            return await connection.scalar(SELECT_ARCHIVE_KEY, {"killmail_id": killmail_id})

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator["ValuationTransaction"]:
        async with self._database.transaction() as connection:
            yield ValuationTransaction(connection, self._outbox)


@dataclass(frozen=True, slots=True)
class ValuationTransaction:
    """Values and the events about them are committed together."""

    connection: Connection
    outbox: Outbox

    async def update(self, valued: Sequence[ValuedKillmail]) -> frozenset[int]:
        """Store the values; returns the ids of the killmails that changed."""
        params = {"valuations": Jsonb([_row(killmail) for killmail in valued])}
        return frozenset(await self.connection.column(UPDATE_VALUATIONS, params))

    async def enqueue(self, messages: Sequence[Message]) -> None:
        await self.outbox.enqueue(self.connection, messages)


def _row(killmail: ValuedKillmail) -> dict[str, Any]:
    """For `UPDATE_VALUATIONS`."""
    stored, line = killmail.stored, killmail.line
    return {
        "killmail_id": stored.killmail_id,
        "value_revision": stored.value_revision,
        "valuation_revision": stored.valuation_revision,
        "value_source": line.value_source,
        "total_value": line.total_value,
        "valuation": valuation_column(line),
        "valuation_rules": killmail.rules,
        "type_prices": killmail.unit_prices,
    }
