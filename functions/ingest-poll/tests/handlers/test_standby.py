"""The standby source takes over and hands back, on real PostgreSQL and S3, with sources that the test controls."""

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from battlescope_events.catalog import TIMER
from battlescope_events.messages import Event
from ingest_poll import main
from ingest_poll.feed import feed_state
from ingest_poll.handlers import polling
from ingest_poll.main import build
from ingest_poll.settings import Settings

pytestmark = [pytest.mark.postgres, pytest.mark.stores]
TIMER_EVENT: Event[Any] = Event(TIMER, "timer-event", "ping", {}, {})
NOW = datetime.now(UTC)
FAST = {
    "STANDBY_MAX_RATE": "10000",
    "STANDBY_IDLE_SECONDS": "0.2",
    "FAILOVER_SILENCE_SECONDS": "0.3",
    "FAILOVER_ERROR_SECONDS": "0.2",
    "FAILOVER_RECOVERY_SECONDS": "0.1",
}


@pytest.fixture(autouse=True)
def short_runs(monkeypatch: pytest.MonkeyPatch, harness: Any) -> None:
    for name, value in (harness.environment | FAST).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(polling, "RUN_SECONDS", 0.7)
    monkeypatch.setattr(polling, "OBSERVE_SECONDS", 0.02)
    monkeypatch.setattr(feed_state, "FIRST_FAILURE_SECONDS", 0.001)
    monkeypatch.setattr(feed_state, "MAX_FAILURE_SECONDS", 0.01)


async def run_until(condition: Callable[[], object], runs: int = 20) -> None:
    """Runs of one process after the other, each a new process, until the condition holds."""
    for _ in range(runs):
        async with build() as function:
            await function.handle(TIMER_EVENT)
        if condition():
            return
    pytest.fail("The condition did not come true.")


def active(harness: Any) -> str:
    return harness.value("SELECT active FROM source_failover")


def publish(harness: Any, *sequences: int) -> None:
    for sequence in sequences:
        killmail = harness.factory.killmail(1000 + sequence, at=NOW)
        harness.upstreams.files[sequence] = harness.factory.reply(harness.factory.envelope(sequence, killmail))


def events(harness: Any) -> list[tuple[str, str | None, int | None]]:
    """Subject, value and revision of each published killmail, in the order of subjects."""
    bodies = [
        (h["ce-subject"], json.loads(b)) for _, _, h, b in harness.upstreams.published if "ingested" in h["ce-type"]
    ]
    return sorted(((s, b.get("iskValue"), b.get("valueRevision")) for s, b in bodies), key=str)


async def test_silent_feed_is_replaced_and_comes_back_without_loss_or_repetition(
    harness: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    upstreams, factory = harness.upstreams, harness.factory
    publish(harness, 7, 8)
    upstreams.head = 7
    await run_until(lambda: len(upstreams.published) == 2)
    listed = [factory.killmail(1000 + n, at=NOW) for n in (7, 8, 9, 10, 12)]
    upstreams.list_killmails(*listed)
    await run_until(lambda: len(upstreams.published) == 5)
    assert active(harness) == "standby"
    monkeypatch.setenv("FAILOVER_SILENCE_SECONDS", "3600")  # this feed is silent after its last file
    publish(harness, 9, 10, 11, 12)  # 11 is in no list
    upstreams.head = 12
    await run_until(lambda: active(harness) == "primary" and len(upstreams.published) == 9)
    value = "1000000.50"
    assert events(harness) == sorted(
        [(f"{1000 + n}", value, None) for n in (7, 8, 11)]
        + [(f"{1000 + n}", None, None) for n in (9, 10, 12)]
        + [(f"{1000 + n}", value, 1) for n in (9, 10, 12)],
        key=str,
    )
    assert len(set(upstreams.published_ids)) == 9
    assert harness.rows("SELECT active FROM source_switches ORDER BY id") == [("standby",), ("primary",)]
    sums = "SELECT sum(accepted), sum(from_standby), sum(duplicate) FROM ingestion_stats_hourly"
    assert harness.rows(sums) == [(6, 3, 3)]
    assert harness.value("SELECT count(*) FROM feed_gaps") == 0


WRONG = {
    "status 503": lambda reply: reply(status=503),
    "a page instead of a file": lambda reply: reply(b"<html>one moment</html>"),
    "no killmail": lambda reply: reply(b"{}"),
}


@pytest.mark.parametrize("kind", WRONG)
async def test_wrong_feed_is_replaced(harness: Any, kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAILOVER_SILENCE_SECONDS", "3600")
    upstreams = harness.upstreams
    upstreams.files = dict.fromkeys(range(7, 4000), WRONG[kind](harness.factory.reply))
    upstreams.head = 7
    upstreams.list_killmails(harness.factory.killmail(2001, at=NOW))
    await run_until(lambda: "2001" in upstreams.published_of("killmail.ingested"))
    reason = harness.value("SELECT reason FROM source_switches")
    assert reason.startswith("The feed gives no usable response for ")


async def test_feed_whose_head_goes_back_is_replaced(harness: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FAILOVER_SILENCE_SECONDS", "3600")
    publish(harness, 700)
    await run_until(lambda: len(harness.upstreams.published) == 1)
    harness.upstreams.head = 3
    await run_until(lambda: active(harness) == "standby")
    assert "The feed's head goes back from 700 to 3." in harness.value("SELECT reason FROM source_switches")


async def test_ban_of_the_host_holds_for_its_lists_too(harness: Any) -> None:
    harness.upstreams.files = {7: harness.factory.reply(status=403)}
    harness.upstreams.list_killmails(harness.factory.killmail(2001, at=NOW))
    await run_until(lambda: active(harness) == "standby")
    await run_until(lambda: True)
    assert harness.upstreams.count("/history/") == 0
    assert harness.upstreams.requested_sequences() == [7]


async def test_mirror_on_another_host_replaces_a_feed_that_bans(harness: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its numbers are its own: neither gaps nor the position of the feed come from it."""
    monkeypatch.setenv("STANDBY_SOURCE", "mirror")
    monkeypatch.setenv("STANDBY_URL", f"{harness.upstreams.url}/mirror")
    monkeypatch.setenv("FAILOVER_SILENCE_SECONDS", "3600")
    monkeypatch.setattr(main, "MIRROR_LOOKBACK", 3)
    publish(harness, 7)
    await run_until(lambda: len(harness.upstreams.published) == 1)
    harness.upstreams.files[8] = harness.factory.reply(status=403)
    for sequence, killmail_id in ((50_000, 1007), (50_001, 3001), (50_003, 3002)):
        body = harness.factory.envelope(sequence, harness.factory.killmail(killmail_id, at=NOW))
        harness.upstreams.mirror[sequence] = harness.factory.reply(body)
    await run_until(lambda: len(harness.upstreams.published) == 3)
    assert sorted(harness.upstreams.published_of("killmail.ingested")) == ["1007", "3001", "3002"]
    assert harness.value("SELECT last_sequence FROM ingestion_status") == 8
    assert harness.value("SELECT count(*) FROM feed_gaps") == 0
    assert harness.rows("SELECT sum(received), sum(from_standby) FROM ingestion_stats_hourly") == [(4, 2)]


async def test_listed_killmail_that_esi_lacks_is_asked_for_again_later(harness: Any) -> None:
    upstreams, factory = harness.upstreams, harness.factory
    upstreams.list_killmails(*(factory.killmail(n, at=NOW) for n in (2001, 2002, 2003)))
    del upstreams.esi["2002"]
    upstreams.esi["2003"] = factory.reply(json.dumps(factory.killmail(2003, at=NOW - timedelta(hours=1))).encode())
    await run_until(lambda: "2001" in upstreams.published_of("killmail.ingested"))
    await run_until(lambda: True)
    assert upstreams.count("/killmails/2002/") == upstreams.count("/killmails/2003/") == 1
    rows = harness.rows("SELECT killmail_id, tries, due_at > now() FROM unavailable_listings ORDER BY 1")
    assert rows == [(2002, 1, True), (2003, 1, True)]
    refused = upstreams.published_of("killmail.refused")
    assert "hash" in refused["0"]["reason"]
    assert refused["0"]["url"].endswith("#2003")
    harness.execute("UPDATE unavailable_listings SET due_at = now()")
    upstreams.esi["2002"] = factory.reply(json.dumps(factory.killmail(2002, at=NOW)).encode())
    await run_until(lambda: "2002" in upstreams.published_of("killmail.ingested"))
    harness.execute("UPDATE unavailable_listings SET due_at = now(), tries = 6")
    requests = upstreams.count("/killmails/2003/")
    await run_until(lambda: True)
    assert upstreams.count("/killmails/2003/") == requests


async def test_lists_are_not_requested_sooner_after_a_restart(harness: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STANDBY_IDLE_SECONDS", "300")
    await run_until(lambda: harness.upstreams.count("/history/"))
    await run_until(lambda: active(harness) == "standby")
    requests = harness.upstreams.count("/history/")
    await run_until(lambda: True)
    assert harness.upstreams.count("/history/") == requests == 1


async def test_lists_of_all_days_since_the_last_killmail_are_read(harness: Any) -> None:
    publish(harness, 7)
    await run_until(lambda: len(harness.upstreams.published) == 1)
    harness.execute("""UPDATE source_failover
        SET last_killmail_at = now() - interval '30 hours', found_at = now() - interval '30 hours'""")
    yesterday = NOW - timedelta(days=1)
    harness.upstreams.list_killmails(harness.factory.killmail(2001, at=yesterday), day=yesterday)
    await run_until(lambda: "2001" in harness.upstreams.published_of("killmail.ingested"))
    assert harness.upstreams.count("/ephemeral/") > 0


async def test_without_a_standby_nothing_is_switched(harness: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STANDBY_SOURCE", "off")
    for _ in range(2):
        await run_until(lambda: True)
    assert harness.rows("SELECT active, observed_at FROM source_failover") == [("primary", None)]
    assert harness.upstreams.count("/history/") == 0


def test_mirror_needs_an_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STANDBY_SOURCE", "mirror")
    with pytest.raises(ValueError, match="STANDBY_SOURCE=mirror needs the address of the mirror in STANDBY_URL"):
        Settings()
