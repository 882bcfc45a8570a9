"""Authorization of write requests."""

import pytest
from ingest_api_harness import ApiHarness

from ingest_api.main import app

pytestmark = pytest.mark.postgres
JOBS = "/api/ingestion/historical/jobs"
JOB = "00000000-0000-0000-0000-0000000000aa"
REQUEST = {"startDate": "2026-11-01", "endDate": "2026-11-10", "priority": "high"}


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("POST", JOBS),
        ("DELETE", f"{JOBS}/{JOB}"),
        *(("POST", f"{JOBS}/{JOB}/{action}") for action in ("cancel", "pause", "resume", "retry")),
        ("POST", "/api/ingestion/rulesets"),
        ("PUT", f"/api/ingestion/rulesets/{JOB}"),
        ("DELETE", f"/api/ingestion/rulesets/{JOB}"),
        ("PUT", "/api/rulesets/current"),
        ("PUT", "/api/admin/config/ingest"),
        ("POST", "/api/ingestion/verification/trigger"),
        ("POST", "/api/ingestion/retention/trigger"),
    ],
)
async def test_writes_need_the_token(harness: ApiHarness, method: str, path: str) -> None:
    body = {"minPilots": 3, "name": "x"} if "rulesets" in path else {"date": "2026-11-25"}
    body = REQUEST if path == JOBS else {"ruleset": {"minPilots": 3}} if "config" in path else body
    unauthorized = await harness.api.request(method, path, json=body, headers={"authorization": "Bearer wrong"})
    assert (unauthorized.status_code, unauthorized.headers["www-authenticate"]) == (401, "Bearer")
    app.state.token = None
    assert (await harness.api.request(method, path, json=body)).status_code == 403
