"""Old killmails are deleted with their dependent rows, in bounded batches; the others stay."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from battlescope_events.catalog import RETENTION_DUE
from battlescope_events.errors import TransientError
from battlescope_events.messages import Event
from battlescope_events.postgres.database import Database
from battlescope_schemas.backfill import RetentionDue
from killmail_enrich.handlers.retention import MAX_BATCHES, RetentionHandler
from killmail_enrich.persistence.retention import BATCH_SIZE, RetentionRepository

CUTOFF = datetime(2021, 11, 26, tzinfo=UTC)
EVENT = Event(RETENTION_DUE, "1", "ingest-verify", RetentionDue(cutoff_date=date(2021, 11, 26)), {})
INSERT_KILLMAILS = """
INSERT INTO enriched_killmails (killmail_id, killmail_time, system_id, system_name, constellation_id, region_id,
    region_name, security_status, security_type, victim_damage_taken, attacker_data, attacker_count, zkb_points,
    zkb_hash, zkb_url, npc, solo, awox, source, archive_key, enriched_at, enrichment_duration_ms)
SELECT n, timestamptz '2021-11-26 00:00Z' + (n - {old} - 1) * interval '1 second', 1, '', 1, 1, '', 0, 'highsec', 0,
    '[]', 0, 0, '', '', false, false, false, 'live', '', now(), 1
FROM generate_series(1, {all}) n
"""


async def execute(store: Database, statement: Any) -> list[Any]:
    async with store.connection() as connection:
        cursor = await connection.execute(statement)
        return await cursor.fetchall() if cursor.description else []


@pytest.mark.postgres
async def test_killmails_before_the_cutoff_are_deleted(store: Database) -> None:
    await execute(store, INSERT_KILLMAILS.format(old=BATCH_SIZE + 3, all=BATCH_SIZE + 5))
    await execute(store, "INSERT INTO battle_killmails SELECT killmail_id, 'b' FROM enriched_killmails")
    await execute(store, "INSERT INTO wanted_names SELECT 90000001, killmail_id FROM enriched_killmails")
    await execute(store, "INSERT INTO wanted_names VALUES (90000001, 0)")
    for _ in range(2):
        await RetentionHandler(RetentionRepository(store).delete_old).handle(EVENT)
    remaining = [(BATCH_SIZE + 4,), (BATCH_SIZE + 5,)]
    assert await execute(store, "SELECT killmail_id FROM enriched_killmails ORDER BY 1") == remaining
    assert await execute(store, "SELECT killmail_id FROM battle_killmails ORDER BY 1") == remaining
    assert await execute(store, "SELECT killmail_id FROM wanted_names ORDER BY 1") == [(0,), *remaining]


async def test_one_event_deletes_a_bounded_number_of_batches() -> None:
    cutoffs: list[datetime] = []

    async def delete_full_batch(cutoff: datetime) -> int:
        cutoffs.append(cutoff)
        return BATCH_SIZE

    await RetentionHandler(delete_full_batch).handle(EVENT)
    assert cutoffs == [CUTOFF] * MAX_BATCHES


async def test_unreachable_database_is_a_transient_error() -> None:
    async def fail(_: datetime) -> int:
        raise TransientError("The killmail database does not answer.")

    with pytest.raises(TransientError):
        await RetentionHandler(fail).handle(EVENT)
