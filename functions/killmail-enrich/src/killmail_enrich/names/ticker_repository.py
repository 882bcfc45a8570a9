"""Tickers in the table of names: which are due, those of the most active organisations first, and what was fetched."""

from collections.abc import Iterable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Final, LiteralString

from psycopg.types.json import Jsonb

from battlescope_events.messages import Message
from battlescope_events.postgres.database import Database
from battlescope_events.postgres.outbox import Outbox
from battlescope_events.postgres.unit_of_work import UnitOfWork
from battlescope_schemas.entity import EntityType
from killmail_enrich.names.tickers import Organisation, TickerAnswer

# How active an organisation is, is counted in the newest killmails; their ids ascend with time.
SELECT_DUE: Final[LiteralString] = """
WITH recent AS MATERIALIZED (
    SELECT killmail_id, victim_corp_id, victim_alliance_id, attacker_data FROM enriched_killmails
    ORDER BY killmail_id DESC LIMIT 1000
), activity AS (
    SELECT entity_id, count(*) AS killmails FROM (
        SELECT killmail_id, victim_corp_id AS entity_id FROM recent
        UNION SELECT killmail_id, victim_alliance_id FROM recent
        UNION SELECT killmail_id, (attacker ->> 'corporationId')::bigint
        FROM recent, jsonb_array_elements(attacker_data) AS attacker
        UNION SELECT killmail_id, (attacker ->> 'allianceId')::bigint
        FROM recent, jsonb_array_elements(attacker_data) AS attacker
    ) AS seen GROUP BY entity_id
)
SELECT entity_id, entity_type, entity_name FROM entity_names LEFT JOIN activity USING (entity_id)
WHERE entity_type IN ('corporation', 'alliance') AND entity_name IS NOT NULL
    AND (ticker_due_at IS NULL OR ticker_due_at <= to_timestamp(%(now)s::float8))
ORDER BY ticker IS NOT NULL, killmails DESC NULLS LAST, fetched_at DESC, entity_id LIMIT %(max_rows)s
"""
COUNT_PENDING: Final[LiteralString] = """
SELECT count(*) FROM (
    SELECT FROM entity_names WHERE entity_type IN ('corporation', 'alliance') AND entity_name IS NOT NULL
        AND ticker_due_at IS NULL LIMIT %(max_count)s
) AS pending
"""
SAVE: Final[LiteralString] = """
UPDATE entity_names AS stored
SET ticker = coalesce(answer.ticker, stored.ticker), ticker_due_at = to_timestamp(answer.due_at)
FROM jsonb_to_recordset(%(answers)s::jsonb) AS answer (entity_id bigint, ticker text, due_at float8)
WHERE stored.entity_id = answer.entity_id
"""
MAX_COUNT: Final = 10_000  # a higher count would only make the readiness answer slow
TICKERS_LOCK: Final = 0x7469636B  # any number that no other lock of this database uses


@dataclass(frozen=True, slots=True)
class _Row:
    entity_id: int
    entity_type: str
    entity_name: str


class TickerRepository:
    def __init__(self, database: Database, outbox: Outbox) -> None:
        self._database, self._outbox = database, outbox

    async def due(self, now: float, max_rows: int) -> list[Organisation]:
        """Organisations whose ticker is missing or a week old: missing ones first, then the most active ones.

        `now`: Unix time.
        """
        async with self._database.connection() as connection:
            rows = await connection.rows(_Row, SELECT_DUE, {"now": now, "max_rows": max_rows})
        return [Organisation(row.entity_id, EntityType(row.entity_type), row.entity_name) for row in rows]

    async def pending_count(self) -> int:
        """For how many organisations ESI was never asked, at most `MAX_COUNT`."""
        async with self._database.connection() as connection:
            return await connection.scalar(COUNT_PENDING, {"max_count": MAX_COUNT})

    def single_flight(self) -> AbstractAsyncContextManager[bool]:
        """True for the only process that asks for tickers until the end of the block, False for the others."""
        return self._database.single_flight(TICKERS_LOCK)

    async def save(self, answers: Iterable[TickerAnswer], messages: list[Message]) -> None:
        """Store answers and enqueue the events about them, in one transaction."""
        rows = [
            {"entity_id": answer.organisation.entity_id, "ticker": answer.ticker, "due_at": answer.due_at}
            for answer in answers
        ]
        async with self._database.transaction() as connection:
            await connection.execute(SAVE, {"answers": Jsonb(rows)})
            await UnitOfWork(connection, self._outbox).enqueue(messages)
