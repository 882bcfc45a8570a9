"""The ESI client against a real HTTP server that rate-limits, fails and rejects as ESI may."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx2
import pytest
from aiohttp import web

from battlescope_schemas.entity import EntityType
from killmail_enrich.names import esi_client
from killmail_enrich.names.esi_client import COMPATIBILITY_DATE, MAX_NOT_FOUND, EsiClient

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


class Clock:
    """A clock set by the test, and the cooldown that processes share."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.cooldown_of_other_process = 0.0
        self.started_cooldowns: list[float] = []

    async def start_cooldown(self, seconds: float) -> None:
        self.started_cooldowns.append(seconds)

    async def cooldown_seconds(self) -> float:
        return self.cooldown_of_other_process


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def connect(serve: Start, clock: Clock) -> AsyncIterator[Callable[[Server], Awaitable[EsiClient]]]:
    async with httpx2.AsyncClient(headers={"User-Agent": "tests (mail@example.com)"}) as client:

        async def make(server: Server) -> EsiClient:
            return EsiClient(
                client,
                await serve(server.respond),
                start_cooldown=clock.start_cooldown,
                cooldown_seconds=clock.cooldown_seconds,
                now=lambda: clock.now,
                jitter=lambda: 0.0,
            )

        yield make


Connect = Callable[[Server], Awaitable[EsiClient]]


async def test_names_have_type_and_time(connect: Connect) -> None:
    server = Server()
    names = await (await connect(server)).fetch([90000001, 90000001, 30000142, 2**31])
    assert names[90000001].entity_type is EntityType.CHARACTER
    assert (names[90000001].name, names[90000001].fetched_at) == ("Pilot 90000001", 1000.0)
    assert (names[30000142].name, names[2**31].name) == (None, None)
    assert server.requests == [[30000142, 90000001]]
    assert server.headers["X-Compatibility-Date"] == COMPATIBILITY_DATE
    assert server.headers["User-Agent"] == "tests (mail@example.com)"


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


async def test_low_priority_leaves_half_of_the_error_budget(connect: Connect, clock: Clock) -> None:
    ambiguous, certain = range(200_000_000, 200_000_300), range(90_000_000, 90_000_300)
    server = Server(unknown_ids=frozenset(ambiguous))
    server.error_budget = 60
    esi = await connect(server)
    for number in range(3):
        names = await esi.fetch([*ambiguous, *certain[number * 100 : number * 100 + 100]], low_priority=True)
        assert set(certain[number * 100 : number * 100 + 100]) <= names.keys()
    assert server.error_budget == 49
    assert (clock.started_cooldowns, len(await esi.fetch([ambiguous[-1]]))) == ([], 1)  # normal priority may go on
    clock.now += 31
    assert set(await esi.fetch([ambiguous[-1]], low_priority=True)) == {ambiguous[-1]}


async def test_server_errors_are_retried(connect: Connect) -> None:
    server = Server(web.Response(status=502), web.Response(status=504))
    assert set(await (await connect(server)).fetch([1])) == {1}
    assert len(server.requests) == 3


async def test_five_failures_open_the_circuit_breaker_and_it_closes_again(connect: Connect, clock: Clock) -> None:
    server = Server(*(web.Response(status=503) for _ in range(5)))
    esi = await connect(server)
    assert [await esi.fetch([1]), await esi.fetch([1]), await esi.fetch([1])] == [{}, {}, {}]
    assert len(server.requests) == 5
    clock.now += 31
    assert set(await esi.fetch([1])) == {1}


async def test_420_starts_a_cooldown_until_the_reset(connect: Connect, clock: Clock) -> None:
    server = Server(
        web.Response(status=420, headers={"X-ESI-Error-Limit-Remain": "0", "X-ESI-Error-Limit-Reset": "17"})
    )
    esi = await connect(server)
    assert await esi.fetch([1]) == {}
    clock.now += 16
    assert await esi.fetch([1]) == {}
    assert (clock.started_cooldowns, len(server.requests)) == ([17.0], 1)
    clock.now += 2
    assert set(await esi.fetch([1])) == {1}


async def test_last_errors_of_the_budget_are_not_spent(connect: Connect, clock: Clock) -> None:
    headers = {"X-ESI-Error-Limit-Remain": "9", "X-ESI-Error-Limit-Reset": "30"}
    server = Server(web.json_response([{"id": 1, "category": "character", "name": "One"}], headers=headers))
    esi = await connect(server)
    assert set(await esi.fetch([1])) == {1}
    assert clock.started_cooldowns == [30.0]
    assert await esi.fetch([2]) == {}


async def test_429_with_a_long_wait_is_not_retried(connect: Connect, clock: Clock) -> None:
    server = Server(web.Response(status=429, headers={"Retry-After": "40", "X-Ratelimit-Group": "x"}))
    assert await (await connect(server)).fetch([1]) == {}
    assert (clock.started_cooldowns, len(server.requests)) == ([40.0], 1)


async def test_429_without_headers_starts_a_cooldown_of_a_minute(connect: Connect, clock: Clock) -> None:
    assert await (await connect(Server(web.Response(status=429)))).fetch([1]) == {}
    assert clock.started_cooldowns == [60.0]


async def test_cooldown_of_another_process_applies(connect: Connect, clock: Clock) -> None:
    server = Server()
    esi = await connect(server)
    clock.cooldown_of_other_process = 3.0
    assert await esi.fetch([1]) == {}
    clock.cooldown_of_other_process = 0.0
    assert set(await esi.fetch([1])) == {1}
    assert len(server.requests) == 1


async def test_rejection_is_not_retried(connect: Connect, clock: Clock) -> None:
    server = Server(web.Response(status=403))
    esi = await connect(server)
    assert [await esi.fetch([1]), await esi.fetch([1])] == [{}, {}]
    assert (len(server.requests), clock.started_cooldowns) == (1, [60.0])


async def test_timeout_counts_as_a_failure(connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(esi_client, "TIMEOUT_SECONDS", 0.5)
    server = Server()
    server.delay = 60.0
    assert await (await connect(server)).fetch([1]) == {}
    assert len(server.requests) == 3


async def test_response_without_names_gives_no_names(connect: Connect) -> None:
    server = Server(web.Response(text="<html>", content_type="text/html"), web.json_response({"error": "no"}))
    esi = await connect(server)
    assert [await esi.fetch([1]), await esi.fetch([1])] == [{}, {}]
