"""Asking the feed: file by file or several ahead, no faster than allowed, never a body larger than a mail can be."""

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import httpx2

from ingest_poll.feed_file import FeedFile, KillmailEntry, PlaceholderEntry, RefusedEntry, StubEntry, parse_file
from ingest_poll.feed_state import (
    FeedResponse,
    RequestFailed,
    FeedPosition,
    Forbidden,
    FileRead,
    Missing,
    PollingSchedule,
    Throttled,
    UnusableBody,
    prefetch_size,
    advance,
)

MAX_BODY_BYTES: Final = 16 * 1024 * 1024  # the largest mails ever had a few MB
CONNECT_TIMEOUT_SECONDS: Final = 10.0
TOTAL_TIMEOUT_SECONDS: Final = 15.0
MAX_IN_FLIGHT: Final = 8  # of a feed that allows some ten requests a second, more would only wait for their turn
MAX_BATCH_FILES: Final = 64  # a batch: enough to make one PUT and one transaction cheap
MAX_BATCH_BYTES: Final = 8 * 1024 * 1024  # a batch of giants is closed earlier, memory is small
MAX_BATCH_SECONDS: Final = 0.25  # after its first mail a batch waits no longer: it is live news


@dataclass(frozen=True, slots=True)
class FileBody:
    """What a 200 came with."""

    content: bytes


FetchResult = FileBody | Missing | Throttled | Forbidden | RequestFailed | UnusableBody


class RateLimiter:
    """Lets one through every 1/rate seconds; no burst ever makes up for a pause."""

    def __init__(self, rate: float) -> None:
        self._gap = 1 / rate
        self._next = 0.0

    async def acquire(self) -> None:
        loop = asyncio.get_running_loop()
        at = max(loop.time(), self._next)
        self._next = at + self._gap
        if at > loop.time():
            await asyncio.sleep(at - loop.time())


class FeedClient:
    """The R2Z2 host."""

    def __init__(self, client: httpx2.AsyncClient, url: str, *, max_rate: float) -> None:
        self._client = client
        self._url = f"{url.rstrip('/')}/ephemeral"
        self._rate_limiter = RateLimiter(max_rate)

    @property
    def url(self) -> str:
        return self._url

    async def fetch_file(self, sequence: int) -> FetchResult:
        """Ask for the file of one sequence."""
        return await self._ask(f"{self._url}/{sequence}.json")

    async def fetch_head(self) -> int | Throttled | Forbidden | RequestFailed:
        """The highest sequence the feed admits to; it may lag by some fifty."""
        match await self._ask(f"{self._url}/sequence.json"):
            case FileBody(content):
                return _head(content)
            case Missing() | UnusableBody():
                return RequestFailed("The feed has no sequence.json.")
            case other:
                return other

    async def _ask(self, url: str) -> FetchResult:
        await self._rate_limiter.acquire()
        try:
            async with asyncio.timeout(TOTAL_TIMEOUT_SECONDS), self._client.stream("GET", url) as response:
                return await _answer(response)
        except TimeoutError:
            return RequestFailed(f"The feed took longer than {TOTAL_TIMEOUT_SECONDS:.0f} s.")
        except httpx2.HTTPError as error:
            return RequestFailed(f"The feed does not answer: {error!r}.")


class PrefetchWindow:
    """Files asked for ahead of the cursor, handed over in order."""

    def __init__(self, feed: FeedClient) -> None:
        self._feed = feed
        self._first = 0
        self._tasks: deque[asyncio.Task[FetchResult]] = deque()

    def open(self, cursor: int, size: int) -> None:
        """See to it that the files from `cursor` on are being asked for, `size` at once."""
        if cursor != self._first:
            self.close()
            self._first = cursor
        while len(self._tasks) < size:
            self._tasks.append(asyncio.create_task(self._feed.fetch_file(self._first + len(self._tasks))))

    async def take(self, seconds: float | None) -> FetchResult | None:
        """The next answer in order, or nothing if it does not come in time (it stays asked for)."""
        done, _ = await asyncio.wait([self._tasks[0]], timeout=seconds)
        if not done:
            return None
        self._first += 1
        return self._tasks.popleft().result()

    def close(self) -> None:
        """Forget what is under way; old answers must not be taken for new ones."""
        for task in self._tasks:
            task.cancel()
        self._tasks.clear()
        self._first = 0


@dataclass(frozen=True, slots=True)
class FetchedBatch:
    """Files read in order, the position after them, and the answer that ended the batch, if one did."""

    files: tuple[FeedFile, ...]
    position: FeedPosition
    ended_by: FeedResponse | None = None


class FeedReader:
    """The feed as read files. `complete` fetches what an entry without body points to."""

    def __init__(
        self,
        feed: FeedClient,
        complete: Callable[[StubEntry], Awaitable[KillmailEntry | RefusedEntry | PlaceholderEntry | RequestFailed]],
        clock: Callable[[], datetime],
    ) -> None:
        self._feed = feed
        self._window = PrefetchWindow(feed)
        self._complete = complete
        self._clock = clock

    async def read_batch(self, position: FeedPosition) -> FetchedBatch:
        """Read on from the cursor until the batch is full, old enough, or the feed has no more."""
        loop = asyncio.get_running_loop()
        files: list[FeedFile] = []
        size, closes_at = 0, float("inf")
        while position.cursor is not None and len(files) < MAX_BATCH_FILES and size < MAX_BATCH_BYTES:
            self._window.open(position.cursor, prefetch_size(position, MAX_IN_FLIGHT))
            asked = await self._window.take(max(0.0, closes_at - loop.time()) if files else None)
            if asked is None:
                break
            got = await self._parse(position.cursor, asked)
            if not isinstance(got, FeedFile):
                return FetchedBatch(tuple(files), position, got)
            files.append(got)
            size += len(asked.content) if isinstance(asked, FileBody) else 0
            closes_at = min(closes_at, loop.time() + MAX_BATCH_SECONDS)
            position = advance(position, FileRead(), self._clock(), PollingSchedule(), 0.0).position
        return FetchedBatch(tuple(files), position)

    async def read_file(self, sequence: int) -> FeedFile | FeedResponse:
        """Read one file out of order."""
        return await self._parse(sequence, await self._feed.fetch_file(sequence))

    def close(self) -> None:
        self._window.close()

    async def _parse(self, sequence: int, asked: FetchResult) -> FeedFile | FeedResponse:
        if not isinstance(asked, FileBody):
            return asked
        fetch_file = parse_file(sequence, asked.content, self._clock())
        if not isinstance(fetch_file, FeedFile) or not isinstance(fetch_file.entry, StubEntry):
            return fetch_file
        entry = await self._complete(fetch_file.entry)
        return entry if isinstance(entry, RequestFailed) else replace(fetch_file, entry=entry)


async def _answer(response: httpx2.Response) -> FetchResult:
    match response.status_code:
        case 200:
            return await _body(response)
        case 404:
            return Missing()
        case 429:
            return Throttled(_seconds(response.headers.get("retry-after")))
        case 403:
            return Forbidden()
        case status:
            return RequestFailed(f"The feed answers with status {status}.")


async def _body(response: httpx2.Response) -> FileBody | UnusableBody:
    parts: list[bytes] = []
    size = 0
    async for part in response.aiter_bytes():
        size += len(part)
        if size > MAX_BODY_BYTES:
            return UnusableBody(f"The feed answers with more than {MAX_BODY_BYTES} bytes.")
        parts.append(part)
    return FileBody(b"".join(parts))


def _seconds(retry_after: str | None) -> float | None:
    """A `Retry-After` in seconds; the form with a date is not worth a parser and counts as absent."""
    return float(retry_after) if retry_after and retry_after.isdecimal() else None


def _head(content: bytes) -> int | RequestFailed:
    try:
        fetch_head = json.loads(content)["sequence"]
    except (ValueError, KeyError, TypeError):
        return RequestFailed("The feed's sequence.json names no sequence.")
    return fetch_head if isinstance(fetch_head, int) and fetch_head > 0 else RequestFailed("The feed's sequence.json names no sequence.")
