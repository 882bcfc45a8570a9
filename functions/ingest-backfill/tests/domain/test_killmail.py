"""The killmail in a source's record; what the one reader accepts is tested with it."""

from typing import Any

import pytest
from esi_bodies import NOW, body_with, parse_body

from battlescope_schemas.killmail import InvalidKillmail
from battlescope_upstream.killmail import killmail_hash
from ingest_backfill.domain.killmail import SourceEntry, parse_entry


@pytest.mark.parametrize(
    "body", [{}, body_with(killmail_id=0), {"package": None}, {"killmail_id": 5, "hash": "0" * 40}]
)
def test_record_without_a_killmail_gives_a_sentence(body: dict[str, Any]) -> None:
    with pytest.raises(InvalidKillmail) as caught:
        parse_body(body)
    assert str(caught.value).endswith(".")


def test_failure_of_the_source_is_the_reason() -> None:
    with pytest.raises(InvalidKillmail, match="no body"):
        parse_entry(SourceEntry(b"", failure="The list has no body for it."), NOW)


def test_wrong_hash_is_detected_wherever_it_is_stated() -> None:
    valid_hash = killmail_hash(body_with())
    assert parse_body(body_with(), valid_hash).hash == valid_hash
    for body, listed in ((body_with(), "0" * 40), (body_with(killmail_hash="0" * 40), None)):
        with pytest.raises(InvalidKillmail, match="stated is"):
            parse_body(body, listed)
