"""Progress of a backfill job, polled from ingest-api: a progress bar in a terminal, plain lines elsewhere."""

import contextlib
import http.client
import json
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final
from urllib.parse import urlsplit

from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TaskProgressColumn, TextColumn

from battlescope_local.command_name import typed_command
from battlescope_local.errors import UserError
from battlescope_local.text_output import print_text
from battlescope_schemas.backfill import BackfillManifest, DateRange

POLL_INTERVAL: Final = 0.5  # seconds
LINE_INTERVAL: Final = 5.0  # seconds
PLAN_TIMEOUT: Final = 150.0  # seconds; if a notification is lost, the timer event of the next minute plans the job
MAX_DAY_ERRORS: Final = 20
FINAL_STATUSES: Final = frozenset({"completed", "failed", "cancelled"})
RETENTION_PATH: Final = "/api/ingestion/retention/status"
JOBS_PATH: Final = "/api/ingestion/historical/jobs"


@dataclass(frozen=True, slots=True)
class JobSnapshot:
    """A job at one moment. `share` and `read` include killmails of running days.

    skipped: days that the source does not have, of the `done` ones.
    """

    status: str
    days: int
    done: int
    share: float
    read: int
    accepted: int
    known: int
    rejected: int
    failed: int
    error: str | None
    day_errors: tuple[str, ...] = ()
    skipped: int = 0


def job_snapshot(job: Mapping[str, Any]) -> JobSnapshot:
    days = job["dateProgress"]
    progress = job["progress"]
    done = sum(day["status"] not in {"pending", "running"} for day in days)
    names = ("killmails", "accepted", "known", "rejected", "failed")
    read, accepted, known, rejected, failed = (sum(day[name] for day in days) for name in names)
    return JobSnapshot(
        status=job["status"],
        days=progress["totalDates"],
        done=done,
        share=progress["percentComplete"] / 100,
        read=read,
        accepted=accepted,
        known=known,
        rejected=rejected,
        failed=failed,
        error=job["error"],
        day_errors=tuple(f"{day['date']}: {day['error']}" for day in days if day["error"]),
        skipped=progress["skippedDates"],
    )


@dataclass(frozen=True, slots=True)
class Throughput:
    """Killmails read in `seconds`, the last of them `ago` seconds ago; the estimate assumes that the rate stays."""

    seconds: float
    killmails: int
    share: float
    ago: float = 0.0

    @property
    def rate(self) -> float:
        return self.killmails / self.seconds if self.seconds > 0 else 0.0

    def left(self, snapshot: JobSnapshot) -> timedelta | None:
        if self.share <= 0 or self.seconds <= 0:
            return None
        return timedelta(seconds=round(max(0.0, self.seconds * (1 - snapshot.share) / self.share - self.ago)))


class ThroughputMeter:
    """Measures from the arrival of the first killmails to that of the last ones.

    Time spent on a download, or before the next batch of thousands of killmails, therefore does not lower the rate.
    """

    def __init__(self, first: JobSnapshot, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._first = self._base = self._last = clock(), first

    def throughput(self, snapshot: JobSnapshot) -> Throughput:
        timestamp = self._clock()
        if snapshot.read > self._last[1].read or snapshot.share > self._last[1].share:
            self._last = timestamp, snapshot
            if not self._base[1].read:
                self._base = self._last
        start, first = self._first if self._base is self._last else self._base
        end, last = self._last
        return Throughput(end - start, last.read - first.read, last.share - first.share, timestamp - end)

    def overall(self, snapshot: JobSnapshot) -> Throughput:
        """Since the first snapshot, waiting included."""
        start, first = self._first
        return Throughput(self._clock() - start, snapshot.read - first.read, snapshot.share - first.share)


def progress_line(snapshot: JobSnapshot, throughput: Throughput) -> str:
    missing = f" ({snapshot.skipped} not in the source)" if snapshot.skipped else ""
    killmails = f"{snapshot.read:,} killmails ({snapshot.accepted:,} accepted)"
    progress = f"{snapshot.done}/{snapshot.days} days{missing}, {killmails}"
    return f"{progress}, {throughput.rate:,.0f} killmails/s{_time_left(snapshot, throughput)}"


def outcome_line(snapshot: JobSnapshot) -> str:
    """What became of the killmails that were read but not accepted; empty if all were."""
    counts = {
        "already stored": snapshot.known,
        "rejected by the ruleset": snapshot.rejected,
        "unreadable": snapshot.failed,
    }
    return ", ".join(f"{count:,} {name}" for name, count in counts.items() if count)


def short_progress_line(snapshot: JobSnapshot, throughput: Throughput) -> str:
    """A shorter line that leaves room for a progress bar in 80 columns."""
    progress = f"{snapshot.done}/{snapshot.days} days, {snapshot.read:,} killmails"
    return f"{progress}, {throughput.rate:,.0f}/s{_time_left(snapshot, throughput)}"


def _time_left(snapshot: JobSnapshot, throughput: Throughput) -> str:
    left = throughput.left(snapshot)
    return "" if left is None or snapshot.status in FINAL_STATUSES else f", {left} left"


def follow_job(gateway: str, job_id: str, console: Console) -> JobSnapshot:
    """Show the job's progress until it has ended, and return its last snapshot.

    Raises:
        UserError: ingest-backfill does not plan the job within PLAN_TIMEOUT.
    """
    snapshots = _poll_job(gateway, job_id)
    first = next(snapshots)
    meter = ThroughputMeter(first, time.monotonic)
    show = _follow_with_bar if console.is_terminal else _follow_with_lines
    last = show(console, first, snapshots, meter.throughput)
    print_text(f"{last.status}: {progress_line(last, meter.overall(last))}", console.file)
    for line in (outcome_line(last), *last.day_errors[:MAX_DAY_ERRORS]):
        if line:
            print_text(f"  {line}", console.file)
    return last


def _follow_with_bar(
    console: Console,
    first: JobSnapshot,
    snapshots: Iterator[JobSnapshot],
    throughput: Callable[[JobSnapshot], Throughput],
) -> JobSnapshot:
    columns = (TextColumn("{task.fields[status]}"), BarColumn(), TaskProgressColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console, transient=True) as progress:
        task: TaskID = progress.add_task(short_progress_line(first, throughput(first)), total=1.0, status=first.status)
        last = first
        for last in snapshots:
            progress.update(
                task, completed=last.share, description=short_progress_line(last, throughput(last)), status=last.status
            )
    return last


def _follow_with_lines(
    console: Console,
    first: JobSnapshot,
    snapshots: Iterator[JobSnapshot],
    throughput: Callable[[JobSnapshot], Throughput],
) -> JobSnapshot:
    last, last_printed = first, time.monotonic()
    for last in snapshots:
        if last.status not in FINAL_STATUSES and time.monotonic() - last_printed >= LINE_INTERVAL:
            console.print(progress_line(last, throughput(last)), highlight=False)
            last_printed = time.monotonic()
    return last


def _poll_job(gateway: str, job_id: str) -> Iterator[JobSnapshot]:
    deadline = time.monotonic() + PLAN_TIMEOUT
    while (job := _fetch_job(gateway, job_id)) is None:
        if time.monotonic() > deadline:
            raise UserError(
                f"The job {job_id} was not planned within {PLAN_TIMEOUT:.0f} s; see `{typed_command('logs')}`."
            )
        time.sleep(POLL_INTERVAL / 5)
    while True:
        yield job_snapshot(job)
        if job["status"] in FINAL_STATUSES:
            return
        time.sleep(POLL_INTERVAL)
        job = _fetch_job(gateway, job_id) or job


def check_retention(gateway: str, manifest: BackfillManifest) -> None:
    """Refuse days that the system deletes, before anything is uploaded.

    Raises:
        UserError: with the setting to raise.
    """
    status = _fetch(gateway, RETENTION_PATH)
    if status is None:
        return  # the planner of ingest-backfill checks the days as well
    policy = status["retentionPolicy"]
    dates = manifest.dates
    first = dates.from_ if isinstance(dates, DateRange) else min(dates)
    if first.isoformat() < policy["cutoffDate"]:
        raise UserError(
            f"{first} is before {policy['cutoffDate']}, the first day that is kept: killmails are kept for "
            f"{policy['windowMonths']} months. Start the system with a larger BATTLESCOPE_DATA_RETENTION_MONTHS."
        )


def _fetch_job(gateway: str, job_id: str) -> Mapping[str, Any] | None:
    """The job; None where it does not exist yet or ingest-api does not respond, so that the caller retries."""
    return _fetch(gateway, f"{JOBS_PATH}/{job_id}")


def _fetch(gateway: str, path: str) -> Mapping[str, Any] | None:
    connection = http.client.HTTPConnection(urlsplit(gateway).netloc, timeout=30)
    with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
        connection.request("GET", path)
        response = connection.getresponse()
        if response.status == http.client.OK:
            return json.loads(response.read())
    return None
