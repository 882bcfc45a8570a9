"""The cost of the statement that closes battles."""

from typing import Any

import psycopg
import pytest
from battle_seeder import DELAY, BattleSeeder

from battle_close.store import CLOSE_BATTLES

pytestmark = pytest.mark.postgres


def scans(plan: dict[str, Any]) -> list[tuple[str, str, float]]:
    """(table, scan type, rows read) of every table that a plan reads."""
    below = [row for child in plan.get("Plans", []) for row in scans(child)]
    if "Relation Name" not in plan or "Scan" not in plan["Node Type"]:
        return below
    return [(plan["Relation Name"], plan["Node Type"], plan["Actual Rows"] + plan.get("Rows Removed by Filter", 0))]


async def test_closing_reads_one_killmail_and_the_open_battles(database: str, seeded: BattleSeeder) -> None:
    """Half of the killmails were backfilled and are newer than every live one."""
    seeded.connection.execute(
        "INSERT INTO mails (killmail_id, system_id, region_id, security_type, occurred_at, value, historical, body)"
        " SELECT n, 1, 1, 'highsec', '2026-03-01'::timestamptz + n * interval '1 second', 1, n > 10000, ''"
        " FROM generate_series(1, 20000) AS n"
    )
    seeded.connection.execute(
        "INSERT INTO battles (id, system_id, region_id, security_type, start_time, end_time, last_killmail_at, status,"
        " tier, total_kills, total_participants, total_isk_destroyed, zkill_related_url, is_decisive, revision)"
        " SELECT gen_random_uuid(), 1, 1, 'highsec', t, t, t, CASE WHEN n > 30 THEN 'closed' ELSE 'open' END,"
        " 'skirmish', 2, 2, 1, '', false, 1"
        " FROM generate_series(1, 5000) AS n, (SELECT '2026-03-01'::timestamptz AS t) AS start"
    )
    seeded.connection.execute("VACUUM ANALYZE mails, battles")
    for mode in ("force_custom_plan", "force_generic_plan"):
        async with await psycopg.AsyncConnection.connect(database) as connection:
            await connection.execute(f"SET plan_cache_mode = {mode}")
            statement = f"EXPLAIN (ANALYZE, FORMAT JSON) {CLOSE_BATTLES}"
            cursor = await connection.execute(statement, {"feed_delay": DELAY}, prepare=True)
            row = await cursor.fetchone()
            await connection.rollback()
        assert row is not None
        read = scans(row[0][0]["Plan"])
        assert [scan for _, scan, _ in read if scan == "Seq Scan"] == []
        assert [rows for table, _, rows in read if table == "mails"] == [1]
        assert max(rows for table, _, rows in read if table == "battles") == 30
