"""`battlescope republish`: requests a job that republishes battles, and shows its progress."""

import getpass
import sys
from datetime import date, timedelta
from typing import Final

from rich.console import Console

from battlescope_local.function_api import FunctionApi
from battlescope_local.job_progress import Job, JobKind, follow_job

REPUBLISH_PATH: Final = "/api/admin/battles/republish"


def _progress(job: Job) -> tuple[int, int]:
    return job["progress"]["processed"], job["progress"]["total"]


KIND: Final = JobKind(f"{REPUBLISH_PATH}/jobs", "jobId", "battles", _progress)


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
    final = follow_job(api, job, KIND, console)
    processed, total = KIND.progress(final)
    console.print(f"{final['status']}: {processed:,} of {total:,} battles republished", highlight=False)
    if final["status"] != "completed":
        sys.exit(1)
