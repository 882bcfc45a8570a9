"""Reclustering jobs, the terms of grouping and the figures about the work, on a real database."""

import asyncio
import json
from typing import Any

import httpx2
import pytest
from desk import ApiHarness

pytestmark = pytest.mark.postgres
RECLUSTER = "/api/admin/battles/recluster"
TERMS = "/api/admin/config/clusterer"
STATISTICS = "/api/admin/stats/clusterer"
RANGE = {"startTime": "2026-03-01T19:00:00Z", "endTime": "2026-03-01T20:30:00Z"}
SOMEBODY = "00000000-0000-0000-0000-0000000000aa"
DONE = """
WITH done AS (
    UPDATE reclustering_jobs SET status = 'completed', killmails_processed = killmails_total, killmails_moved = 4
    WHERE status = 'pending' RETURNING id
)
INSERT INTO reclustering_changes SELECT id, gen_random_uuid(), change, '{1,2}', '{3}', NULL
FROM done, unnest('{created,updated,updated,deleted,merged}'::text[]) AS change
"""


@pytest.mark.parametrize(
    ("method", "path"), [("POST", RECLUSTER), ("POST", f"{RECLUSTER}/jobs/{SOMEBODY}/cancel"), ("PUT", TERMS)]
)
async def test_writing_needs_the_token(client: httpx2.AsyncClient, method: str, path: str) -> None:
    body = RANGE if path == RECLUSTER else {"minKills": 3} if path == TERMS else {}
    assert (await client.request(method, path, json=body)).status_code == 401


async def test_a_range_becomes_a_job_and_an_event(desk: ApiHarness) -> None:
    custom = {"windowMinutes": 60, "minKills": 3}
    answer = await desk.api.post(RECLUSTER, json={**RANGE, "customConfig": custom, "author": "Ann"})
    told = answer.json()
    assert (answer.status_code, told["success"], told["status"], told["affectedKillmails"]) == (202, True, "pending", 5)
    (message,) = desk.published
    assert message.headers["ce-type"] == "com.battlescope.battle.recluster-requested.v1"
    assert json.loads(message.body) == {"jobId": told["jobId"], "part": 0}
    job = (await desk.api.get(answer.headers["location"])).json()
    assert (job["windowMinutes"], job["gapMaxMinutes"], job["minKills"], job["requestedBy"]) == (60, None, 3, "Ann")
    assert job["progress"] == {"processed": 0, "total": 5, "percentage": 0}
    assert (job["reason"], job["dryRun"], job["items"]) == ("manual", False, [])


async def test_a_dry_run_is_waited_for(desk: ApiHarness) -> None:
    async with desk.cluster(DONE):
        answer = await desk.api.post(RECLUSTER, json={**RANGE, "dryRun": True})
    told = answer.json()
    counts = {"created": 1, "updated": 2, "deleted": 1, "merged": 1, "movedKillmails": 4}
    assert (answer.status_code, told["affectedBattles"], told["changes"]) == (200, 5, counts)
    page = (await desk.api.get(f"{RECLUSTER}/jobs/{told['jobId']}?limit=2&offset=4")).json()
    assert (page["total"], len(page["items"]), page["progress"]["percentage"]) == (5, 1, 100)
    assert (page["items"][0]["added"], page["items"][0]["removed"]) == (["1", "2"], ["3"])


async def test_a_dry_run_that_takes_longer_is_202(desk: ApiHarness) -> None:
    answer = await desk.api.post(RECLUSTER, json={**RANGE, "dryRun": True}, headers={"prefer": "wait=0"})
    assert (answer.status_code, answer.json()["affectedBattles"]) == (202, None)


@pytest.mark.parametrize("wanted", [{"deleteExisting": True}, {"endTime": "2036-01-01T00:00:00Z"}, {"priority": 1}])
async def test_what_no_job_can_do_is_400(desk: ApiHarness, wanted: dict[str, Any]) -> None:
    answer = await desk.api.post(RECLUSTER, json=RANGE | wanted)
    assert (answer.status_code, answer.json()["message"][-2:] != "..") == (400, True)
    assert desk.published == []


async def test_jobs_are_listed_newest_first(desk: ApiHarness) -> None:
    made = [(await desk.api.post(RECLUSTER, json=RANGE)).json()["jobId"] for _ in range(3)]
    desk.sql("UPDATE reclustering_jobs SET created_at = now() WHERE id = %s", made[1])
    page = (await desk.api.get(f"{RECLUSTER}/jobs?limit=1")).json()
    assert ([job["jobId"] for job in page["items"]], page["total"]) == ([made[1]], 3)
    assert len((await desk.api.get(f"{RECLUSTER}/jobs?offset=1")).json()["items"]) == 2
    assert (await desk.api.get(f"{RECLUSTER}/jobs/{SOMEBODY}")).status_code == 404


@pytest.mark.parametrize(
    ("status", "expected"),
    [("pending", 200), ("running", 200), ("cancelled", 200), ("completed", 409), ("failed", 409)],
)
async def test_cancelling(desk: ApiHarness, status: str, expected: int) -> None:
    job = (await desk.api.post(RECLUSTER, json=RANGE)).json()["jobId"]
    desk.sql("UPDATE reclustering_jobs SET status = %s", status)
    answer = await desk.api.post(f"{RECLUSTER}/jobs/{job}/cancel", json={"author": "Bob"})
    assert answer.status_code == expected, answer.text
    kept = status if expected == 409 else "cancelled"
    assert desk.sql("SELECT status FROM reclustering_jobs") == [(kept,)]
    if status in {"pending", "running"}:
        assert answer.json()["cancelledBy"] == "Bob"
        again = await desk.api.post(f"{RECLUSTER}/jobs/{job}/cancel")
        assert (again.status_code, again.json()["cancelledBy"]) == (200, "Bob")


async def test_terms_change_in_part_and_only_as_they_were_seen(desk: ApiHarness) -> None:
    before = await desk.api.get(TERMS)
    told = before.json()
    assert (told["windowMinutes"], told["gapMaxMinutes"], told["minKills"], told["autoClustering"]) == (30, 15, 2, True)
    seen = {"if-match": before.headers["etag"]}
    answers = await asyncio.gather(
        *(desk.api.put(TERMS, json={"minKills": n, "author": "Ann"}, headers=seen) for n in (3, 4))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 412]
    won = next(answer for answer in answers if answer.status_code == 200)
    after = await desk.api.get(TERMS)
    assert (after.json(), after.headers["etag"]) == (won.json(), won.headers["etag"])
    assert (after.json()["windowMinutes"], after.json()["updatedBy"]) == (30, "Ann")
    off = await desk.api.put(TERMS, json={"autoClustering": False})
    assert (off.json()["autoClustering"], off.json()["minKills"]) == (False, won.json()["minKills"])
    assert (await desk.api.put(TERMS, json={"minKills": 3}, headers={"if-match": "*"})).status_code == 400


async def test_fields_without_meaning_are_refused_with_the_reason(desk: ApiHarness) -> None:
    answer = await desk.api.put(TERMS, json={"batchSize": 500})
    assert answer.status_code == 400
    assert (
        answer.json()["message"]
        == "batchSize has no meaning here: an event holds one mail, and a job takes a range part by part."
    )


async def test_figures_are_those_that_the_tables_tell(desk: ApiHarness) -> None:
    told = (await desk.api.get(STATISTICS)).json()
    assert told == {
        "battlesCreated24h": 1,
        "unprocessedKillmails": 1,
        "averageLagMinutes": 1.5,
        "lastProcessedAt": "2026-03-01T21:00:00Z",
    }
    desk.sql("DELETE FROM battle_revisions")
    assert (await desk.api.get(STATISTICS)).json()["averageLagMinutes"] is None
