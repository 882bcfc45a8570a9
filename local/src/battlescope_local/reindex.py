"""`battlescope search reindex`: requests a rebuild of the search index, and shows its progress."""

import getpass
import sys
from typing import Final

from rich.console import Console

from battlescope_local.function_api import FunctionApi
from battlescope_local.job_progress import Job, JobKind, follow_job

REINDEX_PATH: Final = "/api/admin/search/reindex"


def _progress(job: Job) -> tuple[int, int]:
    return job["documentsProcessed"], job["documentsTotal"]


KIND: Final = JobKind(REINDEX_PATH, "id", "documents", _progress)


def reindex(api: FunctionApi, *, console: Console, follow: bool) -> None:
    """Rebuild all documents; search goes on meanwhile."""
    job = api.request("POST", REINDEX_PATH, {"author": getpass.getuser()})
    console.print(f"Job {job['id']}", highlight=False)
    if not follow:
        return
    final = follow_job(api, job, KIND, console)
    console.print(f"{final['status']}: {final['documentsProcessed']:,} documents indexed", highlight=False)
    if final["status"] != "completed":
        sys.exit(1)
