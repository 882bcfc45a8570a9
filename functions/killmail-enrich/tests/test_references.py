"""References read by hand are those that the model reads, and what the model refuses is refused in its words."""

import gzip
import json
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from battlescope_schemas.reference import KillmailReference
from killmail_enrich import references as module
from killmail_enrich.outcomes import Unusable
from killmail_enrich.references import Reference, references

MODEL = KillmailReference(
    killmail_id=7,
    zkb_hash="a" * 40,
    killmail_time=datetime(2026, 11, 1, 20, tzinfo=UTC),
    system_id=30000001,
    victim_alliance_id=99000001,
    attacker_alliance_ids=(99000001, 99000002),
    isk_value=Decimal("5.005"),
    zkb_url="https://zkillboard.com/kill/7/",
    source="historical",
    historical_job_id="j",
    archive_key="pack#0+1",
)
FULL: dict[str, Any] = json.loads(MODEL.model_dump_json(by_alias=True))
LEAST = json.loads(
    MODEL.model_dump_json(by_alias=True, include={*list(KillmailReference.model_fields)[:4], "zkb_url", "archive_key"})
)
ODD: list[Any] = [
    *(None, "", "x", "0", "-1", "7", 7, 7.5, True, [], ["7"], ["x"], [7], {}),
    *("2026-11-01T20:00:00Z", "2026-13-01T20:00:00Z", "2026-11-01T20:00:00+02:00", "2026-11-01"),
    *("A" * 40, "b" * 40, "b" * 40 + "\n", "9" * 19, str(2**63), "1e3", "1.005", "12345678901234567890"),
    *("live", "daily_verification", "elsewhere"),
]


def as_model(line: bytes) -> Reference | None:
    try:
        model = KillmailReference.model_validate_json(line)
    except ValidationError:
        return None
    fields = (getattr(model, name) for name in Reference._fields)
    return Reference(*fields)


def as_read(line: bytes) -> Reference | None:
    try:
        (found,) = references(gzip.compress(line))
    except Unusable:
        return None
    return found


def test_the_usual_forms_are_read_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(module, "_judged")
    for fields in (FULL, LEAST, {name: value for name, value in FULL.items() if value is not None}):
        line = json.dumps(fields).encode()
        assert as_read(line) == as_model(line) != None  # noqa: E711  # both at once


@pytest.mark.parametrize("name", [*FULL, "unknown", "isk_value"])
def test_each_field_is_checked_as_the_model_does(name: str) -> None:
    for value in ODD:
        line = json.dumps(FULL | {name: value}).encode()
        assert as_read(line) == as_model(line), value
    line = json.dumps({key: value for key, value in FULL.items() if key != name}).encode()
    assert as_read(line) == as_model(line)


@given(
    st.binary(max_size=40)
    | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps).map(str.encode)
)
def test_any_line_is_read_as_by_the_model(line: bytes) -> None:
    if line.strip() and b"\n" not in line:
        assert as_read(line) == as_model(line)


def test_references_of_a_chunk_are_read_back() -> None:
    line = MODEL.model_dump_json(by_alias=True)
    found = list(references(gzip.compress(f"{line}\n\n{line}\n".encode())))
    assert found == [as_model(line.encode())] * 2


@pytest.mark.parametrize("content", [b"x", gzip.compress(b"{}\n", mtime=0), gzip.compress(b"{}\n", mtime=0)[:-3]])
def test_what_is_no_chunk_is_refused(content: bytes) -> None:
    with pytest.raises(Unusable, match="no chunk"):
        list(references(content))
