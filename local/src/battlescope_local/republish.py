"""`battlescope republish`: requests a job that republishes battles, and shows its progress."""

import getpass
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import date, timedelta
from typing import Any, Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from battlescope_local.function_api import FunctionApi

REPUBLISH_PATH: Final = "/api/admin/battles/republish"
POLL_INTERVAL: Final = 0.5  # seconds
FINAL_STATUSES: Final = frozenset({"completed", "cancelled"})


def republish(api: FunctionApi, first: date | None, last: date | None, *, console: Console, follow: bool) -> None:
    """Republish the battles that start on these days, both included, or before or after where a day is None."""
    request = {
        "startTime": f"{first.isoformat()}T00:00:00Z" if first else None,
        "endTime": f"{(last + timedelta(days=1)).isoformat()}T00:00:00Z" if last else None,
        "author": getpass.getuser(),
    }
    job = api.request("POST", REPUBLISH_PATH, request)
    console.print(f"Job {job['jobId']}", highlight=False)
    if not follow:
        return
    final = _show_progress(_poll(api, job), console)
    processed, total = final["progress"]["processed"], final["progress"]["total"]
    console.print(f"{final['status']}: {processed:,} of {total:,} battles republished", highlight=False)
    if final["status"] != "completed":
        sys.exit(1)


def _poll(api: FunctionApi, job: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield job
    while job["status"] not in FINAL_STATUSES:
        time.sleep(POLL_INTERVAL)
        job = api.request("GET", f"{REPUBLISH_PATH}/jobs/{job['jobId']}")
        yield job


def _show_progress(jobs: Iterator[Mapping[str, Any]], console: Console) -> Mapping[str, Any]:
    """Show a bar until the job has ended, and return its last state; outside a terminal the bar is not shown."""
    columns = (TextColumn("{task.fields[status]}"), BarColumn(), TaskProgressColumn(), TextColumn("{task.description}"))
    job = next(jobs)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=100.0, status=job["status"])
        for job in jobs:
            share = job["progress"]
            description = f"{share['processed']:,} of {share['total']:,} battles"
            progress.update(task, completed=share["percentage"], description=description, status=job["status"])
    return job
