"""`battlescope republish`: requests a job that republishes battles, and shows its progress."""

import getpass
import http.client
import json
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn

from battlescope_local.errors import UserError

REPUBLISH_PATH: Final = "/api/admin/battles/republish"
POLL_INTERVAL: Final = 0.5  # seconds
RESPONSE_TIMEOUT: Final = 30.0  # seconds, because battle-api may have to start
FINAL_STATUSES: Final = frozenset({"completed", "cancelled"})


@dataclass(frozen=True, slots=True)
class BattleApi:
    """battle-api behind a node's gateway, with the token by which it knows the caller."""

    gateway: str
    token: str

    def request(self, method: str, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """The JSON of a response.

        Raises:
            UserError: battle-api does not accept the request, with its reason.
        """
        headers = {"authorization": f"Bearer {self.token}", "content-type": "application/json"}
        content = json.dumps(body) if body is not None else None
        connection = http.client.HTTPConnection(urlsplit(self.gateway).netloc, timeout=RESPONSE_TIMEOUT)
        with closing(connection):
            connection.request(method, path, content, headers)
            response = connection.getresponse()
            text = response.read()
        if response.status >= http.client.BAD_REQUEST:
            raise UserError(f"battle-api answers {response.status}: {text.decode(errors='replace')}")
        return json.loads(text)


def republish(api: BattleApi, first: date | None, last: date | None, *, console: Console, follow: bool) -> None:
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


def _poll(api: BattleApi, job: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
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
