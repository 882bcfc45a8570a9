"""Every link that the description declares is followed from a real answer, and leads to one."""

from collections.abc import Mapping, Sequence

import httpx2
import pytest
from battle_api_harness import APPLY_WITH_REVISION, TOKEN, ApiHarness

from battle_api.main import app
from battlescope_local.testing.http.http_contract import contract_client
from battlescope_local.testing.http.link_walk import LinkWalk, Sample

pytestmark = pytest.mark.postgres
RENAME = {"kind": "rename", "name": "Siege"}
RANGE = {"startTime": "2026-03-01T00:00:00Z", "endTime": "2026-03-02T00:00:00Z"}


def samples(prefer: str) -> Mapping[str, Sequence[Sample]]:
    headers = {"prefer": prefer}
    return {
        # The battle with a suggestion and two revisions is the older one.
        "list_battles_api_battles_get": [Sample(query={"sort_order": "asc"})],
        "make_edit_api_battles__battle_id__edits_post": [Sample(RENAME, headers)],
        "make_edits_api_battles__battle_id__edit_batches_post": [Sample({"edits": [RENAME]}, headers)],
        "undo_edit_api_battles__battle_id__edits__edit_id__delete": [Sample(headers=headers)],
        "order_api_admin_battles_recluster_post": [Sample(RANGE)],
    }


async def test_every_declared_link_leads_to_an_answer(harness: ApiHarness) -> None:
    """Once with edits that are applied while the request waits (200), once with edits that are applied later (202)."""

    async def apply(_: httpx2.Request) -> None:
        harness.sql(APPLY_WITH_REVISION)

    async with contract_client(app, TOKEN) as (contract, client):
        async with harness.cluster(APPLY_WITH_REVISION):
            applied = LinkWalk(contract, client, samples("wait=10"))
            await applied.run()
        client.event_hooks = {**client.event_hooks, "request": [apply]}
        stored = LinkWalk(contract, client, samples("wait=0"))
        await stored.run()
    # The simulated battle-cluster writes no revisions, so that links to these are those of the first walk.
    followed = {**stored.followed, **applied.followed}
    print(f"{len(followed)} of {len(stored.declared)} links followed")
    assert stored.declared - followed.keys() == set()
    assert {link: status for link, status in followed.items() if status >= 400} == {}
    assert len(stored.declared) > 35
