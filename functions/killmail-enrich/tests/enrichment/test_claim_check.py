"""Claim checks: references are read as their model reads them, and equal killmails give equal bytes."""

import gzip
import json
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pytest
from enrichment_results import enriched_line
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from battlescope_events.errors import PermanentError
from battlescope_schemas.reference import KillmailChunk, KillmailReference
from battlescope_schemas.reference_lines import ReferenceLine, line_of
from killmail_enrich.enrichment.claim_check import claim_check_of, enriched_claim_check, read_references
from killmail_enrich.enrichment.enrichment import encode

REFERENCE = KillmailReference(
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
FULL: dict[str, Any] = json.loads(REFERENCE.model_dump_json(by_alias=True))
MINIMAL = json.loads(
    REFERENCE.model_dump_json(
        by_alias=True, include={*list(KillmailReference.model_fields)[:4], "zkb_url", "archive_key"}
    )
)
ODD_VALUES: list[Any] = [
    *(None, "", "x", "0", "-1", "7", 7, 7.5, True, [], ["7"], ["x"], [7], {}),
    *("2026-11-01T20:00:00Z", "2026-13-01T20:00:00Z", "2026-11-01T20:00:00+02:00", "2026-11-01"),
    *("A" * 40, "b" * 40, "b" * 40 + "\n", "9" * 19, str(2**63), "1e3", "1.005", "12345678901234567890"),
    *("007", "\u0667", "7\n", " 7", "null", "true", "1.00", "01.00", "1.00\n", "2026-11-01T20:00:00.5Z", 0, 2**31),
    *("live", "daily_verification", "elsewhere"),
]


def by_model(line: bytes) -> ReferenceLine | None:
    try:
        return line_of(KillmailReference.model_validate_json(line))
    except ValidationError:
        return None


def by_reader(line: bytes) -> ReferenceLine | None:
    try:
        (reference,) = read_references(gzip.compress(line))
    except PermanentError:
        return None
    return reference


def test_full_and_minimal_references_are_read() -> None:
    for fields in (FULL, MINIMAL, {name: value for name, value in FULL.items() if value is not None}):
        line = json.dumps(fields).encode()
        assert by_reader(line) == by_model(line) != None  # noqa: E711  # both at once


@pytest.mark.parametrize("name", [*FULL, "unknown", "isk_value"])
def test_each_field_is_checked_as_by_the_model(name: str) -> None:
    for value in ODD_VALUES:
        line = json.dumps(FULL | {name: value}).encode()
        assert by_reader(line) == by_model(line), value
    line = json.dumps({key: value for key, value in FULL.items() if key != name}).encode()
    assert by_reader(line) == by_model(line)


@given(
    st.binary(max_size=40)
    | st.recursive(st.none() | st.integers() | st.text(), st.lists).map(json.dumps).map(str.encode)
)
def test_any_line_is_read_as_by_the_model(line: bytes) -> None:
    if line.strip() and b"\n" not in line:
        assert by_reader(line) == by_model(line)


def test_all_references_of_a_batch_are_read() -> None:
    line = REFERENCE.model_dump_json(by_alias=True)
    references = read_references(gzip.compress(f"{line}\n\n{line}\n".encode()))
    assert references == [by_model(line.encode())] * 2


@pytest.mark.parametrize("content", [b"x", gzip.compress(b"{}\n", mtime=0), gzip.compress(b"{}\n", mtime=0)[:-3]])
def test_other_objects_are_rejected(content: bytes) -> None:
    with pytest.raises(PermanentError, match="is not a batch"):
        read_references(content)


def test_claim_check_holds_the_killmail_and_equal_killmails_give_equal_bytes() -> None:
    line = enriched_line(7)
    claim_check, content = claim_check_of(line, encode(line))
    assert claim_check == KillmailChunk(chunk_key="chunks/enriched/7.jsonl.gz", count=1, date=date(2026, 11, 1))
    assert gzip.decompress(content) == encode(line) + b"\n"
    assert claim_check_of(line, encode(line))[1] == content


def test_batch_without_its_rejected_killmails_is_another_object_than_the_whole_batch() -> None:
    references = KillmailChunk(
        chunk_key="chunks/job/2026-11-01/0001-ab.jsonl.gz", count=2, date=date(2026, 11, 1),
        job_id="job", starts_at=datetime(2026, 11, 1, 13, tzinfo=UTC),
    )  # fmt: skip
    whole = enriched_claim_check(references, b"both", 2)
    assert (whole.job_id, whole.starts_at) == (references.job_id, references.starts_at)
    partial, other = (enriched_claim_check(references, content, 1) for content in (b"one", b"other"))
    assert whole.chunk_key == "chunks/enriched/job/2026-11-01/0001-ab.jsonl.gz"
    assert len({whole.chunk_key, partial.chunk_key, other.chunk_key}) == 3
    assert partial == enriched_claim_check(references, b"one", 1)
