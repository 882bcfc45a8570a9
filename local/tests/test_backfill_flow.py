"""History through the whole system: the command writes a manifest, the store tells of it, the job ends."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from machine import INGESTION, Machine, upstream

pytestmark = pytest.mark.e2e
DAYS = ("--from", "2026-10-02", "--to", "2026-10-04")


def run(machine: Machine, *arguments: str) -> str:
    command = [str(Path(sys.executable).parent / "battlescope"), "--data", str(machine.folder), "backfill", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=True).stdout


def test_a_manifest_becomes_history_and_is_followed(nobodys_folder: Callable[[], Path]) -> None:
    """Without timers: so it was the store's webhook that told of the manifest."""
    evening = ("--evening", "7", "--mails", "120", "--start", "2026-10-03T18:00:00Z", "--speed", "0")
    with upstream(*evening) as world:
        machine = Machine(nobodys_folder() / "history", world, timers=False)
        machine.start()
        try:
            said = run(machine, *DAYS)
            assert "completed: 3/3 days, 120 killmails" in said
            accepted, ids, chunked = machine.rows(
                INGESTION,
                "SELECT count(*), count(DISTINCT killmail_id), (SELECT sum(count) FROM historical_chunks)"
                " FROM killmail_events WHERE source = 'historical'",
            )[0]
            assert accepted == ids == chunked > 60
            assert run(machine, *DAYS).splitlines()[:-1] == said.splitlines()[:-1], "the same order is the same job"
            assert machine.rows(INGESTION, "SELECT count(*) FROM historical_ingestion_jobs") == [(1,)]
        finally:
            machine.stop()
