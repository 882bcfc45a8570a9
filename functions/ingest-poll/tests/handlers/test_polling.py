"""Runs of the composed function on real PostgreSQL and S3, with a feed that the test controls."""

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from battlescope_events.catalog import TIMER
from battlescope_events.consumer import Function
from battlescope_events.errors import TransientError
from battlescope_events.messages import Event
from battlescope_events.object_storage.objects import ObjectStorage
from battlescope_schemas import base
from battlescope_schemas.ruleset import FilteredKillmail
from ingest_poll.feed import feed_state
from ingest_poll.feed.feed_state import CALM_FILES
from ingest_poll.handlers import polling
from ingest_poll.main import build
from ingest_poll.persistence.killmails import KillmailRepository
from ingest_poll.sources import r2z2_source
from ingest_poll.sources.feed_client import MAX_IN_FLIGHT

pytestmark = [pytest.mark.postgres, pytest.mark.stores]
TIMER_EVENT: Event[Any] = Event(TIMER, "timer-event", "ping", {}, {})


@pytest.fixture(autouse=True)
def short_runs(monkeypatch: pytest.MonkeyPatch, harness: Any) -> None:
    """Shorten runs and failure delays."""
    for name, value in harness.environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(polling, "RUN_SECONDS", 1.0)
    monkeypatch.setattr(r2z2_source, "REREAD_INTERVAL", timedelta(0))
    monkeypatch.setattr(feed_state, "FIRST_FAILURE_SECONDS", 0.001)
    monkeypatch.setattr(feed_state, "MAX_FAILURE_SECONDS", 0.01)


@asynccontextmanager
async def function() -> AsyncGenerator[Function]:
    async with build() as built:
        yield built


async def run() -> None:
    async with function() as running:
        await running.handle(TIMER_EVENT)


async def run_until(condition: Callable[[], bool]) -> None:
    """A run ends by time, on a busy machine before its last file."""
    for _ in range(10):
        await run()
        if condition():
            return


async def until(condition: Callable[[], bool]) -> bool:
    """Whether it becomes true in a few seconds."""
    for _ in range(500):
        if condition():
            return True
        await asyncio.sleep(0.01)
    return False


def publish(harness: Any, *sequences: int, **about: Any) -> None:
    for sequence in sequences:
        harness.upstreams.files[sequence] = harness.factory.reply(harness.factory.file(sequence, **about))


def objects(harness: Any, prefix: str) -> list[str]:
    return [key for key in harness.bucket.keys() if key.startswith(prefix)]  # noqa: SIM118  # it is no dictionary


def cursor(harness: Any) -> int:
    return harness.value("SELECT last_sequence FROM ingestion_status")


async def test_each_killmail_from_the_head_on_is_stored_archived_and_published(harness: Any) -> None:
    publish(harness, 7, 8, 9)
    harness.upstreams.head = 8
    await run()
    ingested = harness.upstreams.published_of("killmail.ingested")
    assert sorted(ingested) == ["1008", "1009"]
    assert harness.archived(ingested["1008"]["archiveKey"]) == harness.upstreams.files[8].body
    assert ingested["1009"]["iskValue"] == "1000000.50"
    assert ingested["1009"]["attackerAllianceIds"] == ["99000001", "99000002"]
    assert cursor(harness) == 10
    assert harness.upstreams.agents == {harness.environment["USER_AGENT"]}
    assert harness.rows("SELECT killmail_id, pilot_count FROM killmail_events ORDER BY 1") == [(1008, 3), (1009, 3)]


async def test_many_killmails_of_a_pass_are_one_event_and_few_are_one_each(harness: Any) -> None:
    publish(harness, *range(100, 150))
    harness.upstreams.head = 150
    harness.execute("UPDATE ingestion_status SET last_sequence = 100")
    await run_until(lambda: cursor(harness) == 150)
    publish(harness, 150, 151)
    await run_until(lambda: cursor(harness) == 152)
    payloads = harness.upstreams.published_of("killmail.ingested")
    batches = [payload for payload in payloads.values() if "chunkKey" in payload]
    singles = [payload["killmailId"] for payload in payloads.values() if "chunkKey" not in payload]
    assert sum(batch["count"] for batch in batches) + len(singles) == 52
    assert {"1150", "1151"} <= set(singles)
    assert objects(harness, "chunks/") == []  # the events carry them
    assert all(batch["count"] > 8 and "jobId" not in batch and batch["date"] == "2026-10-03" for batch in batches)
    assert sorted(harness.ingested()) == [str(number) for number in range(1100, 1152)]
    ingested = harness.ingested()["1110"]
    assert harness.archived(ingested["archiveKey"]) == harness.upstreams.files[110].body
    assert (ingested["source"], ingested["iskValue"]) == ("live", "1000000.50")


@pytest.mark.parametrize(("file_count", "is_busy"), [(1, False), (3, True)])
async def test_linger_begins_with_a_pass_of_several_files(
    harness: Any, monkeypatch: pytest.MonkeyPatch, file_count: int, is_busy: bool
) -> None:
    monkeypatch.setenv("LINGER_SECONDS", "60")
    publish(harness, *range(100, 100 + file_count))
    harness.upstreams.head = 99 + file_count
    harness.execute("UPDATE ingestion_status SET last_sequence = 100")
    await run_until(lambda: cursor(harness) == 100 + file_count)
    assert harness.value("SELECT quiet_until > now() + interval '30 seconds' FROM ingestion_status") is is_busy


async def test_next_files_of_a_busy_feed_are_read_while_those_before_them_are_stored(
    harness: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(harness, *range(100, 500))
    harness.upstreams.head = 499
    harness.execute("UPDATE ingestion_status SET last_sequence = 100")
    claim_ids, were_read = KillmailRepository.claim_ids, list[bool]()

    async def claim_after_the_next_files_are_read(
        repository: KillmailRepository, killmails: Sequence[FilteredKillmail]
    ) -> set[int]:
        last = killmails[-1].killmail.killmail_id - 1000 if len(killmails) > CALM_FILES else 500
        beyond_window = last + MAX_IN_FLIGHT + 1
        if beyond_window < 500 and not any(were_read):
            were_read.append(await until(lambda: beyond_window in harness.upstreams.requested_sequences()))
        return await claim_ids(repository, killmails)

    monkeypatch.setattr(KillmailRepository, "claim_ids", claim_after_the_next_files_are_read)
    await run_until(lambda: cursor(harness) == 500)
    assert any(were_read)  # not all: a run whose time is over reads nothing ahead
    assert harness.value("SELECT count(*) FROM killmail_events") == 400


async def test_files_read_ahead_of_a_pass_that_is_not_stored_are_stored_after_it(
    harness: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    publish(harness, *range(100, 300))
    harness.upstreams.head = 299
    harness.execute("UPDATE ingestion_status SET last_sequence = 100")
    put_once, failures = ObjectStorage.put_once, iter(range(3))

    async def fail_three_times(storage: ObjectStorage, *args: Any) -> None:
        if next(failures, None) is not None:
            raise TransientError("no archive")
        await put_once(storage, *args)

    monkeypatch.setattr(ObjectStorage, "put_once", fail_three_times)
    await run_until(lambda: cursor(harness) == 300)
    assert sorted(harness.ingested()) == [str(number) for number in range(1100, 1300)]
    assert harness.rows("SELECT sum(received), sum(accepted) FROM ingestion_stats_hourly") == [(200, 200)]


async def test_batch_that_is_too_large_for_its_event_is_an_object(
    harness: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(base, "MAX_CARRIED_BYTES", 100)
    publish(harness, *range(100, 120))
    harness.upstreams.head = 119
    harness.execute("UPDATE ingestion_status SET last_sequence = 100")
    await run_until(lambda: cursor(harness) == 120)
    assert objects(harness, "chunks/live/2026-10-03/")
    assert sorted(harness.ingested()) == [str(number) for number in range(1100, 1120)]


async def test_changed_values_of_many_killmails_are_one_event(harness: Any) -> None:
    publish(harness, *range(100, 120))
    harness.upstreams.head = 119
    harness.execute("UPDATE ingestion_status SET last_sequence = 100")
    await run_until(lambda: cursor(harness) == 120)
    harness.upstreams.head = 140
    for sequence in range(120, 141):  # twenty with another value, and a new killmail
        repeated = harness.factory.killmail(1000 + (sequence - 20 if sequence < 140 else sequence))
        body = harness.factory.envelope(sequence, repeated, value=2_000_000.0)
        harness.upstreams.files[sequence] = harness.factory.reply(body)
    await run_until(lambda: cursor(harness) == 141)
    ingested = harness.ingested()
    assert {ingested[str(1000 + n)].get("valueRevision") for n in range(100, 120)} == {1}
    assert {reference["iskValue"] for reference in ingested.values()} == {"2000000.00"}
    assert "valueRevision" not in ingested["1140"]


async def test_second_run_requests_only_new_files(harness: Any) -> None:
    publish(harness, 8)
    await run()
    requests = len(harness.upstreams.requested_sequences())
    await run()
    assert set(harness.upstreams.requested_sequences()[requests:]) == {9}


async def test_hole_is_retried_and_then_skipped_alone(harness: Any) -> None:
    publish(harness, 8, 10, 11)
    harness.upstreams.head = 8
    await run()
    assert cursor(harness) == 9  # not yet a hole: the head is below it
    harness.upstreams.head = 11
    for _ in range(10):  # a run ends by time, on a busy machine before its last file
        await run()
        if cursor(harness) == 12:
            break
    assert cursor(harness) == 12
    assert harness.rows("SELECT first_sequence, last_sequence, reason FROM feed_gaps") == [(9, 9, "hole")]
    assert harness.upstreams.requested_sequences().count(9) > 2


async def test_expired_cursor_jumps_to_the_head_and_leaves_a_gap_for_the_backfill(harness: Any) -> None:
    publish(harness, 5000, 5001)
    harness.upstreams.head = 5000
    harness.execute("UPDATE ingestion_status SET last_sequence = 100, found_at = now() - interval '26 hours'")
    await run()
    assert cursor(harness) == 5002
    gap = "SELECT first_sequence, last_sequence, reason, after_time < now() - interval '25 hours' FROM feed_gaps"
    assert harness.rows(gap) == [(100, 4999, "expired", True)]


async def test_present_killmails_come_before_those_of_an_outage(harness: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """At a tenth of a second a request, as at the real limit: the head is polled first, the backlog beside it."""
    monkeypatch.setenv("FEED_MAX_RATE", "50")
    monkeypatch.setenv("CATCH_UP_SECONDS", "0.2")
    monkeypatch.setattr(polling, "RUN_SECONDS", 3.0)
    publish(harness, *range(100, 201))
    harness.upstreams.head = 200
    harness.execute("UPDATE ingestion_status SET last_sequence = 100, head = 100, found_at = now()")
    run_ = asyncio.create_task(run())
    for _ in range(100):
        await asyncio.sleep(0.02)
        if harness.value("SELECT count(*) FROM feed_backlogs"):
            break
    publish(harness, 201, 202)
    await run_
    await run_until(lambda: not harness.value("SELECT count(*) FROM feed_backlogs"))
    sequences = harness.upstreams.requested_sequences()
    assert sequences[0] == 200
    assert sequences.index(201) < sequences.index(180)
    assert sorted(harness.ingested()) == [str(number) for number in range(1100, 1203)]
    assert harness.rows("SELECT sum(accepted), sum(from_backlog) FROM ingestion_stats_hourly") == [(103, 100)]


async def test_expired_part_of_an_outage_is_a_gap_and_the_rest_is_read(
    harness: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CATCH_UP_SECONDS", "0.002")
    publish(harness, *range(220, 301))
    harness.upstreams.head = 300
    harness.execute(
        "UPDATE ingestion_status SET last_sequence = 100, head = 100, found_at = now() - interval '26 hours'"
    )
    await run_until(lambda: cursor(harness) == 301 and not harness.value("SELECT count(*) FROM feed_backlogs"))
    gaps = harness.rows("SELECT first_sequence, last_sequence, reason FROM feed_gaps ORDER BY 1")
    assert gaps == [(100, 149, "expired"), (150, 199, "expired"), (200, 249, "expired")]
    assert sorted(harness.ingested()) == [str(number) for number in range(1250, 1301)]


async def test_invalid_killmails_are_refused_and_valid_ones_beside_them_are_ingested(harness: Any) -> None:
    factory, upstreams = harness.factory, harness.upstreams
    publish(harness, *range(20, 27))
    mismatched = json.loads(factory.file(21))
    mismatched["hash"] = "0" * 40
    future = factory.killmail(1024, at=datetime.now(UTC) + timedelta(days=2))
    invalid = {
        21: json.dumps(mismatched).encode(),
        22: b"\xff\x00 no JSON",
        23: b'{"killmail_id":"\\ud800\\u0000","esi":{}}',
    }
    for sequence, body in (invalid | {24: factory.envelope(24, future)}).items():
        upstreams.files[sequence] = factory.reply(body)
    upstreams.head = 20
    await run_until(lambda: cursor(harness) == 27)
    refused = upstreams.published_of("killmail.refused")
    assert sorted(refused) == ["21", "22", "23", "24"]
    assert sorted(upstreams.published_of("killmail.ingested")) == ["1020", "1025", "1026"]
    assert "hash" in refused["21"]["reason"]
    assert "future" in refused["24"]["reason"]
    assert refused["22"]["url"].endswith("/ephemeral/22.json")
    for sequence, body in invalid.items():
        assert refused[str(sequence)]["archiveKey"].startswith("refused/")
        assert harness.archived(refused[str(sequence)]["archiveKey"]) == body
    assert harness.value("SELECT sum(refused) FROM ingestion_stats_hourly") == 4
    assert harness.value("SELECT count(*) FROM refused_bodies") == 4


@pytest.mark.parametrize("length", [None, 0, 400, -1])
async def test_response_that_is_no_json_is_asked_for_again(harness: Any, length: int | None) -> None:
    whole = harness.factory.file(5)
    part = harness.factory.reply(b"<html>one moment</html>" if length is None else whole[:length])
    harness.upstreams.files = {5: [part, part, harness.factory.reply(whole)]}
    await run()
    assert sorted(harness.upstreams.published_of("killmail.ingested")) == ["1005"]
    assert harness.upstreams.published_of("killmail.refused") == {}


async def test_file_with_another_sequence_is_abandoned_after_max_tries(harness: Any) -> None:
    publish(harness, 4, 6)
    harness.upstreams.files[5] = harness.factory.reply(harness.factory.file(4))
    harness.upstreams.head = 4
    await run_until(lambda: cursor(harness) == 7)
    assert sorted(harness.upstreams.published_of("killmail.ingested")) == ["1004", "1006"]
    assert "sequence 4 instead of 5" in harness.upstreams.published_of("killmail.refused")["5"]["reason"]
    assert harness.upstreams.requested_sequences().count(5) == feed_state.MAX_TRIES
    assert harness.rows("SELECT first_sequence, reason FROM feed_gaps") == [(5, "unusable")]


async def test_rewritten_file_with_another_value_is_published_again(harness: Any) -> None:
    factory, upstreams = harness.factory, harness.upstreams
    publish(harness, 30)
    await run()
    for sequence, value in ((31, 2_500_000.25), (32, 2_500_000.25), (33, None), (34, 7.0)):
        rewritten = factory.envelope(30, factory.killmail(1030), value=value)
        upstreams.files |= {
            30: factory.reply(rewritten),
            sequence: factory.reply(factory.envelope(sequence, factory.killmail(1000 + sequence), sequence_updated=30)),
        }
        await run()
    events = [json.loads(body) for _, _, headers, body in upstreams.published if headers["ce-subject"] == "1030"]
    assert [(event["iskValue"], event.get("valueRevision")) for event in events] == [
        ("1000000.50", None), ("2500000.25", 1), ("7.00", 2),
    ]  # fmt: skip
    assert len(set(upstreams.published_ids)) == len(upstreams.published) == 7
    value, key = harness.rows("SELECT isk_value::text, archive_key FROM killmail_events WHERE killmail_id = 1030")[0]
    assert value == "7.00"
    assert harness.archived(key) == rewritten
    assert events[-1]["archiveKey"] == key
    assert harness.value("SELECT count(*) FROM feed_rereads") == 0


@pytest.mark.parametrize("source", ["live", "historical"])
async def test_of_two_bodies_of_one_id_the_stored_one_counts_and_the_other_is_refused(
    harness: Any, source: str
) -> None:
    factory = harness.factory
    publish(harness, 30)
    await run()
    harness.execute(f"UPDATE killmail_events SET source = '{source}'")
    bodies = [
        factory.killmail(1030, system=30000144) | {"victim": {"ship_type_id": 588}},
        factory.killmail(1030, at=datetime(2026, 10, 3, 11, tzinfo=UTC)),
    ]
    for sequence, body in enumerate(bodies, 31):
        harness.upstreams.files[sequence] = factory.reply(factory.envelope(sequence, body))
        await run()
    refused = harness.upstreams.published_of("killmail.refused")
    assert {letter["reason"] for letter in refused.values()} == {
        "The killmail 1030 is there already, with another body."
    }
    assert sorted(refused) == ["31", "32"]
    assert harness.rows("SELECT system_id FROM killmail_events") == [(30000142,)]


async def test_of_two_bodies_that_come_together_the_earlier_kill_counts_whatever_their_order(harness: Any) -> None:
    factory = harness.factory
    early = factory.killmail(1, at=datetime(2026, 10, 3, 11, tzinfo=UTC))
    late = factory.killmail(1)
    harness.upstreams.files = {
        7: factory.reply(factory.envelope(7, late)),
        8: factory.reply(factory.envelope(8, early)),
    }
    harness.upstreams.head = 7
    await run()
    assert list(harness.upstreams.published_of("killmail.refused")) == ["7"]
    assert harness.rows("SELECT extract(hour FROM occurred_at AT TIME ZONE 'UTC')::integer FROM killmail_events") == [
        (11,)
    ]


async def test_missing_rewritten_file_is_postponed(harness: Any) -> None:
    harness.upstreams.files = {
        31: harness.factory.reply(harness.factory.envelope(31, harness.factory.killmail(1031), sequence_updated=3))
    }
    await run()
    assert harness.rows("SELECT sequence_id, tries, due_at > now() FROM feed_rereads") == [(3, 1, True)]


async def test_stub_entry_is_completed_by_esi(harness: Any) -> None:
    factory, upstreams = harness.factory, harness.upstreams
    complete = json.loads(factory.file(40))
    for sequence, killmail_id in ((40, 1040), (41, 1041)):
        stub = {"killID": killmail_id, "zkb": complete["zkb"], "sequence_id": sequence}
        upstreams.files[sequence] = factory.reply(json.dumps(stub).encode())
    upstreams.esi["1040"] = factory.reply(json.dumps(complete["esi"]).encode())
    upstreams.head = 40
    await run()
    ingested = upstreams.published_of("killmail.ingested")
    assert sorted(ingested) == ["1040"]
    assert json.loads(harness.archived(ingested["1040"]["archiveKey"]))["esi"] == complete["esi"]
    assert "ESI has no killmail 1041" in upstreams.published_of("killmail.refused")["41"]["reason"]


async def test_events_that_the_broker_does_not_accept_are_published_by_the_next_run(harness: Any) -> None:
    publish(harness, 50, 51)
    harness.upstreams.head, harness.upstreams.ingress_status = 50, 503
    await run()
    assert harness.upstreams.published == []
    assert harness.value("SELECT count(*) FROM outbox_messages") == 2
    assert cursor(harness) == 52
    harness.upstreams.ingress_status = 202
    await run()
    assert sorted(harness.upstreams.published_of("killmail.ingested")) == ["1050", "1051"]
    assert harness.value("SELECT count(*) FROM outbox_messages") == 0


async def test_event_that_the_broker_never_accepts_is_parked(harness: Any) -> None:
    publish(harness, 50)
    harness.upstreams.ingress_status = 413
    await run()
    assert "413" in harness.value("SELECT parked_reason FROM outbox_messages")
    harness.upstreams.ingress_status = 202
    publish(harness, 51)
    await run()
    assert sorted(harness.upstreams.published_of("killmail.ingested")) == ["1051"]


async def test_unavailable_archive_stores_and_loses_nothing(harness: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(harness, 60)
    monkeypatch.setenv("S3_BUCKET", "no-such-bucket")
    monkeypatch.setenv("S3_ENDPOINT_URL", "http://127.0.0.1:9")
    await run()
    assert harness.value("SELECT count(*) FROM killmail_events") == 0
    assert harness.value("SELECT consecutive_failures FROM ingestion_status") > 0
    assert cursor(harness) == 60
    monkeypatch.setenv("S3_BUCKET", harness.bucket.name)
    monkeypatch.setenv("S3_ENDPOINT_URL", harness.bucket.url)
    await run()
    assert sorted(harness.upstreams.published_of("killmail.ingested")) == ["1060"]


async def test_concurrent_timer_events_ingest_each_killmail_once(harness: Any) -> None:
    publish(harness, *range(100, 140))
    harness.upstreams.head = 100
    for _ in range(10):  # a run ends by time, on a busy machine before its last file
        await asyncio.gather(run(), run(), run())
        if len(harness.ingested()) >= 40:
            break
    counts = [payload.get("count", 1) for payload in harness.upstreams.published_of("ingested").values()]
    assert (sum(counts), len(harness.upstreams.published)) == (40, len(counts))
    assert harness.rows("SELECT sum(received), sum(accepted) FROM ingestion_stats_hourly") == [(40, 40)]


async def test_next_run_waits_for_the_end_of_the_run_before_it_however_long(
    harness: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A cold start moves the first run against the timer: without a waiting event the feed was unread for seconds."""
    monkeypatch.setattr(polling, "LEASE_TRIES", 1)
    harness.upstreams.files, harness.upstreams.head = {}, 100
    async with function() as running:
        first, second = (asyncio.create_task(running.handle(TIMER_EVENT)) for _ in range(2))
        await asyncio.sleep(0)
        await running.handle(TIMER_EVENT)  # not needed: returns while the two others poll and wait
        assert [first.done(), second.done()] == [False, False]
        await first
        publish(harness, 100)
        await second
    assert harness.ingested()


async def test_ban_delay_is_stored_and_holds_across_runs(harness: Any) -> None:
    harness.upstreams.files = {5: harness.factory.reply(b"", status=403)}
    await run()
    requests = len(harness.upstreams.requests)
    await run()
    assert len(harness.upstreams.requests) == requests
    assert harness.value("SELECT quiet_until > now() + interval '50 seconds' FROM ingestion_status") is True
    assert harness.rows(
        "SELECT upstream, bans, quiet_until > now() + interval '50 seconds' FROM upstream_cooldowns"
    ) == [("r2z2", 1, True)]


async def test_cooldown_of_another_function_holds_here(harness: Any) -> None:
    harness.execute("""INSERT INTO upstream_cooldowns (upstream, quiet_until, bans)
        VALUES ('r2z2', now() + interval '1 hour', 1)""")
    publish(harness, 5)
    await run()
    assert harness.upstreams.requests == []
    assert harness.value("SELECT quiet_until > now() + interval '59 minutes' FROM ingestion_status") is True


async def test_ruleset_filters_and_each_rejection_reason_is_counted(harness: Any) -> None:
    publish(harness, 70)
    publish(harness, 71, attackers=0)
    publish(harness, 72, system=31_000_005)
    harness.execute("UPDATE rulesets SET tracked_security_types = '{lowsec}'")
    harness.upstreams.head = 70
    await run()
    assert sorted(harness.upstreams.published_of("killmail.ingested")) == ["1070"]
    counts = "SELECT accepted, rejected_min_pilots, rejected_security, security_guessed FROM ingestion_stats_hourly"
    assert harness.rows(counts) == [(1, 1, 1, 1)]
    rejected = harness.rows("SELECT day::text, killmail_id, reason FROM rejected_killmails ORDER BY 2")
    assert rejected == [("2026-10-03", 1071, "min_pilots"), ("2026-10-03", 1072, "security")]


async def test_killmail_of_four_megabytes_is_ingested(harness: Any) -> None:
    killmail = harness.factory.killmail(1080, attackers=10_000)
    body = harness.factory.envelope(80, killmail, padding="x" * 3_100_000)
    assert len(body) > 4_000_000
    harness.upstreams.files = {80: harness.factory.reply(body)}
    await run()
    ingested = harness.upstreams.published_of("killmail.ingested")
    assert harness.archived(ingested["1080"]["archiveKey"]) == body


async def test_unreachable_database_is_a_transient_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DATABASE_URL", "postgresql://nobody@127.0.0.1:9/nothing")
    with pytest.raises(TransientError, match="database does not answer"):
        await run()
