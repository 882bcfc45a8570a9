"""Statistics over all battles, the latest changes, and lists of the battles of entities."""

import httpx2
import pytest
from battle_api_harness import ApiHarness

pytestmark = pytest.mark.postgres
FIRST = "00000000-0000-0000-0000-000000000001"
SECOND = "00000000-0000-0000-0000-000000000002"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("alliances/99000001", [FIRST]),
        ("alliances/99000002", []),
        ("corporations/98000002", [FIRST]),
        ("characters/90000001", [FIRST]),
        ("systems/30000143", [SECOND]),
        ("regions/10000002", [SECOND, FIRST]),
    ],
)
async def test_battles_of_an_entity(client: httpx2.AsyncClient, path: str, expected: list[str]) -> None:
    body = (await client.get(f"/api/{path}/battles")).json()
    assert [item["id"] for item in body["items"]] == expected
    assert body["totalCount"] == len(expected)


async def test_battles_of_an_entity_are_paged_and_filtered(client: httpx2.AsyncClient) -> None:
    path = "/api/regions/10000002/battles"
    first = (await client.get(f"{path}?limit=1&sortBy=kills")).json()
    second = (await client.get(f"{path}?limit=1&sortBy=kills&cursor={first['nextCursor']}")).json()
    assert [first["items"][0]["id"], second["items"][0]["id"]] == [SECOND, FIRST]
    late = (await client.get(f"{path}?since=2026-03-01T19:30:00Z&securityType=highsec")).json()
    assert [item["id"] for item in late["items"]] == [SECOND]
    reversed_times = await client.get(f"{path}?since=2026-03-02T00:00:00Z&until=2026-03-01T00:00:00Z")
    assert reversed_times.status_code == 400


async def test_summary_counts_what_is_stored(client: httpx2.AsyncClient) -> None:
    body = (await client.get("/api/stats/summary")).json()
    assert (body["totalBattles"], body["totalKillmails"]) == (2, 30)
    assert (body["uniqueAlliances"], body["uniqueCorporations"]) == (1, 2)
    assert body["topAlliances"] == [{"allianceId": "99000001", "allianceName": "Red", "battleCount": 1}]
    assert [corp["corpId"] for corp in body["topCorporations"]] == ["98000001", "98000002"]


async def test_statistics_of_a_period(client: httpx2.AsyncClient) -> None:
    body = (await client.get("/api/statistics/global?period=24h")).json()
    assert body["battles"] == {
        "total": 2,
        "totalIskDestroyed": "3000001.50",
        "totalPilots": 2,
        "averageIskPerBattle": "1500000.75",
        "averagePilotsPerBattle": 2.0,
    }
    assert [(s["systemId"], s["battleCount"]) for s in body["topSystems"]] == [("30000143", 1), ("30000142", 1)]
    hours = [(hour["hour"], hour["battles"]) for hour in body["activityTimeline"]]
    assert hours == [("2026-03-01T19:00:00Z", 1), ("2026-03-01T20:00:00Z", 1)]


async def test_part_that_fails_is_null_and_the_others_are_there(harness: ApiHarness) -> None:
    """Statements on one table are cancelled, as the timeout of the connection does with slow ones."""
    harness.sql(
        "CREATE FUNCTION cancelled() RETURNS boolean LANGUAGE plpgsql AS"
        " $$ BEGIN RAISE EXCEPTION 'cancelled' USING ERRCODE = 'query_canceled'; END $$"
    )
    harness.sql("ALTER TABLE battle_participants RENAME TO moved")
    harness.sql("CREATE VIEW battle_participants AS SELECT * FROM moved WHERE cancelled()")
    harness.sql('GRANT SELECT ON battle_participants TO "battle-api"')
    body = (await harness.api.get("/api/statistics/global?period=7d")).json()
    assert body["battles"] is None
    assert [hour["battles"] for hour in body["activityTimeline"]] == [1, 1]


async def test_activity_is_newest_first_and_shows_deleted_battles(client: httpx2.AsyncClient) -> None:
    items = (await client.get("/api/activity/recent?limit=2")).json()["items"]
    shown = [(item["reason"], item["status"], item["revision"]) for item in items]
    assert shown == [("deleted", None, 2), ("merge", "open", 3)]
