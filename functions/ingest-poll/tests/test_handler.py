"""Runs of the composed function on real PostgreSQL and S3, with a feed that the test controls."""

import asyncio
import json
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from battlescope_events.catalog import TICK
from battlescope_events.consumer import Function
from battlescope_events.errors import TransientError
from battlescope_events.messages import Event
from ingest_poll import feed_state, handler
from ingest_poll.main import build

pytestmark = [pytest.mark.postgres, pytest.mark.stores]
TIMER_EVENT: Event[Any] = Event(TICK, "timer-event", "ping", {}, {})


@pytest.fixture(autouse=True)
def short_runs(monkeypatch: pytest.MonkeyPatch, scene: Any) -> None:
    """Shorten runs and failure delays."""
    for name, value in scene.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(handler, "RUN_SECONDS", 1.0)
    monkeypatch.setattr(feed_state, "FIRST_FAILURE_SECONDS", 0.001)
    monkeypatch.setattr(feed_state, "MAX_FAILURE_SECONDS", 0.01)


@asynccontextmanager
async def function() -> AsyncGenerator[Function]:
    async with build() as built:
        yield built


async def run() -> None:
    async with function() as running:
        await running.handle(TIMER_EVENT)


def publish(scene: Any, *sequences: int, **about: Any) -> None:
    for sequence in sequences:
        scene.world.files[sequence] = scene.mails.answer(scene.mails.file(sequence, **about))


def cursor(scene: Any) -> int:
    return scene.value("SELECT last_sequence FROM ingestion_status")


async def test_each_killmail_from_the_head_on_is_stored_archived_and_published(scene: Any) -> None:
    publish(scene, 7, 8, 9)
    scene.world.head = 8
    await run()
    ingested = scene.world.heard_of("killmail.ingested")
    assert sorted(ingested) == ["1008", "1009"]
    assert scene.archived(ingested["1008"]["archiveKey"]) == scene.world.files[8].body
    assert ingested["1009"]["iskValue"] == "1000000.50"
    assert ingested["1009"]["attackerAllianceIds"] == ["99000001", "99000002"]
    assert cursor(scene) == 10
    assert scene.world.agents == {scene.environment["USER_AGENT"]}
    assert scene.rows("SELECT killmail_id, pilot_count FROM killmail_events ORDER BY 1") == [(1008, 3), (1009, 3)]


async def test_second_run_requests_only_new_files(scene: Any) -> None:
    publish(scene, 8)
    await run()
    requests = len(scene.world.sequences_asked())
    await run()
    assert set(scene.world.sequences_asked()[requests:]) == {9}


async def test_hole_is_retried_and_then_skipped_alone(scene: Any) -> None:
    publish(scene, 8, 10, 11)
    scene.world.head = 8
    await run()
    assert cursor(scene) == 9  # not yet a hole: the head is below it
    scene.world.head = 11
    for _ in range(3):
        await run()
        if cursor(scene) > 9:
            break
    assert cursor(scene) == 12
    assert scene.rows("SELECT first_sequence, last_sequence, reason FROM feed_gaps") == [(9, 9, "hole")]
    assert scene.world.sequences_asked().count(9) > 2


async def test_expired_cursor_jumps_to_the_head_and_leaves_a_gap_for_the_backfill(scene: Any) -> None:
    publish(scene, 5000, 5001)
    scene.world.head = 5000
    scene.do("UPDATE ingestion_status SET last_sequence = 100, found_at = now() - interval '26 hours'")
    await run()
    assert cursor(scene) == 5002
    gap = "SELECT first_sequence, last_sequence, reason, after_time < now() - interval '25 hours' FROM feed_gaps"
    assert scene.rows(gap) == [(100, 4999, "expired", True)]


async def test_invalid_killmails_are_refused_and_valid_ones_beside_them_are_ingested(scene: Any) -> None:
    mails, world = scene.mails, scene.world
    publish(scene, *range(20, 27))
    mismatched = json.loads(mails.file(21))
    mismatched["hash"] = "0" * 40
    future = mails.killmail(1024, at=datetime.now(UTC) + timedelta(days=2))
    invalid = {
        21: json.dumps(mismatched).encode(),
        22: b"\xff\x00 no JSON",
        23: b'{"killmail_id":"\\ud800\\u0000","esi":{}}',
    }
    for sequence, body in (invalid | {24: mails.envelope(24, future)}).items():
        world.files[sequence] = mails.answer(body)
    world.head = 20
    await run()
    refused = world.heard_of("killmail.refused")
    assert sorted(refused) == ["21", "22", "23", "24"]
    assert sorted(world.heard_of("killmail.ingested")) == ["1020", "1025", "1026"]
    assert "hash" in refused["21"]["reason"]
    assert "future" in refused["24"]["reason"]
    assert refused["22"]["url"].endswith("/ephemeral/22.json")
    for sequence, body in invalid.items():
        assert refused[str(sequence)]["archiveKey"].startswith("refused/")
        assert scene.archived(refused[str(sequence)]["archiveKey"]) == body
    assert scene.value("SELECT sum(refused) FROM ingestion_stats_hourly") == 4
    assert scene.value("SELECT count(*) FROM refused_bodies") == 4


async def test_html_response_is_retried(scene: Any) -> None:
    html = scene.mails.answer(b"<html>one moment</html>")
    scene.world.files = {5: [html, html, scene.mails.answer(scene.mails.file(5))]}
    await run()
    assert sorted(scene.world.heard_of("killmail.ingested")) == ["1005"]
    assert scene.world.heard_of("killmail.refused") == {}


async def test_file_with_another_sequence_is_abandoned_after_max_tries(scene: Any) -> None:
    publish(scene, 4, 6)
    scene.world.files[5] = scene.mails.answer(scene.mails.file(4))
    scene.world.head = 4
    await run()
    assert sorted(scene.world.heard_of("killmail.ingested")) == ["1004", "1006"]
    assert "sequence 4 instead of 5" in scene.world.heard_of("killmail.refused")["5"]["reason"]
    assert scene.world.sequences_asked().count(5) == feed_state.MAX_TRIES
    assert scene.rows("SELECT first_sequence, reason FROM feed_gaps") == [(5, "unusable")]


async def test_rewritten_file_updates_the_value_and_publishes_nothing(scene: Any) -> None:
    mails, world = scene.mails, scene.world
    publish(scene, 30)
    await run()
    rewritten = mails.envelope(30, mails.killmail(1030), value=2_500_000.25)
    world.files |= {
        30: mails.answer(rewritten),
        31: mails.answer(mails.envelope(31, mails.killmail(1031), sequence_updated=30)),
    }
    await run()
    assert len(world.heard) == 2
    value, key = scene.rows("SELECT isk_value::text, archive_key FROM killmail_events WHERE killmail_id = 1030")[0]
    assert value == "2500000.25"
    assert scene.archived(key) == rewritten
    assert scene.value("SELECT count(*) FROM feed_rereads") == 0


async def test_missing_rewritten_file_is_postponed(scene: Any) -> None:
    scene.world.files = {
        31: scene.mails.answer(scene.mails.envelope(31, scene.mails.killmail(1031), sequence_updated=3))
    }
    await run()
    assert scene.rows("SELECT sequence_id, tries, due_at > now() FROM feed_rereads") == [(3, 1, True)]


async def test_stub_entry_is_completed_by_esi(scene: Any) -> None:
    mails, world = scene.mails, scene.world
    complete = json.loads(mails.file(40))
    for sequence, killmail_id in ((40, 1040), (41, 1041)):
        stub = {"killID": killmail_id, "zkb": complete["zkb"], "sequence_id": sequence}
        world.files[sequence] = mails.answer(json.dumps(stub).encode())
    world.esi["1040"] = mails.answer(json.dumps(complete["esi"]).encode())
    world.head = 40
    await run()
    ingested = world.heard_of("killmail.ingested")
    assert sorted(ingested) == ["1040"]
    assert json.loads(scene.archived(ingested["1040"]["archiveKey"]))["esi"] == complete["esi"]
    assert "ESI has no killmail 1041" in world.heard_of("killmail.refused")["41"]["reason"]


async def test_events_that_the_broker_does_not_accept_are_published_by_the_next_run(scene: Any) -> None:
    publish(scene, 50, 51)
    scene.world.head, scene.world.ingress_status = 50, 503
    await run()
    assert scene.world.heard == []
    assert scene.value("SELECT count(*) FROM outbox") == 2
    assert cursor(scene) == 52
    scene.world.ingress_status = 202
    await run()
    assert sorted(scene.world.heard_of("killmail.ingested")) == ["1050", "1051"]
    assert scene.value("SELECT count(*) FROM outbox") == 0


async def test_event_that_the_broker_never_accepts_is_marked_as_failed(scene: Any) -> None:
    publish(scene, 50)
    scene.world.ingress_status = 413
    await run()
    assert "413" in scene.value("SELECT failure FROM outbox")
    scene.world.ingress_status = 202
    publish(scene, 51)
    await run()
    assert sorted(scene.world.heard_of("killmail.ingested")) == ["1051"]


async def test_unavailable_archive_stores_and_loses_nothing(scene: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(scene, 60)
    monkeypatch.setenv("S3_BUCKET", "no-such-bucket")
    monkeypatch.setenv("S3_ENDPOINT_URL", "http://127.0.0.1:9")
    await run()
    assert scene.value("SELECT count(*) FROM killmail_events") == 0
    assert scene.value("SELECT consecutive_failures FROM ingestion_status") > 0
    assert cursor(scene) == 60
    monkeypatch.setenv("S3_BUCKET", scene.bucket.name)
    monkeypatch.setenv("S3_ENDPOINT_URL", scene.bucket.url)
    await run()
    assert sorted(scene.world.heard_of("killmail.ingested")) == ["1060"]


async def test_concurrent_timer_events_ingest_each_killmail_once(scene: Any) -> None:
    publish(scene, *range(100, 140))
    scene.world.head = 100
    await asyncio.gather(run(), run(), run())
    assert len(scene.world.heard) == 40
    assert scene.rows("SELECT sum(received), sum(accepted) FROM ingestion_stats_hourly") == [(40, 40)]


async def test_ban_delay_is_stored_and_holds_across_runs(scene: Any) -> None:
    scene.world.files = {5: scene.mails.answer(b"", status=403)}
    await run()
    requests = len(scene.world.asked)
    await run()
    assert len(scene.world.asked) == requests
    assert scene.value("SELECT quiet_until > now() + interval '50 seconds' FROM ingestion_status") is True
    assert scene.value("SELECT bans FROM ingestion_status") == 1


async def test_ruleset_filters_and_each_rejection_reason_is_counted(scene: Any) -> None:
    publish(scene, 70)
    publish(scene, 71, attackers=0)
    publish(scene, 72, system=31_000_005)
    scene.do("UPDATE rulesets SET tracked_security_types = '{lowsec}'")
    scene.world.head = 70
    await run()
    assert sorted(scene.world.heard_of("killmail.ingested")) == ["1070"]
    counts = "SELECT accepted, rejected_min_pilots, rejected_security, security_guessed FROM ingestion_stats_hourly"
    assert scene.rows(counts) == [(1, 1, 1, 1)]
    rejected = scene.rows("SELECT day::text, killmail_id, reason FROM rejected_killmails ORDER BY 2")
    assert rejected == [("2026-10-03", 1071, "min_pilots"), ("2026-10-03", 1072, "security")]


async def test_killmail_of_four_megabytes_is_ingested(scene: Any) -> None:
    killmail = scene.mails.killmail(1080, attackers=33_000)
    body = scene.mails.envelope(80, killmail, padding="x" * 1_000_000)
    assert len(body) > 4_000_000
    scene.world.files = {80: scene.mails.answer(body)}
    await run()
    ingested = scene.world.heard_of("killmail.ingested")
    assert scene.archived(ingested["1080"]["archiveKey"]) == body


async def test_unreachable_database_is_a_transient_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:9/nothing")
    with pytest.raises(TransientError, match="database does not respond"):
        await run()
