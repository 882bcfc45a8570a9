"""Manners towards ESI, against a real HTTP server that behaves as the real one may."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import httpx2
import pytest
from aiohttp import web

from battlescope_schemas.entity import EntityType
from killmail_enrich.names import esi_client
from killmail_enrich.names.esi_client import COMPATIBILITY_DATE, MOST_NOT_FOUND, Esi

Start = Callable[[Callable[[web.Request], Awaitable[web.StreamResponse]]], Awaitable[str]]


class Server:
    """Knows everybody but `bad`; answers the first questions with what `first` holds."""

    def __init__(self, *first: web.Response, bad: frozenset[int] = frozenset()) -> None:
        self.first = list(first)
        self.bad = bad
        self.asked: list[list[int]] = []
        self.headers: dict[str, str] = {}
        self.delay = 0.0
        self.budget = 1000

    async def answer(self, request: web.Request) -> web.StreamResponse:
        assert request.path == "/universe/names"
        self.headers = dict(request.headers)
        ids = await request.json()
        self.asked.append(ids)
        await asyncio.sleep(self.delay)
        if self.first:
            return self.first.pop(0)
        if self.bad & set(ids):
            self.budget -= 1
            head = {"X-ESI-Error-Limit-Remain": f"{self.budget}", "X-ESI-Error-Limit-Reset": "30"}
            return web.json_response({"error": "Ensure all IDs are valid."}, status=404, headers=head)
        kinds = {i: "solar_system" if i // 10**7 == 3 else "character" for i in ids}
        return web.json_response([{"id": i, "category": kinds[i], "name": f"Pilot {i}"} for i in ids])


class Clock:
    """Time by hand, and the pauses every process is told of."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.shared = 0.0
        self.told: list[float] = []

    async def pause(self, seconds: float) -> None:
        self.told.append(seconds)

    async def paused(self) -> float:
        return self.shared


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def connect(serve: Start, clock: Clock) -> AsyncIterator[Callable[[Server], Awaitable[Esi]]]:
    async with httpx2.AsyncClient(headers={"User-Agent": "tests (mail@example.com)"}) as client:

        async def make(server: Server) -> Esi:
            url = await serve(server.answer)
            return Esi(client, url, pause=clock.pause, paused=clock.paused, now=lambda: clock.now, jitter=lambda: 0.0)

        yield make


Connect = Callable[[Server], Awaitable[Esi]]


async def test_names_come_with_kind_and_time(connect: Connect) -> None:
    server = Server()
    names = await (await connect(server)).names([90000001, 90000001, 30000142, 2**31])
    assert names[90000001].entity_type is EntityType.CHARACTER
    assert (names[90000001].name, names[90000001].fetched_at) == ("Pilot 90000001", 1000.0)
    assert (names[30000142].name, names[2**31].name) == (None, None)
    assert server.asked == [[30000142, 90000001]]
    assert server.headers["X-Compatibility-Date"] == COMPATIBILITY_DATE
    assert server.headers["User-Agent"] == "tests (mail@example.com)"


async def test_no_more_than_a_thousand_at_once(connect: Connect) -> None:
    server = Server()
    assert len(await (await connect(server)).names(range(1, 2502))) == 2501
    assert [len(ids) for ids in server.asked] == [1000, 1000, 501]


async def test_an_empty_question_is_not_asked(connect: Connect) -> None:
    server = Server()
    assert await (await connect(server)).names([]) == {}
    assert server.asked == []


async def test_bad_ids_are_found_by_halving_and_known_as_nobody(connect: Connect) -> None:
    server = Server(bad=frozenset({3, 700}))
    names = await (await connect(server)).names(range(1, 1001))
    assert len(names) == 1000
    assert [i for i, name in names.items() if name.name is None] == [3, 700]
    assert len(server.asked) < 45


async def test_halving_stops_before_it_spends_the_error_budget_and_goes_on_the_next_time(connect: Connect) -> None:
    server = Server(bad=frozenset(range(1, 200, 3)))
    esi = await connect(server)
    names = await esi.names(range(1, 200))
    failures = sum(bool(server.bad & set(ids)) for ids in server.asked)
    assert failures < MOST_NOT_FOUND + 15
    rounds = 1
    while len(names) < 199:
        names |= await esi.names([i for i in range(1, 200) if i not in names])
        rounds += 1
        assert rounds < 10


async def test_ids_that_tell_no_kind_are_doubted_before_the_others(connect: Connect) -> None:
    doubtful = range(200_000_000, 200_000_300)
    server = Server(bad=frozenset(doubtful))
    names = await (await connect(server)).names([*range(90_000_000, 90_000_600), *doubtful])
    assert server.asked[1] == [*range(90_000_000, 90_000_600)]
    assert sum(name.name is not None for name in names.values()) == 600
    assert sum(bool(server.bad & set(ids)) for ids in server.asked) == MOST_NOT_FOUND


async def test_who_can_do_without_leaves_half_of_the_errors_to_others(connect: Connect, clock: Clock) -> None:
    old, young = range(200_000_000, 200_000_300), range(90_000_000, 90_000_300)
    server = Server(bad=frozenset(old))
    server.budget = 60
    esi = await connect(server)
    for number in range(3):
        names = await esi.names([*old, *young[number * 100 : number * 100 + 100]], low_priority=True)
        assert set(young[number * 100 : number * 100 + 100]) <= names.keys()
    assert server.budget == 49
    assert (clock.told, len(await esi.names([old[-1]]))) == ([], 1)  # somebody else may still ask
    clock.now += 31
    assert set(await esi.names([old[-1]], low_priority=True)) == {old[-1]}


async def test_server_errors_are_tried_again(connect: Connect) -> None:
    server = Server(web.Response(status=502), web.Response(status=504))
    assert set(await (await connect(server)).names([1])) == {1}
    assert len(server.asked) == 3


async def test_five_failures_open_the_circuit_and_it_closes_again(connect: Connect, clock: Clock) -> None:
    server = Server(*(web.Response(status=503) for _ in range(5)))
    esi = await connect(server)
    assert [await esi.names([1]), await esi.names([1]), await esi.names([1])] == [{}, {}, {}]
    assert len(server.asked) == 5
    clock.now += 31
    assert set(await esi.names([1])) == {1}


async def test_420_silences_everybody_until_the_reset(connect: Connect, clock: Clock) -> None:
    server = Server(
        web.Response(status=420, headers={"X-ESI-Error-Limit-Remain": "0", "X-ESI-Error-Limit-Reset": "17"})
    )
    esi = await connect(server)
    assert await esi.names([1]) == {}
    clock.now += 16
    assert await esi.names([1]) == {}
    assert (clock.told, len(server.asked)) == ([17.0], 1)
    clock.now += 2
    assert set(await esi.names([1])) == {1}


async def test_the_last_errors_of_the_budget_are_left_alone(connect: Connect, clock: Clock) -> None:
    head = {"X-ESI-Error-Limit-Remain": "9", "X-ESI-Error-Limit-Reset": "30"}
    server = Server(web.json_response([{"id": 1, "category": "character", "name": "One"}], headers=head))
    esi = await connect(server)
    assert set(await esi.names([1])) == {1}
    assert clock.told == [30.0]
    assert await esi.names([2]) == {}


async def test_429_with_a_long_wait_is_left_to_later(connect: Connect, clock: Clock) -> None:
    server = Server(web.Response(status=429, headers={"Retry-After": "40", "X-Ratelimit-Group": "x"}))
    assert await (await connect(server)).names([1]) == {}
    assert (clock.told, len(server.asked)) == ([40.0], 1)


async def test_429_without_any_header_pauses_a_minute(connect: Connect, clock: Clock) -> None:
    assert await (await connect(Server(web.Response(status=429)))).names([1]) == {}
    assert clock.told == [60.0]


async def test_a_pause_another_process_was_told_of_counts_here(connect: Connect, clock: Clock) -> None:
    server = Server()
    esi = await connect(server)
    clock.shared = 3.0
    assert await esi.names([1]) == {}
    clock.shared = 0.0
    assert set(await esi.names([1])) == {1}
    assert len(server.asked) == 1


async def test_a_refusal_is_not_repeated(connect: Connect, clock: Clock) -> None:
    server = Server(web.Response(status=403))
    esi = await connect(server)
    assert [await esi.names([1]), await esi.names([1])] == [{}, {}]
    assert (len(server.asked), clock.told) == (1, [60.0])


async def test_an_answer_that_does_not_come_counts_as_failure(
    connect: Connect, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(esi_client, "ANSWER_SECONDS", 0.5)
    server = Server()
    server.delay = 60.0
    assert await (await connect(server)).names([1]) == {}
    assert len(server.asked) == 3


async def test_html_instead_of_names_is_no_answer(connect: Connect) -> None:
    server = Server(web.Response(text="<html>", content_type="text/html"), web.json_response({"error": "no"}))
    esi = await connect(server)
    assert [await esi.names([1]), await esi.names([1])] == [{}, {}]
