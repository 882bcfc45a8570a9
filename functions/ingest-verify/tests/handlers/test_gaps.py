"""Backfills of feed gaps and of days without any kill."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from verified_days import NOW, Rows

from battlescope_events.object_storage.bucket import BucketClient
from battlescope_local.testing.buckets import Bucket
from battlescope_schemas.backfill import BackfillManifest
from ingest_verify.domain.day_coverage import DayCoverage, FeedGap, cutoff, days_to_backfill
from ingest_verify.handlers.gaps import GapDetector
from ingest_verify.persistence.unit_of_work import Database

KEY = "manifests/gaps-2026-11-26.json"
JOB = "00000000-0000-0000-0000-0000000000aa"


def day(number: int) -> date:
    return date(2026, 11, number)


def gap(number: int, first: int | None, last: int) -> FeedGap:
    after = None if first is None else datetime(2026, 11, first, 12, tzinfo=UTC)
    return FeedGap(number, after, datetime(2026, 11, last, 12, tzinfo=UTC))


def covered(number: int, last: int | None, *, is_assigned: bool = False) -> DayCoverage:
    return DayCoverage(day(number), is_assigned, None if last is None else datetime(2026, 11, last, 18, tzinfo=UTC))


def test_gap_days_come_first_and_the_newest_within_the_limit() -> None:
    findings = days_to_backfill([gap(1, 10, 12)], [day(2), day(20)], [], day(25), 4)
    assert (findings.days, findings.filled_gaps) == ((day(10), day(11), day(12), day(20)), ())
    assert days_to_backfill([gap(1, 10, 12)], [], [], day(25), 2).days == (day(11), day(12))


def test_day_checked_before_the_gap_was_detected_is_loaded_again() -> None:
    coverage = [covered(10, 11), covered(11, 12), covered(12, None, is_assigned=True)]
    assert days_to_backfill([gap(1, 10, 12)], [], coverage, day(25), 7).days == (day(10),)


def test_gap_is_filled_once_all_its_days_are_checked() -> None:
    gaps = [gap(1, 10, 12), gap(2, 24, 25), gap(3, None, 9), gap(4, 9, 8)]
    coverage = [covered(8, 13), covered(9, 13), covered(10, 13), covered(11, None, is_assigned=True), covered(12, 13)]
    findings = days_to_backfill(gaps, [], coverage, day(25), 7)
    assert (findings.days, findings.filled_gaps) == ((day(24),), (3, 4))


def test_empty_day_is_covered_only_by_a_check_after_its_end() -> None:
    assert days_to_backfill([], [day(3), day(4)], [covered(3, 3), covered(4, 5)], day(25), 7).days == (day(3),)


def test_cutoff_in_a_shorter_month_is_its_last_day() -> None:
    assert cutoff(date(2028, 3, 31), 1) == date(2028, 2, 29)


def detector(store: Database, storage: BucketClient, *, empty_days: bool = True) -> GapDetector:
    return GapDetector(store, storage, lambda: NOW, window_months=1, max_days=3, empty_days=empty_days)


def ordered_days(bucket: Bucket) -> tuple[Any, ...]:
    manifest = BackfillManifest.model_validate_json(bucket.read(KEY)[0])
    assert (manifest.priority, manifest.reason, manifest.source) == ("high", "gap_detected", "everef")
    assert isinstance(manifest.dates, tuple)
    return tuple(dated.day for dated in manifest.dates)


@pytest.mark.postgres
async def test_days_without_a_kill_are_loaded_up_to_the_limit(
    store: Database, storage: BucketClient, rows: Rows, bucket: Bucket
) -> None:
    rows.ids(1, day="2026-11-23")
    rows.sql(
        """INSERT INTO historical_ingestion_jobs (id, manifest_key, manifest_etag, start_date, end_date, requested_by)
        VALUES (%s, 'k', 'e', '2026-11-01', '2026-11-30', 'A')""",
        JOB,
    )
    rows.sql(
        """INSERT INTO historical_job_dates (job_id, day, status, completed_at) VALUES
        (%(job)s, '2026-11-24', 'pending', NULL), (%(job)s, '2026-11-22', 'failed', NULL),
        (%(job)s, '2026-11-21', 'skipped', '2026-11-25'), (%(job)s, '2026-11-20', 'completed', '2026-11-20 12:00Z')
        """.replace("%(job)s", f"'{JOB}'"),
    )
    rows.sql(
        """INSERT INTO historical_ingestion_jobs (id, manifest_key, manifest_etag, start_date, end_date, requested_by,
        source) VALUES (%s, 'embedded', 'e', '2026-11-01', '2026-11-30', 'A', 'embedded')""",
        JOB[:-2] + "bb",
    )
    rows.sql(
        """INSERT INTO historical_job_dates (job_id, day, status, completed_at)
        VALUES (%s, '2026-11-18', 'completed', %s)""",
        JOB[:-2] + "bb",
        NOW,
    )
    rows.sql(
        """INSERT INTO verification_history (verification_date, status, completed_at)
        VALUES ('2026-11-19', 'completed', '2026-11-20 06:00Z')"""
    )
    await detector(store, storage).order_missing_days()
    assert ordered_days(bucket) == (18, 20, 22)


@pytest.mark.postgres
async def test_only_feed_gaps_are_loaded_when_gap_detection_is_disabled(
    store: Database, storage: BucketClient, rows: Rows, bucket: Bucket
) -> None:
    await detector(store, storage, empty_days=False).order_missing_days()
    assert bucket.keys() == []
    rows.sql("""
        INSERT INTO feed_gaps (first_sequence, last_sequence, reason, after_time, found_at) VALUES
        (1, 9, 'expired', '2026-11-22 12:00Z', '2026-11-23 12:00Z'), (20, 29, 'expired', NULL, '2026-11-25 12:00Z')
    """)
    await detector(store, storage, empty_days=False).order_missing_days()
    assert ordered_days(bucket) == (22, 23)
    assert rows.sql("SELECT count(*) FROM feed_gaps WHERE filled_at IS NULL") == [(2,)]
    rows.sql(
        """INSERT INTO verification_history (verification_date, status, completed_at)
        VALUES ('2026-11-25', 'completed', '2026-11-26 06:00Z')"""
    )
    await detector(store, storage, empty_days=False).order_missing_days()
    assert rows.sql("SELECT first_sequence, filled_at FROM feed_gaps ORDER BY 1") == [(1, None), (20, NOW)]
