"""The command: build the manifest, upload it, follow its job."""

import getpass
import sys
from pathlib import Path
from typing import Final

from rich.console import Console

from battlescope_local.backfill.bucket import bucket_access, upload
from battlescope_local.backfill.manifest import BackfillRequest, build_upload
from battlescope_local.backfill.progress import check_retention, follow_job
from battlescope_local.settings import ExternalServers
from battlescope_local.text_output import print_text
from battlescope_schemas.backfill import job_id

MANIFESTS: Final = "manifests/"
UPLOADS_REMOVED: Final = "The uploaded killmails are removed TRANSPORT_RETENTION_DAYS after the job has ended."


def backfill(
    request: BackfillRequest, folder: Path, gateway: str, external: ExternalServers, *, console: Console, follow: bool
) -> None:
    """Upload the manifest of `request`; with `follow`, show its job until that has ended."""
    backfill_upload = build_upload(request, getpass.getuser())
    for message in backfill_upload.messages:
        print_text(message, console.file)
    check_retention(gateway, backfill_upload.manifest)
    key, objects = backfill_upload.key, backfill_upload.objects
    job = job_id(key, upload(bucket_access(folder, external), key, backfill_upload.body, objects))
    print_text(f"Job {job}: {key}", console.file)
    if objects:
        print_text(UPLOADS_REMOVED, console.file)
    if follow:
        _follow(gateway, job, console)


def upload_manifest(
    file: Path, folder: Path, gateway: str, external: ExternalServers, *, console: Console, follow: bool
) -> None:
    """Upload a manifest as it is, under its name; the planner says what it refuses."""
    key = f"{MANIFESTS}{file.name}"
    job = job_id(key, upload(bucket_access(folder, external), key, file.read_bytes(), {}))
    print_text(f"Job {job}: {key}", console.file)
    if follow:
        _follow(gateway, job, console)


def _follow(gateway: str, job: str, console: Console) -> None:
    snapshot = follow_job(gateway, job, console)
    if snapshot.error:
        console.print(snapshot.error, highlight=False)
    if snapshot.status != "completed":
        sys.exit(1)
