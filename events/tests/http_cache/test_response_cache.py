"""Kept answers: rendered once, dropped by the change of what they show, never kept when a change came meanwhile."""

import asyncio
import gzip
from typing import TYPE_CHECKING

import brotli
import pytest
from fastapi import Request

from battlescope_events.errors import TransientError
from battlescope_events.http_cache import response_cache
from battlescope_events.http_cache.response_cache import EVERYTHING, STALE_SECONDS, Rendered, ResponseCache

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


class Source:
    """What is rendered, and how often."""

    def __init__(self) -> None:
        self.text, self.count, self.is_away = "a" * 2000, 0, False
        self.during: Callable[[], Awaitable[None]] | None = None

    async def render(self) -> Rendered:
        self.count += 1
        text = self.text
        if self.is_away:
            raise TransientError("The database does not answer.")
        if self.during:
            await self.during()
        return Rendered(f'"{text}"'.encode(), max_age=30)


def request_for(path: str = "/x", **headers: str) -> Request:
    pairs = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    scope = {"type": "http", "method": "GET", "path": path, "query_string": b"", "headers": pairs}
    return Request({**scope, "server": ("x", 80), "scheme": "http"})


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def cache(clock: Clock) -> ResponseCache:
    made = ResponseCache(clock)
    made.subscription_began()
    return made


async def test_answer_is_rendered_once_until_its_subject_changes(cache: ResponseCache) -> None:
    source = Source()
    first = await cache.answer(request_for(), ["1"], source.render)
    source.text = "b"
    assert (await cache.answer(request_for(), ["1"], source.render)).body == first.body
    cache.notified("2,3")
    assert (await cache.answer(request_for(), ["1"], source.render)).body == first.body
    cache.notified("2,1")
    assert (await cache.answer(request_for(), ["1"], source.render)).body == b'"b"'
    assert source.count == 2


@pytest.mark.parametrize("payload", ["2", "*"])
async def test_list_depends_on_every_change(cache: ResponseCache, payload: str) -> None:
    source = Source()
    for _ in range(2):
        await cache.answer(request_for(), [EVERYTHING], source.render)
    cache.notified(payload)
    await cache.answer(request_for(), [EVERYTHING], source.render)
    assert source.count == 2


@pytest.mark.parametrize("payload", ["1", "*"])
async def test_answer_that_was_read_before_a_change_is_not_kept(cache: ResponseCache, payload: str) -> None:
    source = Source()

    async def change() -> None:
        source.text = "new"
        cache.notified(payload)

    source.during = change
    assert b"aaa" in (await cache.answer(request_for(), ["1"], source.render)).body
    source.during = None
    assert (await cache.answer(request_for(), ["1"], source.render)).body == b'"new"'


async def test_request_after_a_change_does_not_share_what_was_begun_before_it(cache: ResponseCache) -> None:
    source, gate = Source(), asyncio.Event()

    async def wait() -> None:
        await gate.wait()

    source.during = wait
    early = [asyncio.create_task(cache.answer(request_for(), ["1"], source.render)) for _ in range(3)]
    await asyncio.sleep(0)
    source.text = "new"
    cache.notified("1")
    late = asyncio.create_task(cache.answer(request_for(), ["1"], source.render))
    await asyncio.sleep(0)
    gate.set()
    assert all(b"aaa" in response.body for response in await asyncio.gather(*early))
    assert (await late).body == b'"new"'
    assert source.count == 2


async def test_cancelled_request_does_not_cancel_the_others(cache: ResponseCache) -> None:
    source, gate = Source(), asyncio.Event()

    async def wait() -> None:
        await gate.wait()

    source.during = wait
    first = asyncio.create_task(cache.answer(request_for(), ["1"], source.render))
    second = asyncio.create_task(cache.answer(request_for(), ["1"], source.render))
    await asyncio.sleep(0)
    second.cancel()
    gate.set()
    assert b"aaa" in (await first).body


async def test_kept_answer_expires(cache: ResponseCache, clock: Clock) -> None:
    source = Source()
    await cache.answer(request_for(), (), source.render)
    clock.now += 29
    await cache.answer(request_for(), (), source.render)
    clock.now += 1
    await cache.answer(request_for(), (), source.render)
    assert source.count == 2


async def test_without_a_subscription_nothing_is_kept(clock: Clock) -> None:
    cache, source = ResponseCache(clock), Source()
    for _ in range(2):
        await cache.answer(request_for(), ["1"], source.render)
    assert source.count == 2


async def test_kept_answer_stands_in_for_the_database_and_says_so(cache: ResponseCache, clock: Clock) -> None:
    source = Source()
    await cache.answer(request_for(), ["1"], source.render)
    cache.subscription_ended()
    source.is_away = True
    stale = await cache.answer(request_for(), ["1"], source.render)
    assert (stale.headers["warning"], stale.headers["cache-control"]) == (
        '110 - "Response is stale"',
        "private, no-cache",
    )
    with pytest.raises(TransientError):
        await cache.answer(request_for("/other"), ["1"], source.render)
    clock.now += STALE_SECONDS
    with pytest.raises(TransientError):
        await cache.answer(request_for(), ["1"], source.render)
    source.is_away, source.text = False, "back"
    cache.subscription_began()
    fresh = await cache.answer(request_for(), ["1"], source.render)
    assert (fresh.body, "warning" in fresh.headers) == (b'"back"', False)


async def test_compressed_bytes_are_kept_too(cache: ResponseCache) -> None:
    source = Source()
    plain = await cache.answer(request_for(), ["1"], source.render)
    for accepted, coding, decompress in (
        ("gzip", "gzip", gzip.decompress),
        ("gzip, deflate, br", "br", brotli.decompress),
        ("br;q=0, gzip", "gzip", gzip.decompress),
    ):
        packed = await cache.answer(request_for(accept_encoding=accepted), ["1"], source.render)
        assert decompress(packed.body) == plain.body
        assert packed.headers["etag"] == f'{plain.headers["etag"][:-1]}-{coding}"'
        assert (packed.headers["content-encoding"], packed.headers["vary"]) == (coding, "Accept-Encoding")
    again = await cache.answer(request_for(if_none_match=plain.headers["etag"]), ["1"], source.render)
    assert (again.status_code, again.body) == (304, b"")


async def test_requests_at_once_compress_an_answer_once(cache: ResponseCache, monkeypatch: pytest.MonkeyPatch) -> None:
    source, compressed = Source(), list[bytes]()

    def compress(content: bytes) -> bytes:
        compressed.append(content)
        return gzip.compress(content)

    monkeypatch.setitem(response_cache._CODINGS, "gzip", compress)
    source.text = "a" * 100_000  # compressed by a thread
    ask = [cache.answer(request_for(accept_encoding="gzip"), ["1"], source.render) for _ in range(5)]
    answers = await asyncio.gather(*ask)
    assert (len(compressed), len({bytes(answer.body) for answer in answers})) == (1, 1)


async def test_oldest_answers_leave_when_there_are_too_many_bytes(clock: Clock) -> None:
    cache, source = ResponseCache(clock, max_bytes=7000), Source()
    cache.subscription_began()
    for path in ("/1", "/2", "/3", "/4", "/1"):
        await cache.answer(request_for(path), ["1"], source.render)
    assert source.count == 5
    await cache.answer(request_for("/4"), ["1"], source.render)
    assert source.count == 5


async def test_rendered_answer_has_a_key_an_etag_and_a_time_of_its_own(cache: ResponseCache, clock: Clock) -> None:
    count = 0

    async def render() -> Rendered:
        nonlocal count
        count += 1
        return Rendered(b"x", max_age=30, etag='"own"', kept_seconds=60)

    for key in ("a", "a", "b"):
        assert (await cache.rendered(key, [EVERYTHING], render)).etag == '"own"'
    assert count == 2
    clock.now += 59
    await cache.rendered("a", [EVERYTHING], render)
    assert count == 2
    clock.now += 1
    await cache.rendered("a", [EVERYTHING], render)
    assert count == 3
    cache.notified("1")
    await cache.rendered("a", [EVERYTHING], render)
    assert count == 4


async def test_nothing_stands_in_for_a_rendered_answer(cache: ResponseCache) -> None:
    source = Source()
    await cache.rendered("a", [EVERYTHING], source.render)
    cache.subscription_ended()
    source.is_away = True
    with pytest.raises(TransientError):
        await cache.rendered("a", [EVERYTHING], source.render)
