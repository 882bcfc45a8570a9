"""The API over HTTP, on a real database, with the rights of its own role."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
import pytest
from starlette.testclient import TestClient

from battlescope_events.http_api.guard import Right, Role
from killmail_api import main
from killmail_api.repositories import killmails as repository

pytestmark = pytest.mark.postgres
STATEMENTS = [value for name, value in vars(repository).items() if name.startswith("SELECT_")]


@pytest.fixture
def client(environment: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    with TestClient(main.app, raise_server_exceptions=False) as client:
        yield client


def recent(client: TestClient, query: str = "") -> list[Any]:
    response = client.get(f"/api/killmails/recent{query}")
    assert response.status_code == 200, response.text
    body = response.json()
    assert body["count"] == len(body["items"])
    return body["items"]


def test_recent_killmail_has_all_fields(client: TestClient, rows: Any) -> None:
    rows.insert_killmail(1)
    rows.connection.execute("INSERT INTO battle_killmails VALUES (1, 'b-1')")
    rows.connection.execute(
        "INSERT INTO systems (system_id, name, constellation_id, region_id, security_status, wormhole_class,"
        " sun_type_id) VALUES (30000001, 'Tanoo', 20000001, 10000001, 0.86, 3, 30669)"
    )
    rows.connection.execute(
        "INSERT INTO types (type_id, name, group_id) VALUES (30669, 'Wolf-Rayet Star', 995) ON CONFLICT DO NOTHING"
    )
    rows.connection.execute(
        "INSERT INTO entity_names (entity_id, entity_type, entity_name, fetched_at, ticker) "
        "VALUES (98000001, 'corporation', 'One', now(), 'ONE')"
    )
    assert recent(client) == [
        {
            "killmailId": "1",
            "systemId": "30000001",
            "systemName": "Tanoo",
            "timestamp": "2026-11-01T20:00:00Z",
            "securityType": "highsec",
            "securityStatus": 0.86,
            "systemClass": 3,
            "systemEffect": "Wolf-Rayet",
            "regionId": "10000001",
            "regionName": "Derelik",
            "victimAllianceId": None,
            "victimAllianceName": None,
            "victimCorpId": "98000001",
            "victimCorpName": "One",
            "victimCharacterId": "90000001",
            "victimCharacterName": "Unknown Character #90000001",
            "victimTicker": "ONE",
            "attackerAllianceIds": ["99000001"],
            "attackerAllianceNames": ["Unknown Alliance #99000001"],
            "attackerCorpIds": ["98000002"],
            "attackerCorpNames": ["Two"],
            "attackerCharacterIds": ["7"],
            "attackerCharacterNames": ["Unknown Character #7"],
            "shipTypeId": "587",
            "shipTypeName": "Rifter",
            "shipGroupId": "25",
            "shipGroupName": "Frigate",
            "hullClass": "frigate",
            "finalBlow": {
                "characterId": "7",
                "characterName": "Unknown Character #7",
                "corpId": "98000002",
                "corpName": "Two",
                "allianceId": None,
                "allianceName": None,
                "shipTypeId": None,
                "shipTypeName": None,
                "ticker": None,
            },
            "npc": False,
            "solo": True,
            "awox": False,
            "iskValue": "12345678901234.56",
            "valueSource": "zkb",
            "valueConfidence": None,
            "zkbUrl": "https://zkillboard.com/kill/1/",
            "battleId": "b-1",
            "participantCount": 3,
        }
    ]


def test_recent_killmails_of_all_security_types_are_in_descending_order(client: TestClient, rows: Any) -> None:
    killmails = [("lowsec", 5), ("wormhole", 7), ("lowsec", 9), ("pochven", 6)]
    for killmail_id, (security_type, minute) in enumerate(killmails, 1):
        rows.insert_killmail(killmail_id, security_type=security_type, killmail_time=f"2026-11-01T20:{minute:02}:00Z")
    assert [item["killmailId"] for item in recent(client)] == ["3", "2", "4", "1"]
    assert [item["killmailId"] for item in recent(client, "?limit=2")] == ["3", "2"]
    assert [item["killmailId"] for item in recent(client, "?space_type=kspace")] == ["3", "1"]
    both = recent(client, "?securityType=wormhole&securityType=pochven")
    assert [item["killmailId"] for item in both] == ["2", "4"]
    assert client.get("/api/killmails/recent?trackedOnly=true").status_code == 400  # it had no effect


def test_killmail_has_its_details_and_enrichment(client: TestClient, rows: Any) -> None:
    rows.insert_killmail(5)
    response = client.get("/api/killmails/5")
    body = response.json()
    assert response.headers["cache-control"] == "public, max-age=300"
    assert body["regionName"] == "Derelik"
    assert body["shipGroupName"] == "Frigate"
    assert (body["npc"], body["solo"], body["awox"]) == (False, True, False)
    assert body["attackers"][0]["corpName"] == "Two"
    assert body["attackers"][0]["damageDone"] == 9
    assert body["battleId"] is None
    assert body["enrichment"]["status"] == "succeeded"


def test_killmail_with_pending_names_is_processing(client: TestClient, rows: Any) -> None:
    rows.insert_killmail(5)
    rows.connection.execute("INSERT INTO wanted_names (entity_id, killmail_id) VALUES (90000001, 5)")
    assert client.get("/api/killmails/5").json()["enrichment"]["status"] == "processing"


@pytest.mark.parametrize(
    ("path", "status", "error"),
    [
        ("/api/killmails/404404", 404, "NotFound"),
        ("/api/killmails/abc", 400, "BadRequest"),
        ("/api/killmails/0", 400, "BadRequest"),
        (f"/api/killmails/{2**63}", 400, "BadRequest"),
        ("/api/killmails/recent?limit=101", 400, "BadRequest"),
        ("/api/killmails/recent?securityType=abyss", 400, "BadRequest"),
    ],
)
def test_all_errors_have_the_same_body(client: TestClient, path: str, status: int, error: str) -> None:
    response = client.get(path, headers={"X-Request-Id": "r-1"})
    assert response.status_code == status
    assert response.json().keys() == {"error", "message", "requestId"}
    assert (response.json()["error"], response.json()["requestId"]) == (error, "r-1")


def test_health_is_served(client: TestClient) -> None:
    assert client.get("/health").status_code == 200


def test_unreachable_database_gives_503_without_details(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:1/none?connect_timeout=1")
    monkeypatch.setattr(main, "POOL_TIMEOUT_SECONDS", 0.3)
    with TestClient(main.app, raise_server_exceptions=False) as client:
        response = client.get("/api/killmails/recent")
        assert response.status_code == 503
        assert "127.0.0.1" not in response.text
        assert client.get("/health/readiness").status_code == 503
        assert client.get("/health/liveness").status_code == 200


def test_recent_killmails_are_read_by_index_from_a_large_table(rows: Any) -> None:
    rows.insert_killmail(1)
    names = rows.connection.execute(
        "SELECT string_agg(column_name, ', ') FROM information_schema.columns "
        "WHERE table_name = 'enriched_killmails' "
        "AND column_name NOT IN ('killmail_id', 'killmail_time', 'security_type')"
    ).fetchone()[0]
    rows.connection.execute(
        f"INSERT INTO enriched_killmails (killmail_id, killmail_time, security_type, {names}) "
        "SELECT i, killmail_time - i * interval '1 minute', "
        f"(ARRAY['highsec', 'lowsec', 'nullsec', 'wormhole'])[i % 4 + 1], {names} "
        "FROM enriched_killmails, generate_series(2, 20000) AS i"
    )
    rows.connection.execute("ANALYZE enriched_killmails")
    params = asdict(repository.RecentSearch(["highsec", "pochven"], 50))
    plan = rows.connection.execute(f"EXPLAIN (FORMAT json) {repository.SELECT_RECENT}", params).fetchone()[0]
    assert "enriched_killmails_recent" in json.dumps(plan)
    assert "Seq Scan" not in json.dumps(plan)


@pytest.mark.parametrize("statement", STATEMENTS)
def test_statements_fit_the_tables_and_rights(database: str, statement: str) -> None:
    params = asdict(repository.RecentSearch([], 1)) | {
        "killmail_id": 1,
        "killmail_ids": [1],
        "battle_ids": ["b-1"],
        "type_ids": [1],
    }
    with psycopg.connect(database) as connection:
        assert connection.execute(f"EXPLAIN {statement}", params).fetchall()


def test_every_route_has_its_right() -> None:
    described = {(method.upper(), path) for path, methods in main.app.openapi()["paths"].items() for method in methods}
    assert described == main.app.rights.keys()
    for (method, path), right in main.app.rights.items():
        if path.startswith("/api/admin/"):
            assert right == Right("battle-reports", Role.ADMIN, writes=method == "POST")
        else:
            assert right == Right("battle-reports", Role.USER)


def test_known_killmail_is_not_sent_again(client: TestClient, rows: Any) -> None:
    rows.insert_killmail(5)
    etag = client.get("/api/killmails/5").headers["etag"]
    assert client.get("/api/killmails/5", headers={"if-none-match": f"W/{etag}"}).status_code == 304


COMPUTED = {
    "hull": "10.00", "fitted": "20.00", "dropped": "5.00", "destroyed": "25.00", "total": "30.00", "droppable": "6.00",
    "priceDay": "2026-10-31", "rules": 1, "confidence": "medium", "unpriced": ["34", "77"], "unpricedCount": 2,
}  # fmt: skip


def valued(**valuation: Any) -> dict[str, Any]:
    return {"valuation": json.dumps(valuation), "valuation_rules": 1}


def test_computed_value_is_shown_with_its_parts_and_unpriced_types(client: TestClient, rows: Any) -> None:
    rows.connection.execute("INSERT INTO types (type_id, name, group_id) VALUES (34, 'Tritanium', 18)")
    parts = valued(computedValue=COMPUTED, fittedValue="20.00", droppedValue="5.00", destroyedValue="25.00")
    rows.insert_killmail(1, zkb_total_value=None, total_value=30, value_source="computed", **parts)
    body = client.get("/api/killmails/1").json()
    assert (body["iskValue"], body["valueSource"], body["valueConfidence"]) == ("30.00", "computed", "medium")
    value = body["value"]
    assert (value["total"], value["fitted"], value["dropped"], value["destroyed"]) == (
        "30.00",
        "20.00",
        "5.00",
        "25.00",
    )
    unpriced = [{"typeId": "34", "typeName": "Tritanium"}, {"typeId": "77", "typeName": "Unknown Item #77"}]
    assert value["computed"] == COMPUTED | {"unpriced": unpriced}
    assert value["zkb"] is None
    (item,) = recent(client)
    assert (item["iskValue"], item["valueSource"], item["valueConfidence"]) == ("30.00", "computed", "medium")


def test_value_of_zkillboard_has_the_computed_one_beside_it(client: TestClient, rows: Any) -> None:
    parts = valued(computedValue=COMPUTED, fittedValue="7.00", zkbFittedValue="7.00")
    rows.insert_killmail(1, zkb_total_value=9, total_value=9, value_source="zkb", **parts)
    value = client.get("/api/killmails/1").json()["value"]
    assert (value["source"], value["total"], value["fitted"], value["dropped"]) == ("zkb", "9.00", "7.00", None)
    assert value["zkb"] == {"total": "9.00", "fitted": "7.00", "dropped": None, "destroyed": None}
    assert value["computed"]["total"] == "30.00"


def test_refused_value_of_zkillboard_is_not_shown_while_prices_are_missing(client: TestClient, rows: Any) -> None:
    rows.insert_killmail(1, zkb_total_value=9, **valued() | {"valuation_rules": None})
    (item,) = recent(client)
    assert (item["iskValue"], item["valueSource"]) == (None, None)
    value = client.get("/api/killmails/1").json()["value"]
    assert (value["total"], value["zkb"]["total"], value["computed"]) == (None, "9.00", None)


def test_row_of_an_older_release_shows_the_total_of_zkillboard(client: TestClient, rows: Any) -> None:
    rows.insert_killmail(1)
    rows.insert_killmail(2, zkb_total_value=None)
    shown = {item["killmailId"]: (item["iskValue"], item["valueSource"]) for item in recent(client)}
    assert shown == {"1": ("12345678901234.56", "zkb"), "2": (None, None)}
    assert client.get("/api/killmails/2").json()["value"]["source"] is None


RAW: dict[str, Any] = {
    "killmail_id": 5, "killmail_time": "2026-11-01T20:00:00Z", "solar_system_id": 30000001,
    "attackers": [{"damage_done": 10, "final_blow": True, "corporation_id": 98000002}],
    "victim": {
        "ship_type_id": 587, "damage_taken": 10,
        "items": [
            {"flag": 27, "item_type_id": 2488, "quantity_destroyed": 1, "singleton": 0},
            {"flag": 5, "item_type_id": 3467, "quantity_dropped": 1, "singleton": 0,
             "items": [{"flag": 5, "item_type_id": 34, "quantity_dropped": 100, "singleton": 2}]},
            {"flag": 5, "item_type_id": "none"},
        ],
    },
}  # fmt: skip


def test_items_are_named_and_nested_and_the_raw_killmail_is_unchanged(
    client: TestClient, rows: Any, archive: Any
) -> None:
    content = json.dumps(RAW).encode()
    rows.insert_killmail(5, archive_key=archive(content))
    rows.connection.execute(
        "INSERT INTO types (type_id, name, group_id) VALUES (2488, 'Warrior II', 1), (34, 'Tritanium', 2)"
    )
    gun, container = client.get("/api/killmails/5/items").json()["items"]
    assert (gun["typeName"], gun["slot"], gun["quantityDestroyed"], gun["quantityDropped"]) == (
        "Warrior II",
        "high",
        1,
        0,
    )
    assert (container["typeName"], container["slot"], container["isBlueprintCopy"]) == (
        "Unknown Item #3467",
        "cargo",
        False,
    )
    (content_of_it,) = container["items"]
    assert (content_of_it["typeName"], content_of_it["quantityDropped"]) == ("Tritanium", 100)
    assert content_of_it["isBlueprintCopy"]
    raw = client.get("/api/killmails/5/raw")
    assert (raw.content, raw.headers["content-type"]) == (content, "application/json")


def test_values_of_items_add_up_to_the_computed_value(client: TestClient, rows: Any, archive: Any) -> None:
    prices = [
        [587, 35_000_000, "market", 34, "2026-10-30"],
        [2488, 900_050, "build_cost", 12, "2026-10-29"],
        [3467, 1_000, "fixed", 0, None],
        [34, 500, "market", 34, "2026-10-30"],
    ]
    rows.insert_killmail(
        5,
        archive_key=archive(json.dumps(RAW).encode()),
        ship_type_id=587,
        ship_type_name="Rifter",
        unit_prices=json.dumps(prices),
        valuation=json.dumps({"computedValue": {"priceDay": "2026-10-30"}}),
        valuation_rules=1,
    )
    body = client.get("/api/killmails/5/items").json()
    assert (body["priceDay"], body["rules"]) == ("2026-10-30", 1)
    assert body["hull"] == {
        "typeId": "587",
        "typeName": "Rifter",
        "unitPrice": {"isk": "350000.00", "rule": "market", "records": 34, "lastDay": "2026-10-30"},
    }
    gun, container = body["items"]
    assert gun["unitPrice"] == {"isk": "9000.50", "rule": "build_cost", "records": 12, "lastDay": "2026-10-29"}
    (copies,) = container["items"]
    assert (copies["value"], copies["unitPrice"]["rule"]) == ("1.00", "worthless")  # 100 copies of a cent
    assert [gun["value"], container["value"]] == ["9000.50", "10.00"]  # a container without its contents


def test_items_without_prices_have_no_value(client: TestClient, rows: Any, archive: Any) -> None:
    rows.insert_killmail(5, archive_key=archive(json.dumps(RAW).encode()))
    body = client.get("/api/killmails/5/items").json()
    assert (body["priceDay"], body["rules"], body["hull"]["unitPrice"]) == (None, None, None)
    assert [(item["unitPrice"], item["value"]) for item in body["items"]] == [(None, None)] * 2


def test_killmail_that_the_archive_lost_is_not_found_and_its_details_stay(client: TestClient, rows: Any) -> None:
    rows.insert_killmail(5, archive_key="raw-killmails/2026/11/01/gone.jsonl.gz#0+10")
    rows.insert_killmail(6, archive_key="no key")
    for path in ("5/items", "5/raw", "6/items", "404404/raw"):
        assert client.get(f"/api/killmails/{path}").status_code == 404
    assert client.get("/api/killmails/5").status_code == 200


def test_archive_that_does_not_answer_leaves_everything_else(
    environment: dict[str, str], monkeypatch: pytest.MonkeyPatch, rows: Any
) -> None:
    rows.insert_killmail(5, archive_key="raw-killmails/2026/11/01/x.jsonl.gz#0+10")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("S3_ENDPOINT_URL", "http://127.0.0.1:1")
    with TestClient(main.app, raise_server_exceptions=False) as client:
        assert client.get("/api/killmails/5/items").status_code == 503
        assert client.get("/api/killmails/5").status_code == 200
        assert len(client.get("/api/killmails/recent").json()["items"]) == 1
        assert client.get("/health/readiness").status_code == 200


def test_top_killmails_are_the_most_valuable_of_the_range(client: TestClient, rows: Any) -> None:
    now = datetime.now(UTC)
    for killmail_id, value, age in ((1, 5, 0), (2, 9, 0), (3, None, 0), (4, 7, 5), (5, 99, 24 * 9)):
        rows.insert_killmail(killmail_id, zkb_total_value=value, killmail_time=now - timedelta(hours=age))
    top = {
        time_range: [
            item["killmailId"] for item in client.get(f"/api/killmails/top?range={time_range}").json()["items"]
        ]
        for time_range in ("1h", "24h", "7d")
    }
    assert top == {"1h": ["2", "1", "3"], "24h": ["2", "4", "1", "3"], "7d": ["2", "4", "1", "3"]}
    assert [item["killmailId"] for item in client.get("/api/killmails/top?limit=1").json()["items"]] == ["2"]


def test_recent_killmails_are_filtered_by_place_value_and_time(client: TestClient, rows: Any) -> None:
    now = datetime.now(UTC)
    rows.insert_killmail(1, killmail_time=now, zkb_total_value=10, system_id=1, region_id=10)
    rows.insert_killmail(2, killmail_time=now, zkb_total_value=20, system_id=2, region_id=10)
    rows.insert_killmail(3, killmail_time=now - timedelta(days=2), zkb_total_value=30, system_id=2, region_id=11)
    expected = {
        "": {"1", "2", "3"}, "?minIsk=20": {"2"}, "?systemId=2": {"2"}, "?regionId=10&regionId=11": {"1", "2"},
        f"?minIsk=20&since={(now - timedelta(days=3)).strftime('%Y-%m-%dT%H:%M:%SZ')}": {"2", "3"},
        f"?since={(now - timedelta(hours=1)).strftime('%Y-%m-%dT%H:%M:%SZ')}": {"1", "2"},
    }  # fmt: skip
    for query, ids in expected.items():
        assert {item["killmailId"] for item in recent(client, query)} == ids, query


def test_weapons_have_names(client: TestClient, rows: Any) -> None:
    attackers = [{"weaponTypeId": "2488", "damageDone": 1, "finalBlow": True}, {"damageDone": 1, "finalBlow": False}]
    rows.insert_killmail(1, attacker_data=json.dumps(attackers))
    rows.connection.execute("INSERT INTO types (type_id, name, group_id) VALUES (2488, 'Warrior II', 1)")
    shown = client.get("/api/killmails/1").json()["attackers"]
    assert [attacker["weaponTypeName"] for attacker in shown] == ["Warrior II", None]
