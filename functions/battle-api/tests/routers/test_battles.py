"""Lists and details of battles, on a real database."""

import base64
import json
from uuid import UUID

import httpx2
import pytest
from battle_api_harness import ApiHarness

from battle_api.routers import battles, history
from battle_api.services.battle_lists import BATTLE_CURSORS
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


async def test_battle_shows_its_total_without_cargo(client: httpx2.AsyncClient) -> None:
    body = (await client.get(f"/api/battles/{FIRST}")).json()
    parts = {"fitted": "900000.25", "dropped": "50000.00", "killsWithoutParts": 1, "killsWithUnpriced": 1}
    assert body["iskParts"] == parts
    assert [side["iskLostFitted"] for side in body["sides"]] == ["0.00"]
    assert [party["iskLostFitted"] for party in body["unassigned"]] == ["5.25"]
    values = [tuple(item[f"{part}Value"] for part in ("isk", "fitted", "dropped")) for item in body["killmails"]]
    assert values[:2] == [("1.25", None, None), ("2.25", "2.00", "0.25")]
    assert [item["unpricedTypes"] for item in body["killmails"]] == [0, 3, 0]
    listed = {item["id"]: item for item in (await client.get("/api/battles")).json()["items"]}
    assert (listed[FIRST]["iskParts"], listed[FIRST]["sides"][0]["iskLostFitted"]) == (parts, "0.00")
    assert listed[SECOND]["iskParts"] is None  # a row of an older release


async def test_party_has_a_second_best_side_and_a_side_its_hostile_pairs(harness: ApiHarness) -> None:
    harness.sql("INSERT INTO battle_sides VALUES (%s, 2, 1, 0, 3, 0, 3, 0, 6.75, 0)", FIRST)
    harness.sql("UPDATE battle_killmails SET side_id = 2 WHERE battle_id = %s AND killmail_id < 3", FIRST)
    body = (await harness.api.get(f"/api/battles/{FIRST}")).json()
    assert [side["hostilePairs"] for side in body["sides"]] == [
        [{"sideId": 2, "killmails": 2, "iskLost": "3.50"}],
        [],
    ]
    assert body["sides"][0]["parties"][0]["secondBestSideId"] == 2


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
        ("status=open&status=closed", [SECOND, FIRST]),
        (f"id={FIRST}&id={MERGED}", [FIRST]),
        ("constellationId=20000020", [SECOND, FIRST]),
        ("system_class=5&system_class=6", [SECOND]),
        ("weekday=7", [SECOND, FIRST]),
        ("weekday=1", []),
        ("hour=19", [FIRST]),
        ("alliance_id=99000001&role=side", [FIRST]),
        ("alliance_id=99000001&role=third-party", []),
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


@pytest.mark.parametrize(
    "query",
    ["limit=0", "cursor=nonsense", "cursor=WzEsMiwzXQ", "min_kills=many", "minIsk=1e9", "min_isk=NaN"],
)
async def test_invalid_query_is_400(client: httpx2.AsyncClient, query: str) -> None:
    response = await client.get(f"/api/battles?{query}")
    assert response.status_code == 400
    assert response.json()["error"] == "BadRequest"


async def test_forged_cursor_is_400(client: httpx2.AsyncClient) -> None:
    cursor = base64.urlsafe_b64encode(json.dumps(["kills:desc", 1, "nobody"]).encode()).decode()
    response = await client.get(f"/api/battles?sort_by=kills&cursor={cursor}")
    assert (response.status_code, response.json()["message"]) == (400, "The cursor is invalid.")


CURSORS = {**BATTLE_CURSORS, "time": battles.KILLMAIL_CURSOR, "isk_destroyed": battles.KILLMAIL_BY_ISK_CURSOR,
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
    assert body["sides"][0]["alliances"][0]["allianceName"] == "Red"
    assert [party["partyId"] for party in body["unassigned"]] == ["98000002"]
    assert (body["topKillers"][0]["characterName"], body["topLosers"][0]["characterName"]) == (
        "Ann",
        "Unknown Character #90000002",
    )
    assert body["linkReasons"] == [{"reason": "same-people", "count": 1}]
    assert (body["name"], body["revision"], body["editCount"]) == ("The Jita brawl", 3, 0)
    assert body["suggestions"] == [{"doubt": "lull", "groups": [["1"], ["2", "3"]]}]
    assert [pilot["isAwoxer"] for pilot in body["participants"]] == [False, False]
    again = await client.get(f"/api/battles/{FIRST}", headers={"if-none-match": response.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_list_shows_sides_places_and_losses_over_time(client: httpx2.AsyncClient) -> None:
    second, first = (await client.get("/api/battles")).json()["items"]
    assert (first["securityStatus"], first["systemClass"], first["constellationName"]) == (0.946, None, "Kimotoro")
    assert (second["securityStatus"], second["systemClass"], second["systemEffect"]) == (-1.0, 5, "Wolf-Rayet")
    assert first["systemEffect"] is None
    assert first["systems"] == [{"systemId": "30000142", "systemName": "Jita"}]
    assert first["sides"] == [
        {
            "sideId": 1,
            "role": "main",
            "pilots": 1,
            "losses": 0,
            "iskLost": "0.00",
            "iskLostFitted": "0.00",
            "topParty": {"partyType": "alliance", "partyId": "99000001", "partyName": "Red", "ticker": "RED"},
            "partyCount": 1,
        }
    ]
    assert (first["sideCount"], first["unassignedPilots"], first["editCount"]) == (1, 1, 0)
    assert first["outcome"] == {"isDecisive": False, "winningSide": None}
    # 541 seconds in 24 buckets of 23: losses after 60, 120 and 180 seconds.
    assert first["spark"] == {
        "bucketSeconds": 23,
        "lost": [{"sideId": None, "isk": [0, 0, 1, 0, 0, 2, 0, 3]}],
    }


async def test_killmails_name_attackers_by_index(client: httpx2.AsyncClient) -> None:
    body = (await client.get(f"/api/battles/{FIRST}")).json()
    first, second, _ = body["killmails"]
    assert body["entities"] == {
        "alliances": [{"id": "99000001", "name": "Red", "ticker": "RED"}],
        "corporations": [{"id": "98000001", "name": "Unknown Corporation #98000001", "ticker": None}],
        "characters": [{"id": "90000001", "name": "Ann"}],
    }
    assert (first["attackerAlliances"], first["attackerCorps"], first["attackerCharacters"]) == ([0], [0], [0])
    assert (first["shipGroupName"], first["hullClass"], first["victimTicker"]) == ("Frigate", "frigate", "BLUW")
    assert (first["finalBlow"]["character"], first["finalBlow"]["shipTypeName"]) == (0, "Rifter")
    assert first["attackersBySide"] == [
        {"sideId": 1, "attackers": 1, "damage": 70},
        {"sideId": None, "attackers": 1, "damage": 0},
    ]
    assert (first["attackerCount"], first["solo"], first["npc"], first["awox"]) == (2, True, False, False)
    assert first["linkedBy"] == {"reason": "same-people", "score": 0.5}
    assert (first["podOf"], second["podOf"], second["hullClass"]) == (None, "1", "capsule")
    page = (await client.get(f"/api/battles/{FIRST}/killmails?sort=isk_destroyed&limit=2")).json()
    assert [(item["killmailId"], item["podOf"]) for item in page["items"]] == [("3", None), ("2", "1")]
    assert page["revision"] == 3


async def test_detail_shows_systems_rounds_hulls_and_parties(client: httpx2.AsyncClient) -> None:
    body = (await client.get(f"/api/battles/{FIRST}")).json()
    (system,), (fight_round,), (side,) = body["systems"], body["rounds"], body["sides"]
    assert (system["systemName"], system["killmails"], system["firstAt"]) == ("Jita", 3, "2026-03-01T19:01:00Z")
    assert (fight_round["killmails"], fight_round["endTime"]) == (3, "2026-03-01T19:03:00Z")
    assert side["ships"] == [
        {
            "shipTypeId": "587",
            "shipTypeName": "Rifter",
            "shipGroupId": "25",
            "shipGroupName": "Frigate",
            "hullClass": "frigate",
            "seen": 1,
            "lost": 0,
            "iskLost": "0.00",
        }
    ]
    assert (side["role"], side["damageDone"], side["finalBlows"], side["capsulesLost"]) == ("main", 10, 3, 0)
    (party,) = side["parties"]
    assert [(corp["corpId"], corp["pilots"], corp["lost"]) for corp in party["corporations"]] == [("98000001", 1, 0)]
    (unassigned,) = body["unassigned"]
    assert (unassigned["ticker"], unassigned["pinned"]) == ("BLUW", None)
    assert (unassigned["losses"], unassigned["capsulesLost"], unassigned["shipsLost"]) == (1, 1, 0)
    assert body["aliasIds"] == [MERGED]
    assert body["doubts"] == ["lull", "unassigned_parties"]
    assert body["posterDelayUntil"] == "2026-03-04T19:09:00Z"
    (link,) = body["links"]
    assert (link["deltaSeconds"], link["quietLimitSeconds"], link["sharedPilots"]) == (60, 600, 2)
    assert link["jumps"] == 0
    assert [system["systemEffect"] for system in body["systems"]] == [None]


async def test_other_hulls_are_those_that_answers_call_other(harness: ApiHarness) -> None:
    harness.sql("UPDATE ship_types SET group_id = 9999 WHERE ship_type_id = 587")
    for query, found in (("hull=other", ["90000001"]), ("hull=titan&hull=other", ["90000001"]), ("hull=frigate", [])):
        pilots = (await harness.api.get(f"/api/battles/{FIRST}/participants?{query}")).json()["items"]
        assert [pilot["characterId"] for pilot in pilots] == found
        assert all(pilot["shipsFlown"][0]["hullClass"] == "other" for pilot in pilots)
    harness.sql("DELETE FROM ship_types WHERE ship_type_id = 587")  # of an unknown group: neither
    unknown = await harness.api.get(f"/api/battles/{FIRST}/participants?hull=other")
    assert unknown.json()["items"] == []


async def test_pinned_party_names_its_edit(harness: ApiHarness) -> None:
    harness.sql(
        "INSERT INTO battle_edits (id, battle_id, kind, killmail_ids, data, author, made_at, version) VALUES"
        """ (%s, %s, 'pin', '{1}', '{"partyType": "alliance", "partyId": 99000001, "sideId": 1}', 'Ann', now(), 1)""",
        UUID(int=1),
        UUID(FIRST),
    )
    body = (await harness.api.get(f"/api/battles/{FIRST}")).json()
    assert body["sides"][0]["parties"][0]["pinned"] == {"editId": str(UUID(int=1)), "author": "Ann"}
    assert body["editCount"] == 1
    assert (await harness.api.get("/api/battles")).json()["items"][1]["editCount"] == 1


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("sort=name", ["90000001", "90000002"]),
        ("sort=isk_lost", ["90000001", "90000002"]),
        ("sort=deaths", ["90000002", "90000001"]),
        ("sort=final_blows", ["90000001", "90000002"]),
        ("q=AN", ["90000001"]),
        ("q=%25", []),
        ("hull=frigate", ["90000001"]),
        ("hull=titan&hull=capsule", []),
        ("corpId=98000002", ["90000002"]),
    ],
)
async def test_pilots_are_sorted_and_filtered(client: httpx2.AsyncClient, query: str, expected: list[str]) -> None:
    body = (await client.get(f"/api/battles/{FIRST}/participants?{query}")).json()
    assert [pilot["characterId"] for pilot in body["items"]] == expected
    assert (body["total"], body["revision"]) == (len(expected), 3)


async def test_pilot_shows_lost_ships_with_their_capsules(client: httpx2.AsyncClient) -> None:
    body = (await client.get(f"/api/battles/{FIRST}/participants?sort=deaths")).json()
    victim, killer = body["items"]
    assert [(loss["killmailId"], loss["podKillmailId"]) for loss in victim["lossesDetail"]] == [("1", "2"), ("3", None)]
    assert (killer["finalBlows"], killer["allianceTicker"], killer["shipsFlown"][0]["hullClass"]) == (
        3,
        "RED",
        "frigate",
    )


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
    assert [(event["hullClass"], event["podOf"]) for event in body["timeline"]][:2] == [
        ("frigate", None),
        ("capsule", "1"),
    ]
    assert [(seen["sideId"], seen["pilots"]) for seen in body["sideSeen"]] == [(1, 1), (None, 1)]
    assert body["revision"] == 3
