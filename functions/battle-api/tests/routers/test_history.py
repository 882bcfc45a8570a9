"""Revisions of battles, and the ids of merged and deleted battles."""

import httpx2
import pytest

pytestmark = pytest.mark.postgres
FIRST = "00000000-0000-0000-0000-000000000001"
MERGED = "00000000-0000-0000-0000-000000000003"
DELETED = "00000000-0000-0000-0000-000000000004"


async def test_revisions_contain_changes_and_causes(client: httpx2.AsyncClient) -> None:
    response = await client.get(f"/api/battles/{FIRST}/revisions")
    newest, grown, created = response.json()["items"]
    assert (newest["revision"], newest["reason"], newest["absorbed"]) == (3, "merge", [MERGED])
    assert newest["cause"] == {"kind": "edit", "id": "00000000-0000-0000-0000-0000000000e1"}
    assert newest["difference"] == {"totalKills": -1, "totalParticipants": -3, "totalIskDestroyed": "-1.75"}
    assert (grown["added"], grown["cause"], grown["totalKills"]) == (["3"], {"kind": "killmail", "id": "3"}, 3)
    assert created["difference"] == {"totalKills": 2, "totalParticipants": 2, "totalIskDestroyed": "3.50"}
    assert "etag" in response.headers


async def test_deltas_are_complete_across_pages(client: httpx2.AsyncClient) -> None:
    whole = (await client.get(f"/api/battles/{FIRST}/revisions")).json()["items"]
    seen, cursor = [], ""
    while True:
        page = (await client.get(f"/api/battles/{FIRST}/revisions?limit=1{cursor}")).json()
        seen += page["items"]
        if not page["hasMore"]:
            break
        cursor = f"&cursor={page['nextCursor']}"
    assert seen == whole


async def test_cursor_of_another_list_is_400(client: httpx2.AsyncClient) -> None:
    other = (await client.get("/api/battles?limit=1")).json()["nextCursor"]
    for cursor in (other, "WyJyZXZpc2lvbiIsIngiLCJ5Il0", "nonsense"):
        response = await client.get(f"/api/battles/{FIRST}/revisions?cursor={cursor}")
        assert (response.status_code, response.json()["error"]) == (400, "BadRequest")


@pytest.mark.parametrize("part", ["", "/participants", "/killmails", "/timeline"])
async def test_deleted_battle_is_410_with_the_reason(client: httpx2.AsyncClient, part: str) -> None:
    response = await client.get(f"/api/battles/{DELETED}{part}")
    assert (response.status_code, response.json()["error"]) == (410, "Gone")
    assert "reclustered" in response.json()["message"]


async def test_revisions_of_a_deleted_battle_stay_readable(client: httpx2.AsyncClient) -> None:
    (item,) = (await client.get(f"/api/battles/{DELETED}/revisions")).json()["items"]
    assert (item["reason"], item["removed"], item["cause"]["kind"]) == ("deleted", ["5", "6"], "recluster")


@pytest.mark.parametrize("part", ["/revisions", "/edits"])
async def test_merged_battle_redirects_and_unknown_battle_is_404(client: httpx2.AsyncClient, part: str) -> None:
    response = await client.get(f"/api/battles/{MERGED}{part}?limit=1")
    assert (response.status_code, response.headers["location"]) == (308, f"/api/battles/{FIRST}{part}?limit=1")
    assert (await client.get(f"/api/battles/00000000-0000-0000-0000-00000000000f{part}")).status_code == 404


async def test_edit_of_another_battle_is_404(client: httpx2.AsyncClient) -> None:
    response = await client.get(f"/api/battles/{FIRST}/edits/{MERGED}")
    assert (response.status_code, "has no edit" in response.json()["message"]) == (404, True)
