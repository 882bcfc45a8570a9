"""Parsing of If-Match and Prefer."""

import pytest

from battle_api.http.preconditions import (
    InvalidPrecondition,
    parse_revision,
    parse_timestamp_etag,
    parse_wait,
    timestamp_etag,
)


def test_if_match_takes_a_quoted_revision() -> None:
    assert parse_revision(' "12" ') == 12
    for wrong in ("12", "*", '"x"', 'W/"1"', '"1", "2"', '"12345678901"'):
        with pytest.raises(InvalidPrecondition):
            parse_revision(wrong)


@pytest.mark.parametrize(
    ("prefer", "seconds"),
    [(None, 5), ("wait=0", 0), ("respond-async, wait=7", 7), ('Wait="8"; x=y', 8), ("wait=999", 20), ("wait=-1", 5),
     ("await=3", 5), ("wait=9999999", 5), ("wait=3x", 5)],
)  # fmt: skip
def test_prefer_wait_is_parsed_and_limited(prefer: str | None, seconds: int) -> None:
    assert parse_wait(prefer, 5) == seconds


def test_timestamp_etag_is_parsed_back() -> None:
    timestamp = parse_timestamp_etag('"2026-03-01T19:00:00.000001+00:00"')
    assert parse_timestamp_etag(timestamp_etag(timestamp)) == timestamp
    for wrong in ('"yesterday"', '"2026-03-01T19:00:00"', "*"):
        with pytest.raises(InvalidPrecondition):
            parse_timestamp_etag(wrong)
