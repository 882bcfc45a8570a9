"""The composition of battle-api: who may do what, and limits."""

from collections.abc import AsyncGenerator

import httpx2
import pytest
from battle_api_harness import ApiHarness, assert_error

from battle_api.main import MAX_BODY_BYTES, app
from battlescope_events.edge.limits import SHARE_WRITE
from battlescope_events.http_api.guard import Right, Role

FIRST = "00000000-0000-0000-0000-000000000001"
BATTLE, ADMINISTRATION = "/api/battles/{battle_id}", "/api/admin"
ENTITIES = ("alliances", "corporations", "characters", "systems", "regions")
READS = Right("battle-reports", Role.USER)
EDITS = Right("battle-reports", Role.FC, writes=True)
READS_ADMINISTRATION = Right("battle-reports", Role.ADMIN)
SHARES = Right("battle-reports", Role.USER, writes=True, limit=SHARE_WRITE)
PUBLIC = {("GET", path) for path in ("/s/neutral.png", "/s/{token}.png", "/s/{token}")}
ADMINISTERS = Right("battle-reports", Role.ADMIN, writes=True)


def test_every_route_has_its_right() -> None:
    described = {(method.upper(), path) for path, methods in app.openapi()["paths"].items() for method in methods}
    assert described == app.rights.keys() | PUBLIC
    assert app.rights == {
        ("GET", "/api/battles"): READS,
        ("GET", BATTLE): READS,
        ("GET", f"{BATTLE}/participants"): READS,
        ("GET", f"{BATTLE}/killmails"): READS,
        ("GET", f"{BATTLE}/timeline"): READS,
        ("GET", f"{BATTLE}/party-graph"): READS,
        ("GET", f"{BATTLE}/killmails/{{killmail_id}}/why"): READS,
        ("GET", f"{BATTLE}/preview-split"): READS,
        ("GET", f"{BATTLE}/export"): READS,
        ("GET", f"{BATTLE}/revisions/{{revision}}"): READS,
        ("GET", f"{BATTLE}/revisions/{{revision}}/diff/{{other}}"): READS,
        **{("GET", f"/api/{kind}/{{entity_id}}/battles"): READS for kind in ENTITIES},
        ("GET", "/api/stats/summary"): READS,
        ("GET", "/api/statistics/global"): READS,
        ("GET", "/api/activity/recent"): READS,
        ("POST", f"{BATTLE}/edit-batches"): EDITS,
        ("GET", f"{BATTLE}/revisions"): READS,
        ("GET", f"{BATTLE}/edits"): READS,
        ("GET", f"{BATTLE}/edits/{{edit_id}}"): READS,
        ("GET", f"{BATTLE}/shares"): READS,
        ("POST", f"{BATTLE}/shares"): SHARES,
        ("DELETE", f"{BATTLE}/shares/{{share_id}}"): SHARES,
        ("POST", f"{BATTLE}/edits"): EDITS,
        ("DELETE", f"{BATTLE}/edits/{{edit_id}}"): EDITS,
        ("POST", f"{ADMINISTRATION}/battles/recluster"): ADMINISTERS,
        ("GET", f"{ADMINISTRATION}/battles/recluster/jobs"): READS_ADMINISTRATION,
        ("GET", f"{ADMINISTRATION}/battles/recluster/jobs/{{job_id}}"): READS_ADMINISTRATION,
        ("POST", f"{ADMINISTRATION}/battles/recluster/jobs/{{job_id}}/cancel"): ADMINISTERS,
        ("POST", f"{ADMINISTRATION}/battles/republish"): ADMINISTERS,
        ("GET", f"{ADMINISTRATION}/battles/republish/jobs"): READS_ADMINISTRATION,
        ("GET", f"{ADMINISTRATION}/battles/republish/jobs/{{job_id}}"): READS_ADMINISTRATION,
        ("POST", f"{ADMINISTRATION}/battles/republish/jobs/{{job_id}}/cancel"): ADMINISTERS,
        ("GET", f"{ADMINISTRATION}/config/clusterer"): READS_ADMINISTRATION,
        ("PUT", f"{ADMINISTRATION}/config/clusterer"): ADMINISTERS,
        ("GET", f"{ADMINISTRATION}/stats/clusterer"): READS_ADMINISTRATION,
    }


@pytest.mark.postgres
@pytest.mark.parametrize(("method", "path"), sorted(route for route, right in app.rights.items() if right.writes))
async def test_writes_need_the_token(client: httpx2.AsyncClient, method: str, path: str) -> None:
    url = path.format(battle_id=FIRST, edit_id=FIRST, job_id=FIRST, share_id=FIRST)
    assert_error(await client.request(method, url, json={}), 401, "Authorization: Bearer")


@pytest.mark.postgres
async def test_body_is_limited(harness: ApiHarness) -> None:
    async def chunks() -> AsyncGenerator[bytes]:
        for _ in range(MAX_BODY_BYTES // 1024 + 1):
            yield b" " * 1024

    headers = {"content-type": "application/json"}
    response = await harness.api.post(f"/api/battles/{FIRST}/edits", content=chunks(), headers=headers)
    assert_error(response, 413, "larger than")
