"""The ESI client against a real HTTP server that rate-limits, fails and rejects as ESI may."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest
from aiohttp import web

from battlescope_events.errors import TransientError
from battlescope_events.upstream.circuit_breaker import CircuitBreaker
from battlescope_events.upstream.esi import COMPATIBILITY_DATE, Esi, budget_pause
from battlescope_events.upstream.http import external_http
from battlescope_local.testing.upstreams import NOON, AdjustableClock, MemoryCooldowns, instant_client
from battlescope_schemas.entity import EntityType
from killmail_enrich.names.esi_client import MAX_NOT_FOUND, POLICY, EsiClient

AGENT = "tests (mail@example.com)"
Start = Callable[[Callable[[web.Request], Awaitable[web.StreamResponse]]], Awaitable[str]]


class Server:
    """Knows every id except `unknown_ids`; responds to the first requests with `first_responses`."""

    def __init__(self, *first_responses: web.Response, unknown_ids: frozenset[int] = frozenset()) -> None:
        self.first_responses = list(first_responses)
        self.unknown_ids = unknown_ids
        self.requests: list[list[int]] = []
        self.headers: dict[str, str] = {}
        self.delay = 0.0
        self.error_budget = 1000

    async def respond(self, request: web.Request) -> web.StreamResponse:
        assert request.path == "/universe/names"
        self.headers = dict(request.headers)
        ids = await request.json()
        self.requests.append(ids)
        await asyncio.sleep(self.delay)
        if self.first_responses:
            return self.first_responses.pop(0)
        if self.unknown_ids & set(ids):
            self.error_budget -= 1
            headers = {"X-ESI-Error-Limit-Remain": f"{self.error_budget}", "X-ESI-Error-Limit-Reset": "30"}
            return web.json_response({"error": "Ensure all IDs are valid."}, status=404, headers=headers)
        categories = {i: "solar_system" if i // 10**7 == 3 else "character" for i in ids}
        return web.json_response([{"id": i, "category": categories[i], "name": f"Pilot {i}"} for i in ids])


@pytest.fixture
def clock() -> AdjustableClock:
    return AdjustableClock()


@pytest.fixture
def cooldowns() -> MemoryCooldowns:
    return MemoryCooldowns()


@pytest.fixture
async def connect(
    serve: Start, clock: AdjustableClock, cooldowns: MemoryCooldowns
) -> AsyncIterator[Callable[[Server], Awaitable[EsiClient]]]:
    async with external_http(AGENT) as http:

        async def make(server: Server) -> EsiClient:
            upstream = instant_client(
                "esi", http, cooldowns=cooldowns, policy=replace(POLICY, total_timeout=0.5), now=clock,
                breaker=CircuitBreaker(), budget_pause=budget_pause,
            )  # fmt: skip
            return EsiClient(Esi(upstream, await serve(server.respond)), lambda: clock().timestamp())

        yield make


Connect = Callable[[Server], Awaitable[EsiClient]]


async def test_names_have_type_and_time(connect: Connect) -> None:
    server = Server()
    names = await (await connect(server)).fetch([90000001, 90000001, 30000142, 2**31])
    assert names[90000001].entity_type is EntityType.CHARACTER
    assert (names[90000001].name, names[90000001].fetched_at) == ("Pilot 90000001", NOON.timestamp())
    assert (names[30000142].name, names[2**31].name) == (None, None)
    assert server.requests == [[30000142, 90000001]]
    assert server.headers["X-Compatibility-Date"] == COMPATIBILITY_DATE


async def test_request_has_at_most_a_thousand_ids(connect: Connect) -> None:
    server = Server()
    assert len(await (await connect(server)).fetch(range(1, 2502))) == 2501
    assert [len(ids) for ids in server.requests] == [1000, 1000, 501]


async def test_no_ids_need_no_request(connect: Connect) -> None:
    server = Server()
    assert await (await connect(server)).fetch([]) == {}
    assert server.requests == []


async def test_unknown_ids_are_isolated_by_bisection_and_have_no_name(connect: Connect) -> None:
    server = Server(unknown_ids=frozenset({3, 700}))
    names = await (await connect(server)).fetch(range(1, 1001))
    assert len(names) == 1000
    assert [i for i, name in names.items() if name.name is None] == [3, 700]
    assert len(server.requests) < 45


async def test_bisection_stops_within_the_error_budget_and_continues_in_the_next_lookup(connect: Connect) -> None:
    server = Server(unknown_ids=frozenset(range(1, 200, 3)))
    esi = await connect(server)
    names = await esi.fetch(range(1, 200))
    failures = sum(bool(server.unknown_ids & set(ids)) for ids in server.requests)
    assert failures < MAX_NOT_FOUND + 15
    lookups = 1
    while len(names) < 199:
        names |= await esi.fetch([i for i in range(1, 200) if i not in names])
        lookups += 1
        assert lookups < 10


async def test_ambiguous_ids_are_suspected_first(connect: Connect) -> None:
    ambiguous = range(200_000_000, 200_000_300)
    server = Server(unknown_ids=frozenset(ambiguous))
    names = await (await connect(server)).fetch([*range(90_000_000, 90_000_600), *ambiguous])
    assert server.requests[1] == [*range(90_000_000, 90_000_600)]
    assert sum(name.name is not None for name in names.values()) == 600
    assert sum(bool(server.unknown_ids & set(ids)) for ids in server.requests) == MAX_NOT_FOUND


async def test_low_priority_leaves_half_of_the_error_budget(connect: Connect, clock: AdjustableClock) -> None:
    ambiguous, certain = range(200_000_000, 200_000_300), range(90_000_000, 90_000_300)
    server = Server(unknown_ids=frozenset(ambiguous))
    server.error_budget = 60
    esi = await connect(server)
    for number in range(3):
        names = await esi.fetch([*ambiguous, *certain[number * 100 : number * 100 + 100]], low_priority=True)
        assert set(certain[number * 100 : number * 100 + 100]) <= names.keys()
    assert server.error_budget == 49
    assert len(await esi.fetch([ambiguous[-1]])) == 1, "normal priority may go on"
    clock.advance(31)
    assert set(await esi.fetch([ambiguous[-1]], low_priority=True)) == {ambiguous[-1]}


async def test_server_errors_are_retried(connect: Connect) -> None:
    server = Server(web.Response(status=502), web.Response(status=504))
    assert set(await (await connect(server)).fetch([1])) == {1}
    assert len(server.requests) == 3


async def test_five_failures_open_the_circuit_breaker_and_it_closes_again(
    connect: Connect, clock: AdjustableClock
) -> None:
    server = Server(*(web.Response(status=503) for _ in range(5)))
    esi = await connect(server)
    assert [await esi.fetch([1]), await esi.fetch([1]), await esi.fetch([1])] == [{}, {}, {}]
    assert len(server.requests) == 5
    clock.advance(31)
    assert set(await esi.fetch([1])) == {1}


@pytest.mark.parametrize(
    ("response", "seconds"),
    [
        ({"status": 420, "headers": {"X-ESI-Error-Limit-Remain": "0", "X-ESI-Error-Limit-Reset": "17"}}, 17),
        ({"status": 429, "headers": {"Retry-After": "40", "X-Ratelimit-Group": "x"}}, 40),
        ({"status": 403}, 60),
        ({"status": 400}, 60),
    ],
)
async def test_refusal_is_not_retried_and_nobody_asks_before_its_end(
    connect: Connect, clock: AdjustableClock, response: dict[str, Any], seconds: float
) -> None:
    server = Server(web.Response(**response))
    esi = await connect(server)
    assert await esi.fetch([1]) == {}
    clock.advance(seconds - 0.001)
    assert await esi.fetch([1]) == {}
    assert await (await connect(server)).fetch([1]) == {}, "another process"
    assert len(server.requests) == 1
    clock.advance(0.001)
    assert set(await esi.fetch([1])) == {1}


async def test_last_errors_of_the_budget_are_not_spent(connect: Connect) -> None:
    headers = {"X-ESI-Error-Limit-Remain": "9", "X-ESI-Error-Limit-Reset": "30"}
    server = Server(web.json_response([{"id": 1, "category": "character", "name": "One"}], headers=headers))
    esi = await connect(server)
    assert set(await esi.fetch([1])) == {1}
    assert await esi.fetch([2]) == {}
    assert len(server.requests) == 1


async def test_unreachable_memory_of_cooldowns_gives_no_names(
    connect: Connect, cooldowns: MemoryCooldowns, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def load(_: str) -> None:
        raise TransientError("The database does not answer.")

    monkeypatch.setattr(cooldowns, "load", load)
    assert await (await connect(Server())).fetch([1]) == {}


async def test_timeout_counts_as_a_failure(connect: Connect) -> None:
    server = Server()
    server.delay = 60.0
    assert await (await connect(server)).fetch([1]) == {}
    assert len(server.requests) == 3


async def test_response_without_names_gives_no_names(connect: Connect) -> None:
    server = Server(web.Response(text="<html>", content_type="text/html"), web.json_response({"error": "no"}))
    esi = await connect(server)
    assert [await esi.fetch([1]), await esi.fetch([1])] == [{}, {}]
