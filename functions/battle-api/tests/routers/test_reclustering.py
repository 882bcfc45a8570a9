"""Reclustering jobs, on a real database."""

import json
from typing import Any

import pytest
from battle_api_harness import ApiHarness

pytestmark = pytest.mark.postgres
RECLUSTER = "/api/admin/battles/recluster"
RANGE = {"startTime": "2026-03-01T19:00:00Z", "endTime": "2026-03-01T20:30:00Z"}
UNKNOWN_ID = "00000000-0000-0000-0000-0000000000aa"
COMPLETE = """
WITH completed AS (
    UPDATE reclustering_jobs SET status = 'completed', killmails_processed = killmails_total, killmails_moved = 4
    WHERE status = 'pending' RETURNING id
)
INSERT INTO reclustering_changes SELECT id, gen_random_uuid(), change, '{1,2}', '{3}', NULL
FROM completed, unnest('{created,updated,updated,deleted,merged}'::text[]) AS change
"""


async def test_request_creates_a_job_and_publishes_an_event(harness: ApiHarness) -> None:
    custom = {"windowMinutes": 60, "minKills": 3}
    response = await harness.api.post(RECLUSTER, json={**RANGE, "customConfig": custom, "author": "Ann"})
    body = response.json()
    assert (response.status_code, body["success"]) == (202, True)
    assert (body["status"], body["affectedKillmails"]) == ("pending", 5)
    (message,) = harness.published
    assert message.headers["ce-type"] == "com.battlescope.battle.recluster-requested.v1"
    assert json.loads(message.body) == {"jobId": body["jobId"], "part": 0}
    job = (await harness.api.get(response.headers["location"])).json()
    assert (job["windowMinutes"], job["gapMaxMinutes"], job["minKills"], job["requestedBy"]) == (60, None, 3, "Ann")
    assert job["progress"] == {"processed": 0, "total": 5, "percentage": 0}
    assert (job["reason"], job["dryRun"], job["items"]) == ("manual", False, [])


async def test_completed_dry_run_returns_its_changes(harness: ApiHarness) -> None:
    async with harness.cluster(COMPLETE):
        response = await harness.api.post(RECLUSTER, json={**RANGE, "dryRun": True})
    body = response.json()
    counts = {"created": 1, "updated": 2, "deleted": 1, "merged": 1, "movedKillmails": 4}
    assert (response.status_code, body["affectedBattles"], body["changes"]) == (200, 5, counts)
    page = (await harness.api.get(f"{RECLUSTER}/jobs/{body['jobId']}?limit=2&offset=4")).json()
    assert (page["total"], len(page["items"]), page["progress"]["percentage"]) == (5, 1, 100)
    assert (page["items"][0]["added"], page["items"][0]["removed"]) == (["1", "2"], ["3"])


async def test_dry_run_that_does_not_end_in_time_is_202(harness: ApiHarness) -> None:
    response = await harness.api.post(RECLUSTER, json={**RANGE, "dryRun": True}, headers={"prefer": "wait=0"})
    assert (response.status_code, response.json()["affectedBattles"]) == (202, None)


@pytest.mark.parametrize("wanted", [{"deleteExisting": True}, {"endTime": "2036-01-01T00:00:00Z"}, {"priority": 1}])
async def test_invalid_request_is_400(harness: ApiHarness, wanted: dict[str, Any]) -> None:
    response = await harness.api.post(RECLUSTER, json=RANGE | wanted)
    assert (response.status_code, response.json()["message"][-2:] != "..") == (400, True)
    assert harness.published == []


async def test_jobs_are_listed_newest_first(harness: ApiHarness) -> None:
    job_ids = [(await harness.api.post(RECLUSTER, json=RANGE)).json()["jobId"] for _ in range(3)]
    harness.sql("UPDATE reclustering_jobs SET created_at = now() WHERE id = %s", job_ids[1])
    page = (await harness.api.get(f"{RECLUSTER}/jobs?limit=1")).json()
    assert ([job["jobId"] for job in page["items"]], page["total"]) == ([job_ids[1]], 3)
    assert len((await harness.api.get(f"{RECLUSTER}/jobs?offset=1")).json()["items"]) == 2
    assert (await harness.api.get(f"{RECLUSTER}/jobs/{UNKNOWN_ID}")).status_code == 404


@pytest.mark.parametrize(
    ("status", "expected"),
    [("pending", 200), ("running", 200), ("cancelled", 200), ("completed", 409), ("failed", 409)],
)
async def test_jobs_can_be_cancelled_until_they_end(harness: ApiHarness, status: str, expected: int) -> None:
    job = (await harness.api.post(RECLUSTER, json=RANGE)).json()["jobId"]
    harness.sql("UPDATE reclustering_jobs SET status = %s", status)
    response = await harness.api.post(f"{RECLUSTER}/jobs/{job}/cancel", json={"author": "Bob"})
    assert response.status_code == expected, response.text
    expected_status = status if expected == 409 else "cancelled"
    assert harness.sql("SELECT status FROM reclustering_jobs") == [(expected_status,)]
    if status in {"pending", "running"}:
        assert response.json()["cancelledBy"] == "Bob"
        again = await harness.api.post(f"{RECLUSTER}/jobs/{job}/cancel")
        assert (again.status_code, again.json()["cancelledBy"]) == (200, "Bob")
