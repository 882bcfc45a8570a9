"""Rulesets: validation, the active ruleset and versions, on a real database."""

import asyncio
from typing import Any

import pytest
from ingest_api_harness import ApiHarness

pytestmark = pytest.mark.postgres
RULESETS = "/api/ingestion/rulesets"
CURRENT = "/api/rulesets/current"
CONFIG = "/api/admin/config/ingest"


async def test_default_ruleset_exists(harness: ApiHarness) -> None:
    (body,) = (await harness.api.get(RULESETS)).json()["rulesets"]
    assert (body["name"], body["minPilots"], body["isActive"], body["names"]) == ("default", 2, True, {})
    current = await harness.api.get(CURRENT)
    assert current.json() == body
    assert (await harness.api.get(CONFIG)).json() == {"ruleset": body, "service": {"pollIntervalMs": None}}


async def test_ids_are_accepted_as_strings_or_numbers_and_returned_as_strings(harness: ApiHarness) -> None:
    requested = {"name": "home", "trackedSystemIds": [30000142, "30002187"], "trackedAllianceIds": ["99000001"],
              "ignoreUnlisted": True, "trackedSecurityTypes": ["nullsec", "wormhole"], "updatedBy": "Ann"}  # fmt: skip
    response = await harness.api.post(RULESETS, json=requested)
    body = response.json()
    assert response.status_code == 201
    assert (body["trackedSystemIds"], body["trackedAllianceIds"]) == (["30000142", "30002187"], ["99000001"])
    assert (body["isActive"], body["updatedBy"], body["minPilots"]) == (False, "Ann", 2)
    again = await harness.api.get(f"{RULESETS}/{body['id']}")
    assert (again.json(), again.headers["etag"]) == (body, response.headers["etag"])


@pytest.mark.parametrize(
    "wrong",
    [
        {"minPilots": 0},
        {"minPilots": 501},
        {"trackedAllianceIds": list(range(1, 252))},
        {"trackedCorpIds": list(range(1, 252))},
        {"trackedCharacterIds": list(range(1, 252))},
        {"trackedSystemIds": list(range(1, 1002))},
        {"trackedSystemIds": ["Jita"]},
        {"trackedSystemIds": [0]},
        {"trackedSecurityTypes": ["abyssal"]},
        {"ignoreUnlisted": True},
        {"updatedBy": "x" * 129},
        {"minPilots": None},
        {"minpilots": 3},
    ],
)
async def test_invalid_rulesets_are_400(harness: ApiHarness, wrong: dict[str, Any]) -> None:
    assert (await harness.api.post(RULESETS, json={"name": "x"} | wrong)).status_code == 400
    assert (await harness.api.put(CURRENT, json=wrong)).status_code == 400
    assert harness.sql("SELECT count(*) FROM ruleset_history") == [(1,)]


async def test_largest_ruleset_is_accepted(harness: ApiHarness) -> None:
    entities = [str(2_147_483_000 + n) for n in range(250)]
    requested = {"name": "x", "trackedSystemIds": list(range(1, 1001)), "trackedAllianceIds": entities,
              "trackedCorpIds": entities, "trackedCharacterIds": entities, "minPilots": 500}  # fmt: skip
    assert (await harness.api.post(RULESETS, json=requested)).status_code == 201
    assert (await harness.api.post(RULESETS, json=requested | {"description": "y" * 70_000})).status_code == 413


async def test_change_is_partial_and_needs_the_current_etag(harness: ApiHarness) -> None:
    before = await harness.api.get(CURRENT)
    current = {"if-match": before.headers["etag"]}
    path = f"{RULESETS}/{before.json()['id']}"
    responses = await asyncio.gather(
        *(harness.api.put(path, json={"minPilots": n, "updatedBy": "Ann"}, headers=current) for n in range(3, 63))
    )
    assert sorted(response.status_code for response in responses) == [200] + 59 * [412]
    winner = next(response for response in responses if response.status_code == 200).json()
    assert (winner["name"], winner["updatedBy"], winner["description"]) == (
        "default",
        "Ann",
        before.json()["description"],
    )
    cleared = (await harness.api.put(CURRENT, json={"description": None})).json()
    assert (cleared["description"], cleared["minPilots"]) == (None, winner["minPilots"])
    unchanged = await harness.api.put(CURRENT, json={"updatedBy": "Ann"})
    assert unchanged.json()["message"] == "The request changes nothing."


async def test_change_is_validated_together_with_the_stored_fields(harness: ApiHarness) -> None:
    await harness.api.put(CURRENT, json={"ignoreUnlisted": True, "trackedCorpIds": ["98000001"]})
    response = await harness.api.put(CURRENT, json={"trackedCorpIds": []})
    assert (response.status_code, "ignoreUnlisted needs" in response.json()["message"]) == (400, True)


async def test_exactly_one_ruleset_is_active(harness: ApiHarness) -> None:
    first = (await harness.api.get(CURRENT)).json()["id"]
    second = (await harness.api.post(RULESETS, json={"name": "second", "isActive": True})).json()["id"]
    assert harness.sql("SELECT id::text FROM rulesets WHERE is_active") == [(second,)]
    assert (await harness.api.put(f"{RULESETS}/{second}", json={"isActive": False})).status_code == 409
    assert (await harness.api.delete(f"{RULESETS}/{second}")).status_code == 409
    await asyncio.gather(
        *(harness.api.put(f"{RULESETS}/{ruleset}", json={"isActive": True}) for ruleset in (first, second))
    )
    assert harness.sql("SELECT count(*) FROM rulesets WHERE is_active") == [(1,)]
    await harness.api.put(f"{RULESETS}/{first}", json={"isActive": True})
    assert (await harness.api.delete(f"{RULESETS}/{second}")).status_code == 204
    assert (await harness.api.get(f"{RULESETS}/{second}")).status_code == 404
    assert (await harness.api.delete(f"{RULESETS}/{second}")).status_code == 404


async def test_all_versions_stay_readable(harness: ApiHarness) -> None:
    created = (await harness.api.post(RULESETS, json={"name": "a", "trackedSystemIds": [1]})).json()
    path = f"{RULESETS}/{created['id']}"
    await harness.api.put(path, json={"name": "b"})
    await harness.api.delete(path, headers={"if-match": "*"})
    page = (await harness.api.get(f"{path}/history?limit=1")).json()
    assert ([version["ruleset"]["name"] for version in page["versions"]], page["total"]) == (["b"], 2)
    (oldest,) = (await harness.api.get(f"{path}/history?offset=1")).json()["versions"]
    assert oldest["ruleset"] == created


async def test_configuration_is_the_active_ruleset(harness: ApiHarness) -> None:
    response = await harness.api.put(CONFIG, json={"ruleset": {"minPilots": 7}})
    assert response.json() == {"success": True, "unverifiedIds": []}
    assert (await harness.api.get(CURRENT)).json()["minPilots"] == 7
    rejected = await harness.api.put(CONFIG, json={"ruleset": {"minPilots": 7}, "service": {"pollIntervalMs": 5000}})
    assert (rejected.status_code, "service is not supported" in rejected.json()["message"]) == (400, True)


async def test_message_without_an_active_ruleset(harness: ApiHarness) -> None:
    harness.sql("UPDATE rulesets SET is_active = false")
    assert (await harness.api.get(CURRENT)).json()["message"] == "No ruleset is active."


async def test_no_two_rulesets_have_one_name(harness: ApiHarness) -> None:
    responses = await asyncio.gather(*(harness.api.post(RULESETS, json={"name": "Home"}) for _ in range(20)))
    assert sorted(response.status_code for response in responses) == [201] + 19 * [400]
    taken = next(response for response in responses if response.status_code == 400)
    assert taken.json()["message"] == "name: another ruleset has the name Home already."
    other = (await harness.api.post(RULESETS, json={"name": "Away"})).json()["id"]
    assert (await harness.api.put(f"{RULESETS}/{other}", json={"name": "HOME"})).status_code == 400
    assert (await harness.api.put(f"{RULESETS}/{other}", json={"name": "Away", "minPilots": 3})).status_code == 200
    assert (await harness.api.put(f"{RULESETS}/{other}", json={"name": "AWAY"})).status_code == 200
    await harness.api.delete(f"{RULESETS}/{next(r for r in responses if r.status_code == 201).json()['id']}")
    assert (await harness.api.put(f"{RULESETS}/{other}", json={"name": "home"})).status_code == 200


async def test_rulesets_that_have_one_name_already_can_be_changed(harness: ApiHarness) -> None:
    first, second = [(await harness.api.post(RULESETS, json={"name": name})).json()["id"] for name in ("a", "b")]
    harness.sql("UPDATE rulesets SET name = 'a'")
    for ruleset_id in (first, second):
        assert (await harness.api.put(f"{RULESETS}/{ruleset_id}", json={"minPilots": 4})).status_code == 200
