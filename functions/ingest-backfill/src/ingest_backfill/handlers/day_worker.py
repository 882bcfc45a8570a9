"""Processes one day: reads its source part by part, writes each part as a chunk, and publishes the sums at the end.

A crash at any point leaves complete chunks. The next worker reads the day again and writes the killmails that are not
stored yet; so neither the point of the crash matters nor a change of the source's order or content since then.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol
from uuid import UUID, uuid4

from battlescope_events.background import run_with_renewal
from battlescope_events.catalog import DAY_COMPLETED
from battlescope_events.errors import TransientError
from battlescope_events.messages import Message
from battlescope_events.object_storage.objects import ObjectStorage
from battlescope_events.publisher import Publish
from battlescope_events.upstream.errors import UpstreamUnavailable
from battlescope_schemas.backfill import DayCompleted, DayRequested, DaySource
from battlescope_schemas.foreign_text import storable
from ingest_backfill.errors import DayNotFound, JobCancelled, LeaseLost, MalformedSource, UnreadableSource
from ingest_backfill.handlers.chunk_writer import ChunkWriter, ReadCounts
from ingest_backfill.persistence.days import Day
from ingest_backfill.persistence.leases import LEASE_SECONDS
from ingest_backfill.persistence.unit_of_work import Database, UnitOfWork
from ingest_backfill.sources.base import DayContents
from ingest_backfill.sources.day_sources import DaySources

STEP_SECONDS: Final = 42.0  # then another event continues the day; a delivery has 60 s, and one part may take 8 s
LEASE_RETRY_SECONDS: Final = 0.5
LEASE_TRIES: Final = int((LEASE_SECONDS + 2) / LEASE_RETRY_SECONDS)
MAX_MALFORMED: Final = 5  # times that a day is asked for again while its source sends no whole file
MAX_ERROR: Final = 2000  # characters of the error of a day
# Requests without progress, each with all retries of the Broker, after which a day fails, in about an hour; an endless
# one would keep its place among the few days that run at a time.
MAX_FRUITLESS_ATTEMPTS: Final = 20
# The same while the source does not answer: a day of requests about a minute apart, because outages of a host end.
MAX_UNANSWERED_ATTEMPTS: Final = 1_500
SOURCE: Final = "ingest-backfill"

_log = logging.getLogger(__name__)


class DayRequests(Protocol):
    """Requests for further days, or for the next step of the same day."""

    async def request_days(self, uow: UnitOfWork) -> None: ...

    def next_step(self, day: Day, attempts: int) -> Message: ...


@dataclass(frozen=True, slots=True)
class DayWorker:
    database: Database
    sources: DaySources
    storage: ObjectStorage
    requests: DayRequests
    publish: Publish
    now: Callable[[], datetime]

    async def process(self, request: DayRequested) -> None:
        """One step of a day; does nothing if the day is not running or another worker keeps its lease."""
        ends_at = asyncio.get_running_loop().time() + STEP_SECONDS
        day, holder = await self._find(request), uuid4()
        if day is None or day.status != "running" or not await self._take_lease(day, holder):
            return
        try:
            day = await self._find(request)  # reload: the previous holder may have changed it
            if day is not None and day.status == "running":
                await self._run_leased(day, holder, ends_at)
        finally:
            async with self.database.unit_of_work() as uow:
                await uow.leases.release(f"day {request.job_id} {request.date}", holder)

    async def _find(self, request: DayRequested) -> Day | None:
        async with self.database.unit_of_work() as uow:
            return await uow.days.find(request.job_id, request.date)

    async def _take_lease(self, day: Day, holder: UUID) -> bool:
        """Wait until a dead worker's lease expires; if a live worker renews it, this event is not needed."""
        for _ in range(LEASE_TRIES):
            async with self.database.unit_of_work() as uow:
                if await uow.leases.take(day.lease_name, holder):
                    return True
            await asyncio.sleep(LEASE_RETRY_SECONDS)
        return False

    async def _run_leased(self, day: Day, holder: UUID, ends_at: float) -> None:
        """Run the step and renew the lease beside it."""

        async def renew_lease() -> None:
            async with self.database.unit_of_work() as uow:
                await uow.leases.renew(day.lease_name, holder)

        step = self._run_step(day, holder, ends_at)
        try:
            await run_with_renewal(step, renew_lease, interval_seconds=LEASE_SECONDS / 3)
        except LeaseLost as error:
            _log.warning("%s: %s", day.lease_name, error)

    async def _run_step(self, day: Day, holder: UUID, ends_at: float) -> None:
        try:
            await self._read_source(day, holder, ends_at)
        except JobCancelled:
            await self._end(day, holder, "cancelled", "The job was cancelled.")

    async def _read_source(self, day: Day, holder: UUID, ends_at: float) -> None:
        try:
            async with await self.sources.open(day) as contents:
                await self._write_parts(day, holder, contents, ends_at)
        except UpstreamUnavailable as error:
            _log.info("%s: %s", day.lease_name, error)
            fruitless = await self._fruitless_attempts(day)
            if fruitless < MAX_UNANSWERED_ATTEMPTS:
                await self._postpone(day, holder, str(error))
            else:
                await self._end(day, holder, "failed", _fruitless_reason(fruitless, error))
        except DayNotFound as error:
            _log.warning("%s: %s", day.lease_name, error)
            await self._complete(day, holder, "skipped", ReadCounts(failures=(str(error),)))
        except MalformedSource as error:
            _log.warning("%s: %s", day.lease_name, error)
            await self._end_malformed(day, holder, str(error))
        except UnreadableSource as error:
            _log.warning("%s: %s", day.lease_name, error)
            await self._end(day, holder, "failed", str(error))
        except TransientError as error:
            fruitless = await self._fruitless_attempts(day)
            if fruitless < MAX_FRUITLESS_ATTEMPTS:
                raise
            _log.warning("%s: %s", day.lease_name, error)
            await self._end(day, holder, "failed", _fruitless_reason(fruitless, error))

    async def _fruitless_attempts(self, day: Day) -> int:
        """Requests of the day without progress; this one may have made some before it failed."""
        async with self.database.unit_of_work() as uow:
            current = await uow.days.find(day.job_id, day.day)
        return current.fruitless_attempts if current else 0

    async def _write_parts(self, day: Day, holder: UUID, contents: DayContents, ends_at: float) -> None:
        """Write every part, until none is left or the step's time is over."""
        loop = asyncio.get_running_loop()
        writer = await self._chunk_writer(day, holder, contents)
        async for part in contents.parts:
            if contents.fetched_individually:
                await writer.fetch_and_write(part, self.sources.esi.fetch_body)
            else:
                await writer.write(part)
            await self.database.outbox.flush(self.publish)
            # A step must write something first, or the next step would do the same again.
            if loop.time() > ends_at and writer.has_written:
                await self._continue_later(day, holder)
                return
        counts = writer.counts
        if contents.fetched_individually:
            counts = ReadCounts(contents.expected or 0, day.failed + counts.failed, counts.failures)
        await self._complete(day, holder, "completed", counts, contents.expected)

    async def _chunk_writer(self, day: Day, holder: UUID, contents: DayContents) -> ChunkWriter:
        """Individually fetched killmails continue after the previous step's; all others are read again."""
        async with self.database.unit_of_work() as uow:
            rules = await uow.rulesets.find(day.ruleset_id)
        if rules is None:
            missing = f"Ruleset {day.ruleset_id} does not exist." if day.ruleset_id else "No ruleset is active."
            raise UnreadableSource(missing)
        already_read = day.total if contents.fetched_individually else 0
        return ChunkWriter(
            day, holder, rules, database=self.database, storage=self.storage, now=self.now,
            already_read=already_read, expected=contents.expected,
        )  # fmt: skip

    async def _continue_later(self, day: Day, holder: UUID) -> None:
        """By another event, not by failing this one: failed deliveries are counted and end as dead letters."""
        async with self.database.unit_of_work() as uow:
            leased_day = uow.leased_day(day, holder)
            await leased_day.add_counts(None, failed=None, decided_until=None)  # checks lease and cancellation
            attempts = await leased_day.start_next_step()
            if attempts is not None:
                await uow.enqueue([self.requests.next_step(day, attempts)])

    async def _end_malformed(self, day: Day, holder: UUID, error: str) -> None:
        """Ask a source of others again; the objects of this bucket stay as they are."""
        if day.source is DaySource.OBJECTS or await self._fruitless_attempts(day) >= MAX_MALFORMED:
            await self._end(day, holder, "failed", error)
        else:
            await self._postpone(day, holder, error)

    async def _postpone(self, day: Day, holder: UUID, error: str) -> None:
        """Request the day again at the next timer event, not at once: its source would be asked without a pause."""
        async with self.database.unit_of_work() as uow:
            await uow.leased_day(day, holder).end("pending", error=_stored(error))

    async def _end(self, day: Day, holder: UUID, status: str, error: str) -> None:
        async with self.database.unit_of_work() as uow:
            await uow.leased_day(day, holder).end(status, error=_stored(error))
            await self.requests.request_days(uow)

    async def _complete(
        self, day: Day, holder: UUID, status: str, counts: ReadCounts, expected: int | None = None
    ) -> None:
        """Write the day's sums and enqueue its completion event in one transaction."""
        async with self.database.unit_of_work() as uow:
            leased_day = uow.leased_day(day, holder)
            await leased_day.add_counts(None, failed=counts.failed, decided_until=None)
            remark = _remark(counts, expected)
            sums = await leased_day.end(status, error=remark, total=counts.total, expected=expected)
            if sums is None:
                return
            payload = DayCompleted(
                job_id=day.job_id, date=day.day, reason=day.reason, attempt=day.attempts, total=sums.total,
                accepted=sums.accepted, rejected=sums.rejected, known=max(0, sums.known), failed=sums.failed,
            )  # fmt: skip
            key = f"{day.job_id}:{day.day}:{day.attempts}"
            await uow.enqueue([DAY_COMPLETED.message(payload, source=SOURCE, key=key, time=self.now())])
            await self.requests.request_days(uow)


def _fruitless_reason(attempts: int, error: TransientError) -> str:
    return f"No progress in {attempts} attempts; the last error: {error}"


def _remark(counts: ReadCounts, expected: int | None) -> str | None:
    """Problems of a completed day, for operators."""
    remarks: Sequence[str] = counts.failures
    if expected is not None and expected != counts.total:
        remarks = (f"The source returned {counts.total} killmails, but states {expected}.", *remarks)
    return _stored(" ".join(remarks)) or None


def _stored(text: str) -> str:
    return storable(text)[:MAX_ERROR]
