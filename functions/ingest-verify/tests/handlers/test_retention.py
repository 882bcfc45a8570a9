"""Data beyond its retention is deleted, in parts, and no other data."""

import json
from collections.abc import Callable
from datetime import date, datetime, timedelta
from itertools import count
from uuid import uuid4

import psycopg
import pytest
from verified_days import NOW, Rows

from battlescope_events.catalog import RETENTION_DUE, TIMER, VERIFICATION_REQUESTED
from battlescope_events.errors import PermanentError, TransientError
from battlescope_events.messages import Event
from battlescope_events.object_storage import bucket as bucket_module
from battlescope_events.object_storage.bucket import BucketClient
from battlescope_events.publisher import Publish, RecordingPublisher
from battlescope_local.testing.buckets import Bucket
from battlescope_schemas.backfill import RetentionDue, VerificationRequested
from ingest_verify.handlers.dispatch import dispatch
from ingest_verify.handlers.gaps import GapDetector
from ingest_verify.handlers.retention import RetentionCleaner
from ingest_verify.handlers.transient_objects import TransientObjectCleaner
from ingest_verify.handlers.verification import Verifier
from ingest_verify.persistence.unit_of_work import Database

pytestmark = pytest.mark.postgres
CUTOFF = date(2021, 11, 26)
OLD = ["raw-killmails/2021/10/31/a.jsonl.gz", "raw-killmails/2021/11/25/a.jsonl.gz", "refused/2021/01/01/a.jsonl.gz"]
KEPT = ["chunks/x", "manifests/x.json", "raw-killmails/2021/11/26/a.jsonl.gz", "refused/2026/11/01/a&b.jsonl.gz"]


def cleaner(
    store: Database, storage: BucketClient, publish: Publish, clock: Callable[[], datetime] = lambda: NOW
) -> RetentionCleaner:
    transient_objects = TransientObjectCleaner(store, storage, clock, days=36_500)
    return RetentionCleaner(store, storage, publish, clock, uuid4, transient_objects=transient_objects, months=60)


def fill(rows: Rows) -> None:
    for number, moment in enumerate(("2021-10-31 23:59Z", "2021-11-01 00:00Z", "2021-11-26 00:00Z"), 1):
        rows.sql("SELECT ensure_killmail_month(%s)", moment)
        rows.sql("INSERT INTO killmail_ids VALUES (%s, %s)", number, moment)
        rows.sql(
            """INSERT INTO killmail_events (killmail_id, zkb_hash, system_id, occurred_at, pilot_count, zkb_url,
            archive_key) VALUES (%s, '', 1, %s, 2, '', '')""",
            number, moment,
        )  # fmt: skip
        rows.sql("INSERT INTO rejected_killmails VALUES (%s::timestamptz::date, %s, 'npc')", moment, 10 + number)
        rows.sql(
            "INSERT INTO refused_bodies VALUES (gen_random_uuid(), %s, '', '', '', '', %s)", number, moment
        )  # fmt: skip


async def test_data_beyond_retention_is_deleted_and_the_cutoff_is_published_once(
    store: Database, storage: BucketClient, rows: Rows, bucket: Bucket
) -> None:
    fill(rows)
    bucket.put(*OLD, *KEPT)
    recorder = RecordingPublisher()
    for _ in range(2):
        await cleaner(store, storage, recorder).run_daily()
    assert bucket.keys() == KEPT
    assert [json.loads(message.body) for message in recorder.messages] == [{"cutoffDate": "2021-11-26"}]
    for table in ("killmail_ids", "killmail_events", "rejected_killmails", "refused_bodies"):
        assert rows.sql(f"SELECT count(*) FROM {table}") == [(2,)], table
    (job,) = rows.sql("""
        SELECT status, killmails_deleted, objects_deleted, partitions_dropped, cutoff_date, completed_at
        FROM data_retention_jobs
    """)
    assert job == ("completed", 1, 3, 1, CUTOFF, NOW)


async def test_retention_event_deletes_the_same_data(
    store: Database, storage: BucketClient, rows: Rows, bucket: Bucket
) -> None:
    fill(rows)
    bucket.put(*OLD, *KEPT)
    for _ in range(2):
        await cleaner(store, storage, RecordingPublisher()).apply_cutoff(CUTOFF)
    assert bucket.keys() == KEPT
    assert rows.sql("SELECT status, killmails_deleted FROM data_retention_jobs") == [("completed", 1)]


async def test_cutoff_within_retention_is_a_permanent_error(store: Database, storage: BucketClient, rows: Rows) -> None:
    fill(rows)
    with pytest.raises(PermanentError, match="inside of the 60 months"):
        await cleaner(store, storage, RecordingPublisher()).apply_cutoff(CUTOFF + timedelta(days=1))
    assert rows.sql("SELECT count(*) FROM killmail_ids") == [(3,)]


async def test_unfinished_cleanup_is_continued_by_the_next_timer_event(
    store: Database, storage: BucketClient, rows: Rows, bucket: Bucket
) -> None:
    rows.sql("""
        INSERT INTO killmail_ids
        SELECT n, timestamptz '2021-01-01' + n * interval '1 second' FROM generate_series(1, 12000) n
    """)
    bucket.put(*OLD)
    steps = count()
    slow = cleaner(store, storage, RecordingPublisher(), lambda: NOW + next(steps) * timedelta(seconds=15))
    await slow.apply_cutoff(CUTOFF)
    assert rows.sql("SELECT count(*) FROM killmail_ids") == [(2000,)]
    assert rows.sql("SELECT status, killmails_deleted FROM data_retention_jobs") == [("running", 10000)]
    await cleaner(store, storage, RecordingPublisher()).run_daily()
    assert rows.sql("SELECT status, killmails_deleted, objects_deleted FROM data_retention_jobs") == [
        ("completed", 12000, 3)
    ]
    assert bucket.keys() == []


async def test_objects_of_several_pages_are_deleted(
    store: Database, storage: BucketClient, rows: Rows, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bucket_module, "PAGE_SIZE", 20)
    bucket.put(*(f"raw-killmails/2020/01/01/{n:05}.gz" for n in range(50)))
    await cleaner(store, storage, RecordingPublisher()).apply_cutoff(CUTOFF)
    assert rows.sql("SELECT status, objects_deleted FROM data_retention_jobs") == [("completed", 50)]


async def test_months_are_found_under_every_plan(rows: Rows) -> None:
    """PostgreSQL reads the names of all tables before it joins, if it expects that to be cheaper."""
    fill(rows)
    with psycopg.connect(rows.url, autocommit=True) as connection:
        for way in ("enable_nestloop", "enable_mergejoin", "enable_indexscan", "enable_bitmapscan"):
            connection.execute("SELECT set_config(%s, 'off', false)", [way])
        assert connection.execute("SELECT drop_killmail_months('2021-11-26')").fetchone() == (1,)


async def test_unavailable_broker_loses_no_event(store: Database, storage: BucketClient, rows: Rows) -> None:
    async def unavailable(_: object) -> None:
        raise TransientError("The Broker does not respond.")

    rows.sql("INSERT INTO outbox_messages (broker, headers, body) VALUES ('backfill', '{}', '')")
    with pytest.raises(TransientError):
        await cleaner(store, storage, unavailable).run_daily()
    recorder = RecordingPublisher()
    await cleaner(store, storage, recorder).run_daily()
    assert len(recorder.messages) == 1
    assert rows.sql("SELECT broker FROM outbox_messages") == [("backfill",)]


async def test_events_and_timer_events_reach_their_handlers(
    store: Database, storage: BucketClient, verifier: Verifier, rows: Rows
) -> None:
    handlers = {
        "verifier": verifier,
        "gap_detector": GapDetector(store, storage, lambda: NOW, window_months=1, max_days=1, empty_days=False),
        "cleaner": cleaner(store, storage, RecordingPublisher()),
    }
    for task in ("verification", "gaps", "retention"):
        await dispatch(Event(TIMER, "1", "ping", None, {"task": task}), **handlers)
    day = VerificationRequested(date=date(2026, 11, 20))
    await dispatch(Event(VERIFICATION_REQUESTED, "2", "ingest-api", day, {}), **handlers)
    await dispatch(Event(RETENTION_DUE, "3", "ingest-api", RetentionDue(cutoff_date=date(2021, 1, 1)), {}), **handlers)
    assert len(rows.sql("SELECT 1 FROM verification_history")) == 2
    assert len(rows.sql("SELECT 1 FROM data_retention_jobs")) == 2
    with pytest.raises(PermanentError, match="no task 'sweep'"):
        await dispatch(Event(TIMER, "4", "ping", None, {"task": "sweep"}), **handlers)
