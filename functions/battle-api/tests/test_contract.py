"""What the description declares is answered, and what is answered is declared: every answer of every operation."""

from uuid import UUID

import httpx2
import pytest
from battle_api_harness import APPLY, COMPLETE_JOBS, TOKEN, ApiHarness, change_dependencies
from pydantic import SecretStr

from battle_api.domain.shares import PublicShares, Sharing
from battle_api.main import app
from battlescope_events.access.owner_guard import OwnerGuard
from battlescope_events.edge.origins import OriginPolicy
from battlescope_local.testing.http.http_contract import (
    assert_complete,
    contract_client,
    provoke_common_answers,
    repeat_with_etag,
)

pytestmark = pytest.mark.postgres
FIRST = "00000000-0000-0000-0000-000000000001"
SECOND = "00000000-0000-0000-0000-000000000002"
MERGED = "00000000-0000-0000-0000-000000000003"
DELETED = "00000000-0000-0000-0000-000000000004"
NOBODY = "00000000-0000-0000-0000-0000000000ff"
RENAME = {"kind": "rename", "name": "Siege", "note": "as in the forums"}
TAG, SPLIT = {"kind": "tag", "killmailIds": ["1", "2"]}, {"kind": "split", "groups": [["1"], ["2", "3"]]}
RANGE = {"startTime": "2026-03-01T00:00:00Z", "endTime": "2026-03-02T00:00:00Z"}
ADMIN = "/api/admin/battles"
IDS = {"killmail_id": "1", "revision": "1", "other": "3", "entity_id": "99000001"}
NO_WAIT = {"prefer": "wait=0"}


class Conversation:
    """Requests to a function whose answers the contract checks and remembers."""

    def __init__(self, harness: ApiHarness, client: httpx2.AsyncClient) -> None:
        self.harness, self.client = harness, client
        self.edit_id = self.job_id = self.republish_id = self.share_id = self.token = ""

    async def edit(self) -> None:
        path = f"/api/battles/{FIRST}/edits"
        current = {"if-match": '"3"', "prefer": "wait=10"}
        async with self.harness.cluster(APPLY):
            applied = await self.client.post(path, json=RENAME, headers=current)
            undone = await self.client.delete(f"{path}/{applied.json()['id']}", headers={"prefer": "wait=10"})
            assert undone.is_success
            await self.client.delete(f"{path}/{applied.json()['id']}")
            await self.client.post(path, json=TAG, headers=current)
        await self.client.post(path, json=SPLIT, headers=current)
        await self.client.post(path, json=RENAME)
        await self.client.post(path, json=RENAME, headers={"if-match": '"2"'})
        self.edit_id = (await self.client.post(path, json=RENAME, headers={**current, **NO_WAIT})).json()["id"]
        await self.client.delete(f"{path}/{self.edit_id}", headers={"if-match": '"2"'})
        await self.client.delete(f"{path}/{self.edit_id}", headers=NO_WAIT)
        self.harness.sql("UPDATE battle_edits SET applied_version = version")
        await self._edit_together(f"/api/battles/{FIRST}/edit-batches", current)
        for battle_id in (MERGED, DELETED, NOBODY):
            await self.client.post(f"/api/battles/{battle_id}/edits", json=RENAME, headers=current)
            await self.client.post(f"/api/battles/{battle_id}/edit-batches", json={"edits": [RENAME]}, headers=current)
            await self.client.delete(f"/api/battles/{battle_id}/edits/{NOBODY}", headers={"if-match": '"1"'})

    async def _edit_together(self, path: str, current: dict[str, str]) -> None:
        async with self.harness.cluster(APPLY):
            applied = await self.client.post(path, json={"edits": [RENAME]}, headers=current)
            assert applied.status_code == 200
        await self.client.post(path, json={"edits": [SPLIT]}, headers=current)
        await self.client.post(path, json={"edits": [RENAME]})
        await self.client.post(path, json={"edits": [RENAME]}, headers={**current, **NO_WAIT})
        await self.client.post(path, json={"edits": [RENAME]}, headers=current)
        self.harness.sql("UPDATE battle_edits SET applied_version = version")

    async def recluster(self) -> None:
        async with self.harness.cluster(COMPLETE_JOBS):
            done = await self.client.post(f"{ADMIN}/recluster", json={**RANGE, "dryRun": True})
            assert done.status_code == 200
        self.job_id = (await self.client.post(f"{ADMIN}/recluster", json=RANGE)).json()["jobId"]
        await self.client.post(f"{ADMIN}/recluster/jobs/{self.job_id}/cancel", json={"author": "Ann"})
        await self.client.post(f"{ADMIN}/recluster/jobs/{done.json()['jobId']}/cancel")
        self.harness.sql(
            "INSERT INTO reclustering_changes SELECT id, gen_random_uuid(), 'updated', '{1,2}', '{3}', NULL "
            "FROM reclustering_jobs"
        )

    async def republish(self) -> None:
        self.republish_id = (await self.client.post(f"{ADMIN}/republish", json=RANGE)).json()["jobId"]
        await self.client.post(f"{ADMIN}/republish/jobs/{self.republish_id}/cancel")
        done = (await self.client.post(f"{ADMIN}/republish")).json()["jobId"]
        self.harness.sql("UPDATE republish_jobs SET status = 'completed' WHERE id = %s", UUID(done))
        await self.client.post(f"{ADMIN}/republish/jobs/{done}/cancel")

    async def configure(self) -> None:
        path = "/api/admin/config/clusterer"
        await self.client.put(path, json={"minKills": 3})
        await self.client.put(path, json={"minKills": 3}, headers={"if-match": '"then"'})

    async def share(self) -> None:
        path = f"/api/battles/{FIRST}/shares"
        made = (await self.client.post(path, json={"expiresInDays": 30})).json()
        self.share_id, self.token = made["id"], made["token"]
        other = (await self.client.post(path)).json()
        await self.client.delete(f"{path}/{other['id']}")
        self.harness.sql(
            "UPDATE battle_shares SET battle_id = %s, revoked_at = NULL WHERE id = %s", DELETED, other["id"]
        )
        for suffix in ("", ".png"):
            await self.client.get(f"/s/{other['token']}{suffix}")
        change_dependencies(sharing=Sharing(PublicShares.OFF))
        await self.client.post(path)
        change_dependencies(sharing=Sharing())

    def urls(self) -> dict[str, str]:
        """A URL with an answer for each path that can be read."""
        jobs = {
            f"{ADMIN}/recluster/jobs/{{job_id}}": self.job_id,
            f"{ADMIN}/republish/jobs/{{job_id}}": self.republish_id,
        }
        return {
            path: path.format(
                battle_id=FIRST, edit_id=self.edit_id, job_id=jobs.get(path, ""), token=self.token, share_id="", **IDS
            )
            for path in app.openapi()["paths"]
        }

    async def ask_in_vain(self) -> None:
        """Every path with ids that do not exist, are merged or were deleted."""
        for path, methods in app.openapi()["paths"].items():
            for method in methods:
                for battle_id in (NOBODY, MERGED, DELETED):
                    url = path.format(
                        battle_id=battle_id, edit_id=NOBODY, job_id=NOBODY, share_id=NOBODY, token="x", **IDS
                    )
                    if ("{" in path and "/edits" not in path.partition("edit_id")[0]) or method == "get":
                        await self.client.request(method, url)


async def test_every_declared_answer_is_given_and_every_given_answer_is_declared(harness: ApiHarness) -> None:
    guard = OwnerGuard(SecretStr(TOKEN), OriginPolicy())
    async with contract_client(app, TOKEN) as (contract, client):
        conversation = Conversation(harness, client)
        await conversation.edit()
        await conversation.recluster()
        await conversation.republish()
        await conversation.configure()
        await conversation.share()
        await repeat_with_etag(contract, client, conversation.urls())
        await conversation.ask_in_vain()
        await provoke_common_answers(contract, client, lambda g: change_dependencies(guard=g), guard)
    assert_complete(contract, "battle_api")
