"""The real process as the manifest runs it: uvicorn, settings from the environment, timer events over HTTP, kills."""

import random
import time
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread
from typing import Any
from uuid import uuid4

import pytest

from battlescope_local.testing.processes import FunctionProcess

pytestmark = [pytest.mark.postgres, pytest.mark.stores]


def send_timer_event(url: str) -> int | None:
    headers = {
        "ce-specversion": "1.0",
        "ce-type": "dev.knative.sources.ping",
        "ce-source": "/apis/v1/namespaces/battlescope/pingsources/ingest-poll",
        "ce-id": str(uuid4()),
        "content-type": "application/json",
    }
    request = urllib.request.Request(url, data=b"{}", headers=headers, method="POST")
    with suppress(OSError):
        return urllib.request.urlopen(request, timeout=60).status
    return None


def start_timer_event(process: FunctionProcess) -> Thread:
    thread = Thread(target=send_timer_event, args=(process.url,), daemon=True)
    thread.start()
    return thread


@pytest.fixture
def process(new_process: Callable[..., FunctionProcess], environment: dict[str, str]) -> FunctionProcess:
    return new_process("ingest_poll.main:app", environment)


def until(condition: Callable[[], object], seconds: float) -> bool:
    ends = time.monotonic() + seconds
    while time.monotonic() < ends:
        if condition():
            return True
        time.sleep(0.02)
    return False


def fill(harness: Any, count: int) -> dict[int, set[bytes]]:
    """Fill the feed with killmails, a placeholder, a refused body and a repeated killmail; returns the valid bodies."""
    factory, upstreams = harness.factory, harness.upstreams
    valid = {sequence: {factory.file(sequence)} for sequence in range(100, 100 + count)}
    upstreams.files = {sequence: factory.reply(*bodies) for sequence, bodies in valid.items()}
    repeated = factory.envelope(109, factory.killmail(1108))
    placeholder = b'{"killmail_id":null,"hash":null,"esi":null,"sequence_id":105}'
    for sequence, body in ((105, placeholder), (107, b"{}"), (109, repeated)):
        upstreams.files[sequence] = factory.reply(body)
        del valid[sequence]
    valid[108].add(repeated)
    upstreams.head = 100
    return valid


def end_lease(harness: Any) -> None:
    """Expire the lease of the dead run, which otherwise blocks its successor for some seconds."""
    harness.execute("UPDATE ingestion_status SET lease_until = now() - interval '1 second'")


def finish(harness: Any, process: FunctionProcess, count: int) -> None:
    """Run undisturbed until everything is stored and published."""
    end_lease(harness)
    process.start().wait_until_ready()
    start_timer_event(process)
    done = f"SELECT last_sequence = {100 + count} AND NOT EXISTS (SELECT FROM outbox_messages) FROM ingestion_status"
    assert until(lambda: harness.value(done), 120)


def assert_nothing_lost(harness: Any, valid: dict[int, set[bytes]]) -> None:
    upstreams = harness.upstreams
    ingested, refused = harness.ingested(), upstreams.published_of("killmail.refused")
    assert sorted(ingested) == sorted(str(1000 + sequence) for sequence in valid)
    counts = {subject: payload.get("count", 1) for subject, payload in upstreams.published_of("ingested").items()}
    assert sum(counts.values()) == len(valid)  # each in one event
    assert (
        len(set(upstreams.published_ids)) == len(counts) + 1
    )  # and the refused body; a repeated event has the same id
    for sequence, bodies in valid.items():
        assert harness.archived(ingested[str(1000 + sequence)]["archiveKey"]) in bodies
    assert harness.archived(refused["107"]["archiveKey"]) == b"{}"
    stored = harness.rows("SELECT killmail_id FROM killmail_events ORDER BY 1")
    assert [row[0] for row in stored] == [1000 + sequence for sequence in sorted(valid)]
    sums = "SELECT sum(received), sum(accepted), sum(duplicate), sum(refused) FROM ingestion_stats_hourly"
    assert harness.rows(sums) == [(len(valid) + 2, len(valid), 1, 1)]


CRASH_POINTS = (
    "ingest_poll.sources.feed_reader:FeedReader.read_batch:after",
    "battlescope_events.object_storage.objects:ObjectStorage.put_once:before",
    "battlescope_events.object_storage.objects:ObjectStorage.put_once:after",
    "ingest_poll.persistence.killmails:KillmailRepository.claim_ids:after",
    "ingest_poll.persistence.unit_of_work:UnitOfWork.enqueue:after",
    "ingest_poll.persistence.feed_files:FeedFileRepository.update_rereads:after",
    "ingest_poll.handlers.pipeline:FilePipeline._store_fetched:after",
    "battlescope_events.publisher:BrokerPublisher.__call__:before",
    "battlescope_events.publisher:BrokerPublisher.__call__:after",
    "battlescope_events.postgres.outbox:Outbox._lock_waiting:after",
    "battlescope_events.postgres.outbox:Outbox._flush_batch:after",
)


# Where killmails are published as batches, beside the points where nothing differs.
CRASH_POINTS_OF_BATCHES = (
    "ingest_poll.handlers.pipeline:FilePipeline._ingested_events:before",
    "ingest_poll.handlers.pipeline:FilePipeline._ingested_events:after",
    "ingest_poll.handlers.pipeline:FilePipeline._store_fetched:after",
    "battlescope_events.publisher:BrokerPublisher.__call__:after",
)


@pytest.mark.parametrize(
    ("crash_point", "batch_threshold"),
    [*((point, 100) for point in CRASH_POINTS), *((point, 0) for point in CRASH_POINTS_OF_BATCHES)],
)
def test_crash_at_any_point_loses_and_repeats_nothing(
    crash_point: str,
    batch_threshold: int,
    new_process: Callable[..., FunctionProcess],
    environment: dict[str, str],
    harness: Any,
) -> None:
    valid = fill(harness, 20)
    environment |= {"BATCH_THRESHOLD": str(batch_threshold)}
    process = new_process("ingest_poll.main:app", environment)
    support = Path(__file__).parent / "support"
    crashing = new_process("crash_point:app", environment | {"DIE_AT": crash_point}, app_dir=support)
    crashing.start().wait_until_ready()
    start_timer_event(crashing)
    assert crashing.wait() == 9
    finish(harness, process, 20)
    assert_nothing_lost(harness, valid)


def test_random_kills_lose_and_repeat_nothing(
    new_process: Callable[..., FunctionProcess], environment: dict[str, str], harness: Any
) -> None:
    valid, rng = fill(harness, 300), random.Random(7)
    process = new_process("ingest_poll.main:app", environment | {"FEED_MAX_RATE": "150"})
    for _ in range(5):
        end_lease(harness)
        process.start().wait_until_ready()
        start_timer_event(process)
        time.sleep(rng.uniform(0.1, 0.6))
        process.kill()
    finish(harness, process, 300)
    assert_nothing_lost(harness, valid)


def test_next_timer_event_takes_over_an_expired_lease(process: FunctionProcess, harness: Any) -> None:
    harness.upstreams.files = {100: harness.factory.reply(harness.factory.file(100))}
    process.start().wait_until_ready()
    first = start_timer_event(process)
    assert until(lambda: len(harness.upstreams.published) == 1, 120)
    holder = harness.value("SELECT lease_holder FROM ingestion_status")
    start_timer_event(process)

    def is_taken_over() -> bool:
        end_lease(harness)  # every time: the first run renews the lease with every commit
        return harness.value("SELECT lease_holder FROM ingestion_status") not in {holder, None}

    assert until(is_taken_over, 120)
    assert until(lambda: not first.is_alive(), 120)  # the run that lost the lease ends by itself
    harness.upstreams.files[101] = harness.factory.reply(harness.factory.file(101))
    assert until(lambda: len(harness.upstreams.published) == 2, 120)


STANDBY_CRASH_POINTS = (
    "ingest_poll.persistence.unit_of_work:Database.save_failover:before",
    "ingest_poll.persistence.unit_of_work:Database.save_failover:after",
    "ingest_poll.sources.history_client:HistoryListSource.fetch:after",
    "ingest_poll.persistence.failover:FailoverRepository.save_standby_position:after",
    "ingest_poll.persistence.listings:ListingRepository.postpone:after",
    "ingest_poll.handlers.polling:FeedPoller._poll_standby:after",
    "battlescope_events.publisher:BrokerPublisher.__call__:after",
)
SWITCHING = {
    "STANDBY_MAX_RATE": "10000",
    "STANDBY_IDLE_SECONDS": "0.5",
    "FAILOVER_SILENCE_SECONDS": "0.5",
    "FAILOVER_RECOVERY_SECONDS": "0.1",
}


@pytest.mark.parametrize("crash_point", STANDBY_CRASH_POINTS)
def test_crash_while_the_source_is_switched_loses_and_repeats_nothing(
    crash_point: str, new_process: Callable[..., FunctionProcess], environment: dict[str, str], harness: Any
) -> None:
    """The feed is silent after its first file; the lists lack the killmail of file 104, which only the feed has."""
    upstreams, factory = harness.upstreams, harness.factory
    killmails = {sequence: factory.killmail(1000 + sequence, at=datetime.now(UTC)) for sequence in range(100, 106)}
    files = {sequence: factory.reply(factory.envelope(sequence, mail)) for sequence, mail in killmails.items()}
    upstreams.files, upstreams.head = {100: files[100]}, 100
    upstreams.list_killmails(*(mail for sequence, mail in killmails.items() if sequence != 104))
    support = Path(__file__).parent / "support"
    crashing = new_process("crash_point:app", environment | SWITCHING | {"DIE_AT": crash_point}, app_dir=support)
    crashing.start().wait_until_ready()
    start_timer_event(crashing)
    assert crashing.wait() == 9
    end_lease(harness)
    process = new_process("ingest_poll.main:app", environment | SWITCHING)
    process.start().wait_until_ready()
    start_timer_event(process)
    subjects = {str(1000 + sequence) for sequence in killmails}
    assert until(lambda: set(upstreams.published_of("ingested")) == subjects - {"1104"}, 60)
    upstreams.files, upstreams.head = files, 105
    start_timer_event(process)
    revised = "SELECT count(*) FROM killmail_events WHERE isk_value IS NOT NULL"
    assert until(lambda: harness.value(revised) == 6 and set(upstreams.published_of("ingested")) == subjects, 60)
    assert until(lambda: not harness.value("SELECT count(*) FROM outbox_messages"), 60)
    ids = {h["ce-id"]: h["ce-subject"] for _, _, h, _ in upstreams.published}  # a repeated event has the same id
    assert sorted(ids.values()) == sorted([*subjects, "1101", "1102", "1103", "1105"])
    assert harness.value("SELECT sum(accepted) FROM ingestion_stats_hourly") == 6
    assert harness.value("SELECT count(*) FROM source_switches WHERE active = 'standby'") >= 1


BACKLOG_CRASH_POINTS = (
    "ingest_poll.persistence.feed_files:FeedFileRepository.insert_backlog:after",
    "ingest_poll.persistence.feed_files:FeedFileRepository.save_backlog:after",
    "ingest_poll.sources.feed_reader:FeedReader.read_backlog:after",
    "ingest_poll.handlers.polling:FeedPoller._poll_backlog:after",
)


@pytest.mark.parametrize("crash_point", BACKLOG_CRASH_POINTS)
def test_crash_while_an_outage_is_caught_up_loses_and_repeats_nothing(
    crash_point: str, new_process: Callable[..., FunctionProcess], environment: dict[str, str], harness: Any
) -> None:
    valid = fill(harness, 60)
    harness.upstreams.head = 150
    harness.execute("UPDATE ingestion_status SET last_sequence = 100, head = 100, found_at = now()")
    environment |= {"CATCH_UP_SECONDS": "0.002"}  # of 10,000 requests a second: 20 files
    crashing = new_process(
        "crash_point:app", environment | {"DIE_AT": crash_point}, app_dir=Path(__file__).parent / "support"
    )
    crashing.start().wait_until_ready()
    start_timer_event(crashing)
    assert crashing.wait() == 9
    finish(harness, new_process("ingest_poll.main:app", environment), 60)
    assert until(lambda: not harness.value("SELECT count(*) FROM feed_backlogs"), 60)
    assert until(lambda: not harness.value("SELECT count(*) FROM outbox_messages"), 60)
    assert_nothing_lost(harness, valid)
    assert harness.value("SELECT sum(from_backlog) FROM ingestion_stats_hourly") == 47
