"""The ESI client against the simulated ESI."""

import json
from typing import Any

import pytest
from ingest_api_harness import esi_client as make_client
from ingest_api_harness import simulated_esi

from battlescope_events.upstream.esi import MAX_IDS_PER_REQUEST
from battlescope_events.upstream.http import external_http
from battlescope_local.testing.upstreams import HostResponse, scripted_host
from ingest_api.clients import esi as esi_client
from ingest_api.clients.esi import EsiClient
from ingest_api.domain.entity_validation import (
    NameLookup,
)

HOME, UNKNOWN = 30009001, 5


async def _sleep(*_: object) -> None:
    await esi_client.asyncio.sleep(5)


async def test_unknown_ids_are_isolated_among_many() -> None:
    ids = [*range(98_000_000, 98_001_400), UNKNOWN, UNKNOWN + 1]
    async with simulated_esi() as (client, requests):
        lookup = await client.resolve_names(ids)
    assert lookup.unknown == {UNKNOWN, UNKNOWN + 1}
    assert len(lookup.names) == 1_400
    assert all(len(json.loads(request.content)) <= MAX_IDS_PER_REQUEST for request in requests)


async def test_many_unknown_ids_do_not_spend_the_shared_error_limit() -> None:
    async with simulated_esi(esi_bad_ids=1.0) as (client, requests):
        lookup = await client.resolve_names(range(98_000_000, 98_000_900))
    assert lookup.unknown, "some unknown ids are reported"
    assert len(requests) <= esi_client.MAX_NOT_FOUND + 1


@pytest.mark.parametrize(("faults", "repeated_requests"), [
    ({"esi_down": True}, 1), ({"esi_failing": 1.0}, 1), ({"esi_error_limit": 0}, 0),
])  # fmt: skip
async def test_rate_limiting_starts_a_cooldown_and_a_failure_does_not(
    faults: dict[str, Any], repeated_requests: int
) -> None:
    async with simulated_esi(**faults) as (client, requests):
        assert await client.resolve_names([HOME]) == NameLookup()
        assert await client.resolve_names([HOME]) == NameLookup()
    assert len(requests) == 1 + repeated_requests


async def test_invalid_or_slow_responses_resolve_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(esi_client, "TIMEOUT", 0.1)
    async with scripted_host() as host, external_http("tests") as http:
        client = make_client(http, host.url)
        host.response = HostResponse(body=b"<html>")
        assert await client.resolve_names([HOME]) == NameLookup()
        monkeypatch.setattr(EsiClient, "_request_names", _sleep)
        assert await client.resolve_names([HOME]) == NameLookup()
