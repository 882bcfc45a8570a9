"""The lists of the standby: what is read of them, which days, and that an unchanged list is not transferred again."""

import json
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from battlescope_local.testing.upstreams import MockHttp, instant_client
from ingest_poll.feed.feed_state import CoolingDown, RequestFailed
from ingest_poll.sources.history_client import MAX_DAYS, ListClient, days_to_list, parse_list
from ingest_poll.sources.live_source import STANDBY_UPSTREAM

HASH = "0123456789abcdef0123456789abcdef01234567"
DAY = date(2026, 10, 3)


def lists(respond: Any) -> ListClient:
    return ListClient(instant_client(STANDBY_UPSTREAM, MockHttp(respond)), "http://host/")


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b"<html>", b'{"1":', b'"\xff"', b"[" * 100_000])
def test_what_is_no_object_is_no_list(content: bytes) -> None:
    assert parse_list(content) is None


def test_entries_that_are_none_are_left_out() -> None:
    odd = {"": HASH, "0": HASH, "-1": HASH, "01": HASH, "x": HASH, "٣": HASH, "9" * 19: HASH, "2": HASH[1:], "3": None}
    assert parse_list(json.dumps(odd | {"5": HASH, "6": HASH.upper(), "7": [HASH]}).encode()) == {5: HASH}


@given(st.dictionaries(st.integers(1, 10**18 - 1), st.text("0123456789abcdef", min_size=40, max_size=40)))
def test_every_entry_is_read(hashes: dict[int, str]) -> None:
    assert parse_list(json.dumps(hashes).encode()) == hashes


@given(st.one_of(st.none(), st.timedeltas(timedelta(days=-2), timedelta(days=400))))
def test_days_begin_with_the_last_killmail_and_end_today(age: timedelta | None) -> None:
    now = datetime(2026, 10, 3, 0, 30, tzinfo=UTC)
    days = days_to_list(None if age is None else now - age, now)
    assert DAY in days
    assert days <= {DAY - timedelta(days=n) for n in range(MAX_DAYS)}
    if age is not None and age >= timedelta(minutes=31):
        assert DAY - timedelta(days=1) in days


async def test_unchanged_list_is_not_transferred_again_and_an_unpublished_one_is_no_failure() -> None:
    statuses = list[int]()

    def respond(request: httpx2.Request) -> httpx2.Response:
        if "20261002" in request.url.path:
            return httpx2.Response(404)
        is_known = request.headers.get("if-none-match") == '"a"'
        statuses.append(304 if is_known else 200)
        return httpx2.Response(304) if is_known else httpx2.Response(200, headers={"etag": '"a"'}, json={"5": HASH})

    client = lists(respond)
    for _ in range(2):
        assert await client.fetch_lists({DAY, DAY - timedelta(days=1)}) == {5: HASH}
    assert statuses == [200, 304]


@pytest.mark.parametrize(
    ("response", "kind"),
    [
        (httpx2.Response(302, headers={"location": "/"}), RequestFailed),
        (httpx2.Response(200, content=b"<html>"), RequestFailed),
        (httpx2.Response(403), CoolingDown),
        (httpx2.Response(503), CoolingDown),
    ],
)
async def test_failures_are_results(response: httpx2.Response, kind: type) -> None:
    assert isinstance(await lists(lambda _: response).fetch_lists({DAY}), kind)
