"""The primary source of live killmails: the R2Z2 feed, or a mirror in its format."""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Protocol

from battlescope_events.upstream.errors import UpstreamUnavailable
from ingest_poll.errors import KillmailNotFound
from ingest_poll.feed.batch import FetchedFiles
from ingest_poll.feed.feed_file import FeedFile, complete_stub, refused
from ingest_poll.feed.feed_state import (
    CoolingDown,
    FeedPosition,
    FeedResponse,
    Missing,
    PollingSchedule,
    RequestFailed,
    Transition,
    UnusableBody,
    advance,
    advance_backlog,
    after_failure,
    after_pass,
    head_fault,
    should_request_head,
    split_backlog,
    with_head,
)
from ingest_poll.sources.esi_client import KillmailClient
from ingest_poll.sources.feed_client import FeedClient
from ingest_poll.sources.feed_reader import FeedReader, FetchedBatch

MAX_REREADS: Final = 8
REREAD_INTERVAL: Final = timedelta(seconds=5)  # they are due after minutes
_log = logging.getLogger(__name__)
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
        lookback: int = 0,
        rereads: Rereads | None = None,
        catch_up_files: int | None = None,
    ) -> None:
        self._feed, self._esi, self._schedule, self._clock, self._jitter = feed, esi, schedule, clock, jitter
        self._lookback, self._rereads = lookback, rereads
        self._catch_up_files = catch_up_files
        self._head_fault: str | None = None  # until the next answer about the head
        self._rereads_at: datetime | None = None

    @property
    def url(self) -> str:
        return self._feed.url

    def open(self) -> "R2z2Reader":
        return R2z2Reader(self, FeedReader(self._feed, self.complete, self._clock))

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
            transition, files = self._linger(next_files), (*rereads, *next_files.files)
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

    def _linger(self, batch: FetchedBatch) -> Transition:
        """The transition after files of the present."""
        transition = self._transition_after(batch, advance)
        if transition.gap or not isinstance(batch.ended_by, Missing):
            return transition
        return Transition(after_pass(transition.position, len(batch.files), self._clock(), self._schedule))

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
