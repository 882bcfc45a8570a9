"""Refused bodies, read again from the archive on real PostgreSQL and S3."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from battlescope_events.catalog import KILLMAIL_REREAD_REQUESTED, TIMER
from battlescope_events.errors import PermanentError, TransientError
from battlescope_events.messages import Event
from battlescope_schemas.reference import KillmailRereadRequested
from ingest_poll.feed import feed_state
from ingest_poll.feed.feed_file import parse_file
from ingest_poll.handlers import polling, rereading
from ingest_poll.main import build

pytestmark = [pytest.mark.postgres, pytest.mark.stores]


@pytest.fixture(autouse=True)
def short_runs(monkeypatch: pytest.MonkeyPatch, harness: Any) -> None:
    for name, value in harness.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(polling, "RUN_SECONDS", 0.5)
    monkeypatch.setattr(feed_state, "FIRST_FAILURE_SECONDS", 0.001)
    monkeypatch.setattr(feed_state, "MAX_FAILURE_SECONDS", 0.01)


async def poll(harness: Any, **files: bytes) -> dict[str, Any]:
    """Let a run read the files (`_7` is sequence 7); returns the refused ones by sequence."""
    harness.upstreams.files = {int(name[1:]): harness.factory.reply(body) for name, body in files.items()}
    harness.upstreams.head = min(harness.upstreams.files)
    async with build() as function:
        await function.handle(Event(TIMER, "timer-event", "ping", {}, {}))
    return harness.upstreams.published_of("killmail.refused")


async def reread_letter(letter: dict[str, Any]) -> None:
    request = KillmailRereadRequested(sequence_id=letter["sequenceId"], archive_key=letter["archiveKey"])
    async with build() as function:
        await function.handle(Event(KILLMAIL_REREAD_REQUESTED, "request", "battlescope", request, {}))


def in_the_future(harness: Any, sequence: int) -> bytes:
    """A file that is refused until its kill time is near."""
    at = datetime.now(UTC) + timedelta(days=2)
    return harness.factory.envelope(sequence, harness.factory.killmail(1000 + sequence, at=at))


async def test_refused_body_is_ingested_once_when_it_can_be_read(harness: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    body = in_the_future(harness, 7)
    letter = (await poll(harness, _7=body))["7"]
    with pytest.raises(PermanentError, match="future"):
        await reread_letter(letter)
    assert harness.value("SELECT count(*) FROM refused_bodies") == 1
    monkeypatch.setattr(
        rereading, "parse_file", lambda sequence, body, now: parse_file(sequence, body, now + timedelta(days=2))
    )
    for _ in range(2):
        await reread_letter(letter)
    ingested = harness.upstreams.published_of("killmail.ingested")
    assert list(ingested) == ["1007"]
    assert len(harness.upstreams.published) == 2  # the refusal, and the killmail once
    assert ingested["1007"]["archiveKey"].startswith("raw-killmails/")
    assert harness.archived(ingested["1007"]["archiveKey"]) == body
    assert harness.rows("SELECT killmail_id FROM killmail_events") == [(1007,)]
    assert harness.value("SELECT count(*) FROM refused_bodies") == 0
    assert harness.value("SELECT last_sequence FROM ingestion_status") == 8


async def test_killmail_that_esi_did_not_know_is_ingested_when_it_does(harness: Any) -> None:
    complete = json.loads(harness.factory.file(40))
    stub = {"killID": 1040, "zkb": complete["zkb"], "sequence_id": 40}
    letter = (await poll(harness, _40=json.dumps(stub).encode()))["40"]
    with pytest.raises(PermanentError, match="ESI has no killmail 1040"):
        await reread_letter(letter)
    harness.upstreams.esi["1040"] = harness.factory.reply(b"", 503)
    with pytest.raises(TransientError):
        await reread_letter(letter)
    harness.upstreams.esi["1040"] = harness.factory.reply(json.dumps(complete["esi"]).encode())
    await reread_letter(letter)
    assert list(harness.upstreams.published_of("killmail.ingested")) == ["1040"]


async def test_body_of_a_killmail_that_is_stored_with_another_one_stays_refused(harness: Any) -> None:
    other = harness.factory.killmail(1030, at=datetime(2026, 10, 3, 11, tzinfo=UTC))
    await poll(harness, _30=harness.factory.file(30))
    letter = (await poll(harness, _31=harness.factory.envelope(31, other)))["31"]
    with pytest.raises(PermanentError, match="is there already, with another body"):
        await reread_letter(letter)
    assert list(harness.upstreams.published_of("killmail.ingested")) == ["1030"]
    assert harness.value("SELECT count(*) FROM refused_bodies") == 1


async def test_body_that_no_release_can_read_is_refused_again_with_its_reason(harness: Any) -> None:
    letter = (await poll(harness, _50=b'{"killmail_id": "x", "esi": {}}'))["50"]
    with pytest.raises(PermanentError) as refusal:
        await reread_letter(letter)
    assert str(refusal.value) == letter["reason"]


@pytest.mark.parametrize("key", ["no key", "refused/2026/01/01/none.jsonl.gz#0+10"])
@pytest.mark.usefixtures("harness")
async def test_key_without_a_body_is_refused(key: str) -> None:
    with pytest.raises(PermanentError):
        await reread_letter({"sequenceId": 1, "archiveKey": key})
