"""The clustering configuration and clustering statistics, on a real database."""

import asyncio

import pytest
from battle_api_harness import ApiHarness

pytestmark = pytest.mark.postgres
CONFIG = "/api/admin/config/clusterer"
STATISTICS = "/api/admin/stats/clusterer"


async def test_update_is_partial_and_needs_the_current_etag(harness: ApiHarness) -> None:
    before = await harness.api.get(CONFIG)
    body = before.json()
    assert (body["windowMinutes"], body["gapMaxMinutes"], body["minKills"], body["autoClustering"]) == (30, 20, 2, True)
    current = {"if-match": before.headers["etag"]}
    responses = await asyncio.gather(
        *(harness.api.put(CONFIG, json={"minKills": n, "author": "Ann"}, headers=current) for n in range(1, 61))
    )
    assert sorted(response.status_code for response in responses) == [200] + 59 * [412]
    winner = next(response for response in responses if response.status_code == 200)
    after = await harness.api.get(CONFIG)
    assert (after.json(), after.headers["etag"]) == (winner.json(), winner.headers["etag"])
    assert (after.json()["windowMinutes"], after.json()["updatedBy"]) == (30, "Ann")
    disabled = await harness.api.put(CONFIG, json={"autoClustering": False})
    assert (disabled.json()["autoClustering"], disabled.json()["minKills"]) == (False, winner.json()["minKills"])
    for if_match, status in (("*", 200), ("yesterday", 400), ('"yesterday"', 412)):
        response = await harness.api.put(CONFIG, json={"minKills": 3}, headers={"if-match": if_match})
        assert response.status_code == status


async def test_unsupported_fields_are_rejected_with_the_reason(harness: ApiHarness) -> None:
    response = await harness.api.put(CONFIG, json={"batchSize": 500})
    assert response.status_code == 400
    assert (
        response.json()["message"]
        == "batchSize is not supported: an event holds one killmail, and a job processes its range part by part."
    )


async def test_statistics_are_computed_from_the_tables(harness: ApiHarness) -> None:
    body = (await harness.api.get(STATISTICS)).json()
    assert body == {
        "battlesCreated24h": 1,
        "unprocessedKillmails": 1,
        "averageLagMinutes": 1.5,
        "lastProcessedAt": "2026-03-01T21:00:00Z",
    }
    harness.sql("DELETE FROM battle_revisions")
    assert (await harness.api.get(STATISTICS)).json()["averageLagMinutes"] is None
