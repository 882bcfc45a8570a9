"""What is too old goes, in parts, and nothing else does."""

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import count
from uuid import uuid4

import httpx2
import pytest
from verified_days import NOW, Bucket, Rows

from battlescope_events.catalog import RETENTION_DUE, TICK, VERIFICATION_REQUESTED
from battlescope_events.errors import PermanentError, TransientError
from battlescope_events.messages import Event
from battlescope_events.publisher import Publish, RecordingPublisher
from battlescope_schemas.backfill import RetentionDue, VerificationRequested
from ingest_verify.clients.object_storage import ObjectStorage
from ingest_verify.handlers.dispatch import handle
from ingest_verify.handlers.gaps import GapDetector
from ingest_verify.handlers.retention import RetentionCleaner
from ingest_verify.handlers.transient_objects import TransientObjectCleaner
from ingest_verify.handlers.verification import Verifier
from ingest_verify.persistence.transaction import Store

pytestmark = pytest.mark.postgres
CUTOFF = date(2021, 11, 26)
OLD = ["raw-killmails/2021/10/31/a.jsonl.gz", "raw-killmails/2021/11/25/a.jsonl.gz", "refused/2021/01/01/a.jsonl.gz"]
KEPT = ["chunks/x", "manifests/x.json", "raw-killmails/2021/11/26/a.jsonl.gz", "refused/2026/11/01/a&b.jsonl.gz"]


def cleaner(store: Store, storage: ObjectStorage, publish: Publish, clock: Callable[[], datetime] = lambda: NOW) -> RetentionCleaner:
    never = TransientObjectCleaner(store, storage, clock, days=36_500)
    return RetentionCleaner(store, storage, publish, clock, uuid4, transient_objects=never, months=60)


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


async def test_everything_too_old_goes_and_all_contexts_are_told_once(
    store: Store, storage: ObjectStorage, rows: Rows, bucket: Bucket
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


async def test_hearing_it_removes_the_same(store: Store, storage: ObjectStorage, rows: Rows, bucket: Bucket) -> None:
    fill(rows)
    bucket.put(*OLD, *KEPT)
    for _ in range(2):
        await cleaner(store, storage, RecordingPublisher()).apply_cutoff(CUTOFF)
    assert bucket.keys() == KEPT
    assert rows.sql("SELECT status, killmails_deleted FROM data_retention_jobs") == [("completed", 1)]


async def test_a_cutoff_inside_of_what_is_kept_is_refused(store: Store, storage: ObjectStorage, rows: Rows) -> None:
    fill(rows)
    with pytest.raises(PermanentError, match="inside of the 60 months"):
        await cleaner(store, storage, RecordingPublisher()).apply_cutoff(CUTOFF + timedelta(days=1))
    assert rows.sql("SELECT count(*) FROM killmail_ids") == [(3,)]


async def test_what_does_not_fit_into_a_tick_is_left_to_the_next(
    store: Store, storage: ObjectStorage, rows: Rows, bucket: Bucket
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


async def test_objects_in_many_pages(store: Store, storage: ObjectStorage, rows: Rows, bucket: Bucket) -> None:
    bucket.put(*(f"raw-killmails/2020/01/01/{n:05}.gz" for n in range(1_050)))
    await cleaner(store, storage, RecordingPublisher()).apply_cutoff(CUTOFF)
    assert rows.sql("SELECT status, objects_deleted FROM data_retention_jobs") == [("completed", 1050)]


async def test_a_deaf_broker_loses_nothing(store: Store, storage: ObjectStorage, rows: Rows) -> None:
    async def deaf(_: object) -> None:
        raise TransientError("The Broker does not answer.")

    rows.sql("INSERT INTO outbox (headers, body) VALUES ('{\"ce-source\": \"ingest-poll\"}', '')")
    with pytest.raises(TransientError):
        await cleaner(store, storage, deaf).run_daily()
    recorder = RecordingPublisher()
    await cleaner(store, storage, recorder).run_daily()
    assert len(recorder.messages) == 1
    assert rows.sql("SELECT headers ->> 'ce-source' FROM outbox") == [("ingest-poll",)], "others say their own"


async def test_a_storage_that_keeps_what_it_should_not_is_asked_again() -> None:
    def answer(request: httpx2.Request) -> httpx2.Response:
        errors = "<DeleteResult><Error><Key>a</Key></Error></DeleteResult>"
        return httpx2.Response(200, text=errors) if request.method == "POST" else httpx2.Response(500)

    async with httpx2.AsyncClient(transport=httpx2.MockTransport(answer)) as client:
        storage = ObjectStorage(client, "http://storage.invalid", "us-east-1", "b", "k", "s")
        with pytest.raises(TransientError, match="does not remove all"):
            await storage.delete(["a"])
        with pytest.raises(TransientError, match="status 500"):
            await storage.keys_before("a/", "b")


async def test_events_and_ticks_find_their_work(store: Store, storage: ObjectStorage, verifier: Verifier, rows: Rows) -> None:
    work = {
        "verifier": verifier,
        "gaps": GapDetector(store, storage, lambda: NOW, window_months=1, max_days=1, empty_days=False),
        "cleaner": cleaner(store, storage, RecordingPublisher()),
    }
    for task in ("verification", "gaps", "retention"):
        await handle(Event(TICK, "1", "ping", None, {"task": task}), **work)
    day = VerificationRequested(date=date(2026, 11, 20))
    await handle(Event(VERIFICATION_REQUESTED, "2", "ingest-api", day, {}), **work)
    await handle(Event(RETENTION_DUE, "3", "ingest-api", RetentionDue(cutoff_date=date(2021, 1, 1)), {}), **work)
    assert len(rows.sql("SELECT 1 FROM verification_history")) == 2
    assert len(rows.sql("SELECT 1 FROM data_retention_jobs")) == 2
    with pytest.raises(PermanentError, match="no task 'sweep'"):
        await handle(Event(TICK, "4", "ping", None, {"task": "sweep"}), **work)


async def test_an_event_is_remembered(store: Store, rows: Rows) -> None:
    await store.ping()
    assert (await store.attempt("s", "1")).number == 1
    assert not (await store.attempt("s", "1")).mark_processed
    await store.mark_processed("s", "1")
    assert (await store.attempt("s", "1")).mark_processed
    rows.sql("UPDATE event_attempts SET last_at = %s", datetime(2020, 1, 1, tzinfo=UTC))
