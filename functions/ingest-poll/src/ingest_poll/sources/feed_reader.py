"""Reads the files of the feed in order, with some requested ahead, in batches."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Final, NamedTuple

from ingest_poll.feed.feed_file import FeedFile, parse_file
from ingest_poll.feed.feed_state import (
    CALM_FILES,
    FeedPosition,
    FeedResponse,
    FileRead,
    PollingSchedule,
    RequestFailed,
    UnusableBody,
    advance,
    prefetch_size,
)
from ingest_poll.sources.feed_client import FeedClient, FetchResult, FileBody

MAX_BATCH_FILES: Final = 64  # enough to make one PUT and one transaction cheap
BUSY_BATCH_FILES: Final = 500  # one slice of killmail-enrich, after a batch that was large
MAX_BATCH_BYTES: Final = 8 * 1024 * 1024  # a batch of huge killmails ends earlier, because memory is small
MAX_BATCH_SECONDS: Final = 0.25  # a batch waits no longer after its first file: killmails are live
BUSY_BATCH_SECONDS: Final = 0.5  # larger batches cost less a killmail, and what costs less is there sooner
BACKLOG_BATCH_SECONDS: Final = 1.0  # of a backlog, which is late already


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
        task = self._tasks[0]
        if not task.done():  # to wait for it takes a tenth of the CPU of a request
            await asyncio.wait([task], timeout=timeout_seconds)
        if not task.done():
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


class _Limits(NamedTuple):
    """How many files a batch may hold, and for how many seconds it waits after its first one."""

    files: int
    seconds: float


_CALM: Final = _Limits(MAX_BATCH_FILES, MAX_BATCH_SECONDS)
_BUSY: Final = _Limits(BUSY_BATCH_FILES, BUSY_BATCH_SECONDS)
_BACKLOG: Final = _Limits(BUSY_BATCH_FILES, BACKLOG_BATCH_SECONDS)


class FeedReader:
    """Fetches and parses files. `complete` loads the body of a file whose entry has none.

    A batch of more than `CALM_FILES` files shows that many wait: the next one may be larger.
    """

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
        self._is_busy = False
        self._backlog_window = PrefetchWindow(feed)

    async def read_batch(self, position: FeedPosition) -> FetchedBatch:
        """Read from the cursor on until the batch is full or old enough, or the feed has no next file."""
        maximum, limits = self._feed.max_in_flight, _BUSY if self._is_busy else _CALM
        batch = await self._read(position, self._window, limits, lambda at: prefetch_size(at, maximum))
        self._is_busy = len(batch.files) > CALM_FILES
        return batch

    async def read_backlog(self, position: FeedPosition) -> FetchedBatch:
        """As `read_batch`, but up to the head only, and with half of the requests: a file of the present waits less."""
        ahead = self._feed.max_in_flight // 2
        return await self._read(
            position, self._backlog_window, _BACKLOG, lambda at: min(ahead, (at.head or 0) - (at.cursor or 0))
        )

    async def _read(
        self, position: FeedPosition, window: PrefetchWindow, limits: _Limits, ahead: Callable[[FeedPosition], int]
    ) -> FetchedBatch:
        """`ahead`: how many files to request at once; none ends the batch."""
        loop = asyncio.get_running_loop()
        files: list[FeedFile] = []
        size, closes_at = 0, float("inf")
        while position.cursor is not None and len(files) < limits.files and size < MAX_BATCH_BYTES:
            in_flight = ahead(position)
            if in_flight < 1:
                break
            window.open(position.cursor, in_flight)
            fetched = await window.take(max(0.0, closes_at - loop.time()) if files else None)
            if fetched is None:
                break
            file = await self._parse(position.cursor, fetched)
            if not isinstance(file, FeedFile):
                return FetchedBatch(tuple(files), position, file)
            files.append(file)
            size += len(fetched.content) if isinstance(fetched, FileBody) else 0
            closes_at = min(closes_at, loop.time() + limits.seconds)
            position = advance(position, FileRead(), self._clock(), PollingSchedule(), 0.0).position
        return FetchedBatch(tuple(files), position)

    async def read_file(self, sequence: int) -> FeedFile | FeedResponse:
        """Read one file outside the prefetch window."""
        return await self._parse(sequence, await self._feed.fetch_file(sequence))

    def close(self) -> None:
        self._window.close()
        self._backlog_window.close()

    def close_present(self) -> None:
        """Cancel the requests for files of the present: what the feed lacks now may be there later."""
        self._window.close()

    async def _parse(self, sequence: int, fetched: FetchResult) -> FeedFile | FeedResponse:
        if not isinstance(fetched, FileBody):
            return fetched
        file = parse_file(sequence, fetched.content, self._clock())
        return await self._complete(file) if isinstance(file, FeedFile) and file.is_stub else file
