"""A job on its way, as ingest-api tells of it: a bar where somebody watches, plain lines where nobody does."""

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

from battlescope_local.errors import UserError

EVERY: Final = 0.5
PLAIN_EVERY: Final = 5.0
PLANNED_WITHIN: Final = 150.0  # seconds: a notice that was lost is made up for by the next minute's tick
ENDED: Final = frozenset({"completed", "failed", "cancelled"})
JOBS: Final = "/api/ingestion/historical/jobs"


@dataclass(frozen=True, slots=True)
class JobSnapshot:
    """A job at one moment. `share` and `read` count mails of days under way, too."""

    status: str
    days: int
    done: int
    share: float
    read: int
    accepted: int
    error: str | None


def look(job: Mapping[str, Any]) -> JobSnapshot:
    days = job["dateProgress"]
    progress = job["progress"]
    done = sum(day["status"] not in {"pending", "running"} for day in days)
    read, accepted = (sum(day[name] for day in days) for name in ("killmails", "accepted"))
    return JobSnapshot(
        job["status"], progress["totalDates"], done, progress["percentComplete"] / 100, read, accepted, job["error"]
    )


@dataclass(frozen=True, slots=True)
class Throughput:
    """What came in some time, of which the last came `ago`. What is left is taken to be like it."""

    seconds: float
    mails: int
    share: float
    ago: float = 0.0

    @property
    def rate(self) -> float:
        return self.mails / self.seconds if self.seconds > 0 else 0.0

    def left(self, now: JobSnapshot) -> timedelta | None:
        if self.share <= 0 or self.seconds <= 0:
            return None
        return timedelta(seconds=round(max(0.0, self.seconds * (1 - now.share) / self.share - self.ago)))


class Meter:
    """Measures from when mails began to come until the last ones came.

    So waiting for a download, or for the next chunk of thousands of mails, does not look like slowness.
    """

    def __init__(self, first: JobSnapshot, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._began = self._base = self._last = clock(), first

    def pace(self, now: JobSnapshot) -> Throughput:
        at = self._clock()
        if now.read > self._last[1].read or now.share > self._last[1].share:
            self._last = at, now
            if not self._base[1].read:
                self._base = self._last
        began, first = self._began if self._base is self._last else self._base
        ended, last = self._last
        return Throughput(ended - began, last.read - first.read, last.share - first.share, at - ended)

    def whole(self, now: JobSnapshot) -> Throughput:
        """Since somebody watches, all waiting included."""
        began, first = self._began
        return Throughput(self._clock() - began, now.read - first.read, now.share - first.share)


def told(now: JobSnapshot, pace: Throughput) -> str:
    done = f"{now.done}/{now.days} days, {now.read:,} mails ({now.accepted:,} accepted)"
    return f"{done}, {pace.rate:,.0f} mails/s{_ends(now, pace)}"


def brief(now: JobSnapshot, pace: Throughput) -> str:
    """The same beside a bar, which would have no room left in 80 columns."""
    return f"{now.done}/{now.days} days, {now.read:,} mails, {pace.rate:,.0f}/s{_ends(now, pace)}"


def _ends(now: JobSnapshot, pace: Throughput) -> str:
    left = pace.left(now)
    return "" if left is None or now.status in ENDED else f", {left} left"


def follow(gateway: str, job_id: str, console: Console) -> JobSnapshot:
    """Until the job has ended.

    Raises:
        Problem: nobody plans it.
    """
    looks = _looks(gateway, job_id)
    first = next(looks)
    meter = Meter(first, time.monotonic)
    show = _bar if console.is_terminal else _lines
    last = show(console, first, looks, meter.pace)
    console.print(f"{last.status}: {told(last, meter.whole(last))}", highlight=False)
    return last


def _bar(
    console: Console, first: JobSnapshot, looks: Iterator[JobSnapshot], pace: Callable[[JobSnapshot], Throughput]
) -> JobSnapshot:
    columns = (TextColumn("{task.fields[status]}"), BarColumn(), TaskProgressColumn(), TextColumn("{task.description}"))
    with Progress(*columns, console=console, transient=True) as progress:
        task: TaskID = progress.add_task(brief(first, pace(first)), total=1.0, status=first.status)
        last = first
        for last in looks:
            progress.update(task, completed=last.share, description=brief(last, pace(last)), status=last.status)
    return last


def _lines(
    console: Console, first: JobSnapshot, looks: Iterator[JobSnapshot], pace: Callable[[JobSnapshot], Throughput]
) -> JobSnapshot:
    last, said = first, time.monotonic()
    for last in looks:
        if last.status not in ENDED and time.monotonic() - said >= PLAIN_EVERY:
            console.print(told(last, pace(last)), highlight=False)
            said = time.monotonic()
    return last


def _looks(gateway: str, job_id: str) -> Iterator[JobSnapshot]:
    limit = time.monotonic() + PLANNED_WITHIN
    while (job := _asked(gateway, job_id)) is None:
        if time.monotonic() > limit:
            raise UserError(f"Nobody has planned the job {job_id} within {PLANNED_WITHIN:.0f} s; see the logs.")
        time.sleep(EVERY / 5)
    while True:
        yield look(job)
        if job["status"] in ENDED:
            return
        time.sleep(EVERY)
        job = _asked(gateway, job_id) or job


def _asked(gateway: str, job_id: str) -> Mapping[str, Any] | None:
    """The job, if it is there; an answer that does not come is asked for again."""
    connection = http.client.HTTPConnection(urlsplit(gateway).netloc, timeout=30)
    with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
        connection.request("GET", f"{JOBS}/{job_id}")
        answer = connection.getresponse()
        if answer.status == http.client.OK:
            return json.loads(answer.read())
    return None
