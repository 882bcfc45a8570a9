"""Transient objects are deleted by age, in parts; planned manifests stay while their job may use them."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID, uuid4

import pytest
from verified_days import Rows

from battlescope_events.errors import TransientError
from battlescope_events.object_storage import bucket as bucket_module
from battlescope_events.object_storage.bucket import BucketClient
from battlescope_events.publisher import RecordingPublisher
from battlescope_local.testing.buckets import Bucket
from ingest_verify.domain.day_coverage import cutoff
from ingest_verify.handlers.retention import RetentionCleaner
from ingest_verify.handlers.transient_objects import TransientObjectCleaner
from ingest_verify.persistence.unit_of_work import Database

pytestmark = pytest.mark.postgres
RETENTION = timedelta(days=14)
COUNTS = "SELECT status, transport_deleted, objects_deleted FROM data_retention_jobs"
CHUNKS = ["chunks/1.jsonl.gz", "chunks/battles/b.jsonl.gz", "chunks/enriched/7.jsonl.gz", "chunks/j/2026-01-01/0.gz"]
OTHERS = ["chunks0", "manifests-rejected/x.json", "manifests/x.json", "raw-killmails/2026/11/01/a.jsonl.gz"]


def cleaner(store: Database, storage: BucketClient, clock: Callable[[], datetime]) -> RetentionCleaner:
    sweeper = TransientObjectCleaner(store, storage, clock, days=14)
    return RetentionCleaner(store, storage, RecordingPublisher(), clock, uuid4, transient_objects=sweeper, months=60)


def at(moment: datetime) -> Callable[[], datetime]:
    return lambda: moment


async def test_only_old_chunks_are_deleted(store: Database, storage: BucketClient, rows: Rows, bucket: Bucket) -> None:
    bucket.put(*CHUNKS, *OTHERS)
    moment = datetime.now(UTC) + timedelta(seconds=1)
    await asyncio.sleep(2.1)  # object storage states whole seconds
    bucket.put("chunks/enriched/8.jsonl.gz")
    for _ in range(2):
        await cleaner(store, storage, at(moment + RETENTION)).run_daily()
        assert bucket.keys() == sorted([*OTHERS, "chunks/enriched/8.jsonl.gz"])
        assert rows.sql(COUNTS) == [("completed", 4, 0)]


async def test_planned_manifest_is_deleted_once_its_job_cannot_be_retried(
    store: Database, storage: BucketClient, rows: Rows, bucket: Bucket
) -> None:
    now = datetime.now(UTC) + RETENTION + timedelta(days=1)
    states = {
        ("completed", "2026-01-01", now - RETENTION - timedelta(hours=1)): False,
        ("cancelled", "2026-01-01", now - RETENTION - timedelta(hours=1)): False,
        ("failed", "2020-01-01", now - RETENTION - timedelta(hours=1)): False,
        ("failed", "2026-01-01", now - RETENTION - timedelta(hours=1)): True,
        ("completed", "2026-01-01", now - RETENTION + timedelta(hours=1)): True,
        ("running", "2026-01-01", None): True,
        ("paused", "2020-01-01", None): True,
    }
    expected_keys = {"manifests-planned/by-hand.json", f"manifests-planned/{uuid4()}.json"}
    bucket.put(*expected_keys)
    for n, ((status, day, ended), is_kept) in enumerate(states.items()):
        key = f"manifests-planned/{UUID(int=n)}.json"
        bucket.put(key)
        expected_keys |= {key} if is_kept else set()
        rows.sql(
            """INSERT INTO historical_ingestion_jobs (id, manifest_key, manifest_etag, start_date, end_date,
            requested_by, status, completed_at) VALUES (%s, %s, '', %s, %s, 'tests', %s, %s)""",
            UUID(int=n), key, day, day, status, ended,
        )  # fmt: skip
    await cleaner(store, storage, at(now)).run_daily()
    assert set(bucket.keys()) == expected_keys
    assert rows.sql(COUNTS) == [("completed", 3, 0)]


async def test_upload_is_deleted_once_no_job_of_its_day_needs_it(
    store: Database, storage: BucketClient, rows: Rows, bucket: Bucket
) -> None:
    now = datetime.now(UTC) + RETENTION + timedelta(days=1)
    long_ago, lately = now - RETENTION - timedelta(hours=1), now - RETENTION + timedelta(hours=1)
    states = {
        "2026-01-01": ("completed", "objects", long_ago, False),
        "2026-01-02": ("cancelled", "objects", long_ago, False),
        "2020-01-03": ("failed", "objects", long_ago, False),
        "2026-01-04": ("failed", "objects", long_ago, True),
        "2026-01-05": ("completed", "objects", lately, True),
        "2026-01-06": ("running", "objects", None, True),
        "2026-01-07": ("running", "everef", None, False),
    }
    expected_keys = {"backfill-objects/by-hand.gz", "backfill-objects0"}
    unused = {"backfill-objects/2026-99-99/x.gz", "backfill-objects/2026-02-01/no-job.gz"}
    bucket.put(*expected_keys, *unused)
    for n, (day, (status, source, ended, is_kept)) in enumerate(states.items()):
        key = f"backfill-objects/{day}/{n}.jsonl.gz"
        bucket.put(key)
        expected_keys |= {key} if is_kept else set()
        rows.sql(
            """INSERT INTO historical_ingestion_jobs (id, manifest_key, manifest_etag, start_date, end_date,
            requested_by, status, completed_at, source) VALUES (%s, %s, '', %s, %s, 'tests', %s, %s, %s)""",
            UUID(int=n), key, day, day, status, ended, source,
        )  # fmt: skip
        rows.sql("INSERT INTO historical_job_dates (job_id, day) VALUES (%s, %s)", UUID(int=n), day)
    await cleaner(store, storage, at(now)).run_daily()
    assert set(bucket.keys()) == expected_keys
    assert rows.sql(COUNTS) == [("completed", 6, 0)]


async def test_cleanup_continues_at_the_last_key(
    store: Database, storage: BucketClient, rows: Rows, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bucket_module, "PAGE_SIZE", 20)
    bucket.put(*(f"chunks/{n:05}" for n in range(21)), "manifests-planned/x.json")
    now, steps = datetime.now(UTC) + RETENTION + timedelta(days=1), count()
    today = cutoff(now.date(), 60)
    rows.sql("INSERT INTO data_retention_jobs (id, cutoff_date, status) VALUES (%s, %s, 'running')", uuid4(), today)
    slow = TransientObjectCleaner(store, storage, lambda: now + next(steps) * timedelta(seconds=50), days=14)
    assert not await slow.clean(today, now + timedelta(seconds=90))  # a page of uploads, one of chunks
    assert rows.sql(COUNTS) == [("running", 20, 0)]
    assert rows.sql("SELECT transport_looked_at FROM data_retention_jobs") == [("chunks/00019",)]
    await cleaner(store, storage, at(now)).run_daily()
    assert rows.sql(COUNTS) == [("completed", 21, 0)]
    assert bucket.keys() == ["manifests-planned/x.json"]


async def test_failed_deletion_is_repeated(
    store: Database, storage: BucketClient, rows: Rows, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket.put(*CHUNKS)
    now = datetime.now(UTC) + RETENTION + timedelta(days=1)

    async def refuse(*_: object) -> None:
        raise TransientError("Nothing is deleted.")

    with monkeypatch.context() as patch:
        patch.setattr(BucketClient, "delete", refuse)
        with pytest.raises(TransientError):
            await cleaner(store, storage, at(now)).run_daily()
    assert rows.sql(COUNTS) == [("running", 0, 0)]
    await cleaner(store, storage, at(now)).run_daily()
    assert (rows.sql(COUNTS), bucket.keys()) == ([("completed", 4, 0)], [])
