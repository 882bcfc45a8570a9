"""Feed client and reader over a mock transport: results by status, prefetching and batches."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx2
import pytest

from battlescope_local.testing.upstreams import NOON, MockHttp, instant_client
from ingest_poll.feed.feed_state import CoolingDown, FeedPosition, Missing, RequestFailed, UnusableBody
from ingest_poll.sources.feed_client import MAX_IN_FLIGHT, UPSTREAM, FeedClient, FileBody, request_policy
from ingest_poll.sources.feed_reader import MAX_BATCH_FILES, FeedReader, PrefetchWindow

MAX_BYTES = 1024 * 1024
Responder = Callable[[httpx2.Request], httpx2.Response]


def feed(respond: Any) -> FeedClient:
    policy = replace(request_policy(1e6), max_bytes=MAX_BYTES)
    upstream = instant_client(UPSTREAM, MockHttp(respond), policy=policy)
    return FeedClient(upstream, "http://feed/", 10_000)


@pytest.mark.parametrize(
    ("response", "result"),
    [
        (httpx2.Response(200, content=b"{}"), FileBody(b"{}")),
        (httpx2.Response(404), Missing()),
        (httpx2.Response(302, headers={"location": "/"}), RequestFailed("The feed responds with status 302.")),
    ],
)
async def test_every_status_has_its_result(response: httpx2.Response, result: object) -> None:
    assert await feed(lambda _: response).fetch_file(5) == result


@pytest.mark.parametrize(
    ("response", "seconds"),
    [
        (httpx2.Response(429, headers={"retry-after": "17"}), 17),
        (httpx2.Response(429, headers={"retry-after": "Sat, 03 Oct 2026 12:00:40 GMT"}), 40),
        (httpx2.Response(429), 10),
        (httpx2.Response(403), 60),
        (httpx2.Response(503), 0.5),
    ],
)
async def test_refusal_and_failure_start_a_cooldown(response: httpx2.Response, seconds: float) -> None:
    result = await feed(lambda _: response).fetch_file(5)
    assert isinstance(result, CoolingDown)
    assert result.until == NOON + timedelta(seconds=seconds)
    assert f"status {response.status_code}" in result.reason


async def test_transport_error_starts_a_cooldown() -> None:
    def fail(request: httpx2.Request) -> httpx2.Response:
        raise httpx2.ReadError("gone", request=request)

    assert isinstance(await feed(fail).fetch_file(5), CoolingDown)


async def test_too_large_body_is_unusable() -> None:
    result = await feed(lambda _: httpx2.Response(200, content=b"x" * (MAX_BYTES + 1))).fetch_file(5)
    assert result == UnusableBody(f"http://feed/ephemeral/5.json has more than {MAX_BYTES} bytes.")


@pytest.mark.parametrize(
    ("content", "head"),
    [
        (b'{"sequence": 77}', 77),
        (b"<html>", None),
        (b"[]", None),
        (b'{"sequence": "77"}', None),
        *(
            (b'{"sequence": ' + odd + b"}", None)
            for odd in (b"true", b"0", b"-1", b"1.0", b"null", b"9" * 30, b'"\xed\xa0"', b"[" * 9_999)
        ),
    ],
)
async def test_head_is_a_number_or_a_failure(content: bytes, head: int | None) -> None:
    result = await feed(lambda _: httpx2.Response(200, content=content)).fetch_head()
    assert result == head or (head is None and isinstance(result, RequestFailed))


async def test_prefetch_window_returns_results_in_order() -> None:
    async def respond(request: httpx2.Request) -> httpx2.Response:
        sequence = int(request.url.path.split("/")[-1][:-5])
        await asyncio.sleep(0.01 * (5 - sequence % 5))
        return httpx2.Response(200, content=str(sequence).encode())

    window = PrefetchWindow(feed(respond))
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
