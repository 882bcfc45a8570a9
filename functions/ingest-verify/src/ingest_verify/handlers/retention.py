"""What is too old goes: every context is told once a day, and this one's own rows and archive are removed here.

A call does what fits into its time and leaves the rest to the next tick; whatever was removed is not met again.
"""

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta
from typing import Final, LiteralString
from uuid import UUID

from battlescope_events.catalog import RETENTION_DUE
from battlescope_events.errors import PermanentError
from battlescope_events.publisher import Publish
from battlescope_schemas.backfill import RetentionDue
from ingest_verify.clients.object_storage import ObjectStorage
from ingest_verify.domain.day_coverage import cutoff
from ingest_verify.handlers.transient_objects import TransientObjectCleaner
from ingest_verify.persistence import retention as sql
from ingest_verify.persistence.transaction import FORGET_OLD_EVENTS, Store

SOURCE: Final = "ingest-verify"
WORKS_FOR: Final = timedelta(seconds=40)  # a Trigger waits for 70 s
PREFIXES: Final = ("raw-killmails", "refused")


class RetentionCleaner:
    def __init__(
        self,
        store: Store,
        storage: ObjectStorage,
        publish: Publish,
        clock: Callable[[], datetime],
        new_id: Callable[[], UUID],
        *,
        transient_objects: TransientObjectCleaner,
        months: int,
    ) -> None:
        self._store, self._storage, self._sweeper, self._publish = store, storage, transient_objects, publish
        self._clock, self._new_id, self._months = clock, new_id, months

    async def run_daily(self) -> None:
        """Say once a day what is due, and go on with what is not done yet."""
        now = self._clock()
        apply_cutoff = RetentionDue(cutoff_date=cutoff(now.date(), self._months))
        async with self._store.transaction() as session:
            if await session.fetch_rows(sql.BEGIN, {"id": self._new_id(), "cutoff": apply_cutoff.cutoff_date, "now": now}):
                key = apply_cutoff.cutoff_date.isoformat()
                await session.enqueue(RETENTION_DUE.message(apply_cutoff, source=SOURCE, key=key, time=now))
            open_: list[tuple[date]] = await session.fetch_rows(sql.OPEN, {})
        await self._store.flush_outbox(self._publish, SOURCE)
        await self._store.execute(FORGET_OLD_EVENTS, {})
        for (each,) in open_:
            await self._clean(each, now + WORKS_FOR)

    async def apply_cutoff(self, oldest: date) -> None:
        """Remove what is older.

        Raises:
            PermanentError: more would go than the window of this installation lets go.
        """
        now = self._clock()
        if oldest > cutoff(now.date(), self._months):
            raise PermanentError(f"The cutoff {oldest} lies inside of the {self._months} months that are kept.")
        await self._store.execute(sql.BEGIN_AGAIN, {"id": self._new_id(), "cutoff": oldest, "now": now})
        await self._clean(oldest, now + WORKS_FOR)

    async def _clean(self, oldest: date, until: datetime) -> None:
        async with self._store.transaction() as session:
            ((dropped,),) = await session.fetch_rows(sql.DROP_MONTHS, {"cutoff": oldest})
            await session.execute(sql.COUNT, _counts(oldest, partitions=dropped))
        for statement in (sql.DELETE_IDS, sql.DELETE_REJECTED, sql.DELETE_REFUSED):
            if not await self._delete(statement, oldest, until):
                return
        for prefix in PREFIXES:
            if not await self._delete_objects(prefix, oldest, until):
                return
        if not await self._sweeper.clean(oldest, until):
            return
        await self._store.execute(sql.COMPLETE, {"cutoff": oldest, "now": self._clock()})

    async def _delete(self, statement: LiteralString, oldest: date, until: datetime) -> bool:
        """Whether nothing is left."""
        month = datetime.combine(oldest.replace(day=1), time(), UTC)
        while self._clock() < until:
            async with self._store.transaction() as session:
                gone = await session.execute(statement, {"before": month})
                if statement is sql.DELETE_IDS:
                    await session.execute(sql.COUNT, _counts(oldest, killmails=gone))
            if gone < sql.BATCH:
                return True
        return False

    async def _delete_objects(self, prefix: str, oldest: date, until: datetime) -> bool:
        """Whether nothing is left. Keys begin with the day, so they sort by age."""
        while self._clock() < until:
            keys = await self._storage.keys_before(f"{prefix}/", f"{prefix}/{oldest:%Y/%m/%d}/")
            if not keys:
                return True
            await self._storage.delete(keys)
            await self._store.execute(sql.COUNT, _counts(oldest, objects=len(keys)))
        return False


def _counts(oldest: date, *, killmails: int = 0, objects: int = 0, partitions: int = 0) -> dict[str, object]:
    return {"cutoff": oldest, "killmails": killmails, "objects": objects, "partitions": partitions}
