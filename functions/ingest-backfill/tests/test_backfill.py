"""From a manifest to chunks, sums and a closed job, with every interruption in between."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, date, datetime
from typing import Any

import pytest

from battlescope_events.catalog import TIMER
from battlescope_events.errors import TransientError
from battlescope_events.messages import Event
from battlescope_events.upstream.errors import UpstreamUnavailable
from ingest_backfill.handlers.chunk_writer import ChunkWriter

pytestmark = [pytest.mark.postgres]
ALL = {"version": 1, "dates": {"from": "2026-10-01", "to": "2026-10-03"}, "requestedBy": "tests"}
ONE = {"version": 1, "dates": ["2026-10-02"], "requestedBy": "tests"}
JOBS = "SELECT status, total_dates, error_message FROM historical_ingestion_jobs ORDER BY created_at"
DAYS = "SELECT day, status, total, accepted, rejected, known, failed FROM historical_job_dates ORDER BY job_id, day"


def sums(system: Any) -> list[Any]:
    return [tuple(map(str, row)) for row in system.rows(DAYS)]


@pytest.mark.parametrize("source", ["everef", "r2z2"])
async def test_manifest_becomes_chunks_and_every_killmail_is_published_once(
    system: Any, hash_of: Any, source: str
) -> None:
    await system.order("history.json", {**ALL, "source": source})
    assert system.rows(JOBS) == [("completed", 3, None)]
    # A quarter of the killmails has no attacker and so one pilot, fewer than the default ruleset requires.
    assert sums(system) == [(f"2026-10-0{day}", "completed", "60", "45", "15", "0", "0") for day in (1, 2, 3)]
    references = {reference.killmail_id: reference for reference in system.published_references()}
    expected = {
        killmail["killmail_id"]: killmail
        for killmails in system.killmails.values()
        for killmail in killmails
        if killmail["attackers"]
    }
    assert len(system.published_references()) == len(references)
    assert references.keys() == expected.keys()
    for killmail_id, killmail in expected.items():
        archived = system.archived(references[killmail_id])
        assert {name: archived[name] for name in killmail} == killmail
        assert references[killmail_id].zkb_hash == hash_of(killmail)
    assert system.rows("SELECT count(*) FROM killmail_events WHERE source = 'historical'") == [(135,)]
    assert system.rows("SELECT count(*), count(DISTINCT reason) FROM rejected_killmails") == [(45, 1)]
    assert system.rows("SELECT count(*) FROM killmail_ids") == [(180,)]
    assert system.rows("SELECT count(*) FROM outbox_messages") == [(0,)]
    assert system.rows("SELECT count(*) FROM leases") == [(0,)]


async def test_row_matches_its_reference(system: Any) -> None:
    await system.order("one.json", ONE)
    rows = {row[0]: row for row in system.rows(
        "SELECT killmail_id, zkb_hash, system_id, occurred_at, attacker_alliance_ids, pilot_count, archive_key,"
        " historical_job_id::text, ruleset_id::text, zkb_url FROM killmail_events"
    )}  # fmt: skip
    for reference in system.published_references():
        assert rows[reference.killmail_id] == (
            reference.killmail_id, reference.zkb_hash, reference.system_id, reference.killmail_time,
            list(reference.attacker_alliance_ids),
            rows[reference.killmail_id][5], reference.archive_key, reference.historical_job_id,
            reference.ruleset_id, reference.zkb_url,
        )  # fmt: skip


async def test_esi_provides_the_bodies_of_embedded_killmails(system: Any, hash_of: Any) -> None:
    killmails = system.killmails[date(2026, 10, 2)]
    hashes = {str(killmail["killmail_id"]): hash_of(killmail) for killmail in killmails}
    hashes["999"] = "0" * 40
    await system.order("own.json", {**ONE, "source": "embedded", "killmails": {"2026-10-02": hashes}})
    assert system.rows(JOBS) == [("completed", 1, None)]
    assert sums(system) == [("2026-10-02", "completed", "61", "45", "15", "0", "1")]
    assert "ESI has no killmail 999" in system.rows("SELECT error FROM historical_job_dates")[0][0]


@pytest.mark.parametrize("name", ["killmails/a.jsonl", "killmails/a.jsonl.gz"])
async def test_objects_of_our_bucket_are_read_without_an_external_source(system: Any, name: str) -> None:
    system.put_object(name, system.killmails[date(2026, 10, 2)])
    await system.order("own.json", {**ONE, "source": "objects", "objects": {"2026-10-02": [name]}})
    assert sums(system) == [("2026-10-02", "completed", "60", "45", "15", "0", "0")]


async def test_killmail_that_does_not_match_its_hash_is_counted_as_failed(system: Any, make_killmail: Any) -> None:
    at = datetime(2026, 10, 2, 1, tzinfo=UTC)
    mismatched = {**make_killmail(1, at), "killmail_hash": "0" * 40}
    system.put_object("o.jsonl", [mismatched, make_killmail(2, at), {"killmail_id": 3}, make_killmail(2, at)])
    await system.order("own.json", {**ONE, "source": "objects", "objects": {"2026-10-02": ["o.jsonl"]}})
    assert sums(system) == [("2026-10-02", "completed", "3", "1", "0", "0", "2")]
    error = system.rows("SELECT error FROM historical_job_dates")[0][0]
    assert "stated is '0000" in error
    assert "killmail 3" in error


async def test_missing_object_fails_its_day_and_a_retry_continues(system: Any) -> None:
    manifest = {**ONE, "source": "objects", "objects": {"2026-10-02": ["a.jsonl", "b.jsonl"]}}
    killmails = system.killmails[date(2026, 10, 2)]
    system.put_object("a.jsonl", killmails[:30])
    await system.order("own.json", manifest)
    ((status, _, error),) = system.rows(JOBS)
    assert status == "failed"
    assert "1 of 1 days failed" in error
    assert "b.jsonl" in error
    system.put_object("b.jsonl", killmails[30:])
    system.rows("UPDATE historical_ingestion_jobs SET status = 'pending', retry_count = 1, error_message = NULL")
    system.rows("UPDATE historical_job_dates SET status = 'pending', error = NULL WHERE status = 'failed'")
    await system.send_timer_event()
    assert system.rows(JOBS) == [("completed", 1, None)]
    assert sums(system) == [("2026-10-02", "completed", "60", "45", "15", "0", "0")]
    assert len(system.published_references()) == 45


async def test_repeated_upload_creates_no_second_job_and_existing_killmails_are_only_counted(system: Any) -> None:
    await system.order("one.json", ONE)
    await system.order("one.json", ONE)
    assert len(system.rows(JOBS)) == 1
    await system.order("again.json", ONE)
    assert [row[0] for row in system.rows(JOBS)] == ["completed", "completed"]
    assert sorted(row[5] for row in system.rows(DAYS)) == [0, 60]
    assert len(system.published_references()) == 45


async def test_manifest_without_notification_is_planned_by_a_timer_event(system: Any) -> None:
    system.upload("lost.json", ONE)
    await system.send_timer_event()
    assert system.rows(JOBS) == [("completed", 1, None)]


async def test_day_that_the_source_lacks_is_skipped_with_a_reason(system: Any) -> None:
    await system.order("gone.json", {**ONE, "dates": ["2026-09-01"]})
    assert sums(system) == [("2026-09-01", "skipped", "0", "0", "0", "0", "0")]
    assert "does not exist" in system.rows("SELECT error FROM historical_job_dates")[0][0]
    assert system.rows(JOBS) == [("completed", 1, None)]


async def test_differing_total_of_the_source_is_noted(system: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from ingest_backfill.sources.base import DayTotals  # noqa: PLC0415  # what is patched

    async def different_total(*_: Any) -> int:
        return 61

    monkeypatch.setattr(DayTotals, "of", different_total)
    await system.order("one.json", ONE)
    assert system.rows("SELECT status, expected, error FROM historical_job_dates") == [
        ("completed", 61, "The source returned 60 killmails, but states 61.")
    ]


@pytest.mark.parametrize(
    ("dials", "min_seconds"), [({"forbidden": 1.0}, 55), ({"throttled": 1.0, "retry_after": 30}, 25)]
)
async def test_refusing_source_is_not_requested_during_its_cooldown(
    make_system: Callable[..., Any], dials: dict[str, Any], min_seconds: int
) -> None:
    system = await make_system(dials=dials)
    await system.order("one.json", ONE)
    assert system.rows("SELECT status, attempts FROM historical_job_dates") == [("pending", 1)]
    ((seconds,),) = system.rows("SELECT extract(epoch FROM quiet_until - now()) FROM upstream_cooldowns")
    assert seconds > min_seconds
    await system.send_timer_event()
    assert system.rows("SELECT status, attempts FROM historical_job_dates") == [("pending", 1)]
    assert "Next request not before" in system.rows("SELECT error FROM historical_job_dates")[0][0]


async def test_pause_cancellation_and_priority_take_effect_between_days(make_system: Callable[..., Any]) -> None:
    system = await make_system(BACKFILL_WINDOW_DAYS="1")
    await system.notify(system.upload("slow.json", ALL))
    await system.notify(system.upload("urgent.json", {**ONE, "priority": "high"}))
    assert [row[0] for row in system.rows(JOBS)] == ["running", "pending"]
    for _ in range(2):  # the running day and its completion; the next day belongs to the other job
        await system.handle(system.waiting.pop(0))
    assert [row[0] for row in system.rows(JOBS)] == ["pending", "running"]
    system.rows("UPDATE historical_ingestion_jobs SET status = 'paused' WHERE priority = 'normal'")
    await system.settle()
    assert [row[0] for row in system.rows(JOBS)] == ["paused", "completed"]
    assert [row[1] for row in system.rows(DAYS)].count("pending") == 2
    system.rows("UPDATE historical_ingestion_jobs SET status = 'cancelled' WHERE status = 'paused'")
    await system.send_timer_event()
    assert [row[1] for row in system.rows(DAYS)].count("cancelled") == 2


async def test_cancelled_day_stops_between_its_parts(system: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest_backfill.sources.base.KILLMAILS_PER_PART", 10)
    await system.notify(system.upload("one.json", ONE))
    system.rows("UPDATE historical_ingestion_jobs SET status = 'cancelled'")
    await system.settle()
    assert sums(system)[0][:2] == ("2026-10-02", "cancelled")
    assert system.published_references() == []


async def test_long_day_continues_in_steps(system: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest_backfill.sources.base.KILLMAILS_PER_PART", 20)
    monkeypatch.setattr("ingest_backfill.handlers.day_worker.STEP_SECONDS", -1)
    await system.order("one.json", ONE)
    assert system.rows("SELECT attempts FROM historical_job_dates") == [(6,)]  # 5, 10, 20, 20 and 5 killmails, the end
    assert sums(system) == [("2026-10-02", "completed", "60", "45", "15", "0", "0")]
    assert len(system.published_references()) == 45


@pytest.mark.parametrize("source", ["everef", "r2z2", "embedded", "objects"])
async def test_running_day_shows_its_progress(
    system: Any, monkeypatch: pytest.MonkeyPatch, hash_of: Any, source: str
) -> None:
    monkeypatch.setattr("ingest_backfill.sources.base.KILLMAILS_PER_PART", 20)
    monkeypatch.setattr("ingest_backfill.sources.esi.REQUESTS_PER_PART", 20)
    monkeypatch.setattr("ingest_backfill.handlers.day_worker.STEP_SECONDS", -1)
    killmails = system.killmails[date(2026, 10, 2)]
    system.put_object("a.jsonl", killmails)
    more = {
        "embedded": {
            "killmails": {"2026-10-02": {str(killmail["killmail_id"]): hash_of(killmail) for killmail in killmails}}
        },
        "objects": {"objects": {"2026-10-02": ["a.jsonl"]}},
    }
    await system.notify(system.upload("one.json", {**ONE, "source": source, **more.get(source, {})}))
    expected = None if source == "objects" else 60
    for read in (20, 40, 60) if source == "embedded" else (5, 15, 35, 55, 60):
        await system.handle(system.waiting.pop(0))
        assert system.rows("SELECT total, expected, status FROM historical_job_dates") == [(read, expected, "running")]
    await system.settle()
    assert sums(system) == [("2026-10-02", "completed", "60", "45", "15", "0", "0")]


@pytest.mark.parametrize("error", [TransientError("The store fails."), UpstreamUnavailable("The host fails.")])
async def test_day_that_made_progress_and_then_always_fails_ends_with_its_reason(
    system: Any, monkeypatch: pytest.MonkeyPatch, error: TransientError
) -> None:
    """Progress starts the count again; each attempt here is a request whose deliveries all failed."""
    worker = "ingest_backfill.handlers.day_worker"
    monkeypatch.setattr("ingest_backfill.sources.base.KILLMAILS_PER_PART", 20)
    monkeypatch.setattr(f"{worker}.MAX_FRUITLESS_ATTEMPTS", 4)
    monkeypatch.setattr(f"{worker}.MAX_UNANSWERED_ATTEMPTS", 4)
    write, requests = ChunkWriter.write, list[int]()

    async def fail_after_the_first_part(writer: ChunkWriter, entries: Any) -> None:
        if writer.counts.total:
            raise error
        await write(writer, entries)

    monkeypatch.setattr(ChunkWriter, "write", fail_after_the_first_part)
    await system.notify(system.upload("one.json", ONE))
    for _ in range(12):
        await deliver_once(system)
        status, fruitless = system.rows("SELECT status, fruitless_attempts FROM historical_job_dates")[0]
        requests.append(fruitless)
        if status == "failed":
            break
        system.rows("UPDATE historical_job_dates SET status = 'pending'")
        await system.handle(Event(TIMER, "tick", "ping", None, {}))
    assert requests == [0, 1, 2, 3, 4]
    assert sums(system)[0][:3] == ("2026-10-02", "failed", "5")  # the first part has five killmails
    reason = f"No progress in 4 attempts; the last error: {error}"
    assert system.rows(JOBS) == [("failed", 1, f"1 of 1 days failed: 2026-10-02: {reason}")]


async def deliver_once(system: Any) -> None:
    """Deliver the waiting events, without the repetitions of a Broker."""
    while system.waiting:
        with suppress(TransientError):
            await system.handle(system.waiting.pop(0))


async def test_other_body_of_a_stored_killmail_fails_with_its_reason_and_the_stored_one_stays(
    system: Any, make_killmail: Any
) -> None:
    """Of a live killmail, of one that the ruleset rejected, and of a backfilled one."""
    at, later = datetime(2026, 10, 2, 1, tzinfo=UTC), datetime(2026, 10, 2, 2, tzinfo=UTC)
    stored = [make_killmail(1, at), make_killmail(2, at, attackers=0), make_killmail(4, at)]
    await order_objects(system, "a", stored)
    system.rows("UPDATE killmail_events SET source = 'live', historical_job_id = NULL WHERE killmail_id = 1")
    columns = "SELECT killmail_id, zkb_hash, occurred_at, archive_key FROM killmail_events ORDER BY 1"
    before = system.rows(columns)
    others = [make_killmail(killmail_id, later) for killmail_id in (1, 2, 4)]
    await order_objects(system, "b", [*stored[:1], *others, make_killmail(3, at)])
    assert sorted(sums(system)) == [
        ("2026-10-02", "completed", "3", "2", "1", "0", "0"),
        ("2026-10-02", "completed", "5", "1", "0", "1", "3"),
    ]
    (error,) = system.rows("SELECT error FROM historical_job_dates WHERE failed > 0")[0]
    for killmail_id in (2, 4):
        assert f"The killmail {killmail_id} is stored with another body, which counts." in error
    assert "The source has killmail 1 with two bodies." in error
    assert [row for row in system.rows(columns) if row[0] != 3] == before
    assert [reference.killmail_id for reference in system.published_references()] == [1, 4, 3]


async def test_other_hash_in_a_list_of_ids_fails_with_its_reason_without_a_request(system: Any, hash_of: Any) -> None:
    killmails = system.killmails[date(2026, 10, 2)]
    hashes = {str(killmail["killmail_id"]): hash_of(killmail) for killmail in killmails[:3]}
    order = {**ONE, "source": "embedded"}
    await system.order("a.json", {**order, "killmails": {"2026-10-02": hashes}})
    changed = next(k for k in killmails[:3] if k["attackers"])["killmail_id"]
    await system.order("b.json", {**order, "killmails": {"2026-10-02": hashes | {str(changed): "0" * 40}}})
    ((known, failed, error),) = system.rows("SELECT known, failed, error FROM historical_job_dates WHERE failed > 0")
    assert (known, failed) == (2, 1)
    assert error.startswith(f"The killmail {changed} is stored with another body")


async def order_objects(system: Any, name: str, killmails: list[dict[str, Any]]) -> None:
    system.put_object(f"{name}.jsonl", killmails)
    await system.order(f"{name}.json", {**ONE, "source": "objects", "objects": {"2026-10-02": [f"{name}.jsonl"]}})
