"""Which manifests are valid, and the errors of invalid ones."""

import json
import re
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


def test_date_range_includes_all_its_days() -> None:
    result = planned()
    assert isinstance(result, Plan)
    assert result.days == (date(2026, 10, 1), date(2026, 10, 2), date(2026, 10, 3))


def test_listed_days_are_sorted() -> None:
    result = planned(dates=["2026-10-03", "2026-10-01"])
    assert isinstance(result, Plan)
    assert result.days == (date(2026, 10, 1), date(2026, 10, 3))


@pytest.mark.parametrize(("changes", "reason"), [
    ({"dates": ["2026-10-01", "2026-10-01"]}, "dates.1: 2026-10-01 is listed twice."),
    ({"dates": ["2026-11-27"]}, "dates.0: 2026-11-27 is in the future."),
    ({"dates": ["2021-11-25"]}, "dates.0: 2021-11-25 is before 2021-11-26, the first day within retention."),
    ({"dates": {"from": "2026-01-01", "to": "2026-10-03"}}, "276 days are more than the 100"),
    ({"dates": []}, "dates: must have at least 1 entry."),
    ({"version": 2}, "version: must be at most 1."),
    ({"source": "magic"}, "source: "),
    ({"priority": 7}, "priority: "),
    ({"requestedBy": ""}, "requestedBy: "),
    ({"requestedBy": "a\0b"}, "requestedBy: contains characters that cannot be printed."),
    ({"rulesetId": "\0"}, "rulesetId: "),
    ({"source": "embedded"}, "killmails: 2026-10-01 is requested and has no entry."),
    ({"source": "objects", "objects": {"2026-10-09": ["x"]}}, "objects.2026-10-09: this day is not among the dates."),
    ({"dates": ["2026-10-01"], "source": "objects", "objects": {"2026-10-01": []}}, "objects.2026-10-01: is empty."),
    ({"source": "objects", "dates": ["2026-10-01"], "objects": {"2026-10-01": ["../../etc/passwd"]}},
     "objects.2026-10-01: '../../etc/passwd' has an empty segment or one of only dots."),
    ({"source": "objects", "dates": ["2026-10-01"], "objects": {"2026-10-01": ["a//b"]}},
     "objects.2026-10-01: 'a//b' has an empty segment or one of only dots."),
    ({"source": "objects", "dates": ["2026-10-01"], "objects": {"2026-10-01": ["ä" * 513]}},
     f"objects.2026-10-01: '{'ä' * 60}' has 1026 bytes, more than the 1024 that S3 allows."),
    ({"source": "objects", "dates": ["2026-10-01"], "objects": {"2026-10-01": ["a\n"]}},
     "objects.2026-10-01: 'a\\n' contains characters that cannot be printed."),
    ({"objects": {"2026-10-01": ["x"]}}, "objects: belongs to the source objects, but the source is everef."),
    ({"source": "embedded", "killmails": {"2026-10-01": {"1": "nohash"}}}, "killmails.2026-10-01"),
])  # fmt: skip
def test_each_error_starts_with_its_path(changes: dict[str, Any], reason: str) -> None:
    result = planned(**changes)
    assert isinstance(result, Rejection)
    assert reason in result.text


@pytest.mark.parametrize(("changes", "reasons"), [
    ({"dates": {"from": "2026-10-03", "to": "2026-10-01"}},
     "dates: The range ends on 2026-10-01, before it begins on 2026-10-03."),
    ({"dates": {"from": "2026-10-01"}}, "dates.to: is required."),
    ({"dates": {"from": "2026-10-01", "to": "2026-10-03", "until": 1}}, "dates.until: is not a known field."),
    ({"dates": "today"}, "dates: must be a list of days, or a range with from and to."),
    ({"dates": None}, "dates: must be a list of days, or a range with from and to."),
    ({"startDate": "2026-10-01"}, "startDate: is not a known field."),
    ({"reason": "\ud800"}, "The manifest has a character that is none of Unicode."),
    ({"source": "magic"}, "source: must be one of everef, r2z2, embedded, objects."),
    ({"source": "embedded", "killmails": {"day": {}}},
     "killmails.day: must be a date in ISO 8601, such as 2026-03-01."),
])  # fmt: skip
def test_manifest_is_refused_with_the_sentences_of_the_api(changes: dict[str, Any], reasons: str) -> None:
    result = planned(**changes)
    assert isinstance(result, Rejection)
    assert result.text == reasons


def test_no_internal_name_reaches_a_reason() -> None:
    result = planned(dates=["yesterday"], killmails={"x": {"y": "z"}}, objects=7)
    assert isinstance(result, Rejection)
    assert not re.search(r"\[|tuple|DateRange|Input", result.text)


@pytest.mark.parametrize("body", [b"", b"no", b"[]", b'"x"', b"\xff\xfe", b"[" * 100_000, b"{}", b'{"a":NaN}'])
def test_other_content_is_rejected_with_a_reason(body: bytes) -> None:
    result = plan_manifest(body, TODAY, LIMITS)
    assert isinstance(result, Rejection)
    assert result.text


def test_too_large_manifest_is_rejected() -> None:
    result = plan_manifest(b" " * (MAX_MANIFEST_BYTES + 1), TODAY, LIMITS)
    assert isinstance(result, Rejection)
    assert "more than" in result.text


def test_rejection_names_the_requester_if_it_is_readable() -> None:
    result = planned(version=3)
    assert isinstance(result, Rejection)
    assert result.requested_by == "me"


@given(st.dates(date(2000, 3, 1), date(2100, 1, 1)), st.integers(1, 120))
def test_cutoff_is_the_same_day_some_months_earlier(today: date, months: int) -> None:
    first_day = cutoff(today, months)
    assert (today.year * 12 + today.month) - (first_day.year * 12 + first_day.month) == months
    assert first_day.day == today.day or (first_day + timedelta(1)).day == 1


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.text(), inner, max_size=3), max_leaves=8,
)  # fmt: skip


@given(st.sampled_from([*GOOD, "source", "priority", "killmails", "objects", "rulesetId", "reason"]), JSON)
def test_no_value_crashes_the_planner(field: str, value: Any) -> None:
    body = json.dumps(GOOD | {field: value}).encode(errors="surrogatepass")
    result = plan_manifest(body, TODAY, LIMITS)
    assert isinstance(result, Plan) or result.text
