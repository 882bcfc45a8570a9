"""Days of which something is missing become a job: those of gaps in the feed, and if wanted those without any kill."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Final

from ingest_verify.clients.object_storage import ObjectStorage
from ingest_verify.domain.day_coverage import DayCoverage, FeedGap, GapFindings, cutoff, days_to_backfill
from ingest_verify.domain.day_listing import gap_days_manifest
from ingest_verify.persistence import gaps as sql
from ingest_verify.persistence.transaction import Store

YOUNGEST: Final = timedelta(days=1)  # yesterday is the verification's


class GapDetector:
    def __init__(
        self,
        store: Store,
        storage: ObjectStorage,
        clock: Callable[[], datetime],
        *,
        window_months: int,
        max_days: int,
        empty_days: bool,
    ) -> None:
        self._store, self._storage, self._clock = store, storage, clock
        self._window_months, self._max_days, self._empty_days = window_months, max_days, empty_days

    async def order_missing_days(self) -> None:
        """Order what is missing. Ordered again before the planner has seen it, it is the same object."""
        now = self._clock()
        found = await self._look(now.date())
        if found.days:
            await self._storage.put(*gap_days_manifest(found.days, now.date()))
        if found.filled:
            await self._store.execute(sql.FILL, {"gaps": list(found.filled), "now": now})

    async def _look(self, today: date) -> GapFindings:
        before, since = today - YOUNGEST, cutoff(today, self._window_months)
        given = {"since": since, "before": before}
        async with self._store.transaction() as session:
            gaps = await session.fetch_objects(FeedGap, sql.OPEN_GAPS, {})
            empty = [day for (day,) in await session.fetch_rows(sql.EMPTY_DAYS, given)] if self._empty_days else []
            attention = await session.fetch_objects(DayCoverage, sql.ATTENTION, given)
        return days_to_backfill(gaps, empty, attention, before, self._max_days)
