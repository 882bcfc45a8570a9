"""Verification, retention and figures, on a real database."""

import json

import pytest
from ingest_desk import NOW, ApiHarness

from battlescope_events.errors import TransientError
from ingest_api.domain.retention_window import cutoff, next_cleanup
from ingest_api.main import app

pytestmark = pytest.mark.postgres
VERIFY = "/api/ingestion/verification"
RETENTION = "/api/ingestion/retention"


async def test_a_verification_is_asked_for_by_an_event_each_time(desk: ApiHarness) -> None:
    answers = [await desk.api.post(f"{VERIFY}/trigger", json={"date": "2026-11-25"}) for _ in range(2)]
    told = answers[0].json()
    assert answers[0].status_code == 202
    assert told == {
        "jobId": desk.published[0].id,
        "status": "pending",
        "verificationDate": "2026-11-25",
        "estimatedDuration": None,
    }
    assert json.loads(desk.published[0].body) == {"date": "2026-11-25"}
    assert desk.published[0].headers["ce-type"] == "com.battlescope.verification.requested.v1"
    assert desk.published[0].id != desk.published[1].id
    assert desk.sql("SELECT count(*) FROM outbox") == [(0,)]


@pytest.mark.parametrize("day", ["2026-11-26", "2030-01-01", "2021-11-25", "yesterday"])
async def test_days_that_cannot_be_verified(desk: ApiHarness, day: str) -> None:
    assert (await desk.api.post(f"{VERIFY}/trigger", json={"date": day})).status_code == 400
    assert desk.published == []


async def test_what_the_broker_does_not_take_stays(desk: ApiHarness) -> None:
    async def deaf(_: object) -> None:
        raise TransientError("The Broker does not answer.")

    desk.sql("INSERT INTO outbox (headers, body) VALUES ('{\"ce-source\": \"ingest-poll\"}', '')")
    app.state.publish = deaf
    answer = await desk.api.post(f"{RETENTION}/trigger")
    assert (answer.status_code, answer.json()["cutoffDate"]) == (202, "2021-11-26")
    assert desk.sql("SELECT headers ->> 'ce-source' FROM outbox ORDER BY id") == [("ingest-poll",), ("ingest-api",)]


async def test_retention_is_asked_for_of_everybody(desk: ApiHarness) -> None:
    told = (await desk.api.post(f"{RETENTION}/trigger")).json()
    (message,) = desk.published
    assert (message.headers["ce-type"], json.loads(message.body)) == (
        "com.battlescope.retention.due.v1",
        {"cutoffDate": "2021-11-26"},
    )
    assert told["jobId"] == message.id


async def test_the_history_of_verifications(desk: ApiHarness) -> None:
    assert (await desk.api.get(f"{VERIFY}/history")).json()["summary"]["averageMissingPerDay"] is None
    desk.sql("""
        INSERT INTO verification_history VALUES
        ('2026-11-24', 'completed', 100, 97, 3, 3, '00000000-0000-0000-0000-0000000000aa', '2026-11-25 03:00Z',
            '2026-11-25 03:02Z', NULL),
        ('2026-11-25', 'completed', 100, 98, 2, 2, NULL, '2026-11-26 03:00Z', '2026-11-26 03:01Z', NULL),
        ('2026-11-23', 'failed', NULL, NULL, NULL, NULL, NULL, '2026-11-24 03:00Z', NULL, 'No list.')
    """)
    told = (await desk.api.get(f"{VERIFY}/history?limit=2")).json()
    assert ([row["date"] for row in told["verifications"]], told["total"]) == (["2026-11-25", "2026-11-24"], 3)
    assert (told["verifications"][0]["duration"], told["verifications"][1]["missing"]) == (60, 3)
    assert told["summary"] == {
        "totalDaysVerified": 2,
        "totalMissing": 5,
        "totalRequeued": 5,
        "averageMissingPerDay": 2.5,
    }
    asked = (await desk.api.post(f"{VERIFY}/trigger", json={"date": "2026-11-25"})).json()
    assert asked["estimatedDuration"] == 90


async def test_what_is_kept_and_what_there_is(desk: ApiHarness) -> None:
    empty = (await desk.api.get(f"{RETENTION}/status")).json()
    assert empty["dataStats"] == {
        "oldestKillmail": None,
        "newestKillmail": None,
        "totalKillmails": 0,
        "totalBattles": None,
    }
    for number, moment in enumerate(("2022-01-31 23:00Z", "2024-05-05 00:00Z", "2026-11-25 10:00Z")):
        desk.sql("SELECT ensure_killmail_month(%s)", moment)
        desk.sql(
            """INSERT INTO killmail_events (killmail_id, zkb_hash, system_id, occurred_at, pilot_count, zkb_url,
            archive_key) VALUES (%s, '', 1, %s, 2, '', '')""",
            number, moment,
        )  # fmt: skip
    desk.sql("SELECT ensure_killmail_month('2021-12-05')")  # an old month that is empty already
    desk.sql("""
        INSERT INTO data_retention_jobs (id, cutoff_date, status, created_at, completed_at)
        VALUES (gen_random_uuid(), '2021-11-25', 'completed', '2026-11-25 02:00Z', '2026-11-25 02:05Z')
    """)
    told = (await desk.api.get(f"{RETENTION}/status")).json()
    assert told["retentionPolicy"] == {
        "windowMonths": 60,
        "cutoffDate": "2021-11-26",
        "lastCleanup": "2026-11-25T02:05:00Z",
        "nextCleanup": "2026-11-27T02:00:00Z",
    }
    assert told["dataStats"] == {
        "oldestKillmail": "2022-01-31T23:00:00Z",
        "newestKillmail": "2026-11-25T10:00:00Z",
        "totalKillmails": 3,
        "totalBattles": None,
    }


def test_days_of_short_months() -> None:
    assert cutoff(NOW.replace(month=3, day=31).date(), 1).isoformat() == "2026-02-28"
    assert cutoff(NOW.replace(month=1, day=1).date(), 1).isoformat() == "2025-12-01"
    assert next_cleanup(NOW.replace(hour=1)).isoformat() == "2026-11-26T02:00:00+00:00"


async def test_figures_are_those_that_the_tables_tell(desk: ApiHarness) -> None:
    desk.sql("""
        INSERT INTO ingestion_stats_hourly (hour, received, accepted, duplicate, refused, rejected_min_pilots,
            rejected_npc)
        VALUES ('2026-11-26 11:00Z', 120, 30, 10, 1, 70, 9), ('2026-11-24 11:00Z', 10, 10, 0, 0, 0, 0)
    """)
    desk.sql("""
        INSERT INTO historical_ingestion_jobs (id, manifest_key, manifest_etag, start_date, end_date, requested_by,
            status)
        VALUES ('00000000-0000-0000-0000-0000000000aa', 'k', 'e', '2026-11-01', '2026-11-01', 'A', 'running')
    """)
    desk.sql("""
        INSERT INTO historical_job_dates (job_id, day, total)
        VALUES ('00000000-0000-0000-0000-0000000000aa', '2026-11-01', 55)
    """)
    assert (await desk.api.get("/api/ingestion/stats")).json() == {
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
    assert (await desk.api.get("/api/admin/stats/ingest")).json() == {
        "received24h": 120,
        "accepted24h": 30,
        "rejected24h": 79,
        "duplicate24h": 10,
        "refused24h": 1,
        "acceptanceRate": 0.2752,
        "unprocessedCount": 0,
        "rejectReasons": {"minPilots": 70, "system": 0, "security": 0, "entity": 0, "npc": 9},
    }


@pytest.mark.parametrize(
    ("last_success", "failures", "expected"),
    [("2026-11-26 12:29:30Z", 0, "healthy"), ("2026-11-26 12:29:30Z", 2, "degraded"), (None, 0, "unhealthy"),
     ("2026-11-26 12:28:59Z", 0, "unhealthy")],
)  # fmt: skip
async def test_health_of_the_feed(desk: ApiHarness, last_success: str | None, failures: int, expected: str) -> None:
    desk.sql(
        "UPDATE ingestion_status SET last_successful_poll_at = %s, consecutive_failures = %s, last_killmail_id = 7",
        last_success, failures,
    )  # fmt: skip
    desk.sql("INSERT INTO feed_gaps (first_sequence, last_sequence, reason) VALUES (1, 2, 'expired')")
    told = (await desk.api.get("/api/ingestion/health")).json()
    assert (told["status"], told["lastKillmail"], told["openGaps"]) == (expected, "7", 1)
