"""One stream: a snapshot or what the client missed, then frames of new items and heartbeats, for a bounded time."""

import logging
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from battlescope_events.errors import TransientError
from battlescope_events.http_api.responses import json_content
from battlescope_events.postgres.database import Database
from killmail_api.domain.stream_filter import StreamFilter
from killmail_api.domain.stream_items import event, heartbeat, render, retry
from killmail_api.domain.stream_position import StreamPosition
from killmail_api.presenters import summary
from killmail_api.repositories.killmails import KillmailRepository, RecentSearch
from killmail_api.schemas.killmails import Summary
from killmail_api.schemas.stream import BattleRevision, Snapshot, StreamStatus
from killmail_api.services.live_feed import LiveFeed

HEARTBEAT_SECONDS: Final = 30.0
RETRY_MS: Final = 2_000
RETRY_SPREAD_MS: Final = 3_000
"""Streams that end together do not all come back in the same moment."""
SNAPSHOT_AGE: Final = timedelta(days=1)
MAX_SNAPSHOT_ROWS: Final = 500
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class StreamRequest:
    """since: the position after which the client wants everything; None for a snapshot of `limit` killmails.

    is_list: the snapshot is an array of killmails. once: end after it.
    """

    filter: StreamFilter
    limit: int
    since: StreamPosition | None = None
    is_list: bool = False
    once: bool = False


@dataclass(frozen=True, slots=True)
class Streams:
    """max_seconds: the life of a stream, below the function's timeout. spread: a number from 0 to 1."""

    feed: LiveFeed
    database: Database
    now: Callable[[], datetime]
    monotonic: Callable[[], float]
    spread: Callable[[], float]
    max_seconds: float
    heartbeat_seconds: float = HEARTBEAT_SECONDS

    async def events(self, request: StreamRequest) -> AsyncGenerator[str | bytes]:
        """The text of the stream, in frames."""
        async with self.feed.subscription():
            yield retry(RETRY_MS + round(RETRY_SPREAD_MS * self.spread()))
            seen, position = self.feed.count, self.feed.position
            if request.since is not None and self.feed.can_resume(request.since):
                async with aclosing(self._missed(request.filter, request.since)) as frames:
                    async for text in frames:
                        yield text
            else:
                yield await self._snapshot(request, position)
            if not request.once:
                async with aclosing(self._live(request.filter, seen, position)) as frames:
                    async for text in frames:
                        yield text

    async def _live(self, wanted: StreamFilter, seen: int, position: StreamPosition) -> AsyncGenerator[str | bytes]:
        ends_at = self.monotonic() + self.max_seconds * (1 - self.spread() / 10)
        beats_at = self.monotonic() + self.heartbeat_seconds
        while (now := self.monotonic()) < ends_at and not self.feed.is_stopping():
            if now >= beats_at:
                yield heartbeat(self.now(), position, is_degraded=self.feed.is_degraded)
                beats_at = now + self.heartbeat_seconds
            await self.feed.wait(seen, min(ends_at, beats_at) - now)
            rendered = self.feed.frames_since(seen, wanted)
            behind, seen, position = position, self.feed.count, self.feed.position
            if rendered is not None:
                for part in rendered:
                    yield part
            else:  # too slow a client
                async with aclosing(self._missed(wanted, behind)) as frames:
                    async for text in frames:
                        yield text

    async def _missed(self, wanted: StreamFilter, since: StreamPosition) -> AsyncGenerator[str | bytes]:
        """Frames of what came after a position. Without the database the stream ends, and the client asks again."""
        try:
            async with aclosing(self.feed.missed(since)) as parts:
                async for items in parts:
                    for part in render(wanted.select(items)):
                        yield part
        except TransientError as error:
            _log.warning("A stream ends because what it missed cannot be read: %s", error)
            raise

    async def _snapshot(self, request: StreamRequest, position: StreamPosition) -> str:
        killmails, battles, is_degraded = None, None, self.feed.is_degraded
        topics = request.filter.topics
        try:
            async with self.database.connection() as connection:
                repository = KillmailRepository(connection)
                if topics.killmails:
                    killmails = await self._recent(repository, request)
                if topics.battle_ids:
                    rows = await repository.revisions(topics.battle_ids)
                    battles = tuple(BattleRevision.model_validate(row) for row in rows)
        except TransientError:
            is_degraded = True
        if request.is_list:
            items = ",".join(json_content(killmail).decode() for killmail in killmails or ())
            return event("snapshot", f"[{items}]", position)
        status = StreamStatus.DEGRADED if is_degraded else StreamStatus.HEALTHY
        snapshot = Snapshot(killmails=killmails, battles=battles, status=status)
        return event("snapshot", json_content(snapshot).decode(), position)

    async def _recent(self, repository: KillmailRepository, request: StreamRequest) -> tuple[Summary, ...]:
        rows = await repository.find_recent(_search(request, self.now() - SNAPSHOT_AGE))
        killmails = (summary(row) for row in rows)
        return tuple(islice((k for k in killmails if request.filter.matches_killmail(k)), request.limit))


def _search(request: StreamRequest, since: datetime) -> RecentSearch:
    """The newest killmails, with a filter those since this time."""
    wanted = request.filter
    search = RecentSearch(sorted(wanted.security_types), request.limit)
    if not wanted.is_narrow:
        return search
    return RecentSearch(
        search.security_types,
        MAX_SNAPSHOT_ROWS if wanted.hull_classes or wanted.has_entities else request.limit,
        since,
        sorted(wanted.system_ids),
        sorted(wanted.region_ids),
        sorted(wanted.alliance_ids | wanted.corp_ids | wanted.character_ids),
        wanted.min_isk,
    )
