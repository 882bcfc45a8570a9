import gzip
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_poll.feed_file import FeedFile, KillmailEntry, PlaceholderEntry, RefusedEntry, StubEntry, complete_stub, excerpt, parse_file
from ingest_poll.feed_state import UnusableBody

NOW = datetime(2026, 10, 3, 13, tzinfo=UTC)


def entry(body: bytes, sequence: int = 9) -> Any:
    got = parse_file(sequence, body, NOW)
    assert isinstance(got, FeedFile)
    return got.entry


def test_a_mail_keeps_its_bytes_and_its_notice(mails: Any) -> None:
    body = mails.envelope(9, mails.killmail(1), sequence_updated=4)
    got = parse_file(9, body, NOW)
    assert isinstance(got, FeedFile)
    assert got.rewritten_sequence == 4
    assert isinstance(got.entry, KillmailEntry)
    assert got.entry.body == body


@pytest.mark.parametrize("notice", ["4", True, -1, 2**70, None, [4]])
def test_a_strange_notice_is_none(mails: Any, notice: Any) -> None:
    got = parse_file(9, mails.envelope(9, mails.killmail(1), sequence_updated=notice), NOW)
    assert isinstance(got, FeedFile)
    assert got.rewritten_sequence is None


@pytest.mark.parametrize("body", [b"<html>", b"  \n<!doctype html>"])
def test_html_is_to_be_asked_for_again(body: bytes) -> None:
    assert isinstance(parse_file(9, body, NOW), UnusableBody)


def test_another_sequence_is_to_be_asked_for_again(mails: Any) -> None:
    assert isinstance(parse_file(8, mails.file(9), NOW), UnusableBody)


def test_the_null_placeholder_is_passed() -> None:
    body = {"killmail_id": None, "hash": None, "esi": None, "zkb": {"href": "x/killmails///"}, "sequence_id": 9}
    assert entry(json.dumps(body).encode()) == PlaceholderEntry(9)


@pytest.mark.parametrize("days", [1.01, 400])
def test_the_future_is_refused(mails: Any, days: float) -> None:
    assert isinstance(entry(mails.envelope(9, mails.killmail(1, at=NOW + timedelta(days=days)))), RefusedEntry)


@pytest.mark.parametrize("at", [datetime(2007, 12, 5, tzinfo=UTC), NOW + timedelta(hours=23)])
def test_old_mails_and_wrong_clocks_pass(mails: Any, at: datetime) -> None:
    assert isinstance(entry(mails.envelope(9, mails.killmail(1, at=at))), KillmailEntry)


def test_before_the_game_is_refused(mails: Any) -> None:
    assert "older" in entry(mails.envelope(9, mails.killmail(1, at=datetime(1970, 1, 1, tzinfo=UTC)))).reason


def test_a_date_beyond_the_calendar_is_refused(mails: Any) -> None:
    mail = mails.killmail(1) | {"killmail_time": "0001-01-01T00:00:00+14:00"}
    assert isinstance(entry(json.dumps({"killmail_id": 1, "hash": "0" * 40, "esi": mail}).encode()), RefusedEntry)


def test_several_mails_in_one_file_are_refused(mails: Any) -> None:
    two = [mails.killmail(1), mails.killmail(2)]
    assert "2 killmails" in entry(json.dumps(two).encode()).reason


def test_a_hash_that_could_lead_elsewhere_is_no_address() -> None:
    body = {"killID": 7, "zkb": {"hash": "../../../oauth"}}
    assert isinstance(entry(json.dumps(body).encode()), RefusedEntry)


def test_what_esi_completes_is_read_as_if_it_had_come_whole(mails: Any) -> None:
    whole = json.loads(mails.file(9))
    pointing = entry(json.dumps({"killID": 1009, "zkb": whole["zkb"]}).encode())
    assert isinstance(pointing, StubEntry)
    mail = complete_stub(pointing, json.dumps(whole["esi"]).encode(), NOW)
    assert isinstance(mail, KillmailEntry)
    assert mail.killmail.killmail_id == 1009
    for nonsense in (b"null", b"[", b'{"error":"x"}'):
        assert isinstance(complete_stub(pointing, nonsense, NOW), RefusedEntry)


@given(st.binary(max_size=3000))
def test_an_excerpt_is_short_clean_text(body: bytes) -> None:
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
def test_whatever_comes_is_read_as_something_and_its_reason_can_be_stored(body: bytes) -> None:
    got = parse_file(9, body, NOW)
    reason = got.reason if isinstance(got, UnusableBody) else getattr(got.entry, "reason", "")
    assert "\x00" not in reason
    assert reason.encode()[:0] == b""  # no lone surrogates, which neither JSON nor PostgreSQL take


@pytest.mark.shared
@pytest.mark.parametrize("name", ["shrike-corpus", "ocn-zkb"])
def test_real_mails_of_every_awkward_kind_are_read(mails: Any, name: str) -> None:
    corpus = mails.shared / "killmails" / f"{name}.jsonl.gz"
    if not corpus.exists():
        pytest.skip("../shared/data is absent: real killmails are not part of the project.")
    with gzip.open(corpus) as lines:
        entries = [parse_file(9, line.strip(), NOW + timedelta(days=60)) for line in lines]
    assert len(entries) > 10
    assert [got for got in entries if not (isinstance(got, FeedFile) and isinstance(got.entry, KillmailEntry))] == []


@pytest.mark.shared
def test_a_real_file_of_the_feed_is_read(mails: Any) -> None:
    recorded = mails.shared / "fixtures" / "r2z2" / "aa-killstats_zkb_r2d2.json"
    if not recorded.exists():
        pytest.skip("../shared/data is absent: recorded answers are not part of the project.")
    body = recorded.read_bytes()
    got = parse_file(json.loads(body)["sequence_id"], body, NOW)
    assert isinstance(got, FeedFile)
    assert isinstance(got.entry, KillmailEntry)
