"""Where people log in, the author of a change is the character of the login, whatever the request states."""

import pytest
from ingest_api_harness import ApiHarness, change_dependencies

from battlescope_local.testing.callers import SOMEBODY_ELSE, CallerGuard, authored_operations, player
from ingest_api.main import app

pytestmark = pytest.mark.postgres
CHANGED = {"minPilots": 3, "updatedBy": SOMEBODY_ELSE}
UPDATED_BY = "SELECT updated_by FROM rulesets WHERE is_active"


def test_these_operations_state_an_author() -> None:
    assert authored_operations(app.openapi()) == {
        "POST /api/ingestion/historical/jobs",
        "POST /api/ingestion/rulesets",
        "PUT /api/ingestion/rulesets/{ruleset_id}",
        "PUT /api/rulesets/current",
        "PUT /api/admin/config/ingest",
    }


async def test_manifest_of_a_job_has_the_character_of_the_login(harness: ApiHarness) -> None:
    change_dependencies(guard=CallerGuard(player(1)))
    before = harness.manifests()
    request = {"startDate": "2026-11-01", "endDate": "2026-11-03", "author": SOMEBODY_ELSE}
    response = await harness.api.post("/api/ingestion/historical/jobs", json=request)
    assert response.status_code == 201, response.text
    (key,) = harness.manifests() - before
    assert harness.manifest(key)[0]["requestedBy"] == "Pilot 1"


async def test_rulesets_have_the_character_of_the_login(harness: ApiHarness) -> None:
    change_dependencies(guard=CallerGuard(player(1)))
    new = {"name": "Ours", "isActive": True, "updatedBy": SOMEBODY_ELSE}
    created = await harness.api.post("/api/ingestion/rulesets", json=new)
    assert (created.status_code, created.json()["updatedBy"]) == (201, "Pilot 1")
    changes = (
        (f"/api/ingestion/rulesets/{created.json()['id']}", CHANGED),
        ("/api/rulesets/current", CHANGED | {"minPilots": 4}),
        ("/api/admin/config/ingest", {"ruleset": CHANGED | {"minPilots": 5}}),
    )
    for number, (path, body) in enumerate(changes, 2):
        change_dependencies(guard=CallerGuard(player(number)))
        response = await harness.api.put(path, json=body)
        assert response.status_code == 200, response.text
        assert harness.sql(UPDATED_BY) == [(f"Pilot {number}",)]
