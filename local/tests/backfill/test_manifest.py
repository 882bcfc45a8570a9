"""Backfill manifests: built from days of a source, or from killmail files."""

import gzip
import io
import json
import tarfile
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from battlescope_local.backfill.manifest import BackfillRequest, build_upload
from battlescope_local.errors import UserError
from battlescope_schemas.backfill import DaySource

LINES = [
    f'{{"killmail_id":{n},"killmail_time":"2026-10-0{n % 2 + 1}T12:00:00Z","solar_system_id":30000142,'
    '"victim":{"ship_type_id":587},"attackers":[]}'
    for n in range(1, 5)
]


def test_days_of_a_source_are_a_range() -> None:
    upload = build_upload(BackfillRequest(date(2026, 10, 1), date(2026, 10, 3), "r2z2", "high", "outage"), "me")
    assert json.loads(upload.body) == {
        "version": 1, "dates": {"from": "2026-10-01", "to": "2026-10-03"}, "source": "r2z2", "priority": "high",
        "reason": "outage", "requestedBy": "me",
    }  # fmt: skip
    assert (
        upload.key
        == build_upload(BackfillRequest(date(2026, 10, 1), date(2026, 10, 3), "r2z2", "high", "outage"), "me").key
    )
    assert not upload.objects


@pytest.mark.parametrize(
    "backfill_request", [BackfillRequest(None, None), BackfillRequest(date(2026, 1, 2), date(2026, 1, 1))]
)
def test_request_without_days_or_files_is_rejected(backfill_request: BackfillRequest) -> None:
    with pytest.raises(UserError, match="--from"):
        build_upload(backfill_request, "me")


def test_files_become_objects_by_day(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text("\n".join(LINES[:2]) + "\n\n")
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(LINES[2].encode()))
    with tarfile.open(tmp_path / "c.tar.bz2", "w:bz2") as archive:
        entry = tarfile.TarInfo("killmails/4.json")
        entry.size = len(LINES[3])
        archive.addfile(entry, io.BytesIO(LINES[3].encode()))
    files = tuple(sorted(tmp_path.iterdir()))
    upload = build_upload(BackfillRequest(None, None, files=files), "me")
    assert upload.manifest.source is DaySource.OBJECTS
    assert upload.manifest.objects is not None
    texts = {day: gzip.decompress(upload.objects[keys[0]]).decode() for day, keys in upload.manifest.objects.items()}
    assert texts == {
        date(2026, 10, 1): f"{LINES[1]}\n{LINES[3]}\n",
        date(2026, 10, 2): f"{LINES[0]}\n{LINES[2]}\n",
    }
    assert build_upload(BackfillRequest(None, date(2026, 10, 1), files=files), "me").manifest.dates == (
        date(2026, 10, 1),
    )
    with pytest.raises(UserError, match="no killmails of these days"):
        build_upload(BackfillRequest(date(2026, 11, 1), None, files=files), "me")


def test_bad_lines_are_named_with_their_number_and_the_others_are_loaded(tmp_path: Path) -> None:
    bad = ["{}", LINES[1][:40], '"text"', "\udcff", LINES[1].replace("30000142", "-1")]
    text = "\n".join([LINES[0], *bad, "", LINES[2]]).encode(errors="surrogateescape")
    (tmp_path / "a.jsonl").write_bytes(b"\xef\xbb\xbf" + text)
    (tmp_path / "b.jsonl.gz").write_bytes(gzip.compress(text))
    upload = build_upload(BackfillRequest(None, None, files=tuple(sorted(tmp_path.iterdir()))), "me")
    (content,) = (gzip.decompress(content) for content in upload.objects.values())
    assert content.decode("utf-8-sig").splitlines() == [LINES[0], LINES[2]] * 2
    named = [message.removeprefix(f"{tmp_path}/").partition(" is not a killmail: ")[0] for message in upload.messages]
    assert named == [f"{name}, line {number}" for name in ("a.jsonl", "b.jsonl.gz") for number in range(2, 7)]


def test_messages_about_bad_lines_end_at_a_number(tmp_path: Path) -> None:
    (tmp_path / "a.jsonl").write_text(LINES[0] + "\n{}" * 50)
    upload = build_upload(BackfillRequest(None, None, files=(tmp_path / "a.jsonl",)), "me")
    assert len(upload.messages) == 21
    assert upload.messages[-1] == "The files have 30 more lines that are not killmails."


@pytest.mark.parametrize(("name", "content"), [("a.jsonl", b"{}\n"), ("a.jsonl.gz", b"no"), ("a.tar.bz2", b"no")])
def test_file_without_killmails_is_rejected(tmp_path: Path, name: str, content: bytes) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=name):
        build_upload(BackfillRequest(None, None, files=(tmp_path / name,)), "me")


def day(status: str, accepted: int, read: int) -> dict[str, Any]:
    return {"status": status, "accepted": accepted, "killmails": read}
