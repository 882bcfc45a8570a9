"""The source's lists of a day: an odd list is a list that is asked for again, never an error in the database."""

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_verify.domain.day_listing import day_total, parse_listing

HASH = "0" * 40
DAY = date(2026, 10, 1)


def test_both_formats_are_read() -> None:
    expected = {9001: HASH, 2**63 - 1: HASH}
    assert parse_listing(json.dumps({str(killmail_id): HASH for killmail_id in expected}).encode()) == expected
    entries = [{"killmail_id": 9001, "hash": HASH}, {"killmail_id": 2**63 - 1, "killmail_hash": HASH}]
    assert parse_listing(json.dumps(entries).encode()) == expected


@pytest.mark.parametrize("key", ["0", "-1", "1.0", "", "x", "٣", str(2**63), "9" * 5000, " 1", "null"])
def test_odd_id_is_refused(key: str) -> None:
    with pytest.raises(ValueError, match="not a map from ids to hashes"):
        parse_listing(json.dumps({key: HASH}).encode())


@pytest.mark.parametrize("body", [b"", b"<html>", b"[7]", b"7", b"null", b'{"1": null}', b'{"1": "x"}', b"[" * 9_999])
def test_other_content_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_listing(body)


@pytest.mark.parametrize("odd", [None, "7", 7.0, True, -1, 2**31, 10**400, [], {}])
def test_odd_total_is_unknown(odd: Any) -> None:
    assert day_total(json.dumps({"20261001": 7, "20261002": odd}).encode(), DAY) == 7
    assert day_total(json.dumps({"20261001": odd}).encode(), DAY) is None


@given(st.binary(max_size=60))
def test_any_bytes_give_a_total_or_none(body: bytes) -> None:
    assert day_total(body, DAY) is None
