"""Backfill jobs, on a real database and a simulated object storage."""

from dataclasses import replace
from typing import Any

import pytest
from ingest_api_harness import ApiHarness, change_dependencies

from battlescope_events.object_storage.objects import ObjectStorage
from battlescope_schemas.backfill import BackfillManifest, job_id

pytestmark = pytest.mark.postgres
JOBS = "/api/ingestion/historical/jobs"
JOB = "00000000-0000-0000-0000-0000000000aa"
REQUEST = {"startDate": "2026-11-01", "endDate": "2026-11-10", "priority": "high"}
INSERT_JOB = """
INSERT INTO historical_ingestion_jobs (id, manifest_key, manifest_etag, start_date, end_date, requested_by, status,
    total_dates, created_at, started_at)
VALUES (%s, 'manifests/a.json', 'e', '2026-11-01', '2026-11-04', 'Ann', %s, 4, '2026-11-26 12:00Z',
    '2026-11-26 12:10Z')
"""
INSERT_DAYS = """
INSERT INTO historical_job_dates (job_id, day, status, expected, total, accepted, rejected, known, failed, started_at,
    completed_at)
VALUES (%(job)s, '2026-11-01', 'completed', 100, 100, 40, 50, 10, 0, '2026-11-26 12:10Z', '2026-11-26 12:15Z'),
    (%(job)s, '2026-11-02', 'failed', 100, 50, 20, 20, 5, 5, '2026-11-26 12:15Z', '2026-11-26 12:20Z'),
    (%(job)s, '2026-11-03', 'running', 100, 50, 0, 0, 0, 0, '2026-11-26 12:20Z', NULL),
    (%(job)s, '2026-11-04', 'pending', NULL, 0, 0, 0, 0, 0, NULL, NULL)
"""


def insert_job(harness: ApiHarness, status: str = "running", job: str = JOB) -> None:
    harness.sql(INSERT_JOB, job, status)
    harness.sql(INSERT_DAYS.replace("%(job)s", f"'{job}'"))


async def test_creating_a_job_only_writes_a_manifest(harness: ApiHarness) -> None:
    before = harness.manifests()
    response = await harness.api.post(JOBS, json=REQUEST | {"author": "Ann", "source": "r2z2"})
    body = response.json()
    assert (response.status_code, body["status"], body["totalDates"]) == (201, "pending", 10)
    assert (body["estimatedKillmails"], body["estimatedDuration"], body["warnings"]) == (None, None, [])
    (key,) = harness.manifests() - before
    content, etag = harness.manifest(key)
    assert body["jobId"] == job_id(key, etag)
    manifest = BackfillManifest.model_validate(content)
    assert (manifest.source, manifest.priority, manifest.reason, manifest.requested_by) == (
        "r2z2",
        "high",
        "manual",
        "Ann",
    )
    assert content["dates"] == {"from": "2026-11-01", "to": "2026-11-10"}
    assert harness.sql("SELECT count(*) FROM historical_ingestion_jobs") == [(0,)]
    assert (await harness.api.get(response.headers["location"])).status_code == 404


async def test_repeated_request_is_the_same_job(harness: ApiHarness) -> None:
    first = (await harness.api.post(JOBS, json=REQUEST)).json()
    unplanned = await harness.api.post(JOBS, json=REQUEST)
    assert (unplanned.status_code, unplanned.json()["jobId"]) == (200, first["jobId"])
    assert unplanned.json()["status"] == "pending"
    insert_job(harness, "running", first["jobId"])
    again = await harness.api.post(JOBS, json=REQUEST)
    assert (again.status_code, again.json()["jobId"], again.json()["status"]) == (200, first["jobId"], "running")
    other = (await harness.api.post(JOBS, json=REQUEST | {"reason": "once more"})).json()
    assert other["jobId"] != first["jobId"]
    assert other["warnings"] == [f"The job {first['jobId']} also loads some of these days."]


async def test_estimates_come_from_earlier_days(harness: ApiHarness) -> None:
    harness.sql("""
        INSERT INTO killmail_ids SELECT n, timestamptz '2026-11-20 10:00Z' + n %% 2 * interval '1 day'
        FROM generate_series(1, 40) n
    """)
    insert_job(harness, "completed")
    body = (await harness.api.post(JOBS, json=REQUEST)).json()
    assert (body["estimatedKillmails"], body["estimatedDuration"]) == (200, 600)  # 20 a day; 100 killmails took 300 s


async def test_days_that_the_source_lacks_are_counted(harness: ApiHarness) -> None:
    insert_job(harness, "completed")
    harness.sql("UPDATE historical_job_dates SET status = 'skipped', error = 'no archive' WHERE day >= '2026-11-03'")
    (job,) = (await harness.api.get(JOBS)).json()["jobs"]
    assert (job["progress"]["processedDates"], job["progress"]["skippedDates"]) == (4, 2)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"endDate": "2026-10-01"}, "endDate is before startDate"),
        ({"endDate": "2026-11-27"}, "in the future"),
        ({"startDate": "2021-11-25"}, "before 2021-11-26, the first day of the retention window"),
        ({"rulesetId": JOB}, "there is no ruleset"),
        ({"days": 3}, "days: is not a known field"),
        ({"author": "a\nb"}, "author"),
    ],
)
async def test_jobs_that_the_planner_would_reject_are_400(
    harness: ApiHarness, wrong: dict[str, Any], message: str
) -> None:
    before = harness.manifests()
    response = await harness.api.post(JOBS, json=REQUEST | wrong)
    assert response.status_code == 400
    assert message in response.json()["message"]
    assert harness.manifests() == before


@pytest.mark.parametrize(
    ("dates", "message"),
    [
        ({"endDate": "2999-01-01"}, "endDate is in the future."),
        (
            {"startDate": "1900-01-01"},
            "startDate is before 2021-11-26, the first day of the retention window.",
        ),
    ],
)
async def test_day_far_outside_the_window_is_the_only_reason(
    harness: ApiHarness, dates: dict[str, str], message: str
) -> None:
    response = await harness.api.post(JOBS, json=REQUEST | dates)
    assert (response.status_code, response.json()["message"]) == (400, message)


async def test_detail_contains_progress_and_days(harness: ApiHarness) -> None:
    insert_job(harness)
    body = (await harness.api.get(f"{JOBS}/{JOB}")).json()
    assert body["progress"] == {
        "totalDates": 4,
        "processedDates": 2,
        "failedDates": 1,
        "skippedDates": 0,
        "totalKillmails": 300,
        "processedKillmails": 200,
        "acceptedKillmails": 60,
        "rejectedKillmails": 70,
        "knownKillmails": 15,
        "failedKillmails": 5,
        "percentComplete": 62.5,  # two days, and half of the killmails of a third one
    }
    assert (body["currentDate"], body["currentRate"]) == ("2026-11-03", 10.0)
    assert body["estimatedCompletion"] == "2026-11-26T12:42:00Z"
    assert [day["status"] for day in body["dateProgress"]] == ["completed", "failed", "running", "pending"]
    assert (body["dateProgress"][0]["killmails"], body["dateProgress"][3]["expected"]) == (100, None)


async def test_jobs_are_listed_by_status_newest_first(harness: ApiHarness) -> None:
    assert (await harness.api.get(JOBS)).json() == {"jobs": [], "total": 0, "limit": 50, "offset": 0}
    for number, status in enumerate(("completed", "failed", "running"), 1):
        harness.sql(
            """INSERT INTO historical_ingestion_jobs (id, manifest_key, manifest_etag, start_date, end_date,
            requested_by, status, created_at) VALUES (%s, %s, 'e', '2026-11-01', '2026-11-01', 'Ann', %s,
            timestamptz '2026-11-26' + %s * interval '1 hour')""",
            f"00000000-0000-0000-0000-00000000000{number}", str(number), status, number,
        )  # fmt: skip
    page = (await harness.api.get(f"{JOBS}?limit=1&offset=1")).json()
    assert ([job["status"] for job in page["jobs"]], page["total"]) == (["failed"], 3)
    filtered = (await harness.api.get(f"{JOBS}?status=running&status=completed")).json()
    assert ([job["status"] for job in filtered["jobs"]], filtered["total"]) == (["running", "completed"], 2)
    assert filtered["jobs"][0]["progress"]["percentComplete"] == 0
    assert (await harness.api.get(f"{JOBS}?status=done")).status_code == 400


@pytest.mark.parametrize("method", ["POST", "DELETE"])
async def test_cancelling_is_idempotent(harness: ApiHarness, method: str) -> None:
    insert_job(harness)
    path = f"{JOBS}/{JOB}/cancel" if method == "POST" else f"{JOBS}/{JOB}"
    for _ in range(2):
        response = await harness.api.request(method, path)
        assert (response.status_code, response.json()) == (
            200,
            {"status": "cancelled", "cancelledAt": "2026-11-26T12:30:00Z"},
        )
    states = harness.sql("SELECT status FROM historical_job_dates ORDER BY day")
    assert states == [("completed",), ("failed",), ("running",), ("cancelled",)]


async def test_job_can_be_paused_and_resumed(harness: ApiHarness) -> None:
    insert_job(harness)
    for _ in range(2):
        assert (await harness.api.post(f"{JOBS}/{JOB}/pause")).json() == {"status": "paused"}
    assert harness.sql("SELECT status FROM historical_ingestion_jobs") == [("paused",)]
    for _ in range(2):
        assert (await harness.api.post(f"{JOBS}/{JOB}/resume")).json() == {"status": "pending"}
    assert harness.sql("SELECT status, retry_count FROM historical_ingestion_jobs") == [("pending", 0)]


async def test_retry_repeats_only_the_failed_days(harness: ApiHarness) -> None:
    insert_job(harness)
    assert (await harness.api.post(f"{JOBS}/{JOB}/retry")).status_code == 409
    harness.sql("UPDATE historical_ingestion_jobs SET status = 'failed', error_message = 'x', completed_at = now()")
    harness.sql("UPDATE historical_job_dates SET fruitless_attempts = 20")
    response = await harness.api.post(f"{JOBS}/{JOB}/retry")
    assert response.json() == {
        "status": "pending",
        "retryCount": 1,
        "lastProcessedDate": "2026-11-01",
        "willResumeFrom": "2026-11-02",
    }
    row = harness.sql("SELECT status, error_message, completed_at FROM historical_ingestion_jobs")
    assert row == [("pending", None, None)]
    day = "SELECT status, fruitless_attempts FROM historical_job_dates WHERE day = '2026-11-02'"
    assert harness.sql(day) == [("pending", 0)]


async def test_invalid_manifest_cannot_be_retried(harness: ApiHarness) -> None:
    harness.sql(
        """INSERT INTO historical_ingestion_jobs (id, manifest_key, manifest_etag, requested_by, status, error_message)
        VALUES (%s, 'k', 'e', 'Ann', 'failed', 'No JSON.')""",
        JOB,
    )
    response = await harness.api.post(f"{JOBS}/{JOB}/retry")
    assert (response.status_code, "invalid" in response.json()["message"]) == (409, True)
    assert (await harness.api.get(f"{JOBS}/{JOB}")).json()["error"] == "No JSON."


@pytest.mark.parametrize("action", ["cancel", "pause", "resume"])
async def test_ended_job_cannot_change_its_status(harness: ApiHarness, action: str) -> None:
    insert_job(harness, "completed")
    assert (await harness.api.post(f"{JOBS}/{JOB}/{action}")).status_code == 409
    assert (await harness.api.post(f"{JOBS}/{JOB[:-2]}bb/{action}")).status_code == 404


async def test_unavailable_object_storage_is_503(harness: ApiHarness) -> None:
    access = harness.bucket.bucket_access
    change_dependencies(storage=ObjectStorage(replace(access, endpoint_url="http://127.0.0.1:1")))
    assert (await harness.api.post(JOBS, json=REQUEST)).status_code == 503
    change_dependencies(storage=ObjectStorage(replace(access, bucket="another")))
    assert (await harness.api.post(JOBS, json=REQUEST)).status_code == 503
