"""Progress of a backfill job: throughput, time left, and the output until the job ends."""

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from threading import Thread
from typing import Any

import pytest
from rich.console import Console

from battlescope_local.backfill import progress as following
from battlescope_local.backfill.progress import (
    JobSnapshot,
    Throughput,
    ThroughputMeter,
    check_retention,
    follow_job,
    job_snapshot,
    progress_line,
    short_progress_line,
)
from battlescope_local.errors import UserError
from battlescope_schemas.backfill import BackfillManifest


def day(status: str, accepted: int, read: int, **values: Any) -> dict[str, Any]:
    counts = {"known": 0, "rejected": 0, "failed": 0}
    return (
        {"date": "2026-01-02", "status": status, "accepted": accepted, "killmails": read, "error": None}
        | counts
        | values
    )


def job(status: str, percent: float, *days: dict[str, Any]) -> dict[str, Any]:
    skipped = sum(day["status"] == "skipped" for day in days)
    progress = {"totalDates": 4, "skippedDates": skipped, "percentComplete": percent}
    return {"status": status, "progress": progress, "dateProgress": days, "error": None}


def test_rate_and_time_left_follow_from_progress() -> None:
    days = (day("completed", 7, 10), day("running", 4, 1_013), day("pending", 0, 0), day("pending", 0, 0))
    snapshot = job_snapshot(job("running", 37.5, *days))
    assert (snapshot.done, snapshot.days, snapshot.share, snapshot.read, snapshot.accepted) == (1, 4, 0.375, 1_023, 11)
    throughput = Throughput(10, 20, 0.25)
    assert throughput.rate == 2
    assert throughput.left(snapshot) == timedelta(seconds=25)
    assert progress_line(snapshot, throughput) == "1/4 days, 1,023 killmails (11 accepted), 2 killmails/s, 0:00:25 left"
    assert short_progress_line(snapshot, throughput) == "1/4 days, 1,023 killmails, 2/s, 0:00:25 left"
    assert Throughput(10, 20, 0.25, ago=7).left(snapshot) == timedelta(seconds=18)
    assert Throughput(10, 20, 0.25, ago=99).left(snapshot) == timedelta(0)
    assert Throughput(0, 0, 0.25).left(snapshot) is None
    assert Throughput(1, 1, 0.0).left(snapshot) is None
    assert (
        progress_line(JobSnapshot("failed", 0, 0, 0.0, 0, 0, 0, 0, 0, "x"), Throughput(0, 0, 0))
        == "0/0 days, 0 killmails (0 accepted), 0 killmails/s"
    )


def test_outcome_says_why_killmails_were_not_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "POLL_INTERVAL", 0.01)
    error = "The source returned 7 killmails, but states 9."
    ended = job("completed", 100, day("completed", 0, 1_007, known=1_000, rejected=4, failed=3, error=error))
    console = Console(file=StringIO(), width=40)
    with gateway_with_jobs(ended) as gateway:
        follow_job(gateway, "j", console)
    text = console.file.getvalue()
    assert "1,000 already stored, 4 rejected by the ruleset, 3 unreadable" in text
    assert f"2026-01-02: {error}" in text


@pytest.mark.parametrize(
    ("statuses", "text"),
    [
        (("skipped", "completed", "skipped", "completed"), "4/4 days (2 not in the source), 2,000 killmails"),
        (("completed",) * 4, "4/4 days, 4,000 killmails"),
    ],
)
def test_days_that_the_source_does_not_have_are_shown(statuses: tuple[str, ...], text: str) -> None:
    days = [day(status, 0, 1_000 if status == "completed" else 0) for status in statuses]
    console = Console(file=StringIO(), width=40)
    with gateway_with_jobs(job("completed", 100, *days)) as gateway:
        follow_job(gateway, "j", console)
    assert text in console.file.getvalue()


def test_throughput_excludes_waiting_time() -> None:
    def at(read: int, status: str = "running") -> JobSnapshot:
        return job_snapshot(job(status, read / 100, day(status, 0, read)))

    seconds = 0.0
    meter = ThroughputMeter(at(0), lambda: seconds)
    assert meter.throughput(at(0)).left(at(0)) is None
    measured: list[tuple[float, float, timedelta | None]] = []
    for seconds, read in ((10, 1_000), (12, 1_000), (14, 5_000), (15, 5_000), (16, 7_000)):
        throughput = meter.throughput(at(read))
        measured.append((seconds, throughput.rate, throughput.left(at(read))))
    assert [rate for _, rate, _ in measured] == [100, 100, 1_000, 1_000, 1_000]
    assert [left.total_seconds() for _, _, left in measured if left] == [90, 88, 5, 4, 3]
    seconds = 20.0
    assert meter.overall(at(10_000, "completed")).rate == 500
    later = ThroughputMeter(at(5_000), lambda: seconds)
    seconds = 21.0
    assert later.throughput(at(6_000)).rate == 1_000, "who begins to watch in the middle waits for nothing"


def test_progress_of_a_single_day_fits_beside_the_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "POLL_INTERVAL", 0.15)  # rich draws ten times a second
    console = Console(file=StringIO(), force_terminal=True, width=80, height=24)
    parts = [job("running", 100 * n / 4, day("running", n, 3_000 * n)) for n in range(1, 4)]
    with gateway_with_jobs(*parts, job("completed", 100, day("completed", 4, 12_000))) as gateway:
        follow_job(gateway, "j", console)
    assert isinstance(console.file, StringIO)
    output = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", console.file.getvalue())
    assert re.search(r"running ━{8,}.* 50% 0/4 days, 6,000 killmails, [\d,]+/s, 0:00:0\d left", output)


@contextmanager
def gateway_with_jobs(*answers: Any) -> Iterator[str]:
    """A gateway that sends these responses in order, and the last one repeatedly."""
    responses = list(answers)

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            response = responses.pop(0) if len(responses) > 1 else responses[0]
            self.send_response(200 if response else 404)
            self.end_headers()
            self.wfile.write(json.dumps(response).encode())

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("terminal", [True, False])
def test_job_is_followed_until_it_ends(monkeypatch: pytest.MonkeyPatch, *, terminal: bool) -> None:
    monkeypatch.setattr(following, "POLL_INTERVAL", 0.01)
    monkeypatch.setattr(following, "LINE_INTERVAL", 0.0)
    console = Console(file=StringIO(), force_terminal=terminal, width=200)
    running, completed = job("running", 5, day("running", 1, 3)), job("completed", 100, *[day("completed", 5, 8)] * 4)
    with gateway_with_jobs(None, running, running, completed) as gateway:
        assert follow_job(gateway, "j", console).status == "completed"
    assert isinstance(console.file, StringIO)
    output = console.file.getvalue()
    assert "completed" in output
    assert "4/4 days, 32 killmails (20 accepted)" in output


def test_unplanned_job_raises_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "PLAN_TIMEOUT", 0.0)
    with gateway_with_jobs(None) as gateway, pytest.raises(UserError, match="was not planned within"):
        follow_job(gateway, "j", Console(file=StringIO()))


RETENTION = {"retentionPolicy": {"windowMonths": 60, "cutoffDate": "2021-11-29"}}


@pytest.mark.parametrize(
    "dates", [{"from": "2021-11-28", "to": "2026-01-01"}, ["2026-01-01", "2021-11-28"]], ids=["range", "list"]
)
def test_days_that_would_be_deleted_are_refused_before_the_upload(dates: Any) -> None:
    with gateway_with_jobs(RETENTION) as gateway, pytest.raises(UserError, match="BATTLESCOPE_DATA_RETENTION_MONTHS"):
        check_retention(gateway, manifest(dates))


def test_days_within_retention_pass() -> None:
    with gateway_with_jobs(RETENTION) as gateway:
        check_retention(gateway, manifest(["2021-11-29"]))


def test_planner_decides_while_ingest_api_does_not_respond() -> None:
    check_retention("http://127.0.0.1:9", manifest(["1999-01-01"]))


def manifest(dates: Any) -> BackfillManifest:
    return BackfillManifest.model_validate_json(
        json.dumps({"version": 1, "dates": dates, "source": "everef", "reason": "manual", "requestedBy": "tests"})
    )
