"""Lists and details of battles, on a real database."""

import base64
import json

import httpx2
import pytest

from battle_api.routers import battles, history
from battlescope_events.http_api.errors import ApiError

FIRST = "00000000-0000-0000-0000-000000000001"
SECOND = "00000000-0000-0000-0000-000000000002"
MERGED = "00000000-0000-0000-0000-000000000003"


async def ids(client: httpx2.AsyncClient, query: str) -> list[str]:
    response = await client.get(f"/api/battles?{query}")
    assert response.status_code == 200, response.text
    return [item["id"] for item in response.json()["items"]]


async def test_list_is_newest_first_without_merged_battles(client: httpx2.AsyncClient) -> None:
    body = (await client.get("/api/battles")).json()
    assert [item["id"] for item in body["items"]] == [SECOND, FIRST]
    assert (body["totalCount"], body["hasMore"], body["nextCursor"]) == (2, False, None)
    item = body["items"][1]
    assert (item["systemId"], item["systemName"], item["totalIskDestroyed"]) == ("30000142", "Jita", "1000000.50")
    assert item["mainAlliances"] == [{"allianceId": "99000001", "allianceName": "Red", "participantCount": 1}]


async def test_battle_says_how_much_of_its_total_is_computed(client: httpx2.AsyncClient) -> None:
    body = (await client.get(f"/api/battles/{FIRST}")).json()
    assert body["computedIsk"] == {
        "total": "375000.25",
        "high": "250000.00",
        "medium": "0.00",
        "low": "125000.25",
        "share": 0.375,
        "killsWithoutValue": 1,
    }
    provenance = {item["killmailId"]: (item["valueSource"], item["valueConfidence"]) for item in body["killmails"]}
    assert provenance == {"1": ("zkb", None), "2": ("computed", "low"), "3": (None, None)}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("systemId=30000142", [FIRST]),
        ("system_id=30000142&system_id=30000143", [SECOND, FIRST]),
        ("system_name=JIT", [FIRST]),
        ("system_name=%25", []),
        ("allianceId=99000001", [FIRST]),
        ("alliance_name=re", [FIRST]),
        ("characterName=ann", [FIRST]),
        ("corp_id=98000002", [FIRST]),
        ("spaceType=kspace", [SECOND, FIRST]),
        ("space_type=jspace", []),
        ("min_kills=11", [SECOND]),
        ("maxIsk=1500000", [FIRST]),
        ("status=open", [FIRST]),
        ("since=2026-03-01T19:30:00Z", [SECOND]),
        ("time_range=last_hour", []),
        ("time_range=last_24h", [SECOND, FIRST]),
        ("min_duration=541", []),
        ("tier=small", [FIRST]),
        ("tier=small&tier=major", [SECOND, FIRST]),
        ("minTier=skirmish", [SECOND]),
        ("min_tier=skirmish&tier=small", []),
    ],
)
async def test_filters(client: httpx2.AsyncClient, query: str, expected: list[str]) -> None:
    assert await ids(client, query) == expected


@pytest.mark.parametrize("by", ["start_time", "isk_destroyed", "kills", "duration", "participants"])
@pytest.mark.parametrize("order", ["asc", "desc"])
async def test_pages_follow_each_other_in_every_order(client: httpx2.AsyncClient, by: str, order: str) -> None:
    query = f"/api/battles?limit=1&sortBy={by}&sort_order={order}"
    first = (await client.get(query)).json()
    second = (await client.get(f"{query}&cursor={first['nextCursor']}")).json()
    assert (first["hasMore"], second["hasMore"]) == (True, False)
    shown = [page["items"][0]["id"] for page in (first, second)]
    assert shown == ([FIRST, SECOND] if order == "asc" else [SECOND, FIRST])


@pytest.mark.parametrize("query", ["limit=0", "cursor=nonsense", "cursor=WzEsMiwzXQ", "min_kills=many"])
async def test_invalid_query_is_400(client: httpx2.AsyncClient, query: str) -> None:
    response = await client.get(f"/api/battles?{query}")
    assert response.status_code == 400
    assert response.json()["error"] == "BadRequest"


async def test_forged_cursor_is_400(client: httpx2.AsyncClient) -> None:
    cursor = base64.urlsafe_b64encode(json.dumps(["kills:desc", 1, "nobody"]).encode()).decode()
    response = await client.get(f"/api/battles?sort_by=kills&cursor={cursor}")
    assert (response.status_code, response.json()["message"]) == (400, "The cursor is invalid.")


CURSORS = {**battles.BATTLE_CURSORS, "time": battles.KILLMAIL_CURSOR, "isk_destroyed": battles.KILLMAIL_BY_ISK_CURSOR,
    "revision": history.CURSOR}  # fmt: skip
AMOUNTS = (2**63, 1.5, "1_0")  # which are ISK, and no time or count
NO_VALUES = (
    *(float("nan"), float("inf"), float("-inf"), 1e300, 2**63, -1, 1.5, True, None, [], {}),
    *("NaN", "nan", "Infinity", "infinity", "-inf", "1e999999999", "-1", "1_0", "x", "", "0001-01-01T00:00:00+23:59"),
)


@pytest.mark.parametrize(
    ("order", "value"),
    [
        (order, value)
        for order in CURSORS
        for value in NO_VALUES
        if not (order.startswith("isk_destroyed") and value in AMOUNTS)
    ],
)
def test_no_cursor_holds_what_its_column_does_not(order: str, value: object) -> None:
    """A value that PostgreSQL cannot compare with the column would be answered with 500."""
    last = 7 if order in {"time", "isk_destroyed"} else FIRST
    for position in ([order, value, last], [order, value], [order, value, last, last], value):
        cursor = base64.urlsafe_b64encode(json.dumps(position).encode()).decode()
        with pytest.raises(ApiError) as raised:
            CURSORS[order].decode(cursor)
        assert raised.value.status_code == 400


async def test_detail_contains_all_data_of_the_battle(client: httpx2.AsyncClient) -> None:
    response = await client.get(f"/api/battles/{FIRST}")
    body = response.json()
    assert response.headers["cache-control"] == "private, max-age=30"
    assert [killmail["killmailId"] for killmail in body["killmails"]] == ["1", "2", "3"]
    assert body["killmails"][0]["attackerCharacterNames"] == ["Ann"]
    assert body["sides"][0]["alliances"][0]["allianceName"] == "Red"
    assert body["sides"][0]["shipTypes"] == [{"shipTypeId": "587", "shipTypeName": "Rifter", "count": 1}]
    assert [party["partyId"] for party in body["unassigned"]] == ["98000002"]
    assert (body["topKillers"][0]["characterName"], body["topLosers"][0]["characterName"]) == ("Ann", None)
    assert body["linkReasons"] == [{"reason": "same-people", "count": 1}]
    assert (body["name"], body["revision"], body["editCount"]) == ("The Jita brawl", 3, 0)
    assert body["suggestions"] == [{"doubt": "lull", "groups": [["1"], ["2", "3"]]}]
    assert [pilot["isAwoxer"] for pilot in body["participants"]] == [False, False]
    again = await client.get(f"/api/battles/{FIRST}", headers={"if-none-match": response.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_merged_battle_redirects_to_its_survivor(client: httpx2.AsyncClient) -> None:
    response = await client.get(f"/api/battles/{MERGED}/timeline")
    assert (response.status_code, response.headers["location"]) == (308, f"/api/battles/{FIRST}/timeline")


async def test_unknown_battle_is_404(client: httpx2.AsyncClient) -> None:
    response = await client.get("/api/battles/00000000-0000-0000-0000-00000000000f")
    assert (response.status_code, response.json()["error"]) == (404, "NotFound")


async def test_participants_and_killmails_are_paged(client: httpx2.AsyncClient) -> None:
    pilots = (await client.get(f"/api/battles/{FIRST}/participants?team=1")).json()
    assert [(p["characterId"], p["shipTypeName"]) for p in pilots["items"]] == [("90000001", "Rifter")]
    for sort, expected in (("time", ["1", "2", "3"]), ("isk_destroyed", ["3", "2", "1"])):
        seen, cursor = [], ""
        while True:
            page = (await client.get(f"/api/battles/{FIRST}/killmails?limit=1&sort={sort}{cursor}")).json()
            seen += [killmail["killmailId"] for killmail in page["items"]]
            if not page["hasMore"]:
                break
            cursor = f"&cursor={page['nextCursor']}"
        assert seen == expected


async def test_timeline_is_relative_to_the_start_of_the_battle(client: httpx2.AsyncClient) -> None:
    body = (await client.get(f"/api/battles/{FIRST}/timeline")).json()
    assert [event["relativeTime"] for event in body["timeline"]] == [60, 120, 180]
