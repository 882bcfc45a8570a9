"""Reads a refused body again from the archive, when an operator replays its dead letter.

A newer release may understand it, its kill time may no longer be in the future, or ESI may know the killmail by now.
Then it is ingested like any file of the feed; otherwise the request fails with the reason, and the letter stays open.
"""

import asyncio
import zlib
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any, Final

from battlescope_events.errors import PermanentError, TransientError
from battlescope_events.messages import Event
from battlescope_events.object_storage.objects import GZIP, ByteRange, ObjectStorage
from battlescope_events.publisher import Publish
from battlescope_schemas.archive import ArchiveKey, read_member
from battlescope_schemas.reference import KillmailRereadRequested
from ingest_poll.events import ingested_event
from ingest_poll.feed.batch import FilteredBatch, bundle_files, filter_files, other_body_reason, partition_by_known
from ingest_poll.feed.feed_file import FeedFile, parse_file
from ingest_poll.feed.feed_state import RequestFailed, UnusableBody
from ingest_poll.persistence.unit_of_work import Database

MAX_BYTES: Final = 32 * 1024 * 1024  # of a compressed body; a file of the feed has at most 16 MiB

Complete = Callable[[FeedFile], Awaitable[FeedFile | RequestFailed | UnusableBody]]


class RefusedBodyReader:
    """Ingests bodies that were refused once.

    complete: fetches the body of an entry that has none from ESI.
    """

    def __init__(
        self,
        *,
        database: Database,
        complete: Complete,
        storage: ObjectStorage,
        publish: Publish,
        feed_url: str,
        clock: Callable[[], datetime],
    ) -> None:
        self._database, self._complete, self._storage = database, complete, storage
        self._publish, self._feed_url, self._clock = publish, feed_url, clock

    async def handle(self, event: Event[Any]) -> None:
        """Ingest the killmail of the body, unless it is known already.

        Raises:
            PermanentError: the body is refused again, or the archive no longer has it.
            TransientError: ESI, the archive or the Broker does not answer.
        """
        request: KillmailRereadRequested = event.data
        file = await self._read(request)
        bundles, archived = bundle_files([file], self._clock().date())
        for bundle in bundles:
            await self._storage.put_once(bundle.object_key, bundle.body, GZIP)
        batch = filter_files(archived, await self._database.active_ruleset(), self._feed_url)
        await self._commit(batch, request.archive_key)
        await self._database.outbox.flush(self._publish)

    async def _read(self, request: KillmailRereadRequested) -> FeedFile:
        """The file with its killmail."""
        body = await self._archived_body(request.archive_key)
        file = await asyncio.to_thread(parse_file, request.sequence_id, body, self._clock())
        if isinstance(file, FeedFile) and file.is_stub:
            file = await self._complete(file)
        match file:
            case UnusableBody(reason):
                raise PermanentError(reason)
            case RequestFailed(reason):
                raise TransientError(reason)
            case FeedFile(refusal=str(reason)):
                raise PermanentError(reason)
            case FeedFile(entry=None):
                raise PermanentError("The file is a placeholder without a killmail.")
            case FeedFile():
                return file

    async def _archived_body(self, text: str) -> bytes:
        try:
            key = ArchiveKey.parse(text)
        except ValueError as error:
            raise PermanentError(str(error)) from error
        member = await self._storage.get_range(key.object_key, ByteRange(key.offset, key.length), max_bytes=MAX_BYTES)
        try:
            return await asyncio.to_thread(read_member, member)
        except (OSError, EOFError, zlib.error) as error:
            raise PermanentError(f"The archive object of {key} does not hold the body any more.") from error

    async def _commit(self, batch: FilteredBatch, refused_key: str) -> None:
        """Id, row, statistics and outbox message in one transaction; a known killmail with this body changes nothing.

        Raises:
            PermanentError: the killmail is stored with another body, and that one counts.
        """
        async with self._database.refused_body_work() as uow:
            killmails = partition_by_known(batch.killmails, await uow.killmails.claim_ids(batch.killmails))
            other_bodies = await uow.killmails.find_other_bodies(killmails.known)
            if other_bodies:
                raise PermanentError(other_body_reason(other_bodies.pop()))
            await uow.killmails.insert_accepted(killmails.accepted)
            await uow.killmails.insert_rejected(killmails.rejected)
            await uow.enqueue([ingested_event(filtered, {}, self._clock()) for filtered in killmails.accepted])
            await uow.killmails.add_counts(killmails.counts(batch.received, 0))
            await uow.refusals.delete(refused_key)
