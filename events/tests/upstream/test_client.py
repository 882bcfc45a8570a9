"""The client on real sockets: answers, refusals, failures, limits."""

import asyncio
import gzip
import logging
from collections.abc import AsyncGenerator, Callable
from datetime import timedelta
from email.utils import format_datetime
from io import BytesIO
from typing import Any

import httpx2
import pytest

from battlescope_events.upstream.circuit_breaker import FAILURES_TO_OPEN, OPEN_SECONDS, CircuitBreaker
from battlescope_events.upstream.client import RequestPolicy, UpstreamClient
from battlescope_events.upstream.cooldown import MAX_SECONDS, NO_COOLDOWN, CooldownState
from battlescope_events.upstream.errors import ResponseTooLarge, UpstreamCoolingDown, UpstreamUnavailable
from battlescope_events.upstream.esi import COMPATIBILITY_DATE, Esi, budget_pause
from battlescope_events.upstream.http import external_http
from battlescope_local.testing.upstreams import (
    AdjustableClock,
    HostResponse,
    MemoryCooldowns,
    MockHttp,
    ScriptedHost,
    instant_client,
    scripted_host,
)

AGENT = "BattleScope tests (tests@example.org)"
MakeClient = Callable[..., UpstreamClient]


@pytest.fixture
async def host() -> AsyncGenerator[ScriptedHost]:
    async with scripted_host() as host:
        yield host


@pytest.fixture
def clock() -> AdjustableClock:
    return AdjustableClock()


@pytest.fixture
def cooldowns() -> MemoryCooldowns:
    return MemoryCooldowns()


@pytest.fixture
async def make_client(
    host: ScriptedHost, clock: AdjustableClock, cooldowns: MemoryCooldowns
) -> AsyncGenerator[MakeClient]:
    """Creates clients as the start of a process does; they share the cooldowns."""

    async def sleep(seconds: float) -> None:
        clock.advance(seconds)

    async with external_http(AGENT) as http:

        def make(policy: RequestPolicy | None = None, **more: Any) -> UpstreamClient:
            options = {"now": clock, "jitter": lambda: 0.0, "sleep": sleep} | more
            return UpstreamClient("host", http, cooldowns, policy or RequestPolicy(), **options)

        yield make


async def test_answer_has_status_headers_and_body(host: ScriptedHost, make_client: MakeClient) -> None:
    host.response = HostResponse(404, {"X-Total": "7"}, b"nothing")
    response = await make_client().get(f"{host.url}/a", {"X-More": "1"})
    assert (response.status, response.headers["x-total"], response.body) == (404, "7", b"nothing")
    ((path, headers, _),) = host.requests
    assert (path, headers["X-More"], headers["User-Agent"]) == ("/a", "1", AGENT)
    assert headers["Accept-Encoding"] == "gzip"


async def test_post_sends_json(host: ScriptedHost, make_client: MakeClient) -> None:
    await make_client().post(f"{host.url}/ids", [1, 2])
    ((_, headers, body),) = host.requests
    assert (headers["Content-Type"], body) == ("application/json", b"[1,2]")


@pytest.mark.parametrize("status", [200, 204, 302, 304, 400, 404, 422])
async def test_other_statuses_are_answers_and_start_no_cooldown(
    host: ScriptedHost, make_client: MakeClient, cooldowns: MemoryCooldowns, status: int
) -> None:
    host.response = HostResponse(status, body=b"")
    assert (await make_client().get(host.url)).status == status
    assert cooldowns.states == {}


@pytest.mark.parametrize(
    ("status", "headers", "seconds"),
    [(403, {}, 60), (429, {}, 10), (429, {"Retry-After": "90"}, 90), (420, {"X-ESI-Error-Limit-Reset": "17"}, 17),
     (503, {"Retry-After": "40"}, 40)],
)  # fmt: skip
async def test_no_request_before_the_cooldown_is_over(
    host: ScriptedHost, make_client: MakeClient, clock: AdjustableClock, status: int, headers: dict[str, str],
    seconds: float,
) -> None:  # fmt: skip
    host.response = HostResponse(status, headers)
    client, began = make_client(), clock()
    with pytest.raises(UpstreamCoolingDown, match=f"status {status}") as refusal:
        await client.get(host.url)
    assert refusal.value.until == began + timedelta(seconds=seconds)
    clock.advance(seconds - 0.001)
    for process in (client, make_client()):
        with pytest.raises(UpstreamCoolingDown, match=r"host is cooling down\. Next request not before 2026-10-03 12:"):
            await process.get(host.url)
    assert len(host.requests) == 1
    clock.advance(0.001)
    host.response = HostResponse()
    assert (await make_client().get(host.url)).status == 200


async def test_date_of_retry_after_counts(host: ScriptedHost, make_client: MakeClient, clock: AdjustableClock) -> None:
    date = format_datetime(clock() + timedelta(seconds=45), usegmt=True)
    host.response = HostResponse(429, {"Retry-After": date})
    with pytest.raises(UpstreamCoolingDown) as refusal:
        await make_client().get(host.url)
    assert refusal.value.until == clock() + timedelta(seconds=45)


async def test_bans_grow_until_an_answer(
    host: ScriptedHost, make_client: MakeClient, clock: AdjustableClock, cooldowns: MemoryCooldowns
) -> None:
    host.response, waits = HostResponse(403), list[float]()
    client = make_client()
    for _ in range(8):
        with pytest.raises(UpstreamCoolingDown) as refusal:
            await client.get(host.url)
        waits.append((refusal.value.until - clock()).total_seconds())
        clock.now = refusal.value.until
    assert waits == [60, 120, 240, 480, 960, 1920, 3600, 3600]
    host.response = HostResponse(404)
    await client.get(host.url)
    assert cooldowns.states == {}


async def test_requests_refused_together_count_once_and_are_logged_once(
    host: ScriptedHost, make_client: MakeClient, cooldowns: MemoryCooldowns, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.WARNING)
    host.response, client = HostResponse(403), make_client()
    results = await asyncio.gather(*(client.get(host.url) for _ in range(6)), return_exceptions=True)
    assert all(isinstance(result, UpstreamCoolingDown) for result in results)
    assert cooldowns.states["host"].bans == 1
    assert [record.getMessage() for record in caplog.records if record.name.startswith("battlescope")] == [
        "host responds with status 403."
    ]


async def test_answer_to_an_earlier_request_does_not_end_the_cooldown(
    clock: AdjustableClock, cooldowns: MemoryCooldowns
) -> None:
    admitted, refused = asyncio.Event(), asyncio.Event()

    async def respond(request: httpx2.Request) -> httpx2.Response:
        if request.url.path == "/slow":
            admitted.set()
            await refused.wait()
            return httpx2.Response(200)
        return httpx2.Response(403)

    cooldowns.states["host"] = ended = CooldownState(clock() - timedelta(seconds=1), 1)
    client = UpstreamClient("host", MockHttp(respond), cooldowns, RequestPolicy(), now=clock, jitter=lambda: 0.0)
    slow = asyncio.create_task(client.get("http://host/slow"))
    await admitted.wait()
    with pytest.raises(UpstreamCoolingDown):
        await client.get("http://host/refused")
    refused.set()
    assert (await slow).status == 200
    assert cooldowns.states["host"] == CooldownState(clock() + timedelta(seconds=120), ended.bans + 1)


async def test_failures_are_retried_and_then_start_a_growing_cooldown(
    host: ScriptedHost, make_client: MakeClient, clock: AdjustableClock, cooldowns: MemoryCooldowns
) -> None:
    client = make_client(RequestPolicy(tries=3))
    host.queued.extend([HostResponse(502), HostResponse(500)])
    assert (await client.get(host.url)).status == 200
    assert cooldowns.states == {}
    host.response, waits = HostResponse(502), list[float]()
    for _ in range(3):
        with pytest.raises(UpstreamCoolingDown, match="status 502") as failure:
            await client.get(host.url)
        waits.append((failure.value.until - clock()).total_seconds())
        clock.now = failure.value.until
    assert waits == [0.5, 1, 2]
    assert len(host.requests) == 3 + 3 * 3


async def test_refusal_is_not_retried(host: ScriptedHost, make_client: MakeClient) -> None:
    host.response = HostResponse(429)
    with pytest.raises(UpstreamCoolingDown):
        await make_client(RequestPolicy(tries=3)).get(host.url)
    assert len(host.requests) == 1


async def test_unreachable_host_is_a_failure(make_client: MakeClient) -> None:
    with pytest.raises(UpstreamCoolingDown, match=r"does not respond: .*refused"):
        await make_client().get("http://127.0.0.1:1")


async def test_slow_response_ends_at_the_total_timeout(clock: AdjustableClock, cooldowns: MemoryCooldowns) -> None:
    """A response that sends bytes without end would pass any timeout of a single read."""

    ended = asyncio.Event()

    async def drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        while not writer.is_closing():
            writer.write(b"x")
            await asyncio.sleep(0.01)
        writer.close()
        ended.set()

    async with await asyncio.start_server(drip, "127.0.0.1", 0) as server, external_http(AGENT) as http:
        policy = RequestPolicy(total_timeout=0.2)
        client = UpstreamClient("host", http, cooldowns, policy, now=clock, jitter=lambda: 0.0)
        with pytest.raises(UpstreamCoolingDown, match="takes longer"):
            await client.get(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}")
        await ended.wait()  # the connection is closed


async def test_breaker_opens_after_failures_and_starts_no_cooldown(
    host: ScriptedHost, make_client: MakeClient, clock: AdjustableClock, cooldowns: MemoryCooldowns
) -> None:
    client = make_client(breaker=CircuitBreaker())
    host.response = HostResponse(503)
    for _ in range(FAILURES_TO_OPEN):
        with pytest.raises(UpstreamUnavailable, match="status 503"):
            await client.get(host.url)
    with pytest.raises(UpstreamCoolingDown, match="failed too often") as blocked:
        await client.get(host.url)
    assert blocked.value.until == clock() + timedelta(seconds=OPEN_SECONDS)
    assert (len(host.requests), cooldowns.states) == (FAILURES_TO_OPEN, {})
    clock.advance(OPEN_SECONDS)
    host.response = HostResponse()
    for _ in range(3):
        assert (await client.get(host.url)).status == 200


async def test_cancelled_probe_leaves_the_next_request_to_probe(
    host: ScriptedHost, make_client: MakeClient, clock: AdjustableClock
) -> None:
    breaker = CircuitBreaker(opened_at=clock().timestamp() - OPEN_SECONDS)
    client = make_client(breaker=breaker)
    probe = asyncio.create_task(client.get(host.url))
    while not breaker.probing:
        await asyncio.sleep(0)
    probe.cancel()
    await asyncio.gather(probe, return_exceptions=True)
    assert (await client.get(host.url)).status == 200


async def test_refusal_with_a_breaker_starts_a_cooldown(
    host: ScriptedHost, make_client: MakeClient, cooldowns: MemoryCooldowns
) -> None:
    host.response = HostResponse(403)
    with pytest.raises(UpstreamCoolingDown):
        await make_client(breaker=CircuitBreaker()).get(host.url)
    assert cooldowns.states["host"].bans == 1


async def test_pause_holds_for_every_process_and_is_never_shortened(
    host: ScriptedHost, make_client: MakeClient, clock: AdjustableClock
) -> None:
    client = make_client()
    await client.pause(60, "an answer that is none")
    await client.pause(1, "shorter")
    clock.advance(59)
    for process in (client, make_client()):
        with pytest.raises(UpstreamCoolingDown):
            await process.get(host.url)
    clock.advance(1)
    assert (await client.get(host.url)).status == 200


@pytest.mark.parametrize("seconds", [1e9, 1e300, float("inf")])
async def test_pause_is_bounded(
    host: ScriptedHost, make_client: MakeClient, clock: AdjustableClock, seconds: float
) -> None:
    client = make_client()
    await client.pause(seconds, "an answer that is none")
    clock.advance(MAX_SECONDS)
    assert (await client.get(host.url)).status == 200


async def test_own_refusal_holds_although_it_cannot_be_saved(
    host: ScriptedHost, make_client: MakeClient, cooldowns: MemoryCooldowns, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def lost(*_: object) -> None:
        raise ConnectionError("The database does not answer.")

    monkeypatch.setattr(cooldowns, "save", lost)
    host.response, client = HostResponse(403), make_client()
    with pytest.raises(ConnectionError):
        await client.get(host.url)
    with pytest.raises(UpstreamCoolingDown):
        await client.get(host.url)
    assert len(host.requests) == 1


async def test_refusal_of_another_process_is_noticed_at_the_next_recheck(
    host: ScriptedHost, make_client: MakeClient, clock: AdjustableClock, cooldowns: MemoryCooldowns
) -> None:
    client = make_client(RequestPolicy(recheck_seconds=1))
    await client.get(host.url)
    await cooldowns.save("host", CooldownState(clock() + timedelta(seconds=60)), "of another process")
    clock.advance(0.9)
    await client.get(host.url)
    clock.advance(0.1)
    with pytest.raises(UpstreamCoolingDown):
        await client.get(host.url)


MEBIBYTE = 2**20


@pytest.mark.parametrize("encoding", ["identity", "gzip"])
async def test_body_is_not_read_beyond_the_maximum(
    host: ScriptedHost, make_client: MakeClient, cooldowns: MemoryCooldowns, encoding: str
) -> None:
    """64 MiB of zeros are 64 KiB of gzip: the size after decompression counts."""
    body = bytes(64 * MEBIBYTE)
    compressed = gzip.compress(body) if encoding == "gzip" else body
    host.response = HostResponse(200, {"Content-Encoding": encoding}, compressed)
    client = make_client(RequestPolicy(max_bytes=2 * MEBIBYTE, max_download_bytes=2 * MEBIBYTE))
    with pytest.raises(ResponseTooLarge, match="more than 2097152 bytes"):
        await client.get(host.url)
    into = BytesIO()
    with pytest.raises(ResponseTooLarge):
        await client.download(host.url, into)
    assert len(into.getvalue()) <= 4 * MEBIBYTE
    assert cooldowns.states.get("host", NO_COOLDOWN) == NO_COOLDOWN


async def test_compressed_content_is_decompressed(host: ScriptedHost, make_client: MakeClient) -> None:
    host.response = HostResponse(200, {"Content-Encoding": "gzip"}, gzip.compress(b"plain"))
    assert (await make_client().get(host.url)).body == b"plain"


CLOCK_RESOLUTION = 0.002  # seconds; timers may fire early by it


async def test_concurrent_requests_are_spaced() -> None:
    loop, times = asyncio.get_running_loop(), list[float]()

    def record_time(_: httpx2.Request) -> httpx2.Response:
        times.append(loop.time())
        return httpx2.Response(404)

    client = instant_client("host", MockHttp(record_time), policy=RequestPolicy(rate=50))
    began = loop.time()
    await asyncio.gather(*(client.get("http://host") for _ in range(6)))
    early = [turn for turn, timestamp in enumerate(times) if timestamp < began + turn / 50 - CLOCK_RESOLUTION]
    assert early == [], "each request has its turn; a busy machine sends it later, never earlier"


async def test_esi_requests_name_the_compatibility_date_and_leave_a_budget(
    host: ScriptedHost, make_client: MakeClient, clock: AdjustableClock
) -> None:
    esi = Esi(make_client(budget_pause=budget_pause), f"{host.url}/esi/")
    host.response = HostResponse(200, {"X-ESI-Error-Limit-Remain": "9", "X-ESI-Error-Limit-Reset": "30"})
    assert (await esi.get("killmails/1/ab")).status == 200
    with pytest.raises(UpstreamCoolingDown):
        await esi.post("universe/names", [1])
    clock.advance(30)
    await esi.post("universe/names", [1])
    assert host.paths == ["/esi/killmails/1/ab", "/esi/universe/names"]
    assert {headers["X-Compatibility-Date"] for _, headers, _ in host.requests} == {COMPATIBILITY_DATE}


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"x-esi-error-limit-remain": "10", "x-esi-error-limit-reset": "3"}, None),
        ({"x-esi-error-limit-remain": "9", "x-esi-error-limit-reset": "3"}, 3),
        ({"x-esi-error-limit-remain": "9"}, 60),
        ({"x-ratelimit-remaining": "9"}, 60),
        ({"x-ratelimit-remaining": "many"}, None),
    ],
)
def test_budget_of_esi(headers: dict[str, str], seconds: float | None) -> None:
    assert budget_pause(headers) == seconds


async def test_header_that_is_no_text_is_left_out(host: ScriptedHost, make_client: MakeClient) -> None:
    host.response = HostResponse(200, {"ETag": '"é"', "X-Total": "7"})
    headers = (await make_client().get(host.url)).headers
    assert (headers.get("etag"), headers.get("x-total"), headers.get("absent")) == (None, "7", None)


@pytest.mark.parametrize("url", ["no-url", "ftp://127.0.0.1/", "http://127.0.0.1:1/"])
async def test_address_that_nothing_answers_is_a_failure(make_client: MakeClient, url: str) -> None:
    with pytest.raises(UpstreamCoolingDown, match="does not respond"):
        await make_client().get(url)


@pytest.mark.parametrize(("follow_redirects", "status"), [(False, 302), (True, 200)])
async def test_redirect_is_followed_where_that_is_wanted(
    host: ScriptedHost, follow_redirects: bool, status: int
) -> None:
    host.queued.append(HostResponse(302, {"Location": f"{host.url}/there"}, b""))
    async with external_http(AGENT, follow_redirects=follow_redirects) as http:
        client = instant_client("host", http)
        assert (await client.get(f"{host.url}/here")).status == status
    assert host.paths == (["/here", "/there"] if follow_redirects else ["/here"])
