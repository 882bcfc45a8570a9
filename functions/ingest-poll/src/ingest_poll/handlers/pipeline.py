"""What happens to fetched files: archive → filter → commit → publish, in this order for every source.

The archive comes before the database, so the database never refers to a missing object. Ids, rows, statistics, outbox
messages and the position are one transaction, so after any failure the database holds where to resume from.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from battlescope_events.errors import TransientError
from battlescope_events.messages import Message
from battlescope_events.object_storage.objects import GZIP, ObjectStorage
from battlescope_events.postgres.outbox import Enqueued
from battlescope_events.publisher import Publish
from battlescope_schemas.archive import DEFAULT_LEVEL, FAST_LEVEL, ArchiveKey
from battlescope_schemas.reference import KillmailRefused
from battlescope_schemas.ruleset import FilteredKillmail, Ruleset
from ingest_poll.events import batch_event, ingested_event, refused_event
from ingest_poll.feed.batch import (
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
from ingest_poll.feed.feed_file import FeedFile, refused
from ingest_poll.feed.feed_state import CALM_FILES, Backlog, RequestFailed, Transition, after_failure
from ingest_poll.persistence.unit_of_work import Database, UnitOfWork

RULESET_SECONDS: Final = 300.0  # a changed ruleset takes effect within five minutes

_log = logging.getLogger(__name__)


class FilePipeline:
    def __init__(
        self,
        *,
        database: Database,
        storage: ObjectStorage,
        publish: Publish,
        batch_threshold: int,
        clock: Callable[[], datetime],
        jitter: Callable[[], float],
    ) -> None:
        """`batch_threshold`: up to so many killmails of a pass are published one by one, more as one batch."""
        self._database, self._storage, self._publish = database, storage, publish
        self._batch_threshold, self._clock, self._jitter = batch_threshold, clock, jitter
        self._cached_ruleset: tuple[float, Ruleset] | None = None

    async def store_present(self, holder: UUID, fetched: FetchedFiles, url: str) -> FetchedFiles:
        """Store and publish files of the primary source.

        Returns: the files with the position that is stored now; only a delay is left of what the archive cannot store.
        """
        fetched, batch = await self._archive_and_filter(fetched, url)
        position = fetched.transition.position
        async with self._database.unit_of_work(holder, position, batch.last_killmail_id) as uow:
            await uow.feed_files.insert_backlog(fetched.backlog)
            enqueued = await self._store_fetched(uow, fetched, batch, "feed")
        await self._publish_committed(enqueued)
        return fetched

    async def store_backlog(self, holder: UUID, first: int, fetched: FetchedFiles, url: str) -> Backlog:
        """Store and publish files of the backlog that began at file `first`; returns what is left of it."""
        fetched, batch = await self._archive_and_filter(fetched, url)
        backlog = Backlog(first, fetched.transition.position)
        async with self._database.backlog_unit_of_work(holder, backlog) as uow:
            enqueued = await self._store_fetched(uow, fetched, batch, "backlog")
        await self._publish_committed(enqueued)
        return backlog

    async def store_standby(self, holder: UUID, fetched: FetchedFiles, url: str) -> FetchedFiles:
        """Store and publish files of the standby; what is known already is not changed by it."""
        fetched, batch = await self._archive_and_filter(fetched, url)
        async with self._database.standby_unit_of_work(holder, fetched.transition.position) as uow:
            killmails = partition_by_known(batch.killmails, await uow.killmails.claim_ids(batch.killmails))
            enqueued = await self._store(uow, batch, killmails, {}, "standby")
            await uow.listings.postpone(fetched.unavailable)
        await self._publish_committed(enqueued)
        return fetched

    async def flush_outbox(self) -> None:
        """Publish every waiting message, also those of other functions and of dead processes."""
        try:
            await self._database.outbox.flush(self._publish)
        except TransientError as error:
            _log.warning("%s", error)

    async def _archive_and_filter(self, fetched: FetchedFiles, url: str) -> tuple[FetchedFiles, FilteredBatch]:
        """Of files that the archive cannot store now, nothing but a delay is left."""
        try:
            archived = await self._archive_files(fetched.to_archive)
        except TransientError as error:
            fetched, archived = self._drop(fetched, error), []
        return fetched, filter_files(archived, await self._ruleset(), url)

    async def _archive_files(self, files: Sequence[FeedFile]) -> list[tuple[FeedFile, ArchiveKey]]:
        level = FAST_LEVEL if len(files) > CALM_FILES else DEFAULT_LEVEL
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

    async def _store_fetched(
        self, uow: UnitOfWork, fetched: FetchedFiles, batch: FilteredBatch, origin: Origin
    ) -> Enqueued:
        killmails = partition_by_known(batch.killmails, await uow.killmails.claim_ids(batch.killmails))
        revisions = await uow.killmails.update_values(killmails.known)
        enqueued = await self._store(uow, batch, killmails, revisions, origin)
        await uow.feed_files.record_gap(fetched.transition.gap)
        await uow.feed_files.update_rereads(fetched.rereads, fetched.rewritten_sequences)
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
        refusals = self._refusals(batch, await uow.killmails.find_other_bodies(killmails.known))
        revalued = [filtered for filtered in killmails.known if filtered.killmail.killmail_id in revisions]
        ingested = await self._ingested_events([*killmails.accepted, *revalued], revisions)
        await uow.killmails.insert_accepted(killmails.accepted)
        await uow.killmails.insert_rejected(killmails.rejected)
        await uow.refusals.insert([(event.id, payload) for event, payload in refusals])
        await uow.killmails.add_counts(killmails.counts(batch.received, len(refusals), origin))
        return await uow.enqueue([*ingested, *(event for event, _ in refusals)])

    async def _ingested_events(
        self, killmails: Sequence[FilteredKillmail], revisions: Mapping[int, int]
    ) -> list[Message]:
        """One event per killmail, or one for all of many, whose object is stored if it cannot carry it."""
        if len(killmails) <= self._batch_threshold:
            return [ingested_event(filtered, revisions, self._clock()) for filtered in killmails]
        claim_check, body = await asyncio.to_thread(batch_claim_check, killmails, revisions)
        if claim_check.content is None:
            await self._storage.put_once(claim_check.chunk_key, body, GZIP)
        return [batch_event(claim_check, self._clock())]

    def _refusals(self, batch: FilteredBatch, other_bodies: set[int]) -> list[tuple[Message, KillmailRefused]]:
        """The refused files, and those whose killmail is stored with another body; each with its event."""
        payloads = list(batch.refused)
        for killmail_id in sorted(other_bodies):
            file, key = batch.files[killmail_id]
            payloads.append(refused_payload(refused(file, other_body_reason(killmail_id)), key, batch.url))
        return [(refused_event(payload, self._clock()), payload) for payload in payloads]

    async def _publish_committed(self, enqueued: Enqueued) -> None:
        """Publish what a pass has written; messages that the Broker does not accept now stay for later."""
        try:
            await self._database.outbox.publish_committed(enqueued, self._publish)
        except TransientError as error:
            _log.warning("%s", error)


def _now() -> float:
    return asyncio.get_running_loop().time()
