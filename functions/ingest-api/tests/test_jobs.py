"""Jobs that load history: ordering them writes a manifest, and people may stop, hold and retry them."""

from typing import Any

import pytest
from ingest_desk import ApiHarness

from battlescope_schemas.backfill import BackfillManifest, job_id
from ingest_api.main import app

pytestmark = pytest.mark.postgres
JOBS = "/api/ingestion/historical/jobs"
JOB = "00000000-0000-0000-0000-0000000000aa"
ORDER = {"startDate": "2026-11-01", "endDate": "2026-11-10", "priority": "high"}
WITH_DAYS = """
INSERT INTO historical_ingestion_jobs (id, manifest_key, manifest_etag, start_date, end_date, requested_by, status,
    total_dates, created_at, started_at)
VALUES (%s, 'manifests/a.json', 'e', '2026-11-01', '2026-11-04', 'Ann', %s, 4, '2026-11-26 12:00Z',
    '2026-11-26 12:10Z')
"""
DAYS = """
INSERT INTO historical_job_dates (job_id, day, status, expected, total, accepted, rejected, known, failed, started_at,
    completed_at)
VALUES (%(job)s, '2026-11-01', 'completed', 100, 100, 40, 50, 10, 0, '2026-11-26 12:10Z', '2026-11-26 12:15Z'),
    (%(job)s, '2026-11-02', 'failed', 100, 50, 20, 20, 5, 5, '2026-11-26 12:15Z', '2026-11-26 12:20Z'),
    (%(job)s, '2026-11-03', 'running', 100, 50, 0, 0, 0, 0, '2026-11-26 12:20Z', NULL),
    (%(job)s, '2026-11-04', 'pending', NULL, 0, 0, 0, 0, 0, NULL, NULL)
"""


def with_job(desk: ApiHarness, status: str = "running", job: str = JOB) -> None:
    desk.sql(WITH_DAYS, job, status)
    desk.sql(DAYS.replace("%(job)s", f"'{job}'"))


async def test_an_order_is_a_manifest_and_nothing_else(desk: ApiHarness) -> None:
    before = desk.manifests()
    answer = await desk.api.post(JOBS, json=ORDER | {"author": "Ann", "source": "r2z2"})
    told = answer.json()
    assert (answer.status_code, told["status"], told["totalDates"]) == (201, "pending", 10)
    assert (told["estimatedKillmails"], told["estimatedDuration"], told["warnings"]) == (None, None, [])
    (key,) = desk.manifests() - before
    content, etag = desk.manifest(key)
    assert told["jobId"] == job_id(key, etag)
    manifest = BackfillManifest.model_validate(content)
    assert (manifest.source, manifest.priority, manifest.reason, manifest.requested_by) == (
        "r2z2",
        "high",
        "manual",
        "Ann",
    )
    assert content["dates"] == {"from": "2026-11-01", "to": "2026-11-10"}
    assert desk.sql("SELECT count(*) FROM historical_ingestion_jobs") == [(0,)]
    assert (await desk.api.get(answer.headers["location"])).status_code == 404


async def test_an_order_sent_twice_is_one_job(desk: ApiHarness) -> None:
    first = (await desk.api.post(JOBS, json=ORDER)).json()
    with_job(desk, "running", first["jobId"])
    again = await desk.api.post(JOBS, json=ORDER)
    assert (again.status_code, again.json()["jobId"], again.json()["status"]) == (200, first["jobId"], "running")
    other = (await desk.api.post(JOBS, json=ORDER | {"reason": "once more"})).json()
    assert other["jobId"] != first["jobId"]
    assert other["warnings"] == [f"The job {first['jobId']} loads some of these days, too."]


async def test_estimates_come_from_the_days_that_are_known(desk: ApiHarness) -> None:
    desk.sql("""
        INSERT INTO killmail_ids SELECT n, timestamptz '2026-11-20 10:00Z' + n %% 2 * interval '1 day'
        FROM generate_series(1, 40) n
    """)
    with_job(desk, "completed")
    told = (await desk.api.post(JOBS, json=ORDER)).json()
    assert (told["estimatedKillmails"], told["estimatedDuration"]) == (200, 600)  # 20 a day; 100 mails took 300 s


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"endDate": "2026-10-01"}, "endDate lies before startDate"),
        ({"endDate": "2026-11-27"}, "in the future"),
        ({"startDate": "2021-11-25"}, "before 2021-11-26, the first day that is kept"),
        ({"rulesetId": JOB}, "there is no ruleset"),
        ({"days": 3}, "Extra inputs"),
        ({"author": "a\nb"}, "author"),
    ],
)
async def test_what_the_planner_would_refuse_is_refused_here(
    desk: ApiHarness, wrong: dict[str, Any], said: str
) -> None:
    before = desk.manifests()
    answer = await desk.api.post(JOBS, json=ORDER | wrong)
    assert answer.status_code == 400
    assert said in answer.json()["message"]
    assert desk.manifests() == before


async def test_a_job_with_its_days(desk: ApiHarness) -> None:
    with_job(desk)
    told = (await desk.api.get(f"{JOBS}/{JOB}")).json()
    assert told["progress"] == {
        "totalDates": 4,
        "processedDates": 2,
        "failedDates": 1,
        "totalKillmails": 300,
        "processedKillmails": 200,
        "acceptedKillmails": 60,
        "rejectedKillmails": 70,
        "knownKillmails": 15,
        "failedKillmails": 5,
        "percentComplete": 62.5,  # two days, and half of the mails of another
    }
    assert (told["currentDate"], told["currentRate"]) == ("2026-11-03", 10.0)
    assert told["estimatedCompletion"] == "2026-11-26T12:42:00Z"
    assert [day["status"] for day in told["dateProgress"]] == ["completed", "failed", "running", "pending"]
    assert (told["dateProgress"][0]["killmails"], told["dateProgress"][3]["expected"]) == (100, None)


async def test_jobs_are_listed_by_state_newest_first(desk: ApiHarness) -> None:
    assert (await desk.api.get(JOBS)).json() == {"jobs": [], "total": 0, "limit": 50, "offset": 0}
    for number, status in enumerate(("completed", "failed", "running"), 1):
        desk.sql(
            """INSERT INTO historical_ingestion_jobs (id, manifest_key, manifest_etag, start_date, end_date,
            requested_by, status, created_at) VALUES (%s, %s, 'e', '2026-11-01', '2026-11-01', 'Ann', %s,
            timestamptz '2026-11-26' + %s * interval '1 hour')""",
            f"00000000-0000-0000-0000-00000000000{number}", str(number), status, number,
        )  # fmt: skip
    page = (await desk.api.get(f"{JOBS}?limit=1&offset=1")).json()
    assert ([job["status"] for job in page["jobs"]], page["total"]) == (["failed"], 3)
    found = (await desk.api.get(f"{JOBS}?status=running&status=completed")).json()
    assert ([job["status"] for job in found["jobs"]], found["total"]) == (["running", "completed"], 2)
    assert found["jobs"][0]["progress"]["percentComplete"] == 0
    assert (await desk.api.get(f"{JOBS}?status=done")).status_code == 400


@pytest.mark.parametrize("method", ["POST", "DELETE"])
async def test_cancelling_is_the_same_twice(desk: ApiHarness, method: str) -> None:
    with_job(desk)
    path = f"{JOBS}/{JOB}/cancel" if method == "POST" else f"{JOBS}/{JOB}"
    for _ in range(2):
        answer = await desk.api.request(method, path)
        assert (answer.status_code, answer.json()) == (
            200,
            {"status": "cancelled", "cancelledAt": "2026-11-26T12:30:00Z"},
        )
    states = desk.sql("SELECT status FROM historical_job_dates ORDER BY day")
    assert states == [("completed",), ("failed",), ("running",), ("cancelled",)]


async def test_a_job_rests_and_goes_on(desk: ApiHarness) -> None:
    with_job(desk)
    for _ in range(2):
        assert (await desk.api.post(f"{JOBS}/{JOB}/pause")).json() == {"status": "paused"}
    assert desk.sql("SELECT status FROM historical_ingestion_jobs") == [("paused",)]
    for _ in range(2):
        assert (await desk.api.post(f"{JOBS}/{JOB}/resume")).json() == {"status": "pending"}
    assert desk.sql("SELECT status, retry_count FROM historical_ingestion_jobs") == [("pending", 0)]


async def test_a_failed_job_is_retried_where_it_failed(desk: ApiHarness) -> None:
    with_job(desk)
    assert (await desk.api.post(f"{JOBS}/{JOB}/retry")).status_code == 409
    desk.sql("UPDATE historical_ingestion_jobs SET status = 'failed', error_message = 'x', completed_at = now()")
    answer = await desk.api.post(f"{JOBS}/{JOB}/retry")
    assert answer.json() == {
        "status": "pending",
        "retryCount": 1,
        "lastProcessedDate": "2026-11-01",
        "willResumeFrom": "2026-11-02",
    }
    row = desk.sql("SELECT status, error_message, completed_at FROM historical_ingestion_jobs")
    assert row == [("pending", None, None)]
    assert desk.sql("SELECT status FROM historical_job_dates WHERE day = '2026-11-02'") == [("pending",)]


async def test_an_invalid_manifest_is_not_retried(desk: ApiHarness) -> None:
    desk.sql(
        """INSERT INTO historical_ingestion_jobs (id, manifest_key, manifest_etag, requested_by, status, error_message)
        VALUES (%s, 'k', 'e', 'Ann', 'failed', 'No JSON.')""",
        JOB,
    )
    answer = await desk.api.post(f"{JOBS}/{JOB}/retry")
    assert (answer.status_code, "invalid" in answer.json()["message"]) == (409, True)
    assert (await desk.api.get(f"{JOBS}/{JOB}")).json()["error"] == "No JSON."


@pytest.mark.parametrize("word", ["cancel", "pause", "resume"])
async def test_what_is_over_stays_over(desk: ApiHarness, word: str) -> None:
    with_job(desk, "completed")
    assert (await desk.api.post(f"{JOBS}/{JOB}/{word}")).status_code == 409
    assert (await desk.api.post(f"{JOBS}/{JOB[:-2]}bb/{word}")).status_code == 404


async def test_a_silent_storage_is_503_and_no_job(desk: ApiHarness) -> None:
    object.__setattr__(app.state.manifests, "endpoint_url", "http://127.0.0.1:1")
    assert (await desk.api.post(JOBS, json=ORDER)).status_code == 503
    object.__setattr__(app.state.manifests, "endpoint_url", desk.s3)
    object.__setattr__(app.state.manifests, "bucket", "another")
    assert (await desk.api.post(JOBS, json=ORDER)).status_code == 503


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", JOBS),
        ("DELETE", f"{JOBS}/{JOB}"),
        *(("POST", f"{JOBS}/{JOB}/{word}") for word in ("cancel", "pause", "resume", "retry")),
        ("POST", "/api/ingestion/rulesets"),
        ("PUT", f"/api/ingestion/rulesets/{JOB}"),
        ("DELETE", f"/api/ingestion/rulesets/{JOB}"),
        ("PUT", "/api/rulesets/current"),
        ("PUT", "/api/admin/config/ingest"),
        ("POST", "/api/ingestion/verification/trigger"),
        ("POST", "/api/ingestion/retention/trigger"),
    ],
)
async def test_writing_needs_the_token(desk: ApiHarness, method: str, path: str) -> None:
    body = {"minPilots": 3, "name": "x"} if "rulesets" in path else {"date": "2026-11-25"}
    body = ORDER if path == JOBS else {"ruleset": {"minPilots": 3}} if "config" in path else body
    wrong = await desk.api.request(method, path, json=body, headers={"authorization": "Bearer wrong"})
    assert (wrong.status_code, wrong.headers["www-authenticate"]) == (401, "Bearer")
    app.state.token = None
    assert (await desk.api.request(method, path, json=body)).status_code == 403
