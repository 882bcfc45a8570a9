"""Republishing jobs, on a real database."""

import json

import pytest
from battle_api_harness import ApiHarness

pytestmark = pytest.mark.postgres
REPUBLISH = "/api/admin/battles/republish"
UNKNOWN_ID = "00000000-0000-0000-0000-0000000000aa"


async def test_request_creates_a_job_and_publishes_an_event(harness: ApiHarness) -> None:
    wanted = {"startTime": "2026-03-01T19:00:00Z", "author": "Ann"}
    response = await harness.api.post(REPUBLISH, json=wanted)
    body = response.json()
    assert response.status_code == 202
    assert (body["status"], body["startTime"], body["endTime"]) == ("pending", "2026-03-01T19:00:00Z", None)
    assert (body["progress"], body["requestedBy"]) == ({"processed": 0, "total": 0, "percentage": 0}, "Ann")
    (message,) = harness.published
    assert message.headers["ce-type"] == "com.battlescope.battle.republish-requested.v1"
    assert json.loads(message.body) == {"jobId": body["jobId"], "part": 0}
    assert response.headers["location"] == f"{REPUBLISH}/jobs/{body['jobId']}"
    assert (await harness.api.get(response.headers["location"])).json() == body


async def test_request_without_a_body_republishes_all_battles(harness: ApiHarness) -> None:
    response = await harness.api.post(REPUBLISH)
    assert (response.status_code, response.json()["startTime"], response.json()["endTime"]) == (202, None, None)


@pytest.mark.parametrize("start", ["2026-03-01T20:00:00Z", "yesterday"])
async def test_invalid_range_is_400(harness: ApiHarness, start: str) -> None:
    response = await harness.api.post(REPUBLISH, json={"startTime": start, "endTime": "2026-03-01T20:00:00Z"})
    assert response.status_code == 400
    assert harness.published == []


async def test_progress_of_a_running_job(harness: ApiHarness) -> None:
    location = (await harness.api.post(REPUBLISH)).headers["location"]
    harness.sql("UPDATE republish_jobs SET status = 'running', battles_total = 300, battles_processed = 100")
    job = (await harness.api.get(location)).json()
    assert (job["status"], job["progress"]) == ("running", {"processed": 100, "total": 300, "percentage": 33.3})
    harness.sql("UPDATE republish_jobs SET status = 'completed', battles_total = 0, battles_processed = 0")
    assert (await harness.api.get(location)).json()["progress"]["percentage"] == 100


async def test_jobs_are_listed_newest_first(harness: ApiHarness) -> None:
    job_ids = [(await harness.api.post(REPUBLISH)).json()["jobId"] for _ in range(3)]
    harness.sql("UPDATE republish_jobs SET created_at = now() WHERE id = %s", job_ids[1])
    page = (await harness.api.get(f"{REPUBLISH}/jobs?limit=1")).json()
    assert ([job["jobId"] for job in page["items"]], page["total"]) == ([job_ids[1]], 3)
    assert len((await harness.api.get(f"{REPUBLISH}/jobs?offset=1")).json()["items"]) == 2
    assert (await harness.api.get(f"{REPUBLISH}/jobs/{UNKNOWN_ID}")).status_code == 404


@pytest.mark.parametrize(
    ("status", "expected"), [("pending", 200), ("running", 200), ("cancelled", 200), ("completed", 409)]
)
async def test_jobs_can_be_cancelled_until_they_end(harness: ApiHarness, status: str, expected: int) -> None:
    job = (await harness.api.post(REPUBLISH)).json()["jobId"]
    harness.sql("UPDATE republish_jobs SET status = %s", status)
    response = await harness.api.post(f"{REPUBLISH}/jobs/{job}/cancel", json={"author": "Bob"})
    assert response.status_code == expected, response.text
    expected_status = status if expected == 409 else "cancelled"
    assert harness.sql("SELECT status FROM republish_jobs") == [(expected_status,)]
    if status in {"pending", "running"}:
        assert response.json()["cancelledBy"] == "Bob"
