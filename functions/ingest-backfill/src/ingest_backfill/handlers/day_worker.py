"""One day: read from its source part by part, each part filed as a chunk, the sums told at the end.

A death at any point leaves whole chunks. Whoever goes on reads the day again and files what is not known yet; so it
does not matter where it was cut off, nor whether the source's order or content changed meanwhile.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID, uuid4

from battlescope_events.catalog import DAY_COMPLETED
from battlescope_events.messages import Message
from battlescope_events.publisher import Publish
from battlescope_schemas.backfill import BackfillManifest, DayCompleted, DayRequested, DaySource
from ingest_backfill.errors import JobCancelled, LeaseLost, DayNotFound, SourceCoolingDown, UnreadableSource
from ingest_backfill.handlers.chunk_writer import ChunkWriter, Counted
from ingest_backfill.persistence.object_storage import ObjectStorage
from ingest_backfill.persistence.connection import Connection
from ingest_backfill.persistence.days import LEASE_SECONDS, Day, DayRepository
from ingest_backfill.persistence.jobs import Store
from ingest_backfill.sources.day_sources import DayContents, EsiSource, EverefSource, ZkillboardHistorySource, BucketObjectsSource

STEP_SECONDS: Final = 42.0  # then a day goes on with another event; one event has 60, and a part may take 8
LEASE_EVERY: Final = 0.5
LEASE_TRIES: Final = int((LEASE_SECONDS + 2) / LEASE_EVERY)
SOURCE: Final = "ingest-backfill"

_log = logging.getLogger(__name__)


class Requests(Protocol):
    """What follows a day: the next ones of any job, or a further step of this one."""

    async def request(self, connection: Connection) -> None: ...

    def step(self, day: Day, attempts: int) -> Message: ...


@dataclass(frozen=True, slots=True)
class Sources:
    everef: EverefSource
    history: ZkillboardHistorySource
    objects: BucketObjectsSource
    embedded: EsiSource
    archive: ObjectStorage

    async def open(self, day: Day) -> AbstractAsyncContextManager[DayContents]:
        if day.source == DaySource.EVEREF:
            return self.everef.open(day)
        if day.source == DaySource.R2Z2:
            return self.history.open(day)
        body = await self.archive.get(f"manifests-planned/{day.job_id}.json")
        if body is None:
            raise UnreadableSource("The copy of the manifest that was planned is gone.")
        manifest = BackfillManifest.model_validate_json(body)
        if day.source == DaySource.OBJECTS:
            return self.objects.open(day, manifest)
        return self.embedded.open(day, manifest)


@dataclass(frozen=True, slots=True)
class DayWorker:
    store: Store
    days: DayRepository
    sources: Sources
    archive: ObjectStorage
    requests: Requests
    publish: Publish
    now: Callable[[], datetime]

    async def work(self, requested: DayRequested) -> None:
        """A step of a day. Whatever is not under way any more, or is in other hands, is left alone."""
        ends = asyncio.get_running_loop().time() + STEP_SECONDS
        day, holder = await self.days.find(requested.job_id, requested.date), uuid4()
        if day is None or day.status != "running" or not await self._taken(day, holder):
            return
        try:
            day = await self.days.find(requested.job_id, requested.date)  # as the one before us left it
            if day is not None and day.status == "running":
                await self._while_leased(day, holder, ends)
        finally:
            await self.days.release_lease(f"day {requested.job_id} {requested.date}", holder)

    async def _taken(self, day: Day, holder: UUID) -> bool:
        """A dead worker's lease ends by itself; a living one keeps it, and then this event is not needed."""
        for _ in range(LEASE_TRIES):
            if await self.days.take_lease(day.lease_name, holder):
                return True
            await asyncio.sleep(LEASE_EVERY)
        return False

    async def _while_leased(self, day: Day, holder: UUID, ends: float) -> None:
        """Work while the lease is renewed beside it; whichever ends first ends both."""
        tasks = (asyncio.create_task(self._step(day, holder, ends)), asyncio.create_task(self._keep(day, holder)))
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
        for result in results:
            if isinstance(result, LeaseLost):
                _log.warning("%s: %s", day.lease_name, result)
            elif isinstance(result, Exception):
                raise result

    async def _keep(self, day: Day, holder: UUID) -> None:
        while True:
            await asyncio.sleep(LEASE_SECONDS / 3)
            await self.days.renew_lease(day.lease_name, holder)

    async def _step(self, day: Day, holder: UUID, ends: float) -> None:
        try:
            await self._attempt(day, holder, ends)
        except JobCancelled:
            await self._end(day, holder, "cancelled", "The job was cancelled.")

    async def _attempt(self, day: Day, holder: UUID, ends: float) -> None:
        try:
            async with await self.sources.open(day) as opened:
                await self._read(day, holder, opened, ends)
        except SourceCoolingDown as wait:
            _log.info("%s: %s", day.lease_name, wait)
            await self._end(day, holder, "pending", str(wait))
        except DayNotFound as missing:
            _log.warning("%s: %s", day.lease_name, missing)
            await self._complete(day, holder, "skipped", Counted(failures=(str(missing),)))
        except UnreadableSource as reason:
            _log.warning("%s: %s", day.lease_name, reason)
            await self._end(day, holder, "failed", str(reason))

    async def _read(self, day: Day, holder: UUID, opened: DayContents, ends: float) -> None:
        """Every part, until none is left or the step's time is over."""
        loop = asyncio.get_running_loop()
        chunks = await self._chunks(day, holder, opened)
        async for part in opened.parts:
            if opened.fetched_individually:
                await chunks.file_fetched(part, self.sources.embedded.fetch_body)
            else:
                await chunks.file(part)
            await self.store.flush_outbox(self.publish)
            if loop.time() > ends and chunks.progressed:  # a step that decided nothing would be followed by the same
                await self._go_on(day, holder)
                return
        counted = chunks.counted
        if opened.fetched_individually:
            counted = Counted(opened.expected or 0, day.failed + counted.failed, counted.failures)
        await self._complete(day, holder, "completed", counted, opened.expected)

    async def _chunks(self, day: Day, holder: UUID, opened: DayContents) -> ChunkWriter:
        """Mails that are fetched one by one go on behind those of the step before; all others are read again."""
        rules = await self.store.ruleset(day.ruleset_id)
        if rules is None:
            raise UnreadableSource(f"There is no ruleset {day.ruleset_id or 'that is active'}.")
        already = day.total if opened.fetched_individually else 0
        return ChunkWriter(
            day, holder, rules, days=self.days, archive=self.archive, now=self.now,
            already=already, expected=opened.expected,
        )  # fmt: skip

    async def _go_on(self, day: Day, holder: UUID) -> None:
        """A further event, and not a failure of this one: failures are counted, and end in the dead letters."""
        async with self.days.transaction(day, holder) as tx:
            await tx.add_counts(None, failed=None, decided_until=None)  # is it still ours, and wanted?
            attempts = await tx.start_next_step()
            if attempts is not None:
                await tx.enqueue([self.requests.step(day, attempts)])

    async def _end(self, day: Day, holder: UUID, status: str, error: str) -> None:
        async with self.days.transaction(day, holder) as tx:
            await tx.end_day(status, error=error[:2000])
            await self.requests.request(tx.connection)

    async def _complete(
        self, day: Day, holder: UUID, status: str, counted: Counted, expected: int | None = None
    ) -> None:
        """The last word about a day, said in the transaction that writes it."""
        async with self.days.transaction(day, holder) as tx:
            await tx.add_counts(None, failed=counted.failed, decided_until=None)
            sums = await tx.end_day(status, error=_remark(counted, expected), total=counted.total, expected=expected)
            if sums is None:
                return
            told = DayCompleted(
                job_id=day.job_id, date=day.day, reason=day.reason, attempt=day.attempts, total=sums.total,
                accepted=sums.accepted, rejected=sums.rejected, known=max(0, sums.existing_ids), failed=sums.failed,
            )  # fmt: skip
            key = f"{day.job_id}:{day.day}:{day.attempts}"
            await tx.enqueue([DAY_COMPLETED.message(told, source=SOURCE, key=key, time=self.now())])
            await self.requests.request(tx.connection)


def _remark(counted: Counted, expected: int | None) -> str | None:
    """What an operator should know of a day that was worked to its end."""
    remarks: Sequence[str] = counted.failures
    if expected is not None and expected != counted.total:
        remarks = (f"The source gave {counted.total} mails, its own totals say {expected}.", *remarks)
    return " ".join(remarks)[:2000] or None
