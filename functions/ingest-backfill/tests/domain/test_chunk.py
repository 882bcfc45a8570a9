"""Prepared chunks: references, bundle and keys."""

import gzip
from datetime import UTC, date, datetime
from uuid import UUID

from esi_bodies import body_with, parse_body

from battlescope_schemas.archive import read_member
from battlescope_schemas.reference import KillmailReference
from battlescope_schemas.ruleset import Ruleset
from ingest_backfill.domain.chunk import prepare_chunk


def test_chunk_matches_the_schema_and_its_bundle() -> None:
    killmails = [parse_body(body_with(killmail_id=n)) for n in (1, 2)]
    killmails.append(parse_body(body_with(killmail_id=3, attackers=[])))
    rules = Ruleset(UUID(int=1), 2)
    chunk = prepare_chunk("j", date(2026, 1, 7), 4, killmails, rules)
    assert prepare_chunk("j", date(2026, 1, 7), 4, killmails, rules) == chunk
    assert chunk.chunk_key.startswith("chunks/j/2026-01-07/0004-")
    assert [filtered.killmail.killmail_id for filtered in chunk.rejected] == [3]
    lines = gzip.decompress(chunk.body).splitlines()
    references = [KillmailReference.model_validate_json(line) for line in lines]
    expected_lines = [reference.model_dump_json(exclude_none=True) for reference in references]
    assert [line.decode() for line in lines] == expected_lines
    assert references[0].killmail_time == datetime(2026, 1, 7, 3, 33, 33, tzinfo=UTC)
    assert chunk.bundle is not None
    key = chunk.bundle.keys[1]
    assert references[1].archive_key == str(key)
    assert read_member(chunk.bundle.body[key.offset : key.offset + key.length]) == killmails[1].raw


def test_rejected_killmails_are_archived_and_not_published() -> None:
    """As for live killmails: rulesets change, and sources disappear."""
    killmails = [parse_body(body_with(killmail_id=n, attackers=[])) for n in (1, 2)]
    chunk = prepare_chunk("j", date(2026, 1, 7), 0, killmails, Ruleset(UUID(int=1), 2))
    assert chunk.bundle is not None
    archived = [line + b"\n" for line in gzip.decompress(chunk.bundle.body).splitlines()]
    assert archived == [killmail.raw + b"\n" for killmail in killmails]
    assert (chunk.accepted, chunk.body, chunk.copy_rows) == ((), b"", b"")
