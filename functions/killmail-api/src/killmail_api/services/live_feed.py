"""Follows the live log for all streams of this instance: each entry is read and rendered once.

While Valkey does not answer, new killmails are read from the database. A sweep of the database finds killmails that the
log lacks for any reason, so that no stream misses one.
"""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from datetime import datetime, timedelta
from itertools import islice
from typing import Final

from battlescope_events.background import start_in_background
from battlescope_events.errors import TransientError
from battlescope_events.valkey.live_log import LiveLog, LogPosition
from battlescope_schemas.live.log import LiveKind
from killmail_api.domain.stream_filter import StreamFilter
from killmail_api.domain.stream_items import StreamItem, missed_battles, render
from killmail_api.domain.stream_position import StreamPosition
from killmail_api.schemas.killmails import Summary
from killmail_api.services.item_loader import ItemLoader, items_after, time_of

PACE_SECONDS: Final = 0.1
"""At most ten frames a second reach a client."""
PACE_SECONDS_A_STREAM: Final = 0.0003
"""Fewer and larger frames while there are many streams: each frame costs what many items cost."""
WAIT_MS: Final = 1_000
MAX_ENTRIES: Final = 500
MAX_ITEMS: Final = 2_000
"""Kept for streams that fall behind; one that falls further behind reads the log itself."""
KNOWN_KILLMAILS: Final = 10_000
SWEEP_SECONDS: Final = 30.0
POLL_SECONDS: Final = 2.0
MAX_RESUME: Final = timedelta(hours=1)
_log = logging.getLogger(__name__)


class LiveFeed:
    """The newest items. It runs while there are streams; `position` is then that of the newest item."""

    def __init__(
        self,
        live_log: LiveLog,
        loader: ItemLoader,
        *,
        now: Callable[[], datetime],
        monotonic: Callable[[], float],
        is_stopping: Callable[[], bool],
        poll_seconds: float = POLL_SECONDS,
    ) -> None:
        """`is_stopping`: whether the process was asked to end; streams are woken then."""
        self._live_log, self._loader = live_log, loader
        self.is_stopping = is_stopping
        self._now, self._monotonic, self._poll_seconds = now, monotonic, poll_seconds
        self._items: deque[StreamItem] = deque(maxlen=MAX_ITEMS)
        self._known: dict[int, bool] = {}  # whether a sweep was first, and the log will name it again
        self._frames: dict[tuple[int, StreamFilter], list[bytes]] = {}
        self._task: asyncio.Task[None] | None = None
        self._started, self._changed = asyncio.Event(), asyncio.Event()
        self._log_position = LogPosition(0, 0)
        self._swept_at, self._swept_until = 0.0, now()
        self.position = StreamPosition(0, 0)
        self.streams = 0
        self.count = 0
        self.is_degraded = False

    @asynccontextmanager
    async def subscription(self) -> AsyncGenerator[None]:
        """Keep the feed running, and wait until it has begun."""
        self.streams += 1
        try:
            if self._task is None or self._task.done():
                self._task = start_in_background(self._run(), "live feed")
            await self._started.wait()
            yield
        finally:
            self.streams -= 1
            if not self.streams and self._task is not None:
                self._task.cancel()
                self._task = None
                self._started.clear()

    async def wait(self, seen: int, seconds: float) -> None:
        """Return when there are more than `seen` items, at the latest after this time."""
        if self.count > seen or seconds <= 0:
            return
        changed = self._changed
        try:
            async with asyncio.timeout(seconds):
                await changed.wait()
        except TimeoutError:
            return

    def frames_since(self, seen: int, wanted: StreamFilter) -> Sequence[bytes] | None:
        """Frames of the items after the first `seen` ones; None if some of them are no longer kept.

        Streams that want the same share one rendering.
        """
        behind = self.count - seen
        if not behind:
            return ()
        if behind > len(self._items):
            return None
        frames = self._frames.get((seen, wanted))
        if frames is None:
            frames = render(wanted.select(islice(self._items, len(self._items) - behind, None)))
            self._frames[seen, wanted] = frames
        return frames

    async def missed(self, since: StreamPosition) -> AsyncGenerator[list[StreamItem]]:
        """The items from a position until now, in parts: from what is kept, else from the log, else from the database.

        Raises:
            TransientError: the database does not answer.
        """
        until = self.position
        kept = self._kept_since(since)
        if kept is not None:
            yield kept
            return
        oldest = await self._live_log.oldest()
        if since.offset or oldest is None or LogPosition(*since[:2]) < oldest:
            yield await self._missed_by_log(since)
            return
        position = LogPosition(*since[:2])
        while position < LogPosition(*until[:2]):
            entries = await self._live_log.read(position, MAX_ENTRIES, 1)
            if entries is None:  # Valkey has just stopped answering
                yield await self._missed_by_log(StreamPosition(*position))
                return
            if not entries:
                return
            position = entries[-1].position
            yield [item for item in await self._loader.of_entries(entries) if item.position <= until]

    def can_resume(self, since: StreamPosition) -> bool:
        """Whether what came after this position is few enough to send."""
        return self._now() - MAX_RESUME < time_of(since) <= self._now() + timedelta(minutes=1)

    def _kept_since(self, since: StreamPosition) -> list[StreamItem] | None:
        if since == self.position:
            return []
        items = list(self._items)
        index = next((i for i, item in enumerate(items) if item.position == since), None)
        return None if index is None else items[index + 1 :]

    async def _missed_by_log(self, since: StreamPosition) -> list[StreamItem]:
        """Killmails by the time of their enrichment, and for battles the advice to read them again."""
        rows = await self._loader.enriched_since(time_of(since), frozenset())
        items = items_after(since, rows)
        last = items[-1].position if items else since
        return [*items, missed_battles(last._replace(offset=last.offset + 1))]

    async def _run(self) -> None:
        await self._begin()
        while self._task is asyncio.current_task():  # a driver may lose the cancellation of this one
            try:
                await self._step()
            except TransientError as error:
                self._degrade(str(error))
                await asyncio.sleep(self._poll_seconds)
            if self.is_stopping():
                self._wake_streams()
            await asyncio.sleep(PACE_SECONDS + PACE_SECONDS_A_STREAM * self.streams)

    async def _begin(self) -> None:
        newest = await self._live_log.begin()
        self.is_degraded = newest is None
        now = self._now()
        self._log_position = newest or LogPosition(round(now.timestamp() * 1000), 0)
        self.position = StreamPosition(*self._log_position)
        self._items.clear()
        self._known.clear()
        self._swept_at, self._swept_until = self._monotonic(), now
        self._started.set()
        with suppress(TransientError):  # without it the first sweep repeats some killmails
            self._known = dict.fromkeys(await self._loader.ids_enriched_since(now), False)

    async def _step(self) -> None:
        entries = await self._live_log.read(self._log_position, MAX_ENTRIES, WAIT_MS)
        if entries is None:
            self._degrade("Valkey does not answer.")
            await asyncio.sleep(self._poll_seconds)
            await self._sweep()
            return
        if self.is_degraded or any(entry.kind == LiveKind.BEGAN for entry in entries):
            await self._begin_again()
            return
        if entries:
            items = await self._loader.of_entries(entries)
            self._log_position = entries[-1].position
            self._release([item for item in items if not self._was_swept(item)])
        if self._monotonic() - self._swept_at >= SWEEP_SECONDS:
            await self._sweep()

    async def _begin_again(self) -> None:
        """Go on after an outage, in which entries of the log may have been lost."""
        newest = await self._live_log.begin()
        if newest is None:
            return
        await self._sweep()  # finds what was committed before the newest entry
        if self.is_degraded:
            _log.warning("The live feed works again.")
        self.is_degraded = False
        self._release([missed_battles(StreamPosition(*newest))])
        self._log_position = newest

    async def _sweep(self) -> None:
        """Add killmails that the log lacks."""
        started, time = self._monotonic(), self._now()
        rows = await self._loader.enriched_since(self._swept_until, frozenset(self._known))
        self._release(items_after(self.position, rows), by_sweep=True)
        self._swept_at, self._swept_until = started, time

    def _was_swept(self, item: StreamItem) -> bool:
        """Whether a sweep has sent the killmail of this entry, which is then no news; a later entry of it is."""
        if not isinstance(item.subject, Summary) or not self._known.get(item.subject.killmail_id):
            return False
        self._known[item.subject.killmail_id] = False
        return True

    def _release(self, items: Sequence[StreamItem], *, by_sweep: bool = False) -> None:
        for item in items:
            if isinstance(item.subject, Summary):
                self._known.pop(item.subject.killmail_id, None)
                self._known[item.subject.killmail_id] = by_sweep
        while len(self._known) > KNOWN_KILLMAILS:
            del self._known[next(iter(self._known))]
        if not items:
            return
        self._items.extend(items)
        self.count += len(items)
        self.position = items[-1].position
        self._wake_streams()

    def _wake_streams(self) -> None:
        self._frames.clear()
        self._changed.set()
        self._changed = asyncio.Event()

    def _degrade(self, reason: str) -> None:
        if not self.is_degraded:
            _log.warning("The live feed is degraded: %s", reason)
        self.is_degraded = True
