"""Claim checks of killmail batches, against a real S3 server."""

import gzip
from collections.abc import Callable
from datetime import date

import pytest
from enriched_builders import enriched_killmail
from event_processing import process_event

from battle_cluster.messaging.claim_checks import ClaimCheckStore
from battle_cluster.messaging.enriched_killmail import from_event
from battle_cluster.persistence.unit_of_work import Database
from battlescope_events.catalog import KILLMAIL_ENRICHED
from battlescope_events.errors import PermanentError
from battlescope_events.messages import Event
from battlescope_events.object_storage.objects import ObjectStorage
from battlescope_events.publisher import RecordingPublisher
from battlescope_local.testing.buckets import Bucket
from battlescope_schemas.reference import KillmailChunk

BATCH = [
    enriched_killmail(1, 0, (1, 1), [(11, 2)]),
    enriched_killmail(2, 2, (2, 1), [(11, 2)]),
    enriched_killmail(3, 4, (12, 2), [(2, 1)]),
]


@pytest.fixture(scope="module")
def filled(new_bucket: Callable[[], Bucket]) -> Bucket:
    bucket = new_bucket()
    lines = b"\n".join(payload.model_dump_json(by_alias=True).encode() for payload in BATCH)
    contents = {
        "batch": gzip.compress(lines),
        "broken": b"no gzip",
        "damaged": gzip.compress(lines)[:20] + b"\xff" * 40,
        "other": gzip.compress(lines + b"\n{}"),
    }
    for key, body in contents.items():
        bucket.client.put_object(Bucket=bucket.name, Key=key, Body=body)
    return bucket


def claim_check(key: str, content: bytes | None = None) -> KillmailChunk:
    return KillmailChunk(chunk_key=key, count=3, date=date(2026, 3, 1), content=content)


def claim_checks(bucket: Bucket) -> ClaimCheckStore:
    return ClaimCheckStore(ObjectStorage(bucket.bucket_access))


async def test_batch_is_read_as_its_killmails(filled: Bucket) -> None:
    assert await claim_checks(filled).read_killmails(claim_check("batch")) == tuple(map(from_event, BATCH))


async def test_content_that_the_claim_check_carries_is_not_read(filled: Bucket) -> None:
    content = gzip.compress(b"\n".join(payload.model_dump_json(by_alias=True).encode() for payload in BATCH[:2]))
    assert await claim_checks(filled).read_killmails(claim_check("absent", content)) == tuple(
        map(from_event, BATCH[:2])
    )
    with pytest.raises(PermanentError, match="absent"):
        await claim_checks(filled).read_killmails(claim_check("absent", b"no gzip"))


@pytest.mark.parametrize("key", ["broken", "damaged", "other", "absent"])
async def test_unreadable_batch_is_rejected_permanently(filled: Bucket, key: str) -> None:
    with pytest.raises(PermanentError, match=key):
        await claim_checks(filled).read_killmails(claim_check(key))


@pytest.mark.postgres
async def test_claim_check_processes_all_its_killmails(filled: Bucket, store: Database) -> None:
    payload = claim_check("batch")
    recorder = RecordingPublisher()
    await process_event(
        store, Event(KILLMAIL_ENRICHED, "c", "killmail-enrich", payload, {}), recorder, claim_checks(filled)
    )
    kinds = [message.headers["ce-type"].split(".")[-2] for message in recorder.messages]
    assert kinds == ["created"]  # one event for the whole batch, not one per killmail
