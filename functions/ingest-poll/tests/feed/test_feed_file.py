import gzip
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_poll.feed.feed_file import FeedFile, complete_stub, excerpt, parse_file
from ingest_poll.feed.feed_state import UnusableBody

NOW = datetime(2026, 10, 3, 13, tzinfo=UTC)


def parsed(body: bytes, sequence: int = 9) -> FeedFile:
    file = parse_file(sequence, body, NOW)
    assert isinstance(file, FeedFile)
    return file


def refusal(body: bytes) -> str:
    return parsed(body).refusal or ""


def test_file_keeps_its_bytes_and_the_rewritten_sequence(factory: Any) -> None:
    body = factory.envelope(9, factory.killmail(1), sequence_updated=4)
    file = parse_file(9, body, NOW)
    assert isinstance(file, FeedFile)
    assert file.rewritten_sequence == 4
    assert file.killmail is not None
    assert file.body == body


@pytest.mark.parametrize("rewritten_sequence", ["4", True, -1, 2**70, None, [4]])
def test_invalid_rewritten_sequence_is_ignored(factory: Any, rewritten_sequence: Any) -> None:
    file = parse_file(9, factory.envelope(9, factory.killmail(1), sequence_updated=rewritten_sequence), NOW)
    assert isinstance(file, FeedFile)
    assert file.rewritten_sequence is None


@pytest.mark.parametrize(
    "body",
    [
        b"<html>",
        b"  \n<!doctype html>",
        b"",
        b"  ",
        b"\x00" * 9,
        b"{",
        b'{"killmail_id": 7',
        b"\x1f\x8b\x08\x00",
        b'{"sequence_id": "\xed\xa0"}',
        b'{"sequence_updated": "\xff"}',
    ],
)
def test_body_that_is_no_json_is_unusable(body: bytes) -> None:
    assert isinstance(parse_file(9, body, NOW), UnusableBody)


def test_every_beginning_of_a_file_is_unusable(factory: Any) -> None:
    body = factory.file(9)
    assert all(isinstance(parse_file(9, body[:length], NOW), UnusableBody) for length in range(len(body)))


@pytest.mark.parametrize("sequence_id", ["9", 9.0, True, [9], {}, -9, 10, 2**70])
def test_file_of_an_odd_sequence_is_unusable(factory: Any, sequence_id: Any) -> None:
    body = factory.envelope(9, factory.killmail(1)).replace(
        b'"sequence_id": 9', b'"sequence_id": ' + json.dumps(sequence_id).encode()
    )
    assert isinstance(parse_file(9, body, NOW), UnusableBody)


def test_other_sequence_is_an_unusable_body(factory: Any) -> None:
    assert isinstance(parse_file(8, factory.file(9), NOW), UnusableBody)


def test_null_entry_is_a_placeholder() -> None:
    body = {"killmail_id": None, "hash": None, "esi": None, "zkb": {"href": "x/killmails///"}, "sequence_id": 9}
    file = parsed(json.dumps(body).encode())
    assert (file.entry, file.refusal) == (None, None)


@pytest.mark.parametrize("days", [1.01, 400])
def test_killmail_more_than_a_day_in_the_future_is_refused(factory: Any, days: float) -> None:
    assert "future" in refusal(factory.envelope(9, factory.killmail(1, at=NOW + timedelta(days=days))))


@pytest.mark.parametrize("at", [datetime(2007, 12, 5, tzinfo=UTC), NOW + timedelta(hours=23)])
def test_old_killmails_and_small_clock_skew_are_accepted(factory: Any, at: datetime) -> None:
    assert parsed(factory.envelope(9, factory.killmail(1, at=at))).killmail


def test_killmail_older_than_the_game_is_refused(factory: Any) -> None:
    assert "older" in refusal(factory.envelope(9, factory.killmail(1, at=datetime(1970, 1, 1, tzinfo=UTC))))


def test_killmail_time_outside_the_calendar_is_refused(factory: Any) -> None:
    killmail = factory.killmail(1) | {"killmail_time": "0001-01-01T00:00:00+14:00"}
    assert "calendar" in refusal(json.dumps({"killmail_id": 1, "hash": "0" * 40, "esi": killmail}).encode())


def test_file_with_several_killmails_is_refused(factory: Any) -> None:
    killmails = [factory.killmail(1), factory.killmail(2)]
    assert "2 killmails" in refusal(json.dumps(killmails).encode())


def test_stub_with_an_invalid_hash_is_refused() -> None:
    body = {"killID": 7, "zkb": {"hash": "../../../oauth"}}
    assert "valid hash" in refusal(json.dumps(body).encode())


def test_stub_completed_by_esi_is_a_killmail_entry(factory: Any) -> None:
    complete = json.loads(factory.file(9))
    stub = parsed(json.dumps({"killID": 1009, "zkb": complete["zkb"]}).encode())
    assert stub.is_stub
    completed = complete_stub(stub, json.dumps(complete["esi"]).encode(), NOW)
    assert isinstance(completed, FeedFile)
    assert completed.killmail is not None
    assert completed.killmail.killmail_id == 1009
    assert parsed(completed.body).killmail == completed.killmail
    for nonsense in (b"null", b'{"error":"x"}', json.dumps(factory.killmail(7)).encode()):
        refused = complete_stub(stub, nonsense, NOW)
        assert isinstance(refused, FeedFile)
        assert refused.refusal
    for no_json in (b"", b"[", b"<html>", json.dumps(complete["esi"]).encode()[:200]):
        assert isinstance(complete_stub(stub, no_json, NOW), UnusableBody)


@given(st.binary(max_size=3000))
def test_excerpt_is_short_and_sanitized(body: bytes) -> None:
    text = excerpt(body)
    assert len(text.encode()) <= 1024
    assert "\x00" not in text


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=12,
)
keys = st.sampled_from(["killmail_id", "killID", "hash", "esi", "killmail", "zkb", "package", "victim", "sequence_id"])


@given(st.binary(max_size=200) | st.dictionaries(keys, json_values, max_size=6).map(lambda d: json.dumps(d).encode()))
def test_any_body_is_parsed_and_its_reason_can_be_stored(body: bytes) -> None:
    file = parse_file(9, body, NOW)
    reason = file.reason if isinstance(file, UnusableBody) else file.refusal or ""
    assert "\x00" not in reason
    assert reason.encode()[:0] == b""  # encoding fails on lone surrogates, which neither JSON nor PostgreSQL accept


@pytest.mark.shared
@pytest.mark.parametrize("name", ["shrike-corpus", "ocn-zkb"])
def test_unusual_real_killmails_are_parsed(factory: Any, name: str) -> None:
    corpus = factory.shared / "killmails" / f"{name}.jsonl.gz"
    if not corpus.exists():
        pytest.skip("../shared/data is absent: real killmails are not part of the project.")
    with gzip.open(corpus) as lines:
        files = [parse_file(9, line.strip(), NOW + timedelta(days=60)) for line in lines]
    assert len(files) > 10
    assert [file for file in files if not (isinstance(file, FeedFile) and file.killmail)] == []


@pytest.mark.shared
def test_recorded_feed_file_is_parsed(factory: Any) -> None:
    recorded = factory.shared / "fixtures" / "r2z2" / "aa-killstats_zkb_r2d2.json"
    if not recorded.exists():
        pytest.skip("../shared/data is absent: recorded responses are not part of the project.")
    body = recorded.read_bytes()
    file = parse_file(json.loads(body)["sequence_id"], body, NOW)
    assert isinstance(file, FeedFile)
    assert file.killmail
