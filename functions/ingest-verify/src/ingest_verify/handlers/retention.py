"""Removes data beyond its retention: publishes the daily cutoff to every context, and deletes this context's own.

A run deletes what fits into its time and leaves the rest to the next timer event, which continues there.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, LiteralString
from uuid import UUID

from battlescope_events.catalog import RETENTION_DUE
from battlescope_events.errors import PermanentError
from battlescope_events.object_storage.bucket import BucketClient
from battlescope_events.publisher import Publish
from battlescope_schemas.backfill import RetentionDue
from ingest_verify.domain.day_coverage import cutoff
from ingest_verify.handlers.transient_objects import TransientObjectCleaner
from ingest_verify.persistence import retention as sql
from ingest_verify.persistence.transaction import FORGET_OLD_EVENTS, Store

SOURCE: Final = "ingest-verify"
MAX_RUN_TIME: Final = timedelta(seconds=40)  # a Trigger waits for 70 s
PREFIXES: Final = ("raw-killmails", "refused")


class RetentionCleaner:
    def __init__(
        self,
        store: Store,
        bucket: BucketClient,
        publish: Publish,
        clock: Callable[[], datetime],
        new_id: Callable[[], UUID],
        *,
        transient_objects: TransientObjectCleaner,
        months: int,
    ) -> None:
        self._store, self._bucket, self._publish = store, bucket, publish
        self._transient_objects = transient_objects
        self._clock, self._new_id, self._months = clock, new_id, months

    async def run_daily(self) -> None:
        """Publish the cutoff once per day, and continue every cleanup that is not complete."""
        now = self._clock()
        payload = RetentionDue(cutoff_date=cutoff(now.date(), self._months))
        key = payload.cutoff_date.isoformat()
        params = {"id": self._new_id(), "cutoff": payload.cutoff_date, "now": now}
        async with self._store.transaction() as transaction:
            if await transaction.fetch_rows(sql.START_CLEANUP, params):
                await transaction.enqueue(RETENTION_DUE.message(payload, source=SOURCE, key=key, time=now))
            open_cleanups: list[tuple[date]] = await transaction.fetch_rows(sql.OPEN_CLEANUPS, {})
        await self._store.flush_outbox(self._publish, SOURCE)
        await self._store.execute(FORGET_OLD_EVENTS, {})
        for (cutoff_date,) in open_cleanups:
            await self._clean(cutoff_date, now + MAX_RUN_TIME)

    async def apply_cutoff(self, cutoff_date: date) -> None:
        """Remove everything older than the cutoff.

        Raises:
            PermanentError: the cutoff is within this installation's DATA_RETENTION_MONTHS.
        """
        now = self._clock()
        if cutoff_date > cutoff(now.date(), self._months):
            raise PermanentError(f"The cutoff {cutoff_date} is inside of the {self._months} months of retention.")
        await self._store.execute(sql.RESTART_CLEANUP, {"id": self._new_id(), "cutoff": cutoff_date, "now": now})
        await self._clean(cutoff_date, now + MAX_RUN_TIME)

    async def _clean(self, cutoff_date: date, until: datetime) -> None:
        async with self._store.transaction() as transaction:
            ((dropped,),) = await transaction.fetch_rows(sql.DROP_MONTHS, {"cutoff": cutoff_date})
            await transaction.execute(sql.ADD_COUNTS, _counts(cutoff_date, partitions=dropped))
        for statement in (sql.DELETE_IDS, sql.DELETE_REJECTED, sql.DELETE_REFUSED):
            if not await self._delete_rows(statement, cutoff_date, until):
                return
        for prefix in PREFIXES:
            if not await self._delete_objects(prefix, cutoff_date, until):
                return
        if not await self._transient_objects.clean(cutoff_date, until):
            return
        await self._store.execute(sql.COMPLETE_CLEANUP, {"cutoff": cutoff_date, "now": self._clock()})

    async def _delete_rows(self, statement: LiteralString, cutoff_date: date, until: datetime) -> bool:
        """Delete in batches; returns whether none is left."""
        month = datetime.combine(cutoff_date.replace(day=1), time(), UTC)
        while self._clock() < until:
            async with self._store.transaction() as transaction:
                deleted = await transaction.execute(statement, {"before": month})
                if statement is sql.DELETE_IDS:
                    await transaction.execute(sql.ADD_COUNTS, _counts(cutoff_date, killmails=deleted))
            if deleted < sql.BATCH:
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
            await self._store.execute(sql.ADD_COUNTS, _counts(cutoff_date, objects=len(keys)))
        return False


def _counts(cutoff_date: date, *, killmails: int = 0, objects: int = 0, partitions: int = 0) -> dict[str, object]:
    return {"cutoff": cutoff_date, "killmails": killmails, "objects": objects, "partitions": partitions}
