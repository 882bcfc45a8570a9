"""Removes data beyond its retention: publishes the daily cutoff to every context, and deletes this context's own.

A run deletes what fits into its time and leaves the rest to the next timer event, which continues there.
"""

from collections.abc import Awaitable, Callable
from datetime import date, datetime, timedelta
from typing import Final
from uuid import UUID

from battlescope_events.catalog import RETENTION_DUE
from battlescope_events.errors import PermanentError
from battlescope_events.object_storage.bucket import BucketClient
from battlescope_events.publisher import Publish
from battlescope_schemas.backfill import RetentionDue
from ingest_verify.domain.day_coverage import cutoff
from ingest_verify.handlers.transient_objects import TransientObjectCleaner
from ingest_verify.persistence.retention import BATCH, RetentionRepository
from ingest_verify.persistence.unit_of_work import Database

SOURCE: Final = "ingest-verify"
MAX_RUN_TIME: Final = timedelta(seconds=40)  # a Trigger waits for 70 s
PREFIXES: Final = ("raw-killmails", "refused")
DELETIONS: Final[tuple[Callable[[RetentionRepository, date], Awaitable[int]], ...]] = (
    RetentionRepository.delete_ids,
    RetentionRepository.delete_rejected,
    RetentionRepository.delete_refused,
)


class RetentionCleaner:
    def __init__(
        self,
        database: Database,
        bucket: BucketClient,
        publish: Publish,
        clock: Callable[[], datetime],
        new_id: Callable[[], UUID],
        *,
        transient_objects: TransientObjectCleaner,
        months: int,
    ) -> None:
        self._database, self._bucket, self._publish = database, bucket, publish
        self._transient_objects = transient_objects
        self._clock, self._new_id, self._months = clock, new_id, months

    async def run_daily(self) -> None:
        """Publish the cutoff once per day, and continue every cleanup that is not complete."""
        now = self._clock()
        payload = RetentionDue(cutoff_date=cutoff(now.date(), self._months))
        key = payload.cutoff_date.isoformat()
        async with self._database.unit_of_work() as uow:
            if await uow.retention.start_cleanup(self._new_id(), payload.cutoff_date, now):
                await uow.enqueue([RETENTION_DUE.message(payload, source=SOURCE, key=key, time=now)])
            open_cleanups = await uow.retention.open_cleanups()
        await self._database.outbox.flush(self._publish)
        await self._database.deduplicator.delete_old()
        for cutoff_date in open_cleanups:
            await self._clean(cutoff_date, now + MAX_RUN_TIME)

    async def apply_cutoff(self, cutoff_date: date) -> None:
        """Remove everything older than the cutoff.

        Raises:
            PermanentError: the cutoff is within this installation's DATA_RETENTION_MONTHS.
        """
        now = self._clock()
        if cutoff_date > cutoff(now.date(), self._months):
            raise PermanentError(f"The cutoff {cutoff_date} is inside of the {self._months} months of retention.")
        async with self._database.unit_of_work() as uow:
            await uow.retention.restart_cleanup(self._new_id(), cutoff_date, now)
        await self._clean(cutoff_date, now + MAX_RUN_TIME)

    async def _clean(self, cutoff_date: date, until: datetime) -> None:
        async with self._database.unit_of_work() as uow:
            await uow.retention.drop_months(cutoff_date)
        for delete_batch in DELETIONS:
            if not await self._delete_rows(delete_batch, cutoff_date, until):
                return
        for prefix in PREFIXES:
            if not await self._delete_objects(prefix, cutoff_date, until):
                return
        if not await self._transient_objects.clean(cutoff_date, until):
            return
        async with self._database.unit_of_work() as uow:
            await uow.retention.complete_cleanup(cutoff_date, self._clock())

    async def _delete_rows(
        self,
        delete_batch: Callable[[RetentionRepository, date], Awaitable[int]],
        cutoff_date: date,
        until: datetime,
    ) -> bool:
        """Delete in batches; returns whether none is left."""
        while self._clock() < until:
            async with self._database.unit_of_work() as uow:
                deleted = await delete_batch(uow.retention, cutoff_date)
            if deleted < BATCH:
                return True
        return False

    async def _delete_objects(self, prefix: str, cutoff_date: date, until: datetime) -> bool:
        """Delete in pages; returns whether none is left. Keys begin with the day, so they sort by age."""
        while self._clock() < until:
            page = await self._bucket.list_page(f"{prefix}/")
            keys = [stored.key for stored in page.objects if stored.key < f"{prefix}/{cutoff_date:%Y/%m/%d}/"]
            if not keys:
                return True
            await self._bucket.delete(keys)
            async with self._database.unit_of_work() as uow:
                await uow.retention.add_counts(cutoff_date, objects=len(keys))
        return False
