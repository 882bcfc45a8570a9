"""Statistics and health, on a real database."""

import pytest
from ingest_api_harness import ApiHarness

pytestmark = pytest.mark.postgres


async def test_statistics_are_computed_from_the_tables(harness: ApiHarness) -> None:
    harness.sql("""
        INSERT INTO ingestion_stats_hourly (hour, received, accepted, duplicate, refused, rejected_min_pilots,
            rejected_npc, from_standby, from_backlog)
        VALUES ('2026-11-26 11:00Z', 120, 30, 10, 1, 70, 9, 4, 6), ('2026-11-24 11:00Z', 10, 10, 0, 0, 0, 0, 7, 7)
    """)
    harness.sql("INSERT INTO feed_backlogs (first_sequence, cursor, head) VALUES (100, 110, 200)")
    harness.sql("""
        INSERT INTO historical_ingestion_jobs (id, manifest_key, manifest_etag, start_date, end_date, requested_by,
            status)
        VALUES ('00000000-0000-0000-0000-0000000000aa', 'k', 'e', '2026-11-01', '2026-11-01', 'A', 'running')
    """)
    harness.sql("""
        INSERT INTO historical_job_dates (job_id, day, total)
        VALUES ('00000000-0000-0000-0000-0000000000aa', '2026-11-01', 55)
    """)
    assert (await harness.api.get("/api/ingestion/stats")).json() == {
        "realTime": {
            "totalIngested": 130,
            "totalAccepted": 40,
            "totalRejected": 79,
            "acceptRate": 0.3361,
            "ingestRate": 2.0,
            "lastHourAccepted": 30,
        },
        "historical": {
            "totalJobs": 1,
            "runningJobs": 1,
            "completedJobs": 0,
            "failedJobs": 0,
            "totalKillmailsProcessed": 55,
        },
    }
    assert (await harness.api.get("/api/admin/stats/ingest")).json() == {
        "received24h": 120,
        "accepted24h": 30,
        "rejected24h": 79,
        "duplicate24h": 10,
        "refused24h": 1,
        "fromStandby24h": 4,
        "fromBacklog24h": 6,
        "backlogFiles": 90,
        "acceptanceRate": 0.2752,
        "unprocessedCount": 0,
        "rejectReasons": {"minPilots": 70, "system": 0, "security": 0, "entity": 0, "npc": 9},
    }


@pytest.mark.parametrize(
    ("last_success", "failures", "expected"),
    [("2026-11-26 12:29:30Z", 0, "healthy"), ("2026-11-26 12:29:30Z", 2, "degraded"), (None, 0, "unhealthy"),
     ("2026-11-26 12:28:59Z", 0, "unhealthy")],
)  # fmt: skip
async def test_health_of_the_feed(harness: ApiHarness, last_success: str | None, failures: int, expected: str) -> None:
    harness.sql(
        "UPDATE ingestion_status SET last_successful_poll_at = %s, consecutive_failures = %s, last_killmail_id = 7",
        last_success, failures,
    )  # fmt: skip
    harness.sql("INSERT INTO feed_gaps (first_sequence, last_sequence, reason) VALUES (1, 2, 'expired')")
    harness.sql("INSERT INTO feed_backlogs (first_sequence, cursor, head) VALUES (100, 110, 200)")
    body = (await harness.api.get("/api/ingestion/health")).json()
    assert (body["status"], body["lastKillmail"], body["openGaps"]) == (expected, "7", 1)
    assert body["backlogFiles"] == 90
    assert body["source"]["active"] == "primary"


@pytest.mark.parametrize(
    ("standby_success", "expected"),
    [("2026-11-26 12:20:00Z", "degraded"), ("2026-11-26 12:19:59Z", "unhealthy"), (None, "unhealthy")],
)
async def test_health_while_the_standby_is_active(
    harness: ApiHarness, standby_success: str | None, expected: str
) -> None:
    harness.sql("UPDATE ingestion_status SET last_successful_poll_at = '2026-11-26 12:29:59Z'")
    harness.sql(
        """UPDATE source_failover SET active = 'standby', since = '2026-11-26 11:00Z', reason = 'The feed is silent.',
            standby_success_at = %s""",
        standby_success,
    )
    harness.sql("""INSERT INTO source_switches (active, reason, switched_at)
        VALUES ('standby', 'a', '2026-11-24 11:00Z'), ('standby', 'b', '2026-11-26 11:00Z')""")
    harness.sql("INSERT INTO unavailable_listings (killmail_id, reason, due_at) VALUES (5, 'r', now())")
    body = (await harness.api.get("/api/ingestion/health")).json()
    assert body["status"] == expected
    source = body["source"]
    assert (source["active"], source["reason"]) == ("standby", "The feed is silent.")
    assert (source["switches24h"], source["unavailableKillmails"]) == (1, 1)
    assert source["since"] == "2026-11-26T11:00:00Z"
