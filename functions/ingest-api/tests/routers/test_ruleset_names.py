"""Validation of the ids of a ruleset by ESI, on a real database."""

import json

import pytest
from ingest_api_harness import ApiHarness, simulated_esi, use_esi

from battlescope_events.upstream.esi import COMPATIBILITY_DATE

RULESETS = "/api/ingestion/rulesets"
CURRENT = "/api/rulesets/current"
CONFIG = "/api/admin/config/ingest"
HOME, ALLIANCE, CORPORATION, UNKNOWN = 30009001, 99_000_001, 98_000_001, 5


@pytest.mark.postgres
async def test_existing_ids_are_named_and_resolved_once(harness: ApiHarness) -> None:
    requested = {"name": "home", "trackedSystemIds": [HOME], "trackedAllianceIds": [ALLIANCE]}
    async with simulated_esi() as (esi, requests):
        use_esi(esi)
        body = (await harness.api.post(RULESETS, json=requested)).json()
        assert (body["names"][str(HOME)], body["unverifiedIds"]) == ("Sushoshur", [])
        assert body["names"].keys() == {str(HOME), str(ALLIANCE)}
        path = f"{RULESETS}/{body['id']}"
        change = {"trackedAllianceIds": [ALLIANCE, ALLIANCE + 1], "trackedSystemIds": []}
        changed = (await harness.api.put(path, json=change)).json()
    assert changed["names"].keys() == {str(ALLIANCE), str(ALLIANCE + 1)}
    assert [sorted(json.loads(request.content)) for request in requests] == [[HOME, ALLIANCE], [ALLIANCE + 1]]
    assert {request.headers["X-Compatibility-Date"] for request in requests} == {COMPATIBILITY_DATE}
    history = (await harness.api.get(f"{path}/history")).json()["versions"]
    assert [version["ruleset"]["names"] for version in history] == [changed["names"], body["names"]]


@pytest.mark.postgres
async def test_unknown_or_mismatched_ids_are_400_and_nothing_is_stored(harness: ApiHarness) -> None:
    wrong = {"trackedAllianceIds": [ALLIANCE, UNKNOWN], "trackedCorpIds": [CORPORATION, ALLIANCE + 1, 2**31]}
    async with simulated_esi() as (esi, _):
        use_esi(esi)
        responses = [
            await harness.api.post(RULESETS, json={"name": "x"} | wrong),
            await harness.api.put(CURRENT, json=wrong),
            await harness.api.put(CONFIG, json={"ruleset": wrong}),
        ]
    for response in responses:
        assert response.status_code == 400
        message = response.json()["message"]
        assert f"trackedAllianceIds: unknown to ESI: {UNKNOWN}." in message
        assert f"trackedCorpIds: unknown to ESI: {2**31}." in message
        assert f"not of the category corporation: {ALLIANCE + 1} (alliance, " in message
        assert str(CORPORATION) not in message
    assert harness.sql("SELECT count(*) FROM ruleset_history") == [(1,)]


@pytest.mark.postgres
async def test_ids_saved_while_esi_is_unavailable_are_resolved_when_saved_again(harness: ApiHarness) -> None:
    lists = {"trackedSystemIds": [HOME], "trackedAllianceIds": [ALLIANCE]}
    body = (await harness.api.put(CURRENT, json=lists)).json()
    assert (body["names"], body["unverifiedIds"]) == ({}, [str(HOME), str(ALLIANCE)])
    response = await harness.api.put(CONFIG, json={"ruleset": {"minPilots": 3}})
    assert response.json() == {"success": True, "unverifiedIds": [str(HOME), str(ALLIANCE)]}
    async with simulated_esi() as (esi, _):
        use_esi(esi)
        assert (await harness.api.put(CURRENT, json={"minPilots": 4})).json()["unverifiedIds"] != []
        assert (await harness.api.put(CURRENT, json=lists)).json()["unverifiedIds"] == []
