"""Runs of the composed function against real PostgreSQL and S3, with a feed that the test steers."""

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
A_TICK: Event[Any] = Event(TICK, "a-tick", "ping", {}, {})


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch, scene: Any) -> None:
    """Runs that end when the feed has no more, within what a test may wait."""
    for name, value in scene.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(handler, "RUN_SECONDS", 1.0)
    monkeypatch.setattr(feed_state, "FIRST_FAILURE", 0.001)
    monkeypatch.setattr(feed_state, "LONGEST_FAILURE", 0.01)


@asynccontextmanager
async def function() -> AsyncGenerator[Function]:
    async with build() as made:
        yield made


async def run() -> None:
    async with function() as made:
        await made.handle(A_TICK)


def publish(scene: Any, *sequences: int, **about: Any) -> None:
    for sequence in sequences:
        scene.world.files[sequence] = scene.mails.answer(scene.mails.file(sequence, **about))


def cursor(scene: Any) -> int:
    return scene.value("SELECT last_sequence FROM ingestion_status")


async def test_files_archives_and_tells_each_mail_from_the_head_on(scene: Any) -> None:
    publish(scene, 7, 8, 9)
    scene.world.head = 8
    await run()
    told = scene.world.heard_of("killmail.ingested")
    assert sorted(told) == ["1008", "1009"]
    assert scene.archived(told["1008"]["archiveKey"]) == scene.world.files[8].body
    assert told["1009"]["iskValue"] == "1000000.50"
    assert told["1009"]["attackerAllianceIds"] == ["99000001", "99000002"]
    assert cursor(scene) == 10
    assert scene.world.agents == {scene.environment["USER_AGENT"]}
    assert scene.rows("SELECT killmail_id, pilot_count FROM killmail_events ORDER BY 1") == [(1008, 3), (1009, 3)]


async def test_a_second_run_asks_only_for_what_is_new(scene: Any) -> None:
    publish(scene, 8)
    await run()
    asked = len(scene.world.sequences_asked())
    await run()
    assert set(scene.world.sequences_asked()[asked:]) == {9}


async def test_a_hole_is_waited_for_and_then_skipped_alone(scene: Any) -> None:
    publish(scene, 8, 10, 11)
    scene.world.head = 8
    await run()
    assert cursor(scene) == 9  # nothing says yet that 9 is a hole
    scene.world.head = 11
    for _ in range(3):
        await run()
        if cursor(scene) > 9:
            break
    assert cursor(scene) == 12
    assert scene.rows("SELECT first_sequence, last_sequence, reason FROM feed_gaps") == [(9, 9, "hole")]
    assert scene.world.sequences_asked().count(9) > 2


async def test_an_old_cursor_jumps_to_the_head_and_leaves_the_gap_for_the_backfill(scene: Any) -> None:
    publish(scene, 5000, 5001)
    scene.world.head = 5000
    scene.do("UPDATE ingestion_status SET last_sequence = 100, found_at = now() - interval '26 hours'")
    await run()
    assert cursor(scene) == 5002
    gap = "SELECT first_sequence, last_sequence, reason, after_time < now() - interval '25 hours' FROM feed_gaps"
    assert scene.rows(gap) == [(100, 4999, "expired", True)]


async def test_what_is_no_killmail_is_refused_and_its_neighbours_are_not(scene: Any) -> None:
    mails, world = scene.mails, scene.world
    publish(scene, *range(20, 27))
    wrong = json.loads(mails.file(21))
    wrong["hash"] = "0" * 40
    future = mails.killmail(1024, at=datetime.now(UTC) + timedelta(days=2))
    bad = {21: json.dumps(wrong).encode(), 22: b"\xff\x00 no JSON", 23: b'{"killmail_id":"\\ud800\\u0000","esi":{}}'}
    for sequence, body in (bad | {24: mails.envelope(24, future)}).items():
        world.files[sequence] = mails.answer(body)
    world.head = 20
    await run()
    refused = world.heard_of("killmail.refused")
    assert sorted(refused) == ["21", "22", "23", "24"]
    assert sorted(world.heard_of("killmail.ingested")) == ["1020", "1025", "1026"]
    assert "hash" in refused["21"]["reason"]
    assert "future" in refused["24"]["reason"]
    assert refused["22"]["url"].endswith("/ephemeral/22.json")
    for sequence, body in bad.items():
        assert refused[str(sequence)]["archiveKey"].startswith("refused/")
        assert scene.archived(refused[str(sequence)]["archiveKey"]) == body
    assert scene.value("SELECT sum(refused) FROM ingestion_stats_hourly") == 4
    assert scene.value("SELECT count(*) FROM refused_bodies") == 4


async def test_html_is_asked_for_again(scene: Any) -> None:
    html = scene.mails.answer(b"<html>one moment</html>")
    scene.world.files = {5: [html, html, scene.mails.answer(scene.mails.file(5))]}
    await run()
    assert sorted(scene.world.heard_of("killmail.ingested")) == ["1005"]
    assert scene.world.heard_of("killmail.refused") == {}


async def test_another_sequence_than_asked_is_given_up_after_some_tries(scene: Any) -> None:
    publish(scene, 4, 6)
    scene.world.files[5] = scene.mails.answer(scene.mails.file(4))
    scene.world.head = 4
    await run()
    assert sorted(scene.world.heard_of("killmail.ingested")) == ["1004", "1006"]
    assert "sequence 4 instead of 5" in scene.world.heard_of("killmail.refused")["5"]["reason"]
    assert scene.world.sequences_asked().count(5) == feed_state.MAX_TRIES
    assert scene.rows("SELECT first_sequence, reason FROM feed_gaps") == [(5, "unusable")]


async def test_a_rewritten_file_changes_the_value_and_tells_nothing_again(scene: Any) -> None:
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


async def test_a_rewritten_file_that_is_not_there_is_put_off(scene: Any) -> None:
    scene.world.files = {
        31: scene.mails.answer(scene.mails.envelope(31, scene.mails.killmail(1031), sequence_updated=3))
    }
    await run()
    assert scene.rows("SELECT sequence_id, tries, due_at > now() FROM feed_rereads") == [(3, 1, True)]


async def test_an_entry_without_body_is_completed_by_esi(scene: Any) -> None:
    mails, world = scene.mails, scene.world
    whole = json.loads(mails.file(40))
    for sequence, number in ((40, 1040), (41, 1041)):
        href = {"killID": number, "zkb": whole["zkb"], "sequence_id": sequence}
        world.files[sequence] = mails.answer(json.dumps(href).encode())
    world.esi["1040"] = mails.answer(json.dumps(whole["esi"]).encode())
    world.head = 40
    await run()
    told = world.heard_of("killmail.ingested")
    assert sorted(told) == ["1040"]
    assert json.loads(scene.archived(told["1040"]["archiveKey"]))["esi"] == whole["esi"]
    assert "ESI has no killmail 1041" in world.heard_of("killmail.refused")["41"]["reason"]


async def test_what_the_broker_does_not_take_is_kept_and_said_by_the_next_run(scene: Any) -> None:
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


async def test_what_the_broker_will_never_take_is_set_aside(scene: Any) -> None:
    publish(scene, 50)
    scene.world.ingress_status = 413
    await run()
    assert "413" in scene.value("SELECT failure FROM outbox")
    scene.world.ingress_status = 202
    publish(scene, 51)
    await run()
    assert sorted(scene.world.heard_of("killmail.ingested")) == ["1051"]


async def test_without_archive_nothing_is_filed_and_nothing_lost(scene: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(scene, 60)
    monkeypatch.setenv("S3_BUCKET", "there-is-no-such-bucket-of-ours")
    monkeypatch.setenv("S3_ENDPOINT_URL", "http://127.0.0.1:9")
    await run()
    assert scene.value("SELECT count(*) FROM killmail_events") == 0
    assert scene.value("SELECT consecutive_failures FROM ingestion_status") > 0
    assert cursor(scene) == 60
    monkeypatch.setenv("S3_BUCKET", scene.bucket.name)
    monkeypatch.setenv("S3_ENDPOINT_URL", scene.bucket.url)
    await run()
    assert sorted(scene.world.heard_of("killmail.ingested")) == ["1060"]


async def test_two_ticks_at_once_file_each_mail_once(scene: Any) -> None:
    publish(scene, *range(100, 140))
    scene.world.head = 100
    await asyncio.gather(run(), run(), run())
    assert len(scene.world.heard) == 40
    assert scene.rows("SELECT sum(received), sum(accepted) FROM ingestion_stats_hourly") == [(40, 40)]


async def test_a_ban_is_remembered_and_kept_across_runs(scene: Any) -> None:
    scene.world.files = {5: scene.mails.answer(b"", status=403)}
    await run()
    asked = len(scene.world.asked)
    await run()
    assert len(scene.world.asked) == asked
    assert scene.value("SELECT quiet_until > now() + interval '50 seconds' FROM ingestion_status") is True
    assert scene.value("SELECT bans FROM ingestion_status") == 1


async def test_the_ruleset_decides_and_each_reason_is_counted(scene: Any) -> None:
    publish(scene, 70)
    publish(scene, 71, attackers=0)
    publish(scene, 72, system=31_000_005)
    scene.do("UPDATE rulesets SET tracked_security_types = '{lowsec}'")
    scene.world.head = 70
    await run()
    assert sorted(scene.world.heard_of("killmail.ingested")) == ["1070"]
    counted = "SELECT accepted, rejected_min_pilots, rejected_security, security_guessed FROM ingestion_stats_hourly"
    assert scene.rows(counted) == [(1, 1, 1, 1)]
    rejected = scene.rows("SELECT day::text, killmail_id, reason FROM rejected_killmails ORDER BY 2")
    assert rejected == [("2026-10-03", 1071, "min_pilots"), ("2026-10-03", 1072, "security")]


async def test_a_mail_of_four_megabytes_passes(scene: Any) -> None:
    mail = scene.mails.killmail(1080, attackers=33_000)
    body = scene.mails.envelope(80, mail, padding="x" * 1_000_000)
    assert len(body) > 4_000_000
    scene.world.files = {80: scene.mails.answer(body)}
    await run()
    told = scene.world.heard_of("killmail.ingested")
    assert scene.archived(told["1080"]["archiveKey"]) == body


async def test_without_a_database_the_tick_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:9/nothing")
    with pytest.raises(TransientError, match="database does not answer"):
        await run()
