"""What the description declares is answered, and what is answered is declared: every answer of every operation."""

import httpx2
import pytest
from ingest_api_harness import JOB, SEED, TOKEN, ApiHarness, change_dependencies
from pydantic import SecretStr

from battlescope_events.access.owner_guard import OwnerGuard
from battlescope_events.edge.origins import OriginPolicy
from battlescope_local.testing.http.http_contract import (
    assert_complete,
    contract_client,
    provoke_common_answers,
    repeat_with_etag,
)
from ingest_api.main import app

pytestmark = [pytest.mark.postgres]
JOBS, RULESETS, CURRENT = "/api/ingestion/historical/jobs", "/api/ingestion/rulesets", "/api/rulesets/current"
CONFIG = "/api/admin/config/ingest"
NOBODY = "00000000-0000-0000-0000-0000000000ff"
REQUEST = {"startDate": "2026-11-01", "endDate": "2026-11-03", "author": "Ann"}
SET_STATUS = "UPDATE historical_ingestion_jobs SET status = %s, completed_at = NULL"
STALE = {"if-match": '"then"'}


async def work_with_jobs(harness: ApiHarness, client: httpx2.AsyncClient) -> None:
    path = f"{JOBS}/{JOB}"
    await client.post(JOBS, json=REQUEST)
    created = await client.post(JOBS, json=REQUEST)
    harness.sql(
        "INSERT INTO historical_ingestion_jobs (id, manifest_key, manifest_etag, start_date, end_date, requested_by) "
        "VALUES (%s, 'manifests/b.json', 'e', '2026-11-01', '2026-11-03', 'Ann')",
        created.json()["jobId"],
    )
    await client.post(JOBS, json=REQUEST)
    for action in ("pause", "resume", "cancel"):
        await client.post(f"{path}/{action}")
    await client.delete(path)
    harness.sql(SET_STATUS, "failed")
    await client.post(f"{path}/retry")
    await client.post(f"{path}/retry")
    harness.sql(SET_STATUS, "completed")
    for action in ("pause", "resume", "cancel"):
        await client.post(f"{path}/{action}")
    await client.delete(path)


async def work_with_rulesets(client: httpx2.AsyncClient) -> str:
    """Returns the id of a ruleset that stays."""
    active = (await client.get(CURRENT)).json()["id"]
    other = (await client.post(RULESETS, json={"name": "Home", "trackedSystemIds": ["30000142"]})).json()["id"]
    await client.delete(f"{RULESETS}/{other}", headers=STALE)
    await client.delete(f"{RULESETS}/{other}")
    await client.delete(f"{RULESETS}/{active}")
    for path, body in ((f"{RULESETS}/{active}", {}), (CURRENT, {}), (CONFIG, {"ruleset": None})):
        for change in ({"minPilots": 3}, {"isActive": False}):
            content = {"ruleset": change} if body else change
            await client.put(path, json=content, headers=STALE)
            await client.put(path, json=content)
    return active


async def ask_in_vain(harness: ApiHarness, client: httpx2.AsyncClient) -> None:
    """Ids that do not exist, and the active ruleset while none is active."""
    for path, methods in app.openapi()["paths"].items():
        for method in methods:
            if "{" in path:
                body = {"json": {"minPilots": 3}} if method == "put" else {}
                await client.request(method, path.format(job_id=NOBODY, ruleset_id=NOBODY), **body)
    harness.sql("UPDATE rulesets SET is_active = false")
    for path, body in ((CURRENT, {"minPilots": 3}), (CONFIG, {"ruleset": {"minPilots": 3}})):
        await client.get(path)
        await client.put(path, json=body)
    harness.sql("UPDATE rulesets SET is_active = true")


async def test_every_declared_answer_is_given_and_every_given_answer_is_declared(harness: ApiHarness) -> None:
    guard = OwnerGuard(SecretStr(TOKEN), OriginPolicy())
    harness.sql(SEED)
    async with contract_client(app, TOKEN) as (contract, client):
        urls = {path: path.format(job_id=JOB, ruleset_id="{ruleset_id}") for path in app.openapi()["paths"]}
        await client.get(urls[f"{JOBS}/{{job_id}}"])
        await work_with_jobs(harness, client)
        ruleset_id = await work_with_rulesets(client)
        await client.post("/api/ingestion/verification/trigger", json={"date": "2026-11-01"})
        await client.post("/api/ingestion/retention/trigger")
        await repeat_with_etag(
            contract, client, {path: url.format(ruleset_id=ruleset_id) for path, url in urls.items()}
        )
        await ask_in_vain(harness, client)
        await provoke_common_answers(contract, client, lambda g: change_dependencies(guard=g), guard)
    assert_complete(contract, "ingest_api")
