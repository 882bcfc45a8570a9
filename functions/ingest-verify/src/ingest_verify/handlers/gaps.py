"""Requests a backfill of days with missing killmails: days of feed gaps and, if enabled, days without any kill."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Final

from battlescope_events.object_storage.bucket import BucketClient
from battlescope_events.object_storage.objects import JSON
from ingest_verify.domain.day_coverage import DayCoverage, FeedGap, GapFindings, cutoff, days_to_backfill
from ingest_verify.domain.manifests import gap_days_manifest
from ingest_verify.persistence import gaps as sql
from ingest_verify.persistence.transaction import Store

MIN_AGE: Final = timedelta(days=1)  # the verification checks yesterday


class GapDetector:
    def __init__(
        self,
        store: Store,
        bucket: BucketClient,
        clock: Callable[[], datetime],
        *,
        window_months: int,
        max_days: int,
        empty_days: bool,
    ) -> None:
        self._store, self._bucket, self._clock = store, bucket, clock
        self._window_months, self._max_days, self._include_empty_days = window_months, max_days, empty_days

    async def order_missing_days(self) -> None:
        """Write a manifest with the missing days; a repetition before it is planned writes the same object again."""
        now = self._clock()
        findings = await self._find(now.date())
        if findings.days:
            key, body = gap_days_manifest(findings.days, now.date())
            await self._bucket.put(key, body, JSON)
        if findings.filled_gaps:
            await self._store.execute(sql.MARK_FILLED, {"gaps": list(findings.filled_gaps), "now": now})

    async def _find(self, today: date) -> GapFindings:
        before, since = today - MIN_AGE, cutoff(today, self._window_months)
        params = {"since": since, "before": before}
        async with self._store.transaction() as transaction:
            gaps = await transaction.fetch_objects(FeedGap, sql.OPEN_GAPS, {})
            rows = await transaction.fetch_rows(sql.EMPTY_DAYS, params) if self._include_empty_days else []
            coverage = await transaction.fetch_objects(DayCoverage, sql.DAY_COVERAGE, params)
        return days_to_backfill(gaps, [day for (day,) in rows], coverage, before, self._max_days)
