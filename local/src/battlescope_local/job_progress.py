"""Follows a job that a function does part by part, with a bar, until it has ended."""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, NamedTuple

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from battlescope_local.function_api import FunctionApi

POLL_INTERVAL: Final = 0.5  # seconds
FINAL_STATUSES: Final = frozenset({"completed", "cancelled"})
Job = Mapping[str, Any]


class JobKind(NamedTuple):
    """How jobs of one kind are read. path: of a job, which its id follows. items: what is counted, such as battles.

    progress: of a job, how many items are processed, and of how many; 0 of 0 until it has begun.
    """

    path: str
    id_field: str
    items: str
    progress: Callable[[Job], tuple[int, int]]


def follow_job(api: FunctionApi, job: Job, kind: JobKind, console: Console) -> Job:
    """Show a bar until the job has ended, and return its last state; outside a terminal the bar is not shown."""
    columns = (TextColumn("{task.fields[status]}"), BarColumn(), TaskProgressColumn(), TextColumn("{task.description}"))
    last = job
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("", total=None, status=job["status"])
        for last in _poll(api, job, kind):
            processed, total = kind.progress(last)
            description = f"{processed:,} of {total:,} {kind.items}"
            progress.update(
                task, total=total or None, completed=processed, description=description, status=last["status"]
            )
    return last


def _poll(api: FunctionApi, job: Job, kind: JobKind) -> Iterator[Job]:
    while job["status"] not in FINAL_STATUSES:
        time.sleep(POLL_INTERVAL)
        job = api.request("GET", f"{kind.path}/{job[kind.id_field]}")
        yield job
