"""Feed client: fetches files in order with prefetching."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from http import HTTPStatus
from typing import Annotated, Final

import msgspec

from battlescope_events.upstream.client import RequestPolicy, UpstreamClient
from battlescope_events.upstream.errors import ResponseTooLarge, UpstreamCoolingDown
from ingest_poll.feed_file import FeedFile, parse_file
from ingest_poll.feed_state import (
    MAX_SEQUENCE,
    CoolingDown,
    FeedPosition,
    FeedResponse,
    FileRead,
    Missing,
    PollingSchedule,
    RequestFailed,
    UnusableBody,
    advance,
    prefetch_size,
)

UPSTREAM: Final = "r2z2"  # the name of its cooldown, which ingest-backfill and ingest-verify share
MAX_IN_FLIGHT: Final = 8  # the feed allows some ten requests per second; more requests would only wait for the limiter
MAX_BATCH_FILES: Final = 64  # enough to make one PUT and one transaction cheap
MAX_BATCH_BYTES: Final = 8 * 1024 * 1024  # a batch of huge killmails ends earlier, because memory is small
MAX_BATCH_SECONDS: Final = 0.25  # a batch waits no longer after its first file: killmails are live


class _Head(msgspec.Struct):
    """The content of `sequence.json`."""

    sequence: Annotated[int, msgspec.Meta(gt=0, le=MAX_SEQUENCE)]


_HEAD: Final = msgspec.json.Decoder(_Head)


@dataclass(frozen=True, slots=True)
class FileBody:
    """The body of a 200 response."""

    content: bytes


FetchResult = FileBody | Missing | CoolingDown | RequestFailed | UnusableBody


def request_policy(max_rate: float) -> RequestPolicy:
    """`max_rate`: requests per second. The largest killmails so far have a few MB.

    A refusal of another function is noticed within a second; to notice it at once, each file would need a statement.
    """
    return RequestPolicy(rate=max_rate, total_timeout=15.0, max_bytes=16 * 1024 * 1024, recheck_seconds=1.0)


class FeedClient:
    """The R2Z2 host."""

    def __init__(self, upstream: UpstreamClient, url: str) -> None:
        self._upstream = upstream
        self._url = f"{url.rstrip('/')}/ephemeral"

    @property
    def url(self) -> str:
        return self._url

    async def fetch_file(self, sequence: int) -> FetchResult:
        return await self._get(f"{self._url}/{sequence}.json")

    async def fetch_head(self) -> int | CoolingDown | RequestFailed:
        """The highest sequence that the feed states; it may lag by about fifty."""
        match await self._get(f"{self._url}/sequence.json"):
            case FileBody(content):
                return _parse_head(content)
            case Missing() | UnusableBody():
                return RequestFailed("The feed has no sequence.json.")
            case failure:
                return failure

    async def _get(self, url: str) -> FetchResult:
        try:
            response = await self._upstream.get(url)
        except UpstreamCoolingDown as error:
            return CoolingDown(error.until, str(error))
        except ResponseTooLarge as error:
            return UnusableBody(str(error))
        match response.status:
            case HTTPStatus.OK:
                return FileBody(response.body)
            case HTTPStatus.NOT_FOUND:
                return Missing()
            case status:
                return RequestFailed(f"The feed responds with status {status}.")


class PrefetchWindow:
    """Files requested ahead of the cursor, returned in order."""

    def __init__(self, feed: FeedClient) -> None:
        self._feed = feed
        self._first = 0
        self._tasks: deque[asyncio.Task[FetchResult]] = deque()

    def open(self, cursor: int, size: int) -> None:
        """Keep requests for `size` files in flight, from `cursor` on."""
        if cursor != self._first:
            self.close()
            self._first = cursor
        while len(self._tasks) < size:
            self._tasks.append(asyncio.create_task(self._feed.fetch_file(self._first + len(self._tasks))))

    async def take(self, timeout_seconds: float | None) -> FetchResult | None:
        """The next result in order, or none after the timeout; its request then stays in flight."""
        done, _ = await asyncio.wait([self._tasks[0]], timeout=timeout_seconds)
        if not done:
            return None
        self._first += 1
        return self._tasks.popleft().result()

    def close(self) -> None:
        """Cancel the requests in flight, so that no outdated result is returned later."""
        for task in self._tasks:
            task.cancel()
        self._tasks.clear()
        self._first = 0


@dataclass(frozen=True, slots=True)
class FetchedBatch:
    """Files read in order, the position after them, and the response that ended the batch, if any."""

    files: tuple[FeedFile, ...]
    position: FeedPosition
    ended_by: FeedResponse | None = None


class FeedReader:
    """Fetches and parses files. `complete` loads the body of a file whose entry has none."""

    def __init__(
        self,
        feed: FeedClient,
        complete: Callable[[FeedFile], Awaitable[FeedFile | RequestFailed | UnusableBody]],
        clock: Callable[[], datetime],
    ) -> None:
        self._feed = feed
        self._window = PrefetchWindow(feed)
        self._complete = complete
        self._clock = clock

    async def read_batch(self, position: FeedPosition) -> FetchedBatch:
        """Read from the cursor on until the batch is full or old enough, or the feed has no next file."""
        loop = asyncio.get_running_loop()
        files: list[FeedFile] = []
        size, closes_at = 0, float("inf")
        while position.cursor is not None and len(files) < MAX_BATCH_FILES and size < MAX_BATCH_BYTES:
            self._window.open(position.cursor, prefetch_size(position, MAX_IN_FLIGHT))
            fetched = await self._window.take(max(0.0, closes_at - loop.time()) if files else None)
            if fetched is None:
                break
            file = await self._parse(position.cursor, fetched)
            if not isinstance(file, FeedFile):
                return FetchedBatch(tuple(files), position, file)
            files.append(file)
            size += len(fetched.content) if isinstance(fetched, FileBody) else 0
            closes_at = min(closes_at, loop.time() + MAX_BATCH_SECONDS)
            position = advance(position, FileRead(), self._clock(), PollingSchedule(), 0.0).position
        return FetchedBatch(tuple(files), position)

    async def read_file(self, sequence: int) -> FeedFile | FeedResponse:
        """Read one file outside the prefetch window."""
        return await self._parse(sequence, await self._feed.fetch_file(sequence))

    def close(self) -> None:
        self._window.close()

    async def _parse(self, sequence: int, fetched: FetchResult) -> FeedFile | FeedResponse:
        if not isinstance(fetched, FileBody):
            return fetched
        file = parse_file(sequence, fetched.content, self._clock())
        return await self._complete(file) if isinstance(file, FeedFile) and file.is_stub else file


def _parse_head(content: bytes) -> int | RequestFailed:
    try:
        return _HEAD.decode(content).sequence
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return RequestFailed("The feed's sequence.json states no sequence.")
