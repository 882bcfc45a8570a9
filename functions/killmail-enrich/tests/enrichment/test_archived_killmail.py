"""Reading archived killmails: the direct reader of ESI's format equals the general one; other content is rejected."""

import json
from collections.abc import Callable, Iterator

import pytest
from awkward_killmails import awkward_killmails, needs_shared, real_killmails
from awkward_killmails import killmail_id as id_of
from minimal_killmail import REFERENCE, body

from battlescope_events.errors import PermanentError
from battlescope_schemas.killmail import Killmail
from battlescope_schemas.reference import KillmailReference
from killmail_enrich.enrichment import archived_killmail
from killmail_enrich.enrichment.archived_killmail import read_archived_killmail


@pytest.mark.parametrize(
    ("raw", "error"),
    [
        (b"<html>", "pack#0.* does not hold a killmail"),
        (b'{"package": null}', "does not hold exactly the body of killmail 7"),
        (json.dumps(body(killmail_id=8)).encode(), "holds killmail 8, not 7"),
        (json.dumps([body(), body()]).encode(), "does not hold exactly the body of killmail 7"),
        (b'{"killmail_id": 7, "hash": "a", "zkb": {}}', "does not hold exactly the body of killmail 7"),
    ],
)
def test_other_content_is_rejected(raw: bytes, error: str) -> None:
    with pytest.raises(PermanentError, match=error):
        read_archived_killmail(REFERENCE, raw)


def outcome(reference: KillmailReference, raw: bytes, *, general: bool) -> object:
    """The fields that were read, or the error; `general` skips the direct reader of ESI's format."""
    try:
        read = archived_killmail._read_any_format if general else read_archived_killmail
        killmail, zkb = read(reference, raw)
    except PermanentError as error:
        return str(error)
    if killmail.killmail_id != reference.killmail_id:
        return (
            f"Archive key {reference.archive_key} holds killmail {killmail.killmail_id}, not {reference.killmail_id}."
        )
    return {name: getattr(killmail, name) for name in Killmail.model_fields}, zkb


@pytest.mark.parametrize(
    "raw_killmails",
    [awkward_killmails, pytest.param(lambda: real_killmails(500), marks=[pytest.mark.shared, needs_shared])],
)
def test_direct_reader_equals_general_reader(raw_killmails: Callable[[], Iterator[bytes]]) -> None:
    for raw in raw_killmails():
        for killmail_id in (id_of(raw), 8):
            reference = REFERENCE.model_copy(update={"killmail_id": killmail_id, "source": "historical"})
            assert outcome(reference, raw, general=False) == outcome(reference, raw, general=True), raw[:300]
