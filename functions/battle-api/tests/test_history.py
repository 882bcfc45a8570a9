"""What became of battles: revisions with their differences, and addresses of those that are gone."""

import httpx2
import pytest

pytestmark = pytest.mark.postgres
FIRST = "00000000-0000-0000-0000-000000000001"
MERGED = "00000000-0000-0000-0000-000000000003"
DELETED = "00000000-0000-0000-0000-000000000004"


async def test_revisions_tell_what_changed_and_why(client: httpx2.AsyncClient) -> None:
    answer = await client.get(f"/api/battles/{FIRST}/revisions")
    newest, grown, created = answer.json()["items"]
    assert (newest["revision"], newest["reason"], newest["absorbed"]) == (3, "merge", [MERGED])
    assert newest["cause"] == {"kind": "edit", "id": "00000000-0000-0000-0000-0000000000e1"}
    assert newest["difference"] == {"totalKills": -1, "totalParticipants": -3, "totalIskDestroyed": "-1.75"}
    assert (grown["added"], grown["cause"], grown["totalKills"]) == (["3"], {"kind": "killmail", "id": "3"}, 3)
    assert created["difference"] == {"totalKills": 2, "totalParticipants": 2, "totalIskDestroyed": "3.50"}
    assert "etag" in answer.headers


async def test_revisions_page_without_losing_a_difference(client: httpx2.AsyncClient) -> None:
    whole = (await client.get(f"/api/battles/{FIRST}/revisions")).json()["items"]
    seen, cursor = [], ""
    while True:
        page = (await client.get(f"/api/battles/{FIRST}/revisions?limit=1{cursor}")).json()
        seen += page["items"]
        if not page["hasMore"]:
            break
        cursor = f"&cursor={page['nextCursor']}"
    assert seen == whole


async def test_a_cursor_of_another_list_is_400(client: httpx2.AsyncClient) -> None:
    other = (await client.get("/api/battles?limit=1")).json()["nextCursor"]
    for cursor in (other, "WyJyZXZpc2lvbiIsIngiLCJ5Il0", "nonsense"):
        answer = await client.get(f"/api/battles/{FIRST}/revisions?cursor={cursor}")
        assert (answer.status_code, answer.json()["error"]) == (400, "BadRequest")


@pytest.mark.parametrize("part", ["", "/participants", "/killmails", "/timeline"])
async def test_a_deleted_battle_is_gone_with_its_reason(client: httpx2.AsyncClient, part: str) -> None:
    answer = await client.get(f"/api/battles/{DELETED}{part}")
    assert (answer.status_code, answer.json()["error"]) == (410, "Gone")
    assert "grouped anew" in answer.json()["message"]


async def test_revisions_of_a_deleted_battle_stay_readable(client: httpx2.AsyncClient) -> None:
    (item,) = (await client.get(f"/api/battles/{DELETED}/revisions")).json()["items"]
    assert (item["reason"], item["removed"], item["cause"]["kind"]) == ("deleted", ["5", "6"], "recluster")


@pytest.mark.parametrize("part", ["/revisions", "/edits"])
async def test_a_merged_battle_redirects_and_an_unknown_one_is_404(client: httpx2.AsyncClient, part: str) -> None:
    answer = await client.get(f"/api/battles/{MERGED}{part}?limit=1")
    assert (answer.status_code, answer.headers["location"]) == (308, f"/api/battles/{FIRST}{part}?limit=1")
    assert (await client.get(f"/api/battles/00000000-0000-0000-0000-00000000000f{part}")).status_code == 404


async def test_an_edit_that_is_none_of_the_battle_is_404(client: httpx2.AsyncClient) -> None:
    answer = await client.get(f"/api/battles/{FIRST}/edits/{MERGED}")
    assert (answer.status_code, "has no edit" in answer.json()["message"]) == (404, True)
