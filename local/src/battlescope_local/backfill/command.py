"""The command: order, upload, follow."""

import getpass
import sys
from pathlib import Path

from rich.console import Console

from battlescope_local.backfill.bucket import access, upload
from battlescope_local.backfill.manifest import Order, parcel
from battlescope_local.backfill.progress import follow
from battlescope_local.settings import ExternalServers
from battlescope_schemas.backfill import job_id


def backfill(
    order: Order, folder: Path, gateway: str, given: ExternalServers, *, console: Console, watch: bool
) -> None:
    """Write the manifest, and stay until its job has ended if somebody wants to watch."""
    made = parcel(order, getpass.getuser())
    job = job_id(made.key, upload(access(folder, given), made))
    console.print(f"Job {job}: {made.key}", highlight=False)
    if not watch:
        return
    ended = follow(gateway, job, console)
    if ended.error:
        console.print(ended.error, highlight=False)
    if ended.status != "completed":
        sys.exit(1)
