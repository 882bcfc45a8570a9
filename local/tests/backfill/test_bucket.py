"""Which bucket a backfill is uploaded to, and the end of the process that uploaded it."""

import subprocess
import sys
from pathlib import Path
from typing import Final

from battlescope_local.backfill import bucket
from battlescope_local.settings import ExternalServers, S3Access
from battlescope_local.testing.buckets import create_bucket

# Uploads, and ends at once, while the thread that reported the last answer to the event loop goes on for a while.
UPLOAD_AND_END: Final = """
import asyncio, sys, threading, time
from battlescope_local.backfill import bucket
from battlescope_local.settings import S3Access

report = asyncio.BaseEventLoop.call_soon_threadsafe

def report_and_stay(loop, *arguments, **options):
    handle = report(loop, *arguments, **options)
    if threading.current_thread() is not threading.main_thread():
        for _ in range(1000):
            time.sleep(0.001)  # and asks for the interpreter's lock again
    return handle

asyncio.BaseEventLoop.call_soon_threadsafe = report_and_stay
bucket.BUCKET = sys.argv[4]
print(bucket.upload(S3Access(*sys.argv[1:4]), "manifests/a.json", b"{}", {"backfill-objects/a.jsonl.gz": b"a"}))
"""


def test_bucket_is_external_or_that_of_the_node(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text('{"port-s3": "1234", "password-s3": "secret"}')
    assert bucket.bucket_access(tmp_path, ExternalServers()) == S3Access(
        "http://127.0.0.1:1234", "battlescope", "secret"
    )
    other = S3Access("http://s3", "a", "b")
    assert bucket.bucket_access(tmp_path, ExternalServers(s3=other)) is other


def test_process_that_has_uploaded_ends_without_being_aborted(moto: S3Access) -> None:
    """The interpreter aborts the process where a native thread still reports to an event loop that is gone."""
    name = create_bucket(moto).bucket_access.bucket
    command = [sys.executable, "-c", UPLOAD_AND_END, moto.endpoint, moto.access_key, moto.secret_key, name]

    process = subprocess.run(command, check=False, capture_output=True, text=True)

    assert (process.returncode, process.stderr) == (0, "")
    assert len(process.stdout.strip()) == 32, "the etag of the manifest"
