"""Every link that the description declares is followed from a real answer, and leads to one."""

import pytest
from battle_api_harness import APPLY_WITH_REVISION, TOKEN, ApiHarness

from battle_api.main import app
from battlescope_local.testing.http_contract import contract_client
from battlescope_local.testing.link_walk import LinkWalk, Sample

pytestmark = pytest.mark.postgres
RENAME = {"kind": "rename", "name": "Siege"}
RANGE = {"startTime": "2026-03-01T00:00:00Z", "endTime": "2026-03-02T00:00:00Z"}
WAITING, AT_ONCE = {"prefer": "wait=10"}, {"prefer": "wait=0"}
SAMPLES = {
    # The battle with a link, a suggestion and two revisions is the older one.
    "list_battles_api_battles_get": [Sample(query={"sort_order": "asc"})],
    "make_edit_api_battles__battle_id__edits_post": [Sample(RENAME, WAITING), Sample(RENAME, AT_ONCE)],
    "make_edits_api_battles__battle_id__edit_batches_post": [Sample({"edits": [RENAME]}, WAITING)],
    "undo_edit_api_battles__battle_id__edits__edit_id__delete": [Sample(headers=WAITING), Sample(headers=AT_ONCE)],
    "order_api_admin_battles_recluster_post": [Sample(RANGE)],
}


async def test_every_declared_link_leads_to_an_answer(harness: ApiHarness) -> None:
    async with contract_client(app, TOKEN) as (contract, client), harness.cluster(APPLY_WITH_REVISION):
        walk = LinkWalk(contract, client, SAMPLES)
        await walk.run()
    print(f"{len(walk.followed)} of {len(walk.declared)} links followed")  # noqa: T201 -- a figure for BENCHMARKS.md
    assert walk.declared - walk.followed.keys() == set()
    assert {link: status for link, status in walk.followed.items() if status >= 400} == {}
    assert len(walk.declared) > 35
