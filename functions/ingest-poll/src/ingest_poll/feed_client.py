"""The R2Z2 feed: fetches files in order with prefetching, and implements the port of live killmails."""

import asyncio
import logging
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Annotated, Final, NamedTuple, Protocol

import msgspec

from battlescope_events.upstream.client import RequestPolicy, UpstreamClient
from battlescope_events.upstream.errors import ResponseTooLarge, UpstreamCoolingDown, UpstreamUnavailable
from ingest_poll.batch import FetchedFiles
from ingest_poll.errors import KillmailNotFound
from ingest_poll.esi_client import KillmailClient
from ingest_poll.feed_file import FeedFile, complete_stub, parse_file, refused
from ingest_poll.feed_state import (
    MAX_SEQUENCE,
    CoolingDown,
    FeedPosition,
    FeedResponse,
    FileRead,
    Missing,
    PollingSchedule,
    RequestFailed,
    Transition,
    UnusableBody,
    advance,
    advance_backlog,
    after_failure,
    head_fault,
    prefetch_size,
    should_request_head,
    split_backlog,
    with_head,
)

UPSTREAM: Final = "r2z2"  # the name of its cooldown, which ingest-backfill and ingest-verify share
MIN_IN_FLIGHT: Final = 8  # the feed allows some ten requests per second; more requests would only wait for the limiter
MAX_IN_FLIGHT: Final = 16  # of a feed without that limit; the HTTP client keeps 20 connections
IN_FLIGHT_SECONDS: Final = 0.05  # a request takes about that long
MAX_BATCH_FILES: Final = 64  # enough to make one PUT and one transaction cheap
BUSY_BATCH_FILES: Final = 500  # one slice of killmail-enrich, after a batch that was large
MAX_BATCH_BYTES: Final = 8 * 1024 * 1024  # a batch of huge killmails ends earlier, because memory is small
MAX_BATCH_SECONDS: Final = 0.25  # a batch waits no longer after its first file: killmails are live
BUSY_BATCH_SECONDS: Final = 0.5  # larger batches cost less a killmail, and what costs less is there sooner
BACKLOG_BATCH_SECONDS: Final = 1.0  # of a backlog, which is late already
MAX_REREADS: Final = 8
REREAD_INTERVAL: Final = timedelta(seconds=5)  # they are due after minutes
_log = logging.getLogger(__name__)


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

    def __init__(self, upstream: UpstreamClient, url: str, max_rate: float) -> None:
        """`max_rate`: requests per second, which the policy of `upstream` holds."""
        self._upstream = upstream
        self._url = f"{url.rstrip('/')}/ephemeral"
        self.max_in_flight = min(MAX_IN_FLIGHT, max(MIN_IN_FLIGHT, round(max_rate * IN_FLIGHT_SECONDS)))

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


class _Limits(NamedTuple):
    """How many files a batch may hold, and for how many seconds it waits after its first one."""

    files: int
    seconds: float


_CALM: Final = _Limits(MAX_BATCH_FILES, MAX_BATCH_SECONDS)
_BUSY: Final = _Limits(BUSY_BATCH_FILES, BUSY_BATCH_SECONDS)
_BACKLOG: Final = _Limits(BUSY_BATCH_FILES, BACKLOG_BATCH_SECONDS)


class FeedReader:
    """Fetches and parses files. `complete` loads the body of a file whose entry has none.

    A batch that holds more than `batch_threshold` files shows that many wait: the next one may be larger.
    """

    def __init__(
        self,
        feed: FeedClient,
        complete: Callable[[FeedFile], Awaitable[FeedFile | RequestFailed | UnusableBody]],
        clock: Callable[[], datetime],
        batch_threshold: int,
    ) -> None:
        self._feed = feed
        self._window = PrefetchWindow(feed)
        self._complete = complete
        self._clock = clock
        self._batch_threshold = batch_threshold
        self._is_busy = False
        self._backlog_window = PrefetchWindow(feed)

    async def read_batch(self, position: FeedPosition) -> FetchedBatch:
        """Read from the cursor on until the batch is full or old enough, or the feed has no next file."""
        maximum, limits = self._feed.max_in_flight, _BUSY if self._is_busy else _CALM
        batch = await self._read(position, self._window, limits, lambda at: prefetch_size(at, maximum))
        self._is_busy = len(batch.files) > self._batch_threshold
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


Advance = Callable[[FeedPosition, FeedResponse, datetime, PollingSchedule, float], Transition]


class Rereads(Protocol):
    """Remembers the files that the feed has rewritten since they were read."""

    async def due_rereads(self, limit: int) -> list[int]: ...

    async def postpone_reread(self, sequence: int) -> None: ...


class R2z2Source:
    """Implements `LiveSource`: the feed itself, or a mirror in its format, whose numbers may be others.

    lookback: how many files before the head a position without a cursor begins. rereads: of a feed whose rewritten
    files are read again. catch_up_files: a position further behind the head leaves those files for later.
    """

    def __init__(
        self,
        feed: FeedClient,
        esi: KillmailClient,
        *,
        schedule: PollingSchedule,
        clock: Callable[[], datetime],
        jitter: Callable[[], float],
        batch_threshold: int,
        lookback: int = 0,
        rereads: Rereads | None = None,
        catch_up_files: int | None = None,
    ) -> None:
        self._feed, self._esi, self._schedule, self._clock, self._jitter = feed, esi, schedule, clock, jitter
        self._batch_threshold, self._lookback, self._rereads = batch_threshold, lookback, rereads
        self._catch_up_files = catch_up_files
        self._head_fault: str | None = None  # until the next answer about the head
        self._rereads_at: datetime | None = None

    @property
    def url(self) -> str:
        return self._feed.url

    def open(self) -> "R2z2Reader":
        return R2z2Reader(self, FeedReader(self._feed, self.complete, self._clock, self._batch_threshold))

    async def fetch(self, position: FeedPosition, reader: FeedReader) -> FetchedFiles:
        """Head if due, rewritten files, then the next files, until a response demands a delay."""
        rereads, problem, backlog = list[FeedFile](), self._head_fault, None
        if should_request_head(position, self._clock(), self._schedule):
            position, problem = await self._fetch_head(position)
            if self._catch_up_files is not None:
                position, backlog = split_backlog(position, self._catch_up_files)
        if position.wait_seconds(self._clock()) == 0:
            rereads, position = await self._fetch_rereads(position, reader)
        transition, files = Transition(position), tuple(rereads)
        if position.wait_seconds(self._clock()) == 0:
            next_files = await reader.read_batch(position)
            transition, files = self._transition_after(next_files, advance), (*rereads, *next_files.files)
            problem = _reason_of(next_files.ended_by) or problem
        if transition.position.wait_seconds(self._clock()) > 0:
            reader.close_present()
        sequences = tuple(file.sequence for file in rereads)
        return FetchedFiles(position, transition, files, sequences, problem, backlog=backlog)

    async def fetch_backlog(self, position: FeedPosition, reader: FeedReader) -> FetchedFiles:
        """The next files of a backlog, until a response demands a delay."""
        batch = await reader.read_backlog(position)
        transition = self._transition_after(batch, advance_backlog)
        return FetchedFiles(position, transition, batch.files, problem=_reason_of(batch.ended_by))

    async def _fetch_head(self, position: FeedPosition) -> tuple[FeedPosition, str | None]:
        """The position with the head, and what is wrong with the answer."""
        head = await self._feed.fetch_head()
        now = self._clock()
        if not isinstance(head, int):
            return after_failure(position, head, now, self._jitter()), head.reason
        self._head_fault = head_fault(position, head)
        return with_head(position, head, now, self._lookback), self._head_fault

    async def _fetch_rereads(self, position: FeedPosition, reader: FeedReader) -> tuple[list[FeedFile], FeedPosition]:
        """The files that the feed has rewritten since their first read."""
        files: list[FeedFile] = []
        if self._rereads is None or (self._rereads_at and self._clock() - self._rereads_at < REREAD_INTERVAL):
            return files, position
        self._rereads_at = self._clock()
        for sequence in await self._rereads.due_rereads(MAX_REREADS):
            file = await reader.read_file(sequence)
            if isinstance(file, FeedFile):
                files.append(file)
            elif isinstance(file, CoolingDown):
                return files, after_failure(position, file, self._clock(), self._jitter())
            else:
                await self._rereads.postpone_reread(sequence)
        return files, position

    async def complete(self, stub: FeedFile) -> FeedFile | RequestFailed | UnusableBody:
        """Fetch the body of an entry that has none."""
        if stub.entry is None:
            return stub
        try:
            esi_body = await self._esi.fetch_killmail(stub.entry.killmail_id, stub.entry.hash)
        except KillmailNotFound as error:
            return refused(stub, str(error))
        except UpstreamUnavailable as error:
            return RequestFailed(str(error))
        return complete_stub(stub, esi_body, self._clock())

    def _transition_after(self, batch: FetchedBatch, next_transition: Advance) -> Transition:
        if batch.ended_by is None:
            return Transition(batch.position)
        transition = next_transition(batch.position, batch.ended_by, self._clock(), self._schedule, self._jitter())
        if transition.gap or not isinstance(
            batch.ended_by, Missing | CoolingDown
        ):  # the upstream client logs cooldowns
            response = repr(batch.ended_by)[:500]
            context = {"sequence": batch.position.cursor, "response": response, "gap": transition.gap}
            _log.warning("The feed did not return the next file.", extra={"context": context})
        return transition


@dataclass(frozen=True, slots=True)
class R2z2Reader:
    """Implements `LiveReader`: a source, and the requests in flight of one run."""

    source: R2z2Source
    reader: FeedReader

    async def fetch(self, position: FeedPosition) -> FetchedFiles:
        return await self.source.fetch(position, self.reader)

    async def fetch_backlog(self, position: FeedPosition) -> FetchedFiles:
        return await self.source.fetch_backlog(position, self.reader)

    def close(self) -> None:
        self.reader.close()


def _reason_of(response: FeedResponse | None) -> str | None:
    """Why a response is no answer of a working feed, in which a file may be missing."""
    return response.reason if isinstance(response, CoolingDown | RequestFailed | UnusableBody) else None


def _parse_head(content: bytes) -> int | RequestFailed:
    try:
        return _HEAD.decode(content).sequence
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return RequestFailed("The feed's sequence.json states no sequence.")
