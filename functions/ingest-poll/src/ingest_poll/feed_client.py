"""Asking the feed: file by file or several ahead, no faster than allowed, never a body larger than a mail can be."""

import asyncio
import json
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

import httpx2

from ingest_poll.feed_file import File, Mail, Placeholder, Refusal, StubEntry, read
from ingest_poll.feed_state import (
    Answer,
    Failed,
    FeedPosition,
    Forbidden,
    Found,
    Missing,
    PollingSchedule,
    Throttled,
    Unusable,
    ahead,
    step,
)

LARGEST_BODY: Final = 16 * 1024 * 1024  # the largest mails ever had a few MB
CONNECT_SECONDS: Final = 10.0
TOTAL_SECONDS: Final = 15.0
IN_FLIGHT: Final = 8  # of a feed that allows some ten requests a second, more would only wait for their turn
MOST_MAILS: Final = 64  # a batch: enough to make one PUT and one transaction cheap
MOST_BYTES: Final = 8 * 1024 * 1024  # a batch of giants is closed earlier, memory is small
BATCH_SECONDS: Final = 0.25  # after its first mail a batch waits no longer: it is live news


@dataclass(frozen=True, slots=True)
class Body:
    """What a 200 came with."""

    content: bytes


Asked = Body | Missing | Throttled | Forbidden | Failed | Unusable


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


class Feed:
    """The R2Z2 host."""

    def __init__(self, client: httpx2.AsyncClient, url: str, *, max_rate: float) -> None:
        self._client = client
        self._url = f"{url.rstrip('/')}/ephemeral"
        self._spacing = RateLimiter(max_rate)

    @property
    def url(self) -> str:
        return self._url

    async def file(self, sequence: int) -> Asked:
        """Ask for the file of one sequence."""
        return await self._ask(f"{self._url}/{sequence}.json")

    async def head(self) -> int | Throttled | Forbidden | Failed:
        """The highest sequence the feed admits to; it may lag by some fifty."""
        match await self._ask(f"{self._url}/sequence.json"):
            case Body(content):
                return _head(content)
            case Missing() | Unusable():
                return Failed("The feed has no sequence.json.")
            case other:
                return other

    async def _ask(self, url: str) -> Asked:
        await self._spacing.acquire()
        try:
            async with asyncio.timeout(TOTAL_SECONDS), self._client.stream("GET", url) as response:
                return await _answer(response)
        except TimeoutError:
            return Failed(f"The feed took longer than {TOTAL_SECONDS:.0f} s.")
        except httpx2.HTTPError as error:
            return Failed(f"The feed does not answer: {error!r}.")


class PrefetchWindow:
    """Files asked for ahead of the cursor, handed over in order."""

    def __init__(self, feed: Feed) -> None:
        self._feed = feed
        self._first = 0
        self._tasks: deque[asyncio.Task[Asked]] = deque()

    def open(self, cursor: int, size: int) -> None:
        """See to it that the files from `cursor` on are being asked for, `size` at once."""
        if cursor != self._first:
            self.close()
            self._first = cursor
        while len(self._tasks) < size:
            self._tasks.append(asyncio.create_task(self._feed.file(self._first + len(self._tasks))))

    async def take(self, seconds: float | None) -> Asked | None:
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
class Batch:
    """Files read in order, the position after them, and the answer that ended the batch, if one did."""

    files: tuple[File, ...]
    position: FeedPosition
    ended_by: Answer | None = None


class Reader:
    """The feed as read files. `complete` fetches what an entry without body points to."""

    def __init__(
        self,
        feed: Feed,
        complete: Callable[[StubEntry], Awaitable[Mail | Refusal | Placeholder | Failed]],
        clock: Callable[[], datetime],
    ) -> None:
        self._feed = feed
        self._window = PrefetchWindow(feed)
        self._complete = complete
        self._clock = clock

    async def batch(self, position: FeedPosition) -> Batch:
        """Read on from the cursor until the batch is full, old enough, or the feed has no more."""
        loop = asyncio.get_running_loop()
        files: list[File] = []
        size, closes_at = 0, float("inf")
        while position.cursor is not None and len(files) < MOST_MAILS and size < MOST_BYTES:
            self._window.open(position.cursor, ahead(position, IN_FLIGHT))
            asked = await self._window.take(max(0.0, closes_at - loop.time()) if files else None)
            if asked is None:
                break
            got = await self._read(position.cursor, asked)
            if not isinstance(got, File):
                return Batch(tuple(files), position, got)
            files.append(got)
            size += len(asked.content) if isinstance(asked, Body) else 0
            closes_at = min(closes_at, loop.time() + BATCH_SECONDS)
            position = step(position, Found(), self._clock(), PollingSchedule(), 0.0).position
        return Batch(tuple(files), position)

    async def read(self, sequence: int) -> File | Answer:
        """Read one file out of order."""
        return await self._read(sequence, await self._feed.file(sequence))

    def close(self) -> None:
        self._window.close()

    async def _read(self, sequence: int, asked: Asked) -> File | Answer:
        if not isinstance(asked, Body):
            return asked
        file = read(sequence, asked.content, self._clock())
        if not isinstance(file, File) or not isinstance(file.entry, StubEntry):
            return file
        entry = await self._complete(file.entry)
        return entry if isinstance(entry, Failed) else replace(file, entry=entry)


async def _answer(response: httpx2.Response) -> Asked:
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
            return Failed(f"The feed answers with status {status}.")


async def _body(response: httpx2.Response) -> Body | Unusable:
    parts: list[bytes] = []
    size = 0
    async for part in response.aiter_bytes():
        size += len(part)
        if size > LARGEST_BODY:
            return Unusable(f"The feed answers with more than {LARGEST_BODY} bytes.")
        parts.append(part)
    return Body(b"".join(parts))


def _seconds(retry_after: str | None) -> float | None:
    """A `Retry-After` in seconds; the form with a date is not worth a parser and counts as absent."""
    return float(retry_after) if retry_after and retry_after.isdecimal() else None


def _head(content: bytes) -> int | Failed:
    try:
        head = json.loads(content)["sequence"]
    except (ValueError, KeyError, TypeError):
        return Failed("The feed's sequence.json names no sequence.")
    return head if isinstance(head, int) and head > 0 else Failed("The feed's sequence.json names no sequence.")
