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
from ingest_poll.archive_client import Archive
from ingest_poll.batch import Archived, FilteredKillmail, PreparedBatch, filing, packed, partition_by_known
from ingest_poll.errors import LeaseLost, Unavailable, Unknown
from ingest_poll.esi_client import Esi
from ingest_poll.feed_client import Batch, Feed, Reader
from ingest_poll.feed_file import File, Mail, Placeholder, Refusal, StubEntry, completed
from ingest_poll.feed_state import (
    Failed,
    FeedPosition,
    Forbidden,
    Missing,
    PollingSchedule,
    Throttled,
    Transition,
    after_failure,
    step,
    wants_head,
    with_head,
)
from ingest_poll.ruleset import Ruleset
from ingest_poll.store import LEASE_SECONDS, OutboxMessage, Store

RUN_SECONDS: Final = 12.0  # ticks come every 10 s, up to half a second late
LEASE_EVERY: Final = 0.05
LEASE_TRIES: Final = 60  # 3 s: so long the next tick waits for the rest of the run before it
RULES_SECONDS: Final = 300.0  # a changed ruleset is in force after five minutes
SAID_AT_ONCE: Final = 128
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
        feed: Feed,
        esi: Esi,
        archive: Archive,
        publish: Publish,
        pace: PollingSchedule,
        clock: Callable[[], datetime],
        chance: Callable[[], float],
    ) -> None:
        self._store, self._feed, self._esi, self._archive = store, feed, esi, archive
        self._publish, self._pace, self._clock, self._chance = publish, pace, clock, chance
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
                await self._store.free_lease(holder)
        except LeaseLost as lost:
            _log.warning("%s", lost)
        except Unavailable as fault:
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
            await self._store.keep_lease(holder)

    async def _follow(self, holder: UUID, position: FeedPosition, ends: float) -> None:
        reader = Reader(self._feed, self._complete, self._clock)
        try:
            while True:
                await self._flush_outbox()
                left = ends - _now()
                if left <= 0:
                    return
                wait = position.wait(self._clock())
                if wait > 0:
                    reader.close()
                    await asyncio.sleep(min(wait, left))
                else:
                    position = await self._round(holder, reader, position)
        finally:
            reader.close()

    async def _round(self, holder: UUID, reader: Reader, position: FeedPosition) -> FeedPosition:
        if wants_head(position, self._clock(), self._pace):
            position = await self._look_for_head(position)
        if position.wait(self._clock()) == 0:
            position = await self._read_again(holder, reader, position)
        if position.wait(self._clock()) > 0:
            return await self._file(holder, position, Transition(position))
        batch = await reader.batch(position)
        return await self._file(holder, position, self._next(batch), batch.files)

    def _next(self, batch: Batch) -> Transition:
        if batch.ended_by is None:
            return Transition(batch.position)
        made = step(batch.position, batch.ended_by, self._clock(), self._pace, self._chance())
        if isinstance(batch.ended_by, Forbidden):
            _log.error("The feed has banned us; it is left alone until %s.", made.position.quiet_until)
        elif made.gap or not isinstance(batch.ended_by, Missing):
            context = {"sequence": batch.position.cursor, "answer": repr(batch.ended_by)[:500], "gap": made.gap}
            _log.warning("The feed did not give the next file.", extra={"context": context})
        return made

    async def _look_for_head(self, position: FeedPosition) -> FeedPosition:
        head = await self._feed.head()
        now = self._clock()
        return (
            with_head(position, head, now)
            if isinstance(head, int)
            else after_failure(position, head, now, self._chance())
        )

    async def _read_again(self, holder: UUID, reader: Reader, position: FeedPosition) -> FeedPosition:
        """Read the files that the feed says were rewritten."""
        files: dict[int, File] = {}
        for sequence in await self._store.due_rereads(REREADS):
            got = await reader.read(sequence)
            if isinstance(got, File):
                files[sequence] = got
            elif isinstance(got, Throttled | Forbidden):
                position = after_failure(position, got, self._clock(), self._chance())
                break
            else:
                await self._store.put_off_reread(sequence)
        if not files:
            return position
        return await self._file(holder, position, Transition(position), tuple(files.values()), tuple(files))

    async def _complete(self, entry: StubEntry) -> Mail | Refusal | Placeholder | Failed:
        try:
            body = await self._esi.killmail(entry.raw.killmail_id, entry.raw.hash)
        except Unknown as fault:
            return Refusal(entry.sequence, entry.body, str(fault))
        except Unavailable as fault:
            return Failed(str(fault))
        return completed(entry, body, self._clock())

    async def _file(
        self,
        holder: UUID,
        before: FeedPosition,
        made: Transition,
        files: Sequence[File] = (),
        again: Sequence[int] = (),
    ) -> FeedPosition:
        """Archive first, then all else in one transaction: what the database knows, the archive has."""
        entries = [file.entry for file in files if isinstance(file.entry, Mail | Refusal)]
        if made.given_up and made.gap:
            entries.append(Refusal(made.gap.first, made.given_up.body, made.given_up.reason))
        packs, archived = await asyncio.to_thread(packed, entries, self._clock().date())
        try:
            await self._archive.put(packs)
        except Unavailable as fault:
            _log.warning("%s", fault)
            made, files, again = (
                Transition(after_failure(before, Failed(str(fault)), self._clock(), self._chance())),
                (),
                (),
            )
            archived = Archived()
        await self._commit(holder, made, filing(archived, await self._ruleset(), self._feed.url), files, again)
        return made.position

    async def _commit(
        self, holder: UUID, made: Transition, batch: PreparedBatch, files: Sequence[File], again: Sequence[int]
    ) -> None:
        refused = [(self._refused(data), data) for data in batch.refused]
        async with self._store.transaction(holder, made.position, batch.last_killmail_id) as tx:
            found = partition_by_known(batch.judged, await tx.claim(batch.judged))
            await tx.add(found.accepted)
            await tx.reject(found.rejected)
            await tx.update_value(found.known)
            await tx.refuse([(message.id, data) for message, data in refused])
            said = [*map(self._ingested, found.accepted), *(message for message, _ in refused)]
            await tx.say([(message.headers, message.body) for message in said])
            await tx.count(found.counts(batch.received, len(refused)))
            await tx.gap(made.gap)
            await tx.reread(again, [file.updated for file in files if file.updated])

    def _ingested(self, judged: FilteredKillmail) -> Message:
        key = str(judged.killmail_id)
        return KILLMAIL_INGESTED.message(judged.reference, source=SOURCE, key=key, time=self._clock())

    def _refused(self, data: KillmailRefused) -> Message:
        """The same bytes refused again are the same event: the archive key ends in their hash."""
        key = f"{data.sequence_id}|{data.archive_key}"
        return KILLMAIL_REFUSED.message(data, source=SOURCE, key=key, time=self._clock())

    async def _ruleset(self) -> Ruleset:
        if self._rules is None or self._rules[0] < _now():
            self._rules = (_now() + RULES_SECONDS, await self._store.ruleset())
        return self._rules[1]

    async def _flush_outbox(self) -> None:
        """Publish what is still to be said, oldest first; what does not go out now stays for the next time."""
        while sentences := await self._store.pending_messages(SAID_AT_ONCE):
            stripes: list[list[OutboxMessage]] = [[] for _ in range(PUBLISH_LANES)]
            for sentence in sentences:
                stripes[zlib.crc32(sentence.headers["ce-partitionkey"].encode()) % PUBLISH_LANES].append(sentence)
            settled = await asyncio.gather(*(self._say_in_order(stripe) for stripe in stripes))
            await self._store.forget([sentence_id for ids, _ in settled for sentence_id in ids])
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
