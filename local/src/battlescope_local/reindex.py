"""`battlescope search reindex`: requests a rebuild of the search index, and shows its progress."""

import getpass
import sys
import time
from collections.abc import Iterator, Mapping
from typing import Any, Final

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from battlescope_local.function_api import FunctionApi

REINDEX_PATH: Final = "/api/admin/search/reindex"
POLL_INTERVAL: Final = 0.5  # seconds
FINAL_STATUSES: Final = frozenset({"completed", "cancelled"})


def reindex(api: FunctionApi, *, console: Console, follow: bool) -> None:
    """Rebuild all documents; search goes on meanwhile."""
    job = api.request("POST", REINDEX_PATH, {"author": getpass.getuser()})
    console.print(f"Job {job['id']}", highlight=False)
    if not follow:
        return
    final = _show_progress(_poll(api, job), console)
    console.print(f"{final['status']}: {final['documentsProcessed']:,} documents indexed", highlight=False)
    if final["status"] != "completed":
        sys.exit(1)


def _poll(api: FunctionApi, job: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield job
    while job["status"] not in FINAL_STATUSES:
        time.sleep(POLL_INTERVAL)
        job = api.request("GET", f"{REINDEX_PATH}/{job['id']}")
        yield job


def _show_progress(jobs: Iterator[Mapping[str, Any]], console: Console) -> Mapping[str, Any]:
    """Show a bar until the job has ended, and return its last state; outside a terminal the bar is not shown."""
    columns = (TextColumn("{task.fields[status]}"), BarColumn(), TaskProgressColumn(), TextColumn("{task.description}"))
    job = next(jobs)
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=None, status=job["status"])
        for job in jobs:
            processed, total = job["documentsProcessed"], job["documentsTotal"]
            description = f"{processed:,} of {total:,} documents"
            progress.update(
                task, total=total or None, completed=processed, description=description, status=job["status"]
            )
    return job
