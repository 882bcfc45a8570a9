"""Verification and retention, on a real database."""

import json

import pytest
from ingest_api_harness import ApiHarness, change_dependencies

from battlescope_events.errors import TransientError
from ingest_api.main import app

pytestmark = pytest.mark.postgres
VERIFY = "/api/ingestion/verification"
RETENTION = "/api/ingestion/retention"


async def test_each_verification_request_publishes_an_event(harness: ApiHarness) -> None:
    responses = [await harness.api.post(f"{VERIFY}/trigger", json={"date": "2026-11-25"}) for _ in range(2)]
    body = responses[0].json()
    assert responses[0].status_code == 202
    assert body == {
        "jobId": harness.published[0].id,
        "status": "pending",
        "verificationDate": "2026-11-25",
        "estimatedDuration": None,
    }
    assert json.loads(harness.published[0].body) == {"date": "2026-11-25"}
    assert harness.published[0].headers["ce-type"] == "com.battlescope.verification.requested.v1"
    assert harness.published[0].id != harness.published[1].id
    assert harness.sql("SELECT count(*) FROM outbox_messages") == [(0,)]


@pytest.mark.parametrize("day", ["2026-11-26", "2030-01-01", "2021-11-25", "yesterday"])
async def test_days_outside_the_window_cannot_be_verified(harness: ApiHarness, day: str) -> None:
    assert (await harness.api.post(f"{VERIFY}/trigger", json={"date": day})).status_code == 400
    assert harness.published == []


async def test_event_stays_in_the_outbox_while_the_broker_is_down(harness: ApiHarness) -> None:
    async def unavailable(_: object) -> None:
        raise TransientError("The Broker does not respond.")

    harness.sql("INSERT INTO outbox_messages (broker, headers, body) VALUES ('backfill', '{}', '')")
    publish = app.state.dependencies.publish
    change_dependencies(publish=unavailable)
    response = await harness.api.post(f"{RETENTION}/trigger")
    assert (response.status_code, response.json()["cutoffDate"]) == (202, "2021-11-26")
    waiting = "SELECT broker FROM outbox_messages ORDER BY id"
    assert harness.sql(waiting) == [("backfill",), ("killmails",)]
    change_dependencies(publish=publish)
    await harness.api.post(f"{RETENTION}/trigger")
    assert (harness.sql(waiting), len(harness.published)) == ([("backfill",)], 2)


async def test_retention_request_publishes_an_event(harness: ApiHarness) -> None:
    body = (await harness.api.post(f"{RETENTION}/trigger")).json()
    (message,) = harness.published
    assert (message.headers["ce-type"], json.loads(message.body)) == (
        "com.battlescope.retention.due.v1",
        {"cutoffDate": "2021-11-26"},
    )
    assert body["jobId"] == message.id


async def test_history_of_verifications(harness: ApiHarness) -> None:
    assert (await harness.api.get(f"{VERIFY}/history")).json()["summary"]["averageMissingPerDay"] is None
    harness.sql("""
        INSERT INTO verification_history VALUES
        ('2026-11-24', 'completed', 100, 97, 3, 3, '00000000-0000-0000-0000-0000000000aa', '2026-11-25 03:00Z',
            '2026-11-25 03:02Z', NULL),
        ('2026-11-25', 'completed', 100, 98, 2, 2, NULL, '2026-11-26 03:00Z', '2026-11-26 03:01Z', NULL),
        ('2026-11-23', 'failed', NULL, NULL, NULL, NULL, NULL, '2026-11-24 03:00Z', NULL, 'No list.')
    """)
    body = (await harness.api.get(f"{VERIFY}/history?limit=2")).json()
    assert ([row["date"] for row in body["verifications"]], body["total"]) == (["2026-11-25", "2026-11-24"], 3)
    assert (body["verifications"][0]["duration"], body["verifications"][1]["missing"]) == (60, 3)
    assert body["summary"] == {
        "totalDaysVerified": 2,
        "totalMissing": 5,
        "totalRequeued": 5,
        "averageMissingPerDay": 2.5,
    }
    accepted = (await harness.api.post(f"{VERIFY}/trigger", json={"date": "2026-11-25"})).json()
    assert accepted["estimatedDuration"] == 90


async def test_retention_status_contains_window_and_stored_range(harness: ApiHarness) -> None:
    empty = (await harness.api.get(f"{RETENTION}/status")).json()
    assert empty["dataStats"] == {
        "oldestKillmail": None,
        "newestKillmail": None,
        "totalKillmails": 0,
        "totalBattles": None,
    }
    for number, time in enumerate(("2022-01-31 23:00Z", "2024-05-05 00:00Z", "2026-11-25 10:00Z")):
        harness.sql("SELECT ensure_killmail_month(%s)", time)
        harness.sql(
            """INSERT INTO killmail_events (killmail_id, zkb_hash, system_id, occurred_at, pilot_count, zkb_url,
            archive_key) VALUES (%s, '', 1, %s, 2, '', '')""",
            number, time,
        )  # fmt: skip
    harness.sql("SELECT ensure_killmail_month('2021-12-05')")  # an old month that is already empty
    harness.sql("""
        INSERT INTO data_retention_jobs (id, cutoff_date, status, created_at, completed_at)
        VALUES (gen_random_uuid(), '2021-11-25', 'completed', '2026-11-25 02:00Z', '2026-11-25 02:05Z')
    """)
    body = (await harness.api.get(f"{RETENTION}/status")).json()
    assert body["retentionPolicy"] == {
        "windowMonths": 60,
        "cutoffDate": "2021-11-26",
        "lastCleanup": "2026-11-25T02:05:00Z",
        "nextCleanup": "2026-11-27T02:00:00Z",
    }
    assert body["dataStats"] == {
        "oldestKillmail": "2022-01-31T23:00:00Z",
        "newestKillmail": "2026-11-25T10:00:00Z",
        "totalKillmails": 3,
        "totalBattles": None,
    }
