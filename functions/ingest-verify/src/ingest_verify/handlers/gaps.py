"""Requests a backfill of days with missing killmails: days of feed gaps and, if enabled, days without any kill."""

from collections.abc import Callable
from datetime import date, datetime, timedelta
from typing import Final

from battlescope_events.object_storage.bucket import BucketClient
from battlescope_events.object_storage.objects import JSON
from ingest_verify.domain.day_coverage import GapFindings, cutoff, days_to_backfill
from ingest_verify.domain.manifests import gap_days_manifest
from ingest_verify.persistence.unit_of_work import Database

MIN_AGE: Final = timedelta(days=1)  # the verification checks yesterday


class GapDetector:
    def __init__(
        self,
        database: Database,
        bucket: BucketClient,
        clock: Callable[[], datetime],
        *,
        window_months: int,
        max_days: int,
        empty_days: bool,
    ) -> None:
        self._database, self._bucket, self._clock = database, bucket, clock
        self._window_months, self._max_days, self._include_empty_days = window_months, max_days, empty_days

    async def order_missing_days(self) -> None:
        """Write a manifest with the missing days; a repetition before it is planned writes the same object again."""
        now = self._clock()
        findings = await self._find(now.date())
        if findings.days:
            key, body = gap_days_manifest(findings.days, now.date())
            await self._bucket.put(key, body, JSON)
        if findings.filled_gaps:
            async with self._database.unit_of_work() as uow:
                await uow.gaps.mark_filled(findings.filled_gaps, now)

    async def _find(self, today: date) -> GapFindings:
        before, since = today - MIN_AGE, cutoff(today, self._window_months)
        async with self._database.unit_of_work() as uow:
            gaps = await uow.gaps.open_gaps()
            empty_days = await uow.gaps.empty_days(since, before) if self._include_empty_days else []
            coverage = await uow.gaps.coverage(since)
        return days_to_backfill(gaps, empty_days, coverage, before, self._max_days)
