"""`battlescope backfill` without a system: what it writes, what it shows; and what the store's webhook becomes."""

import gzip
import io
import json
import re
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import StringIO
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from rich.console import Console

from battlescope_local.backfill import bucket
from battlescope_local.backfill import progress as following
from battlescope_local.backfill.manifest import BackfillRequest, build_upload
from battlescope_local.backfill.progress import (
    JobSnapshot,
    Throughput,
    ThroughputMeter,
    follow_job,
    job_snapshot,
    progress_line,
    short_progress_line,
)
from battlescope_local.errors import UserError
from battlescope_local.settings import ExternalServers, S3Access
from battlescope_local.stores.seaweedfs_webhook import parse_notification
from battlescope_schemas.backfill import DaySource

LINES = [f'{{"killmail_id":{n},"killmail_time":"2026-10-0{n % 2 + 1}T12:00:00Z"}}' for n in range(1, 5)]
# What weed 4.48 sent for a manifest of seven bytes.
NOTICE = {
    "event_type": "create",
    "key": "/buckets/battlescope-archive/manifests/a b.json",
    "message": {
        "new_entry": {
            "name": "a b.json",
            "attributes": {"file_size": 7, "md5": "rD70jKoI+j7V4CXaae3GRQ=="},
            "extended": {"Seaweed-X-Amz-ETag": "YWMzZWY0OGNhYTA4ZmEzZWQ1ZTAyNWRhNjllZGM2NDU="},
        },
    },
}


def test_days_of_a_source_are_a_range() -> None:
    made = build_upload(BackfillRequest(date(2026, 10, 1), date(2026, 10, 3), "r2z2", "high", "outage"), "me")
    assert json.loads(made.body) == {
        "version": 1, "dates": {"from": "2026-10-01", "to": "2026-10-03"}, "source": "r2z2", "priority": "high",
        "reason": "outage", "requestedBy": "me",
    }  # fmt: skip
    assert (
        made.key
        == build_upload(BackfillRequest(date(2026, 10, 1), date(2026, 10, 3), "r2z2", "high", "outage"), "me").key
    )
    assert not made.objects


@pytest.mark.parametrize("order", [BackfillRequest(None, None), BackfillRequest(date(2026, 1, 2), date(2026, 1, 1))])
def test_an_order_that_says_too_little_is_a_sentence(order: BackfillRequest) -> None:
    with pytest.raises(UserError, match="--from"):
        build_upload(order, "me")


def test_files_become_objects_by_day(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("\n".join(LINES[:2]) + "\n\n")
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(LINES[2].encode()))
    with tarfile.open(tmp_path / "c.tar.bz2", "w:bz2") as archive:
        entry = tarfile.TarInfo("killmails/4.json")
        entry.size = len(LINES[3])
        archive.addfile(entry, io.BytesIO(LINES[3].encode()))
    files = tuple(sorted(tmp_path.iterdir()))
    made = build_upload(BackfillRequest(None, None, files=files), "me")
    assert made.manifest.source is DaySource.OBJECTS
    assert made.manifest.objects is not None
    texts = {day: gzip.decompress(made.objects[keys[0]]).decode() for day, keys in made.manifest.objects.items()}
    assert texts == {
        date(2026, 10, 1): f"{LINES[1]}\n{LINES[3]}\n",
        date(2026, 10, 2): f"{LINES[0]}\n{LINES[2]}\n",
    }
    assert build_upload(BackfillRequest(None, date(2026, 10, 1), files=files), "me").manifest.dates == (
        date(2026, 10, 1),
    )
    with pytest.raises(UserError, match="no killmails of these days"):
        build_upload(BackfillRequest(date(2026, 11, 1), None, files=files), "me")


@pytest.mark.parametrize(("name", "content"), [("a.jsonl", b"{}\n"), ("a.jsonl.gz", b"no"), ("a.tar.bz2", b"no")])
def test_a_file_of_something_else_is_a_sentence(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=name):
        build_upload(BackfillRequest(None, None, files=(tmp_path / name,)), "me")


def test_the_bucket_is_the_one_of_the_node(tmp_path: Path) -> None:
    (tmp_path / "secrets.json").write_text('{"port-s3": "1234", "password-s3": "secret"}')
    assert bucket.bucket_access(tmp_path, ExternalServers()) == S3Access(
        "http://127.0.0.1:1234", "battlescope", "secret"
    )
    other = S3Access("http://s3", "a", "b")
    assert bucket.bucket_access(tmp_path, ExternalServers(s3=other)) is other


def day(status: str, accepted: int, read: int) -> dict[str, Any]:
    return {"status": status, "accepted": accepted, "killmails": read}


def job(status: str, percent: float, *days: dict[str, Any]) -> dict[str, Any]:
    progress = {"totalDates": 4, "percentComplete": percent}
    return {"status": status, "progress": progress, "dateProgress": days, "error": None}


def test_rate_and_time_left_come_from_what_was_done() -> None:
    days = (day("completed", 7, 10), day("running", 4, 1_013), day("pending", 0, 0), day("pending", 0, 0))
    now = job_snapshot(job("running", 37.5, *days))
    assert (now.done, now.days, now.share, now.read, now.accepted) == (1, 4, 0.375, 1_023, 11)
    pace = Throughput(10, 20, 0.25)
    assert pace.rate == 2
    assert pace.left(now) == timedelta(seconds=25)
    assert progress_line(now, pace) == "1/4 days, 1,023 killmails (11 accepted), 2 killmails/s, 0:00:25 left"
    assert short_progress_line(now, pace) == "1/4 days, 1,023 killmails, 2/s, 0:00:25 left"
    assert Throughput(10, 20, 0.25, ago=7).left(now) == timedelta(seconds=18)
    assert Throughput(10, 20, 0.25, ago=99).left(now) == timedelta(0)
    assert Throughput(0, 0, 0.25).left(now) is None
    assert Throughput(1, 1, 0.0).left(now) is None
    assert (
        progress_line(JobSnapshot("failed", 0, 0, 0.0, 0, 0, "x"), Throughput(0, 0, 0))
        == "0/0 days, 0 killmails (0 accepted), 0 killmails/s"
    )


def test_the_pace_is_that_of_mails_that_come_and_not_of_waiting_for_them() -> None:
    def at(read: int, status: str = "running") -> JobSnapshot:
        return job_snapshot(job(status, read / 100, day(status, 0, read)))

    seconds = 0.0
    meter = ThroughputMeter(at(0), lambda: seconds)
    assert meter.throughput(at(0)).left(at(0)) is None
    told: list[tuple[float, float, timedelta | None]] = []
    for seconds, read in ((10, 1_000), (12, 1_000), (14, 5_000), (15, 5_000), (16, 7_000)):
        pace = meter.throughput(at(read))
        told.append((seconds, pace.rate, pace.left(at(read))))
    assert [rate for _, rate, _ in told] == [100, 100, 1_000, 1_000, 1_000]
    assert [left.total_seconds() for _, _, left in told if left] == [90, 88, 5, 4, 3]
    seconds = 20.0
    assert meter.overall(at(10_000, "completed")).rate == 500
    later = ThroughputMeter(at(5_000), lambda: seconds)
    seconds = 21.0
    assert later.throughput(at(6_000)).rate == 1_000, "who begins to watch in the middle waits for nothing"


def test_a_single_day_moves_the_bar_and_fits_beside_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "POLL_INTERVAL", 0.15)  # rich draws ten times a second
    console = Console(file=StringIO(), force_terminal=True, width=80, height=24)
    parts = [job("running", 100 * n / 4, day("running", n, 3_000 * n)) for n in range(1, 4)]
    with jobs(*parts, job("completed", 100, day("completed", 4, 12_000))) as gateway:
        follow_job(gateway, "j", console)
    assert isinstance(console.file, StringIO)
    shown = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", console.file.getvalue())
    assert re.search(r"running ━{8,}.* 50% 0/4 days, 6,000 killmails, [\d,]+/s, 0:00:0\d left", shown)


@contextmanager
def jobs(*answers: Any) -> Iterator[str]:
    """A gateway that gives one answer after the other."""
    waiting = list(answers)

    class Answers(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            found = waiting.pop(0) if len(waiting) > 1 else waiting[0]
            self.send_response(200 if found else 404)
            self.end_headers()
            self.wfile.write(json.dumps(found).encode())

        def log_message(self, *_: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Answers)
    Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("terminal", [True, False])
def test_a_job_is_followed_to_its_end(monkeypatch: pytest.MonkeyPatch, *, terminal: bool) -> None:
    monkeypatch.setattr(following, "POLL_INTERVAL", 0.01)
    monkeypatch.setattr(following, "LINE_INTERVAL", 0.0)
    console = Console(file=StringIO(), force_terminal=terminal, width=200)
    running, ended = job("running", 5, day("running", 1, 3)), job("completed", 100, *[day("completed", 5, 8)] * 4)
    with jobs(None, running, running, ended) as gateway:
        assert follow_job(gateway, "j", console).status == "completed"
    assert isinstance(console.file, StringIO)
    said = console.file.getvalue()
    assert "completed" in said
    assert "4/4 days, 32 killmails (20 accepted)" in said


def test_a_job_that_nobody_plans_is_a_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(following, "PLAN_TIMEOUT", 0.0)
    with jobs(None) as gateway, pytest.raises(UserError, match="was not planned within"):
        follow_job(gateway, "j", Console(file=StringIO()))


def test_a_notice_of_the_store_tells_of_a_manifest() -> None:
    told = parse_notification(NOTICE)
    assert told is not None
    assert (told.bucket, told.key, told.size) == ("battlescope-archive", "manifests/a b.json", 7)
    assert told.etag == "ac3ef48caa08fa3ed5e025da69edc645"
    entry: dict[str, Any] = NOTICE["message"]["new_entry"]  # pyright: ignore[reportArgumentType]
    bare = {**NOTICE, "message": {"new_entry": {**entry, "extended": {}}}}
    assert parse_notification(bare) == told


@pytest.mark.parametrize("notice", [
    None, [], {}, {"key": 1}, {**NOTICE, "key": "/buckets/b/raw-killmails/x"}, {**NOTICE, "message": {}},
    {**NOTICE, "message": {"new_entry": {"is_directory": True}}},
])  # fmt: skip
def test_other_notices_tell_of_none(notice: Any) -> None:
    assert parse_notification(notice) is None
