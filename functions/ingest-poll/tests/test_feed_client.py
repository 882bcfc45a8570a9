"""Feed client over a mock transport: results by status, rate limit, prefetching and batches."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import httpx2
import pytest

from ingest_poll.feed_client import (
    MAX_BATCH_FILES,
    MAX_BODY_BYTES,
    MAX_IN_FLIGHT,
    FeedClient,
    FeedReader,
    FileBody,
    PrefetchWindow,
)
from ingest_poll.feed_state import FeedPosition, Forbidden, Missing, RequestFailed, Throttled, UnusableBody

Responder = Callable[[httpx2.Request], httpx2.Response]


def client(respond: Responder) -> httpx2.AsyncClient:
    return httpx2.AsyncClient(transport=httpx2.MockTransport(respond))


def feed(respond: Responder, *, max_rate: float = 1e6) -> FeedClient:
    return FeedClient(client(respond), "http://feed/", max_rate=max_rate)


@pytest.mark.parametrize(
    ("response", "result"),
    [
        (httpx2.Response(200, content=b"{}"), FileBody(b"{}")),
        (httpx2.Response(404), Missing()),
        (httpx2.Response(429, headers={"retry-after": "17"}), Throttled(17.0)),
        (httpx2.Response(429, headers={"retry-after": "Wed, 21 Oct 2026 07:28:00 GMT"}), Throttled(None)),
        (httpx2.Response(429), Throttled(None)),
        (httpx2.Response(403), Forbidden()),
        (httpx2.Response(503), RequestFailed("The feed responds with status 503.")),
        (httpx2.Response(302, headers={"location": "/"}), RequestFailed("The feed responds with status 302.")),
    ],
)
async def test_every_status_has_its_result(response: httpx2.Response, result: object) -> None:
    assert await feed(lambda _: response).fetch_file(5) == result


async def test_transport_error_is_a_failure() -> None:
    def fail(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ReadError("gone", request=request)

    assert isinstance(await feed(fail).fetch_file(5), RequestFailed)


async def test_body_is_not_read_beyond_the_limit() -> None:
    parts_read = list[int]()

    async def endless() -> Any:
        while True:
            parts_read.append(1)
            yield b"x" * 2**20

    result = await feed(lambda _: httpx2.Response(200, content=endless())).fetch_file(5)
    assert isinstance(result, UnusableBody)
    assert len(parts_read) <= MAX_BODY_BYTES // 2**20 + 1


@pytest.mark.parametrize(
    ("content", "head"), [(b'{"sequence": 77}', 77), (b"<html>", None), (b"[]", None), (b'{"sequence": "77"}', None)]
)
async def test_head_is_a_number_or_a_failure(content: bytes, head: int | None) -> None:
    result = await feed(lambda _: httpx2.Response(200, content=content)).fetch_head()
    assert result == head or (head is None and isinstance(result, RequestFailed))


CLOCK = 0.002  # seconds; timers may fire early by the resolution of the clock


async def test_rate_limit_holds_for_concurrent_requests() -> None:
    loop, times = asyncio.get_running_loop(), list[float]()

    def record_time(_: httpx2.Request) -> httpx2.Response:
        times.append(loop.time())
        return httpx2.Response(404)

    limited_feed, began = feed(record_time, max_rate=50), loop.time()
    await asyncio.gather(*(limited_feed.fetch_file(n) for n in range(6)))
    early = [turn for turn, timestamp in enumerate(times) if timestamp < began + turn / 50 - CLOCK]
    assert early == [], "each request has its turn; a busy machine sends it later, never earlier"


async def test_prefetch_window_returns_results_in_order() -> None:
    async def respond(request: httpx2.Request) -> httpx2.Response:
        sequence = int(request.url.path.split("/")[-1][:-5])
        await asyncio.sleep(0.01 * (5 - sequence % 5))
        return httpx2.Response(200, content=str(sequence).encode())

    window = PrefetchWindow(FeedClient(client(respond), "http://feed", max_rate=1e6))
    window.open(100, 5)
    assert [await window.take(None) for _ in range(5)] == [FileBody(str(n).encode()) for n in range(100, 105)]
    window.open(105, 2)
    window.open(3, 1)  # another cursor cancels the requests in flight
    assert await window.take(None) == FileBody(b"3")
    window.close()


def reader(respond: Responder) -> FeedReader:
    async def no_stub(_: object) -> RequestFailed:
        raise AssertionError("The feed sent no stub entry.")

    return FeedReader(feed(respond), no_stub, lambda: datetime(2026, 10, 3, 13, tzinfo=UTC))


async def test_batch_ends_at_the_first_missing_file_and_keeps_the_files_before_it(factory: Any) -> None:
    def respond(request: httpx2.Request) -> httpx2.Response:
        sequence = int(request.url.path.split("/")[-1][:-5])
        exists = sequence in {100, 101, 103}
        return httpx2.Response(200, content=factory.file(sequence)) if exists else httpx2.Response(404)

    batch = await reader(respond).read_batch(FeedPosition(cursor=100, head=110))
    assert [file.sequence for file in batch.files] == [100, 101]
    assert batch.position.cursor == 102
    assert batch.ended_by == Missing()


async def test_batch_ends_at_its_maximum_size(factory: Any) -> None:
    requested_paths = list[str]()

    def respond(request: httpx2.Request) -> httpx2.Response:
        requested_paths.append(request.url.path)
        return httpx2.Response(200, content=factory.file(int(request.url.path.split("/")[-1][:-5])))

    feed_reader = reader(respond)
    batch = await feed_reader.read_batch(FeedPosition(cursor=100, head=10_000))
    feed_reader.close()
    assert len(batch.files) <= MAX_BATCH_FILES
    assert batch.position.cursor == 100 + len(batch.files)
    assert len(requested_paths) <= MAX_BATCH_FILES + MAX_IN_FLIGHT
