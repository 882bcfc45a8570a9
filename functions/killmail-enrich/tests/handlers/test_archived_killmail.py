"""Reading archived killmails: other content than the referenced killmail is rejected."""

import json

import pytest
from minimal_killmail import REFERENCE, body

from battlescope_events.errors import PermanentError
from killmail_enrich.handlers.killmail import read_archived_killmail


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        (b"<html>", "pack#0.* does not hold a killmail"),
        (b'{"package": null}', "0 entries instead of one killmail"),
        (json.dumps(body(killmail_id=8)).encode(), "holds killmail 8, not 7"),
        (json.dumps([body(), body()]).encode(), "2 entries instead of one killmail"),
        (b'{"killmail_id": 7, "hash": "a", "zkb": {}}', "neither body nor a valid hash"),
    ],
)
def test_other_content_is_rejected(raw: bytes, error: str) -> None:
    with pytest.raises(PermanentError, match=error):
        read_archived_killmail(7, REFERENCE.archive_key, raw)


def test_referenced_killmail_is_read() -> None:
    killmail = read_archived_killmail(7, REFERENCE.archive_key, json.dumps(body()).encode())
    assert killmail.solar_system_id == REFERENCE.system_id
