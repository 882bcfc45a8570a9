"""One timer event: poll the sources of live killmails for a while, each when it may be asked.

A run lasts a little longer than the interval of the timer events, so the next one already waits for its end and takes
over without a pause, whenever the runs began. After any failure, the database holds the position to resume from and
the unpublished events.
"""

import asyncio
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any, Final
from uuid import UUID, uuid4

from battlescope_events.background import CoalescedRuns, run_with_renewal
from battlescope_events.messages import Event
from ingest_poll.errors import LeaseLost
from ingest_poll.feed.failover import FailoverPolicy, FailoverState, Observation, Outcome, observe, observe_fetch
from ingest_poll.feed.feed_state import Backlog, FeedPosition
from ingest_poll.handlers.pipeline import FilePipeline
from ingest_poll.persistence.leases import LEASE_SECONDS
from ingest_poll.persistence.unit_of_work import Database
from ingest_poll.sources.live_source import LiveReader, LiveSource, PrimaryReader, PrimarySource
from ingest_poll.sources.read_ahead import ReadAhead

RUN_SECONDS: Final = 12.0  # timer events come every 10 s, up to half a second late
LEASE_RETRY_SECONDS: Final = 0.1
LEASE_TRIES: Final = 130  # 13 s: a run of another process, as while a release replaces the one before, ends earlier
OBSERVE_SECONDS: Final = 5.0  # between two stored observations of the primary source

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Run:
    """What one run knows of its sources. `stored`: the failover state as the database has it."""

    holder: UUID
    ends_at: float
    primary: PrimaryReader
    read_ahead: ReadAhead
    standby: LiveReader | None
    position: FeedPosition
    standby_position: FeedPosition
    failover: FailoverState
    stored: FailoverState
    backlog: Backlog | None

    @property
    def has_time(self) -> bool:
        return _now() < self.ends_at


class FeedPoller:
    """Polls the feed; a lease in the database admits one run at a time."""

    def __init__(
        self,
        *,
        database: Database,
        primary: PrimarySource,
        standby: LiveSource | None,
        failover_policy: FailoverPolicy,
        pipeline: FilePipeline,
        clock: Callable[[], datetime],
    ) -> None:
        self._database, self._primary, self._standby = database, primary, standby
        self._failover_policy, self._pipeline, self._clock = failover_policy, pipeline, clock
        self._runs = CoalescedRuns(self._run)

    async def handle(self, _: Event[Any]) -> None:
        """Poll for the time of a run, after the run before it; do nothing if another event already waits for that."""
        if not await self._runs.request():
            _log.info("The next run already waits; this timer event is not needed.")

    async def _run(self) -> None:
        """Poll until this run's time is over, unless another process keeps the lease."""
        holder, ends_at = uuid4(), _now() + RUN_SECONDS
        try:
            position = await self._take_lease(holder)
            if position is None:
                _log.info("Another run polls the feed; this timer event is not needed.")
                return
            try:
                await run_with_renewal(
                    self._poll(holder, position, ends_at),
                    partial(self._database.renew_lease, holder),
                    interval_seconds=LEASE_SECONDS / 4,
                )
            finally:
                await self._database.release_lease(holder)
        except LeaseLost as error:
            _log.warning("%s", error)

    async def _take_lease(self, holder: UUID) -> FeedPosition | None:
        for _ in range(LEASE_TRIES):
            position = await self._database.take_lease(holder)
            if position is not None:
                return position
            await asyncio.sleep(LEASE_RETRY_SECONDS)
        return None

    async def _poll(self, holder: UUID, position: FeedPosition, ends_at: float) -> None:
        """Ask the primary source whenever it is due, and the standby beside it while that is active."""
        failover, standby_position = await self._database.load_failover()
        standby = self._standby.open() if self._standby else None
        backlog = await self._database.load_backlog()
        primary = self._primary.open()
        run = _Run(
            holder, ends_at, primary, ReadAhead(primary.fetch), standby, position, standby_position, failover, failover,
            backlog,
        )  # fmt: skip
        try:
            await self._pipeline.flush_outbox()  # what an earlier run could not publish
            while run.has_time or run.read_ahead.is_started:
                wait = await self._poll_due_sources(run)
                if wait > 0:
                    await run.read_ahead.drop()  # of a pass that could not be stored
                    run.primary.close()
                    await asyncio.sleep(min(wait, OBSERVE_SECONDS, max(0.0, ends_at - _now())))
            if run.failover != run.stored:
                await self._database.save_failover(holder, run.failover, None)
            await self._pipeline.flush_outbox()  # deletes what was published and is still stored
        finally:
            await run.read_ahead.drop()
            run.primary.close()
            if run.standby:
                run.standby.close()

    async def _poll_due_sources(self, run: _Run) -> float:
        """Poll each source that may be asked now; the seconds until the next one may be.

        Both may wait for one cooldown, that of their host: the source that has failed less often uses its end.
        """
        if run.standby_position.failures > run.position.failures:
            await self._poll_primary(run)
            await self._poll_standby(run)
        else:
            await self._poll_standby(run)
            await self._poll_primary(run)
        await self._poll_backlog(run)
        positions = [run.position, run.standby_position] if self._uses_standby(run) else [run.position]
        if run.backlog:
            positions.append(run.backlog.position)
        return min(position.wait_seconds(self._clock()) for position in positions)

    def _uses_standby(self, run: _Run) -> bool:
        return self._standby is not None and run.failover.active == "standby"

    async def _poll_primary(self, run: _Run) -> None:
        if run.position.wait_seconds(self._clock()) == 0:
            fetched = await run.read_ahead.fetch(run.position)
            if run.has_time and fetched.is_busy(self._clock()):
                run.read_ahead.start(fetched.transition.position)
            fetched = await self._pipeline.store_present(run.holder, fetched, self._primary.url)
            run.position = fetched.transition.position
            if fetched.backlog and run.backlog is None:
                run.backlog = fetched.backlog
            if not fetched.is_dropped:
                await self._observe(run, observe_fetch(fetched))
        elif run.position.failures:
            await self._observe(run, Observation(Outcome.UNUSABLE, "It may not be requested yet after a failure."))

    async def _observe(self, run: _Run, observation: Observation) -> None:
        """Store the observation of the primary source, and switch if it is time."""
        if self._standby is None:
            return
        now, before = self._clock(), run.failover
        run.failover = observe(before, observation, now, self._failover_policy)
        is_switch = run.failover.active != before.active
        is_old = run.stored.observed_at is None or (now - run.stored.observed_at).total_seconds() >= OBSERVE_SECONDS
        if not (is_switch or is_old):
            return
        if is_switch:
            run.standby_position = FeedPosition(found_at=before.last_killmail_at)
        await self._database.save_failover(run.holder, run.failover, run.standby_position if is_switch else None)
        run.stored = run.failover
        if is_switch:
            context = {"active": run.failover.active, "reason": run.failover.reason}
            _log.warning("Live killmails now come from another source.", extra={"context": context})

    async def _poll_standby(self, run: _Run) -> None:
        """A pass over the standby source, while it is active."""
        is_due = self._uses_standby(run) and run.standby_position.wait_seconds(self._clock()) == 0
        if self._standby is None or run.standby is None or not is_due:
            return
        fetched = await run.standby.fetch(run.standby_position)
        fetched = await self._pipeline.store_standby(run.holder, fetched, self._standby.url)
        run.standby_position = fetched.transition.position

    async def _poll_backlog(self, run: _Run) -> None:
        """A pass over the oldest backlog, beside the files of the present."""
        backlog = run.backlog
        if backlog is None or backlog.position.wait_seconds(self._clock()) > 0:
            return
        fetched = await run.primary.fetch_backlog(backlog.position)
        left = await self._pipeline.store_backlog(run.holder, backlog.first, fetched, self._primary.url)
        run.backlog = await self._database.load_backlog() if left.is_read else left


def _now() -> float:
    return asyncio.get_running_loop().time()
