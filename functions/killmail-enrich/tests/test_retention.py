"""Old killmails go with what hangs on them, in bounded batches; the others stay."""

from datetime import UTC, date, datetime
from functools import partial
from typing import Any

import pytest
from psycopg_pool import AsyncConnectionPool

from battlescope_events.catalog import RETENTION_DUE
from battlescope_events.errors import TransientError
from battlescope_events.messages import Event
from battlescope_schemas.backfill import RetentionDue
from killmail_enrich.errors import Unavailable
from killmail_enrich.handlers.retention import MOST_BATCHES, RetentionHandler
from killmail_enrich.persistence.retention import BATCH, delete_old

CUTOFF = datetime(2021, 11, 26, tzinfo=UTC)
DUE = Event(RETENTION_DUE, "1", "ingest-verify", RetentionDue(cutoff_date=date(2021, 11, 26)), {})
FILL = """
INSERT INTO enriched_killmails (killmail_id, killmail_time, system_id, system_name, constellation_id, region_id,
    region_name, security_status, security_type, victim_damage_taken, attacker_data, attacker_count, zkb_points,
    zkb_hash, zkb_url, npc, solo, awox, source, archive_key, enriched_at, enrichment_duration_ms)
SELECT n, timestamptz '2021-11-26 00:00Z' + (n - {old} - 1) * interval '1 second', 1, '', 1, 1, '', 0, 'highsec', 0,
    '[]', 0, 0, '', '', false, false, false, 'live', '', now(), 1
FROM generate_series(1, {all}) n
"""


async def do(pool: AsyncConnectionPool, statement: Any) -> list[Any]:
    async with pool.connection() as connection:
        cursor = await connection.execute(statement)
        return await cursor.fetchall() if cursor.description else []


@pytest.mark.postgres
async def test_what_is_older_than_the_cutoff_goes(pool: AsyncConnectionPool) -> None:
    await do(pool, FILL.format(old=BATCH + 3, all=BATCH + 5))
    await do(pool, "INSERT INTO battle_killmails SELECT killmail_id, 'b' FROM enriched_killmails")
    await do(pool, "INSERT INTO wanted_names SELECT 90000001, killmail_id FROM enriched_killmails")
    await do(pool, "INSERT INTO wanted_names VALUES (90000001, 0)")
    for _ in range(2):
        await RetentionHandler(partial(delete_old, pool)).hear(DUE)
    left = [(BATCH + 4,), (BATCH + 5,)]
    assert await do(pool, "SELECT killmail_id FROM enriched_killmails ORDER BY 1") == left
    assert await do(pool, "SELECT killmail_id FROM battle_killmails ORDER BY 1") == left
    assert await do(pool, "SELECT killmail_id FROM wanted_names ORDER BY 1") == [(0,), *left]


async def test_one_event_does_a_bounded_part() -> None:
    asked: list[datetime] = []

    async def endless(before: datetime) -> int:
        asked.append(before)
        return BATCH

    await RetentionHandler(endless).hear(DUE)
    assert asked == [CUTOFF] * MOST_BATCHES


async def test_a_silent_database_is_asked_again() -> None:
    async def silent(_: datetime) -> int:
        raise Unavailable("The killmail database does not answer.")

    with pytest.raises(TransientError):
        await RetentionHandler(silent).hear(DUE)
