"""What only carried something goes by its age and not by its name, in parts, and what is still worked from stays."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count
from uuid import UUID, uuid4

import pytest
from verified_days import Bucket, Rows

from battlescope_events.errors import TransientError
from battlescope_events.publisher import RecordingPublisher
from ingest_verify.clients.object_storage import ObjectStorage
from ingest_verify.domain.day_coverage import cutoff
from ingest_verify.handlers.retention import RetentionCleaner
from ingest_verify.handlers.transient_objects import TransientObjectCleaner
from ingest_verify.persistence.transaction import Store

pytestmark = pytest.mark.postgres
KEEP = timedelta(days=14)
FIGURES = "SELECT status, transport_deleted, objects_deleted FROM data_retention_jobs"
CHUNKS = ["chunks/1.jsonl.gz", "chunks/battles/b.jsonl.gz", "chunks/enriched/7.jsonl.gz", "chunks/j/2026-01-01/0.gz"]
OTHERS = ["chunks0", "manifests-rejected/x.json", "manifests/x.json", "raw-killmails/2026/11/01/a.jsonl.gz"]


def cleaner(store: Store, storage: ObjectStorage, clock: Callable[[], datetime]) -> RetentionCleaner:
    sweeper = TransientObjectCleaner(store, storage, clock, days=14)
    return RetentionCleaner(store, storage, RecordingPublisher(), clock, uuid4, transient_objects=sweeper, months=60)


def at(moment: datetime) -> Callable[[], datetime]:
    return lambda: moment


async def test_old_chunks_go_young_ones_and_all_else_stay(
    store: Store, storage: ObjectStorage, rows: Rows, bucket: Bucket
) -> None:
    bucket.put(*CHUNKS, *OTHERS)
    moment = datetime.now(UTC) + timedelta(seconds=1)
    await asyncio.sleep(2.1)  # the store tells whole seconds
    bucket.put("chunks/enriched/8.jsonl.gz")
    for _ in range(2):
        await cleaner(store, storage, at(moment + KEEP)).run_daily()
        assert bucket.keys() == sorted([*OTHERS, "chunks/enriched/8.jsonl.gz"])
        assert rows.sql(FIGURES) == [("completed", 4, 0)]


async def test_a_planned_manifest_goes_when_nobody_can_work_from_it(
    store: Store, storage: ObjectStorage, rows: Rows, bucket: Bucket
) -> None:
    now = datetime.now(UTC) + KEEP + timedelta(days=1)
    states = {
        ("completed", "2026-01-01", now - KEEP - timedelta(hours=1)): False,
        ("cancelled", "2026-01-01", now - KEEP - timedelta(hours=1)): False,
        ("failed", "2020-01-01", now - KEEP - timedelta(hours=1)): False,
        ("failed", "2026-01-01", now - KEEP - timedelta(hours=1)): True,
        ("completed", "2026-01-01", now - KEEP + timedelta(hours=1)): True,
        ("running", "2026-01-01", None): True,
        ("paused", "2020-01-01", None): True,
    }
    stay = {"manifests-planned/by-hand.json", f"manifests-planned/{uuid4()}.json"}
    bucket.put(*stay)
    for n, ((status, day, ended), stays) in enumerate(states.items()):
        key = f"manifests-planned/{UUID(int=n)}.json"
        bucket.put(key)
        stay |= {key} if stays else set()
        rows.sql(
            """INSERT INTO historical_ingestion_jobs (id, manifest_key, manifest_etag, start_date, end_date,
            requested_by, status, completed_at) VALUES (%s, %s, '', %s, %s, 'tests', %s, %s)""",
            UUID(int=n), key, day, day, status, ended,
        )  # fmt: skip
    await cleaner(store, storage, at(now)).run_daily()
    assert set(bucket.keys()) == stay
    assert rows.sql(FIGURES) == [("completed", 3, 0)]


async def test_a_tick_goes_on_where_the_last_one_ended(
    store: Store, storage: ObjectStorage, rows: Rows, bucket: Bucket
) -> None:
    bucket.put(*(f"chunks/{n:05}" for n in range(1_001)), "manifests-planned/x.json")
    now, steps = datetime.now(UTC) + KEEP + timedelta(days=1), count()
    today = cutoff(now.date(), 60)
    rows.sql("INSERT INTO data_retention_jobs (id, cutoff_date, status) VALUES (%s, %s, 'running')", uuid4(), today)
    slow = TransientObjectCleaner(store, storage, lambda: now + next(steps) * timedelta(seconds=50), days=14)
    assert not await slow.clean(today, now + timedelta(seconds=40))
    assert rows.sql(FIGURES) == [("running", 1_000, 0)]
    assert rows.sql("SELECT transport_looked_at FROM data_retention_jobs") == [("chunks/00999",)]
    await cleaner(store, storage, at(now)).run_daily()
    assert rows.sql(FIGURES) == [("completed", 1_001, 0)]
    assert bucket.keys() == ["manifests-planned/x.json"]


async def test_what_could_not_be_removed_is_looked_at_again(
    store: Store, storage: ObjectStorage, rows: Rows, bucket: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    bucket.put(*CHUNKS)
    now = datetime.now(UTC) + KEEP + timedelta(days=1)

    async def refuse(*_: object) -> None:
        raise TransientError("It removes nothing.")

    with monkeypatch.context() as patch:
        patch.setattr(ObjectStorage, "delete", refuse)
        with pytest.raises(TransientError):
            await cleaner(store, storage, at(now)).run_daily()
    assert rows.sql(FIGURES) == [("running", 0, 0)]
    await cleaner(store, storage, at(now)).run_daily()
    assert (rows.sql(FIGURES), bucket.keys()) == ([("completed", 4, 0)], [])
