"""The claim check against a real S3: SeaweedFS."""

import gzip
import socket
from collections.abc import Callable
from datetime import UTC, date, datetime
from typing import Any

import pytest
from made_up_battles import mail
from pydantic import SecretStr

from battle_cluster.archive_client import Archive
from battle_cluster.handler import handle
from battle_cluster.reading import heard
from battle_cluster.store import Store
from battlescope_events.catalog import KILLMAIL_ENRICHED
from battlescope_events.faults import Permanent, Transient
from battlescope_events.publish import Recorder
from battlescope_events.wire import Event
from battlescope_local.testing.buckets import Bucket
from battlescope_schemas.reference import KillmailChunk

CHUNK = [mail(1, 0, (1, 1), [(11, 2)]), mail(2, 2, (2, 1), [(11, 2)]), mail(3, 4, (12, 2), [(2, 1)])]


@pytest.fixture(scope="module")
def filled(new_bucket: Callable[[], Bucket]) -> Bucket:
    made = new_bucket()
    lines = b"\n".join(one.model_dump_json(by_alias=True).encode() for one in CHUNK)
    contents = {
        "chunk": gzip.compress(lines),
        "broken": b"no gzip",
        "damaged": gzip.compress(lines)[:20] + b"\xff" * 40,
        "other": gzip.compress(lines + b"\n{}"),
    }
    for key, body in contents.items():
        made.client.put_object(Bucket=made.name, Key=key, Body=body)
    return made


def archive(bucket: Bucket) -> Archive:
    access = bucket.access
    return Archive(
        access.endpoint, access.region, bucket.name, SecretStr(access.access_key), SecretStr(access.secret_key)
    )


async def test_a_chunk_is_its_mails(filled: Bucket) -> None:
    assert await archive(filled).chunk("chunk") == tuple(map(heard, CHUNK))


@pytest.mark.parametrize("key", ["broken", "damaged", "other", "absent"])
async def test_a_chunk_that_cannot_be_read_is_refused_for_good(filled: Bucket, key: str) -> None:
    with pytest.raises(Permanent, match=key):
        await archive(filled).chunk(key)


async def test_storage_that_does_not_answer_is_asked_again_later() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(Transient):
        await Archive(url, "x", "archive", SecretStr("key"), SecretStr("secret")).chunk("chunk")


@pytest.mark.postgres
async def test_a_claim_check_files_all_its_mails(filled: Bucket, store: Store) -> None:
    said = KillmailChunk(chunk_key="chunk", count=3, date=date(2026, 3, 1))
    recorder = Recorder()
    event: Event[Any] = Event(KILLMAIL_ENRICHED, "c", "killmail-enrich", said, {})
    now = datetime(2026, 3, 2, tzinfo=UTC)
    await handle(event, store=store, publish=recorder, archive=archive(filled), clock=lambda: now)
    kinds = [message.headers["ce-type"].split(".")[-2] for message in recorder.messages]
    assert kinds == ["created"]  # one word for the whole chunk, not one a mail
