"""One tick: follow the feed for a while, file what it gives, say what was filed.

A run lasts a little longer than the ticks are apart, so that the next tick already waits for the lease and takes over
without a gap. Whatever happens to a run, the database says where to go on and what is still to be said.
"""

import asyncio
import logging
import zlib
from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from typing import Any, Final
from uuid import UUID, uuid4

from battlescope_events.catalog import KILLMAIL_INGESTED, KILLMAIL_REFUSED
from battlescope_events.errors import PermanentError, TransientError
from battlescope_events.messages import Event, Message
from battlescope_events.publisher import Publish
from battlescope_schemas.reference import KillmailRefused
from ingest_poll.archive_client import ArchiveClient
from ingest_poll.batch import ArchivedEntries, FilteredKillmail, PreparedBatch, prepare_batch, bundle_entries, partition_by_known
from ingest_poll.errors import LeaseLost, UnavailableError, KillmailNotFound
from ingest_poll.esi_client import EsiClient
from ingest_poll.feed_client import FetchedBatch, FeedClient, FeedReader
from ingest_poll.feed_file import FeedFile, KillmailEntry, PlaceholderEntry, RefusedEntry, StubEntry, complete_stub
from ingest_poll.feed_state import (
    RequestFailed,
    FeedPosition,
    Forbidden,
    Missing,
    PollingSchedule,
    Throttled,
    Transition,
    after_failure,
    advance,
    should_request_head,
    with_head,
)
from ingest_poll.ruleset import Ruleset
from ingest_poll.store import LEASE_SECONDS, OutboxMessage, Store

RUN_SECONDS: Final = 12.0  # ticks come every 10 s, up to half a second late
LEASE_EVERY: Final = 0.05
LEASE_TRIES: Final = 60  # 3 s: so long the next tick waits for the rest of the run before it
RULES_SECONDS: Final = 300.0  # a changed ruleset is in force after five minutes
OUTBOX_BATCH: Final = 128
PUBLISH_LANES: Final = 8  # events published at once; those of one system stay in one stripe and so in order
REREADS: Final = 8
SOURCE: Final = "ingest-poll"

_log = logging.getLogger(__name__)


class FeedPoller:
    """Follows the feed, one run at a time."""

    def __init__(
        self,
        *,
        store: Store,
        feed: FeedClient,
        esi: EsiClient,
        archive: ArchiveClient,
        publish: Publish,
        schedule: PollingSchedule,
        clock: Callable[[], datetime],
        jitter: Callable[[], float],
    ) -> None:
        self._store, self._feed, self._esi, self._archive = store, feed, esi, archive
        self._publish, self._pace, self._clock, self._chance = publish, schedule, clock, jitter
        self._rules: tuple[float, Ruleset] | None = None

    async def handle(self, _: Event[Any]) -> None:
        """Follow until this tick's time is over, or leave it to a run that is at it."""
        holder, ends = uuid4(), _now() + RUN_SECONDS
        try:
            position = await self._take_lease(holder)
            if position is None:
                _log.info("Another run follows the feed; this tick is not needed.")
                return
            try:
                await self._while_leased(holder, self._follow(holder, position, ends))
            finally:
                await self._store.release_lease(holder)
        except LeaseLost as lost:
            _log.warning("%s", lost)
        except UnavailableError as fault:
            raise TransientError(str(fault)) from fault

    async def _take_lease(self, holder: UUID) -> FeedPosition | None:
        for _ in range(LEASE_TRIES):
            position = await self._store.take_lease(holder)
            if position is not None:
                return position
            await asyncio.sleep(LEASE_EVERY)
        return None

    async def _while_leased(self, holder: UUID, work: Coroutine[Any, Any, None]) -> None:
        """Work while the lease is renewed beside it; whichever ends first ends both."""
        tasks = (asyncio.create_task(work), asyncio.create_task(self._keep_lease(holder)))
        try:
            done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        for task in done:
            task.result()

    async def _keep_lease(self, holder: UUID) -> None:
        while True:
            await asyncio.sleep(LEASE_SECONDS / 4)
            await self._store.renew_lease(holder)

    async def _follow(self, holder: UUID, position: FeedPosition, ends: float) -> None:
        reader = FeedReader(self._feed, self._complete, self._clock)
        try:
            while True:
                await self._flush_outbox()
                left = ends - _now()
                if left <= 0:
                    return
                wait = position.wait_seconds(self._clock())
                if wait > 0:
                    reader.close()
                    await asyncio.sleep(min(wait, left))
                else:
                    position = await self._round(holder, reader, position)
        finally:
            reader.close()

    async def _round(self, holder: UUID, reader: FeedReader, position: FeedPosition) -> FeedPosition:
        if should_request_head(position, self._clock(), self._pace):
            position = await self._look_for_head(position)
        if position.wait_seconds(self._clock()) == 0:
            position = await self._read_again(holder, reader, position)
        if position.wait_seconds(self._clock()) > 0:
            return await self._file(holder, position, Transition(position))
        batch = await reader.read_batch(position)
        return await self._file(holder, position, self._next(batch), batch.files)

    def _next(self, batch: FetchedBatch) -> Transition:
        if batch.ended_by is None:
            return Transition(batch.position)
        made = advance(batch.position, batch.ended_by, self._clock(), self._pace, self._chance())
        if isinstance(batch.ended_by, Forbidden):
            _log.error("The feed has banned us; it is left alone until %s.", made.position.quiet_until)
        elif made.gap or not isinstance(batch.ended_by, Missing):
            context = {"sequence": batch.position.cursor, "answer": repr(batch.ended_by)[:500], "gap": made.gap}
            _log.warning("The feed did not give the next file.", extra={"context": context})
        return made

    async def _look_for_head(self, position: FeedPosition) -> FeedPosition:
        head = await self._feed.fetch_head()
        now = self._clock()
        return (
            with_head(position, head, now)
            if isinstance(head, int)
            else after_failure(position, head, now, self._chance())
        )

    async def _read_again(self, holder: UUID, reader: FeedReader, position: FeedPosition) -> FeedPosition:
        """Read the files that the feed says were rewritten."""
        files: dict[int, FeedFile] = {}
        for sequence in await self._store.due_rereads(REREADS):
            got = await reader.read_file(sequence)
            if isinstance(got, FeedFile):
                files[sequence] = got
            elif isinstance(got, Throttled | Forbidden):
                position = after_failure(position, got, self._clock(), self._chance())
                break
            else:
                await self._store.postpone_reread(sequence)
        if not files:
            return position
        return await self._file(holder, position, Transition(position), tuple(files.values()), tuple(files))

    async def _complete(self, entry: StubEntry) -> KillmailEntry | RefusedEntry | PlaceholderEntry | RequestFailed:
        try:
            body = await self._esi.fetch_killmail(entry.raw.killmail_id, entry.raw.hash)
        except KillmailNotFound as fault:
            return RefusedEntry(entry.sequence, entry.body, str(fault))
        except UnavailableError as fault:
            return RequestFailed(str(fault))
        return complete_stub(entry, body, self._clock())

    async def _file(
        self,
        holder: UUID,
        before: FeedPosition,
        made: Transition,
        files: Sequence[FeedFile] = (),
        again: Sequence[int] = (),
    ) -> FeedPosition:
        """Archive first, then all else in one transaction: what the database knows, the archive has."""
        entries = [file.entry for file in files if isinstance(file.entry, KillmailEntry | RefusedEntry)]
        if made.abandoned and made.gap:
            entries.append(RefusedEntry(made.gap.first, made.abandoned.body, made.abandoned.reason))
        packs, archived = await asyncio.to_thread(bundle_entries, entries, self._clock().date())
        try:
            await self._archive.put(packs)
        except UnavailableError as fault:
            _log.warning("%s", fault)
            made, files, again = (
                Transition(after_failure(before, RequestFailed(str(fault)), self._clock(), self._chance())),
                (),
                (),
            )
            archived = ArchivedEntries()
        await self._commit(holder, made, prepare_batch(archived, await self._ruleset(), self._feed.url), files, again)
        return made.position

    async def _commit(
        self, holder: UUID, made: Transition, batch: PreparedBatch, files: Sequence[FeedFile], again: Sequence[int]
    ) -> None:
        refused = [(self._refused(data), data) for data in batch.refused]
        async with self._store.transaction(holder, made.position, batch.last_killmail_id) as tx:
            found = partition_by_known(batch.killmails, await tx.claim_ids(batch.killmails))
            await tx.insert_accepted(found.accepted)
            await tx.insert_rejected(found.rejected)
            await tx.update_values(found.known)
            await tx.insert_refused([(message.id, data) for message, data in refused])
            said = [*map(self._ingested, found.accepted), *(message for message, _ in refused)]
            await tx.enqueue([(message.headers, message.body) for message in said])
            await tx.add_counts(found.counts(batch.received, len(refused)))
            await tx.record_gap(made.gap)
            await tx.update_rereads(again, [file.rewritten_sequence for file in files if file.rewritten_sequence])

    def _ingested(self, judged: FilteredKillmail) -> Message:
        key = str(judged.killmail_id)
        return KILLMAIL_INGESTED.message(judged.reference, source=SOURCE, key=key, time=self._clock())

    def _refused(self, data: KillmailRefused) -> Message:
        """The same bytes refused again are the same event: the archive key ends in their hash."""
        key = f"{data.sequence_id}|{data.archive_key}"
        return KILLMAIL_REFUSED.message(data, source=SOURCE, key=key, time=self._clock())

    async def _ruleset(self) -> Ruleset:
        if self._rules is None or self._rules[0] < _now():
            self._rules = (_now() + RULES_SECONDS, await self._store.active_ruleset())
        return self._rules[1]

    async def _flush_outbox(self) -> None:
        """Publish what is still to be said, oldest first; what does not go out now stays for the next time."""
        while sentences := await self._store.pending_messages(OUTBOX_BATCH):
            stripes: list[list[OutboxMessage]] = [[] for _ in range(PUBLISH_LANES)]
            for sentence in sentences:
                stripes[zlib.crc32(sentence.headers["ce-partitionkey"].encode()) % PUBLISH_LANES].append(sentence)
            settled = await asyncio.gather(*(self._say_in_order(stripe) for stripe in stripes))
            await self._store.delete_messages([sentence_id for ids, _ in settled for sentence_id in ids])
            if not all(whole for _, whole in settled):
                return

    async def _say_in_order(self, sentences: Sequence[OutboxMessage]) -> tuple[list[int], bool]:
        said: list[int] = []
        for sentence in sentences:
            try:
                await self._publish([Message(sentence.headers, sentence.body)])
            except PermanentError as fault:
                _log.error("%s", fault)  # the sentence says it all
                await self._store.mark_failed(sentence.id, str(fault))
            except TransientError as fault:
                _log.warning("%s", fault)
                return said, False
            else:
                said.append(sentence.id)
        return said, True


def _now() -> float:
    return asyncio.get_running_loop().time()
