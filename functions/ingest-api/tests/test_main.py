"""The composition of ingest-api: who may do what."""

import pytest
from ingest_api_harness import ApiHarness, change_dependencies

from battlescope_events.access.owner_guard import OwnerGuard
from battlescope_events.edge.origins import OriginPolicy
from battlescope_events.http_api.guard import Right, Role
from ingest_api.main import app

JOBS, RULESETS = "/api/ingestion/historical/jobs", "/api/ingestion/rulesets"
READS = Right("battle-reports", Role.ADMIN)
CONTROLS = Right("battle-reports", Role.ADMIN, writes=True)
ID = "00000000-0000-0000-0000-0000000000aa"


def test_every_route_has_its_right() -> None:
    described = {(method.upper(), path) for path, methods in app.openapi()["paths"].items() for method in methods}
    assert described == app.rights.keys()
    assert app.rights == {
        ("GET", JOBS): READS,
        ("POST", JOBS): CONTROLS,
        ("GET", f"{JOBS}/{{job_id}}"): READS,
        ("DELETE", f"{JOBS}/{{job_id}}"): CONTROLS,
        **{("POST", f"{JOBS}/{{job_id}}/{action}"): CONTROLS for action in ("cancel", "pause", "resume", "retry")},
        ("GET", RULESETS): READS,
        ("POST", RULESETS): CONTROLS,
        ("GET", f"{RULESETS}/{{ruleset_id}}"): READS,
        ("PUT", f"{RULESETS}/{{ruleset_id}}"): CONTROLS,
        ("DELETE", f"{RULESETS}/{{ruleset_id}}"): CONTROLS,
        ("GET", f"{RULESETS}/{{ruleset_id}}/history"): READS,
        ("GET", "/api/rulesets/current"): READS,
        ("PUT", "/api/rulesets/current"): CONTROLS,
        ("GET", "/api/admin/config/ingest"): READS,
        ("PUT", "/api/admin/config/ingest"): CONTROLS,
        ("GET", "/api/ingestion/verification/history"): READS,
        ("POST", "/api/ingestion/verification/trigger"): CONTROLS,
        ("GET", "/api/ingestion/retention/status"): READS,
        ("POST", "/api/ingestion/retention/trigger"): CONTROLS,
        ("GET", "/api/ingestion/stats"): READS,
        ("GET", "/api/ingestion/health"): READS,
        ("GET", "/api/admin/stats/ingest"): READS,
    }


@pytest.mark.postgres
async def test_writes_need_the_token(harness: ApiHarness) -> None:
    for method, path in sorted(route for route, right in app.rights.items() if right.writes):
        url = path.format(job_id=ID, ruleset_id=ID)
        response = await harness.api.request(method, url, json={}, headers={"authorization": "Bearer wrong"})
        assert (response.status_code, response.headers["www-authenticate"]) == (401, "Bearer"), (method, path)
    change_dependencies(guard=OwnerGuard(None, OriginPolicy()))
    assert (await harness.api.post(JOBS, json={})).status_code == 403  # nobody has a token
