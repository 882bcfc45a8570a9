"""One timer event: poll the feed for a while through the pipeline fetch → parse → archive → filter → commit → publish.

A run lasts a little longer than the interval of the timer events, so the next run already waits for the lease and
takes over without a pause. After any failure, the database holds the position to resume from and the unpublished
events.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

from battlescope_events.errors import TransientError
from battlescope_events.messages import Event, Message
from battlescope_events.object_storage.objects import GZIP, ObjectStorage
from battlescope_events.postgres.outbox import Enqueued
from battlescope_events.publisher import Publish
from battlescope_schemas.archive import DEFAULT_LEVEL, FAST_LEVEL, ArchiveKey
from battlescope_schemas.reference import KillmailRefused
from battlescope_schemas.ruleset import FilteredKillmail, Ruleset
from ingest_poll.batch import (
    FetchedFiles,
    FilteredBatch,
    Origin,
    PartitionedKillmails,
    batch_claim_check,
    bundle_files,
    filter_files,
    other_body_reason,
    partition_by_known,
    refused_payload,
)
from ingest_poll.errors import LeaseLost
from ingest_poll.events import batch_event, ingested_event, refused_event
from ingest_poll.failover import FailoverPolicy, FailoverState, Observation, Outcome, observe, observe_fetch
from ingest_poll.feed_file import FeedFile, refused
from ingest_poll.feed_state import Backlog, FeedPosition, RequestFailed, Transition, after_failure
from ingest_poll.live_source import LiveReader, LiveSource, PrimaryReader, PrimarySource
from ingest_poll.store import LEASE_SECONDS, Database, UnitOfWork

RUN_SECONDS: Final = 12.0  # timer events come every 10 s, up to half a second late
LEASE_RETRY_SECONDS: Final = 0.05
LEASE_TRIES: Final = 60  # 3 s: how long the next run waits for the end of the run before it
RULESET_SECONDS: Final = 300.0  # a changed ruleset takes effect within five minutes
OBSERVE_SECONDS: Final = 5.0  # between two stored observations of the primary source

_log = logging.getLogger(__name__)


@dataclass(slots=True)
class _Run:
    """What one run knows of its sources. `stored`: the failover state as the database has it."""

    holder: UUID
    primary: PrimaryReader
    standby: LiveReader | None
    position: FeedPosition
    standby_position: FeedPosition
    failover: FailoverState
    stored: FailoverState
    backlog: Backlog | None


class FeedPoller:
    """Polls the feed; a lease in the database admits one run at a time."""

    def __init__(
        self,
        *,
        database: Database,
        primary: PrimarySource,
        standby: LiveSource | None,
        failover_policy: FailoverPolicy,
        storage: ObjectStorage,
        publish: Publish,
        batch_threshold: int,
        clock: Callable[[], datetime],
        jitter: Callable[[], float],
    ) -> None:
        """`batch_threshold`: up to so many killmails of a pass are published one by one, more as one batch."""
        self._database, self._primary, self._standby, self._storage = database, primary, standby, storage
        self._failover_policy, self._publish, self._clock, self._jitter = failover_policy, publish, clock, jitter
        self._batch_threshold = batch_threshold
        self._cached_ruleset: tuple[float, Ruleset] | None = None

    async def handle(self, _: Event[Any]) -> None:
        """Poll until this run's time is over; do nothing if another run keeps the lease."""
        holder, ends_at = uuid4(), _now() + RUN_SECONDS
        try:
            position = await self._take_lease(holder)
            if position is None:
                _log.info("Another run polls the feed; this timer event is not needed.")
                return
            try:
                await self._run_leased(holder, self._poll(holder, position, ends_at))
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

    async def _run_leased(self, holder: UUID, polling: Coroutine[Any, Any, None]) -> None:
        """Run the coroutine and renew the lease beside it; the first of the two to end stops the other."""
        tasks = (asyncio.create_task(polling), asyncio.create_task(self._renew_lease(holder)))
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for task in done:
            task.result()

    async def _renew_lease(self, holder: UUID) -> None:
        while True:
            await asyncio.sleep(LEASE_SECONDS / 4)
            await self._database.renew_lease(holder)

    async def _poll(self, holder: UUID, position: FeedPosition, ends_at: float) -> None:
        """Ask the primary source whenever it is due, and the standby beside it while that is active."""
        failover, standby_position = await self._database.load_failover()
        standby = self._standby.open() if self._standby else None
        backlog = await self._database.load_backlog()
        run = _Run(holder, self._primary.open(), standby, position, standby_position, failover, failover, backlog)
        try:
            await self._flush_outbox()  # what an earlier run could not publish
            while _now() < ends_at:
                wait = await self._poll_due_sources(run)
                if wait > 0:
                    run.primary.close()
                    await asyncio.sleep(min(wait, OBSERVE_SECONDS, max(0.0, ends_at - _now())))
            if run.failover != run.stored:
                await self._database.save_failover(holder, run.failover, None)
            await self._flush_outbox()  # deletes what was published and is still stored
        finally:
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
            fetched = await self._run_pipeline(run)
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
        """A pass over the standby source; what it holds is published, what is known already is not changed by it."""
        is_due = self._uses_standby(run) and run.standby_position.wait_seconds(self._clock()) == 0
        if self._standby is None or run.standby is None or not is_due:
            return
        fetched = await run.standby.fetch(run.standby_position)
        try:
            archived = await self._archive_files(fetched.to_archive)
        except TransientError as error:
            fetched, archived = self._drop(fetched, error), []
        batch = filter_files(archived, await self._ruleset(), self._standby.url)
        position = fetched.transition.position
        async with self._database.standby_unit_of_work(run.holder, position) as uow:
            killmails = partition_by_known(batch.killmails, await uow.claim_ids(batch.killmails))
            enqueued = await self._store(uow, batch, killmails, {}, "standby")
            await uow.postpone_listed(fetched.unavailable)
        run.standby_position = position
        await self._publish_committed(enqueued)

    async def _poll_backlog(self, run: _Run) -> None:
        """A pass over the oldest backlog, beside the files of the present."""
        backlog = run.backlog
        if backlog is None or backlog.position.wait_seconds(self._clock()) > 0:
            return
        fetched, batch = await self._archive_and_filter(await run.primary.fetch_backlog(backlog.position))
        after = Backlog(backlog.first, fetched.transition.position)
        async with self._database.backlog_unit_of_work(run.holder, after) as uow:
            enqueued = await self._store_fetched(uow, fetched, batch, "backlog")
        run.backlog = await self._database.load_backlog() if after.is_read else after
        await self._publish_committed(enqueued)

    async def _run_pipeline(self, run: _Run) -> FetchedFiles:
        """Fetch and parse → archive → filter → commit → publish.

        The archive comes before the database, so the database never refers to a missing object.
        """
        fetched, batch = await self._archive_and_filter(await run.primary.fetch(run.position))
        await self._publish_committed(await self._commit(run.holder, fetched, batch))
        return fetched

    async def _archive_and_filter(self, fetched: FetchedFiles) -> tuple[FetchedFiles, FilteredBatch]:
        """Of files that the archive cannot store now, nothing but a delay is left."""
        try:
            archived = await self._archive_files(fetched.to_archive)
        except TransientError as error:
            fetched, archived = self._drop(fetched, error), []
        return fetched, filter_files(archived, await self._ruleset(), self._primary.url)

    async def _archive_files(self, files: Sequence[FeedFile]) -> list[tuple[FeedFile, ArchiveKey]]:
        level = FAST_LEVEL if len(files) > self._batch_threshold else DEFAULT_LEVEL
        bundles, archived = await asyncio.to_thread(bundle_files, files, self._clock().date(), level)
        await asyncio.gather(*(self._storage.put_once(bundle.object_key, bundle.body, GZIP) for bundle in bundles))
        return archived

    def _drop(self, fetched: FetchedFiles, error: TransientError) -> FetchedFiles:
        """Nothing but a delay: the archive cannot store the files, so a later pass fetches them again."""
        _log.warning("%s", error)
        delayed = after_failure(fetched.start, RequestFailed(str(error)), self._clock(), self._jitter())
        return FetchedFiles(fetched.start, Transition(delayed), is_dropped=True, backlog=fetched.backlog)

    async def _ruleset(self) -> Ruleset:
        if self._cached_ruleset is None or self._cached_ruleset[0] < _now():
            self._cached_ruleset = (_now() + RULESET_SECONDS, await self._database.active_ruleset())
        return self._cached_ruleset[1]

    async def _commit(self, holder: UUID, fetched: FetchedFiles, batch: FilteredBatch) -> Enqueued:
        """Position, ids, rows, statistics and outbox messages in one transaction."""
        position = fetched.transition.position
        async with self._database.unit_of_work(holder, position, batch.last_killmail_id) as uow:
            await uow.insert_backlog(fetched.backlog)
            return await self._store_fetched(uow, fetched, batch, "feed")

    async def _store_fetched(
        self, uow: UnitOfWork, fetched: FetchedFiles, batch: FilteredBatch, origin: Origin
    ) -> Enqueued:
        killmails = partition_by_known(batch.killmails, await uow.claim_ids(batch.killmails))
        revisions = await uow.update_values(killmails.known)
        enqueued = await self._store(uow, batch, killmails, revisions, origin)
        await uow.record_gap(fetched.transition.gap)
        await uow.update_rereads(fetched.rereads, fetched.rewritten_sequences)
        return enqueued

    async def _store(
        self,
        uow: UnitOfWork,
        batch: FilteredBatch,
        killmails: PartitionedKillmails,
        revisions: Mapping[int, int],
        origin: Origin,
    ) -> Enqueued:
        """Rows, statistics and outbox messages. `revisions`: of known killmails whose value the feed has changed."""
        refusals = self._refusals(batch, await uow.find_other_bodies(killmails.known))
        revalued = [filtered for filtered in killmails.known if filtered.killmail.killmail_id in revisions]
        ingested = await self._ingested_events([*killmails.accepted, *revalued], revisions)
        async with uow.pipeline():
            await uow.insert_accepted(killmails.accepted)
            await uow.insert_rejected(killmails.rejected)
            await uow.insert_refused([(event.id, payload) for event, payload in refusals])
            await uow.add_counts(killmails.counts(batch.received, len(refusals), origin))
            return await uow.enqueue([*ingested, *(event for event, _ in refusals)])

    async def _ingested_events(
        self, killmails: Sequence[FilteredKillmail], revisions: Mapping[int, int]
    ) -> list[Message]:
        """One event per killmail, or one for all of many, whose object is stored before the transaction ends."""
        if len(killmails) <= self._batch_threshold:
            return [ingested_event(filtered, revisions, self._clock()) for filtered in killmails]
        claim_check, body = await asyncio.to_thread(batch_claim_check, killmails, revisions)
        await self._storage.put_once(claim_check.chunk_key, body, GZIP)
        return [batch_event(claim_check, self._clock())]

    def _refusals(self, batch: FilteredBatch, other_bodies: set[int]) -> list[tuple[Message, KillmailRefused]]:
        """The refused files, and those whose killmail is stored with another body; each with its event."""
        payloads = list(batch.refused)
        for killmail_id in sorted(other_bodies):
            file, key = batch.files[killmail_id]
            payloads.append(refused_payload(refused(file, other_body_reason(killmail_id)), key, self._primary.url))
        return [(refused_event(payload, self._clock()), payload) for payload in payloads]

    async def _publish_committed(self, enqueued: Enqueued) -> None:
        """Publish what a pass has written; messages that the Broker does not accept now stay for later."""
        try:
            await self._database.outbox.publish_committed(enqueued, self._publish)
        except TransientError as error:
            _log.warning("%s", error)

    async def _flush_outbox(self) -> None:
        """Publish every waiting message, also those of other functions and of dead processes."""
        try:
            await self._database.outbox.flush(self._publish)
        except TransientError as error:
            _log.warning("%s", error)


def _now() -> float:
    return asyncio.get_running_loop().time()
