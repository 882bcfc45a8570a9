"""One timer event: poll the feed for a while through the pipeline fetch → parse → archive → filter → commit → publish.

A run lasts a little longer than the interval of the timer events, so the next run already waits for the lease and
takes over without a pause. After any failure, the database holds the position to resume from and the unpublished
events.
"""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

from battlescope_events.errors import TransientError
from battlescope_events.messages import Event, Message
from battlescope_events.object_storage.objects import GZIP, ObjectStorage
from battlescope_events.publisher import Publish
from battlescope_events.upstream.errors import UpstreamUnavailable
from battlescope_schemas.archive import ArchiveKey
from battlescope_schemas.reference import KillmailRefused
from battlescope_schemas.ruleset import Ruleset
from ingest_poll.batch import (
    FetchedFiles,
    FilteredBatch,
    bundle_files,
    filter_files,
    other_body_reason,
    partition_by_known,
    refused_payload,
)
from ingest_poll.errors import KillmailNotFound, LeaseLost
from ingest_poll.esi_client import KillmailClient
from ingest_poll.events import ingested_event, refused_event
from ingest_poll.feed_client import FeedClient, FeedReader, FetchedBatch
from ingest_poll.feed_file import FeedFile, complete_stub, refused
from ingest_poll.feed_state import (
    CoolingDown,
    FeedPosition,
    Missing,
    PollingSchedule,
    RequestFailed,
    Transition,
    UnusableBody,
    advance,
    after_failure,
    should_request_head,
    with_head,
)
from ingest_poll.store import LEASE_SECONDS, Database

RUN_SECONDS: Final = 12.0  # timer events come every 10 s, up to half a second late
LEASE_RETRY_SECONDS: Final = 0.05
LEASE_TRIES: Final = 60  # 3 s: how long the next run waits for the end of the run before it
RULESET_SECONDS: Final = 300.0  # a changed ruleset takes effect within five minutes
MAX_REREADS: Final = 8

_log = logging.getLogger(__name__)


class FeedPoller:
    """Polls the feed; a lease in the database admits one run at a time."""

    def __init__(
        self,
        *,
        database: Database,
        feed: FeedClient,
        esi: KillmailClient,
        storage: ObjectStorage,
        publish: Publish,
        schedule: PollingSchedule,
        clock: Callable[[], datetime],
        jitter: Callable[[], float],
    ) -> None:
        self._database, self._feed, self._esi, self._storage = database, feed, esi, storage
        self._publish, self._schedule, self._clock, self._jitter = publish, schedule, clock, jitter
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
        reader = FeedReader(self._feed, self.complete, self._clock)
        try:
            await self._flush_outbox()  # what an earlier run could not publish
            while True:
                remaining = ends_at - _now()
                if remaining <= 0:
                    return
                wait = position.wait_seconds(self._clock())
                if wait > 0:
                    reader.close()
                    await asyncio.sleep(min(wait, remaining))
                else:
                    position = await self._run_pipeline(holder, reader, position)
        finally:
            reader.close()

    async def _run_pipeline(self, holder: UUID, reader: FeedReader, position: FeedPosition) -> FeedPosition:
        """Fetch and parse → archive → filter → commit → publish.

        The archive comes before the database, so the database never refers to a missing object.
        """
        fetched = await self._fetch(reader, position)
        try:
            archived = await self._archive_files(fetched.to_archive)
        except TransientError as error:
            fetched, archived = self._drop(fetched, error), []
        batch = filter_files(archived, await self._ruleset(), self._feed.url)
        await self._commit(holder, fetched, batch)
        await self._flush_outbox()
        return fetched.transition.position

    async def _fetch(self, reader: FeedReader, position: FeedPosition) -> FetchedFiles:
        """Head if due, rewritten files, then the next files, until a response demands a delay."""
        rereads: list[FeedFile] = []
        if should_request_head(position, self._clock(), self._schedule):
            position = await self._fetch_head(position)
        if position.wait_seconds(self._clock()) == 0:
            rereads, position = await self._fetch_rereads(reader, position)
        transition, files = Transition(position), tuple(rereads)
        if position.wait_seconds(self._clock()) == 0:
            next_files = await reader.read_batch(position)
            transition, files = self._transition_after(next_files), (*rereads, *next_files.files)
        return FetchedFiles(position, transition, files, tuple(file.sequence for file in rereads))

    async def _fetch_head(self, position: FeedPosition) -> FeedPosition:
        head = await self._feed.fetch_head()
        now = self._clock()
        return (
            with_head(position, head, now)
            if isinstance(head, int)
            else after_failure(position, head, now, self._jitter())
        )

    async def _fetch_rereads(self, reader: FeedReader, position: FeedPosition) -> tuple[list[FeedFile], FeedPosition]:
        """The files that the feed has rewritten since their first read."""
        files: list[FeedFile] = []
        for sequence in await self._database.due_rereads(MAX_REREADS):
            file = await reader.read_file(sequence)
            if isinstance(file, FeedFile):
                files.append(file)
            elif isinstance(file, CoolingDown):
                return files, after_failure(position, file, self._clock(), self._jitter())
            else:
                await self._database.postpone_reread(sequence)
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

    def _transition_after(self, batch: FetchedBatch) -> Transition:
        if batch.ended_by is None:
            return Transition(batch.position)
        transition = advance(batch.position, batch.ended_by, self._clock(), self._schedule, self._jitter())
        if transition.gap or not isinstance(
            batch.ended_by, Missing | CoolingDown
        ):  # the upstream client logs cooldowns
            response = repr(batch.ended_by)[:500]
            context = {"sequence": batch.position.cursor, "response": response, "gap": transition.gap}
            _log.warning("The feed did not return the next file.", extra={"context": context})
        return transition

    async def _archive_files(self, files: Sequence[FeedFile]) -> list[tuple[FeedFile, ArchiveKey]]:
        bundles, archived = await asyncio.to_thread(bundle_files, files, self._clock().date())
        await asyncio.gather(*(self._storage.put_once(bundle.object_key, bundle.body, GZIP) for bundle in bundles))
        return archived

    def _drop(self, fetched: FetchedFiles, error: TransientError) -> FetchedFiles:
        """Nothing but a delay: the archive cannot store the files, so a later pass fetches them again."""
        _log.warning("%s", error)
        delayed = after_failure(fetched.start, RequestFailed(str(error)), self._clock(), self._jitter())
        return FetchedFiles(fetched.start, Transition(delayed))

    async def _ruleset(self) -> Ruleset:
        if self._cached_ruleset is None or self._cached_ruleset[0] < _now():
            self._cached_ruleset = (_now() + RULESET_SECONDS, await self._database.active_ruleset())
        return self._cached_ruleset[1]

    async def _commit(self, holder: UUID, fetched: FetchedFiles, batch: FilteredBatch) -> None:
        """Position, ids, rows, statistics and outbox messages in one transaction."""
        position = fetched.transition.position
        async with self._database.unit_of_work(holder, position, batch.last_killmail_id) as uow:
            killmails = partition_by_known(batch.killmails, await uow.claim_ids(batch.killmails))
            await uow.insert_accepted(killmails.accepted)
            await uow.insert_rejected(killmails.rejected)
            revisions = await uow.update_values(killmails.known)
            refusals = self._refusals(batch, await uow.find_other_bodies(killmails.known))
            await uow.insert_refused([(event.id, payload) for event, payload in refusals])
            revalued = [filtered for filtered in killmails.known if filtered.killmail.killmail_id in revisions]
            ingested = [
                ingested_event(filtered, revisions, self._clock()) for filtered in (*killmails.accepted, *revalued)
            ]
            await uow.enqueue([*ingested, *(event for event, _ in refusals)])
            await uow.add_counts(killmails.counts(batch.received, len(refusals)))
            await uow.record_gap(fetched.transition.gap)
            await uow.update_rereads(fetched.rereads, fetched.rewritten_sequences)

    def _refusals(self, batch: FilteredBatch, other_bodies: set[int]) -> list[tuple[Message, KillmailRefused]]:
        """The refused files, and those whose killmail is stored with another body; each with its event."""
        payloads = list(batch.refused)
        for killmail_id in sorted(other_bodies):
            file, key = batch.files[killmail_id]
            payloads.append(refused_payload(refused(file, other_body_reason(killmail_id)), key, self._feed.url))
        return [(refused_event(payload, self._clock()), payload) for payload in payloads]

    async def _flush_outbox(self) -> None:
        """Publish the outbox; messages that the Broker does not accept now stay for later."""
        try:
            await self._database.outbox.flush(self._publish)
        except TransientError as error:
            _log.warning("%s", error)


def _now() -> float:
    return asyncio.get_running_loop().time()
