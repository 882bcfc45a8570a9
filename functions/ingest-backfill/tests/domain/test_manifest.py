"""Which manifests can be worked, and what is said of those that cannot."""

import json
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_backfill.domain.manifest import MAX_MANIFEST_BYTES, Limits, Plan, Rejection, cutoff, plan_manifest

TODAY = date(2026, 11, 26)
LIMITS = Limits(60, 100)
GOOD: dict[str, Any] = {"version": 1, "dates": {"from": "2026-10-01", "to": "2026-10-03"}, "requestedBy": "me"}


def planned(**changes: Any) -> Plan | Rejection:
    return plan_manifest(json.dumps(GOOD | changes).encode(), TODAY, LIMITS)


def test_a_range_is_all_its_days() -> None:
    found = planned()
    assert isinstance(found, Plan)
    assert found.days == (date(2026, 10, 1), date(2026, 10, 2), date(2026, 10, 3))


def test_listed_days_are_worked_in_order() -> None:
    found = planned(dates=["2026-10-03", "2026-10-01"])
    assert isinstance(found, Plan)
    assert found.days == (date(2026, 10, 1), date(2026, 10, 3))


@pytest.mark.parametrize(("changes", "reason"), [
    ({"dates": ["2026-10-01", "2026-10-01"]}, "dates.1: 2026-10-01 stands there twice."),
    ({"dates": ["2026-11-27"]}, "dates.0: 2026-11-27 lies in the future."),
    ({"dates": ["2021-11-25"]}, "dates.0: 2021-11-25 lies before 2021-11-26, the first day that is kept."),
    ({"dates": {"from": "2026-01-01", "to": "2026-10-03"}}, "276 days are more than the 100"),
    ({"dates": {"from": "2026-10-03", "to": "2026-10-01"}}, "before it begins"),
    ({"dates": []}, "dates"),
    ({"dates": ["yesterday"]}, "dates"),
    ({"version": 2}, "version: "),
    ({"source": "magic"}, "source: "),
    ({"priority": 7}, "priority: "),
    ({"requestedBy": ""}, "requestedBy: "),
    ({"requestedBy": "a\0b"}, "requestedBy: holds characters that cannot be printed."),
    ({"rulesetId": "\0"}, "rulesetId: "),
    ({"source": "embedded"}, "killmails: 2026-10-01 is wanted and has no entry."),
    ({"source": "objects", "objects": {"2026-10-09": ["x"]}}, "objects.2026-10-09: this day is not among the dates."),
    ({"dates": ["2026-10-01"], "source": "objects", "objects": {"2026-10-01": []}}, "objects.2026-10-01: is empty."),
    ({"objects": {"2026-10-01": ["x"]}}, "objects: belongs to the source objects, and this is everef."),
    ({"source": "embedded", "killmails": {"2026-10-01": {"1": "nohash"}}}, "killmails.2026-10-01"),
])  # fmt: skip
def test_what_is_wrong_is_said_with_its_place(changes: dict[str, Any], reason: str) -> None:
    found = planned(**changes)
    assert isinstance(found, Rejection)
    assert reason in found.text


@pytest.mark.parametrize("body", [b"", b"no", b"[]", b'"x"', b"\xff\xfe", b"[" * 100_000, b"{}", b'{"a":NaN}'])
def test_whatever_is_no_manifest_gets_a_reason(body: bytes) -> None:
    found = plan_manifest(body, TODAY, LIMITS)
    assert isinstance(found, Rejection)
    assert found.text


def test_a_manifest_has_a_size() -> None:
    found = plan_manifest(b" " * (MAX_MANIFEST_BYTES + 1), TODAY, LIMITS)
    assert isinstance(found, Rejection)
    assert "more than" in found.text


def test_who_wanted_it_is_told_where_that_can_be_read() -> None:
    found = planned(version=3)
    assert isinstance(found, Rejection)
    assert found.requested_by == "me"


@given(st.dates(date(2000, 3, 1), date(2100, 1, 1)), st.integers(1, 120))
def test_the_first_day_that_is_kept_lies_so_many_months_back(today: date, months: int) -> None:
    found = cutoff(today, months)
    assert (today.year * 12 + today.month) - (found.year * 12 + found.month) == months
    assert found.day == today.day or (found + timedelta(1)).day == 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.text(), inner, max_size=3), max_leaves=8,
)  # fmt: skip


@given(st.sampled_from([*GOOD, "source", "priority", "killmails", "objects", "rulesetId", "reason"]), JSON)
def test_nothing_crashes_the_planner(field: str, value: Any) -> None:
    body = json.dumps(GOOD | {field: value}).encode(errors="surrogatepass")
    found = plan_manifest(body, TODAY, LIMITS)
    assert isinstance(found, Plan) or found.text
