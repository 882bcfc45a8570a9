"""Rulesets: what they may say, that one is active, and that every version stays."""

import asyncio
from typing import Any

import pytest
from ingest_desk import ApiHarness

pytestmark = pytest.mark.postgres
RULESETS = "/api/ingestion/rulesets"
CURRENT = "/api/rulesets/current"
CONFIG = "/api/admin/config/ingest"


async def test_there_is_one_from_the_beginning(desk: ApiHarness) -> None:
    (told,) = (await desk.api.get(RULESETS)).json()["rulesets"]
    assert (told["name"], told["minPilots"], told["isActive"], told["names"]) == ("default", 2, True, {})
    current = await desk.api.get(CURRENT)
    assert current.json() == told
    assert (await desk.api.get(CONFIG)).json() == {"ruleset": told, "service": {"pollIntervalMs": None}}


async def test_ids_come_as_strings_or_numbers_and_go_as_strings(desk: ApiHarness) -> None:
    wanted = {"name": "home", "trackedSystemIds": [30000142, "30002187"], "trackedAllianceIds": ["99000001"],
              "ignoreUnlisted": True, "trackedSecurityTypes": ["nullsec", "wormhole"], "updatedBy": "Ann"}  # fmt: skip
    answer = await desk.api.post(RULESETS, json=wanted)
    told = answer.json()
    assert answer.status_code == 201
    assert (told["trackedSystemIds"], told["trackedAllianceIds"]) == (["30000142", "30002187"], ["99000001"])
    assert (told["isActive"], told["updatedBy"], told["minPilots"]) == (False, "Ann", 2)
    again = await desk.api.get(f"{RULESETS}/{told['id']}")
    assert (again.json(), again.headers["etag"]) == (told, answer.headers["etag"])


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
async def test_what_no_ruleset_may_say(desk: ApiHarness, wrong: dict[str, Any]) -> None:
    assert (await desk.api.post(RULESETS, json={"name": "x"} | wrong)).status_code == 400
    assert (await desk.api.put(CURRENT, json=wrong)).status_code == 400
    assert desk.sql("SELECT count(*) FROM ruleset_history") == [(1,)]


async def test_the_largest_ruleset_fits(desk: ApiHarness) -> None:
    entities = [str(2_147_483_000 + n) for n in range(250)]
    wanted = {"name": "x", "trackedSystemIds": list(range(1, 1001)), "trackedAllianceIds": entities,
              "trackedCorpIds": entities, "trackedCharacterIds": entities, "minPilots": 500}  # fmt: skip
    assert (await desk.api.post(RULESETS, json=wanted)).status_code == 201
    assert (await desk.api.post(RULESETS, json=wanted | {"description": "y" * 70_000})).status_code == 413


async def test_a_change_leaves_the_rest_and_counts_only_as_seen(desk: ApiHarness) -> None:
    before = await desk.api.get(CURRENT)
    seen = {"if-match": before.headers["etag"]}
    path = f"{RULESETS}/{before.json()['id']}"
    answers = await asyncio.gather(
        *(desk.api.put(path, json={"minPilots": n, "updatedBy": "Ann"}, headers=seen) for n in (3, 4))
    )
    assert sorted(answer.status_code for answer in answers) == [200, 412]
    won = next(answer for answer in answers if answer.status_code == 200).json()
    assert (won["name"], won["updatedBy"], won["description"]) == ("default", "Ann", before.json()["description"])
    emptied = (await desk.api.put(CURRENT, json={"description": None})).json()
    assert (emptied["description"], emptied["minPilots"]) == (None, won["minPilots"])
    assert (await desk.api.put(CURRENT, json={"updatedBy": "Ann"})).json()["message"] == "Nothing to change was given."


async def test_what_is_wrong_only_together_is_wrong(desk: ApiHarness) -> None:
    await desk.api.put(CURRENT, json={"ignoreUnlisted": True, "trackedCorpIds": ["98000001"]})
    answer = await desk.api.put(CURRENT, json={"trackedCorpIds": []})
    assert (answer.status_code, "ignoreUnlisted needs" in answer.json()["message"]) == (400, True)


async def test_one_is_always_active(desk: ApiHarness) -> None:
    first = (await desk.api.get(CURRENT)).json()["id"]
    second = (await desk.api.post(RULESETS, json={"name": "second", "isActive": True})).json()["id"]
    assert desk.sql("SELECT id::text FROM rulesets WHERE is_active") == [(second,)]
    assert (await desk.api.put(f"{RULESETS}/{second}", json={"isActive": False})).status_code == 409
    assert (await desk.api.delete(f"{RULESETS}/{second}")).status_code == 409
    await asyncio.gather(*(desk.api.put(f"{RULESETS}/{one}", json={"isActive": True}) for one in (first, second)))
    assert desk.sql("SELECT count(*) FROM rulesets WHERE is_active") == [(1,)]
    await desk.api.put(f"{RULESETS}/{first}", json={"isActive": True})
    assert (await desk.api.delete(f"{RULESETS}/{second}")).status_code == 204
    assert (await desk.api.get(f"{RULESETS}/{second}")).status_code == 404
    assert (await desk.api.delete(f"{RULESETS}/{second}")).status_code == 404


async def test_every_version_stays(desk: ApiHarness) -> None:
    made = (await desk.api.post(RULESETS, json={"name": "a", "trackedSystemIds": [1]})).json()
    path = f"{RULESETS}/{made['id']}"
    await desk.api.put(path, json={"name": "b"})
    await desk.api.delete(path, headers={"if-match": "*"})
    page = (await desk.api.get(f"{path}/history?limit=1")).json()
    assert ([version["ruleset"]["name"] for version in page["versions"]], page["total"]) == (["b"], 2)
    (oldest,) = (await desk.api.get(f"{path}/history?offset=1")).json()["versions"]
    assert oldest["ruleset"] == made


async def test_the_configuration_is_the_active_ruleset(desk: ApiHarness) -> None:
    answer = await desk.api.put(CONFIG, json={"ruleset": {"minPilots": 7}})
    assert answer.json() == {"success": True, "unverifiedIds": []}
    assert (await desk.api.get(CURRENT)).json()["minPilots"] == 7
    refused = await desk.api.put(CONFIG, json={"ruleset": {"minPilots": 7}, "service": {"pollIntervalMs": 5000}})
    assert (refused.status_code, "no meaning" in refused.json()["message"]) == (400, True)


async def test_without_an_active_ruleset(desk: ApiHarness) -> None:
    desk.sql("UPDATE rulesets SET is_active = false")
    assert (await desk.api.get(CURRENT)).json()["message"] == "No ruleset is active."
