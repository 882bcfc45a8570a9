"""A backfill through the whole system: the command uploads a manifest, S3 notifies of it, and the job ends."""

import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from machine import INGESTION, Machine, upstream

pytestmark = pytest.mark.e2e
DAYS = ("--from", "2026-10-02", "--to", "2026-10-04")


def run(machine: Machine, *arguments: str, code: int = 0) -> str:
    command = [str(Path(sys.executable).parent / "battlescope"), "--data", str(machine.folder), "backfill", *arguments]
    wide = os.environ | {"COLUMNS": "200"}
    process = subprocess.run(command, env=wide, capture_output=True, text=True, timeout=120, check=False)
    assert process.returncode == code, process.stderr
    return process.stdout


def without_rate(output: str) -> str:
    """Also without the lines that a slow machine prints before the job ends."""
    return re.sub(r", \d+ killmails/s", "", re.sub(r"^\d+/\d+ days.*\n", "", output, flags=re.MULTILINE))


def test_uploaded_manifest_is_backfilled_and_followed(nobodys_folder: Callable[[], Path]) -> None:
    """Timers are off, so that only the webhook of the S3 server can start the job."""
    feed = ("--evening", "7", "--mails", "120", "--start", "2026-10-03T18:00:00Z", "--speed", "0")
    with upstream(*feed) as world:
        machine = Machine(nobodys_folder() / "backfill", world, timers=False)
        machine.start()
        try:
            output = run(machine, *DAYS)
            assert "completed: 3/3 days (2 not in the source), 120 killmails" in output
            accepted, ids, chunked = machine.rows(
                INGESTION,
                "SELECT count(*), count(DISTINCT killmail_id), (SELECT sum(count) FROM historical_chunks)"
                " FROM killmail_events WHERE source = 'historical'",
            )[0]
            assert accepted == ids == chunked > 60
            assert without_rate(run(machine, *DAYS)) == without_rate(output), "a repeat is the same job"
            assert machine.rows(INGESTION, "SELECT count(*) FROM historical_ingestion_jobs") == [(1,)]
            manifest = machine.folder.parent / "by-hand.json"
            manifest.write_text('{"version": 1, "requestedBy": "me", "dates": ["2026-10-03"], "until": "2026-10-04"}')
            refused = run(machine, "--manifest", str(manifest), code=1)
            assert "manifests/by-hand.json" in refused
            assert "until: is not a known field." in refused
        finally:
            machine.stop()
