"""Order, sequence numbers and faults of the published feed as a pure function of time."""

import json
from typing import Any

from battlescope_upstream.content.published_feed import FIRST_SEQUENCE, FeedEntry, PublishedFeed
from battlescope_upstream.content.schedule import make_schedule
from battlescope_upstream.fault_settings import FaultSettings
from battlescope_upstream.simulation.feed import SimulatedFeed

OPENED = 1_000_000.0


def _feed(simulated_feed: SimulatedFeed, speed: str = "max", **settings: Any) -> PublishedFeed:
    killmails = simulated_feed.killmails[:300]
    faults = FaultSettings().with_changes(settings)
    schedule = make_schedule(speed, killmails, faults.head_start)
    return PublishedFeed(killmails, schedule, OPENED, 1, lambda _: {"labels": ["pvp"]}, faults)


def _ids(feed: PublishedFeed) -> list[int]:
    return [entry.killmail.killmail_id for entry in feed.entries if entry.killmail is not None]


def _file(feed: PublishedFeed, entry: FeedEntry) -> dict[str, Any]:
    return json.loads(feed.render(entry, rewritten=entry.rewritten))


def test_maximum_speed_publishes_all_in_order_without_holes(simulated_feed: SimulatedFeed) -> None:
    feed = _feed(simulated_feed)
    feed.advance(OPENED)
    assert _ids(feed) == [killmail.killmail_id for killmail in simulated_feed.killmails[:300]]
    assert [entry.sequence for entry in feed.entries] == [*range(FIRST_SEQUENCE, FIRST_SEQUENCE + 300)]
    assert feed.finished


def test_file_contains_the_unchanged_text_of_esi(simulated_feed: SimulatedFeed) -> None:
    feed = _feed(simulated_feed)
    feed.advance(OPENED + 0.75)
    text = feed.render(feed.entries[3], rewritten=False)
    file = json.loads(text)
    assert list(file) == ["killmail_id", "hash", "esi", "zkb", "uploaded_at", "sequence_id"]
    assert simulated_feed.killmails[3].esi in text
    assert (file["uploaded_at"], file["sequence_id"]) == (1_000_000, FIRST_SEQUENCE + 3)


def test_number_of_calls_does_not_change_the_files(simulated_feed: SimulatedFeed) -> None:
    faults = {"reorder": 0.2, "duplicates": 0.1, "rewrites": 0.1, "holes": 0.1, "placeholders": 0.05, "lost": 0.05}
    often, once = _feed(simulated_feed, "600", **faults), _feed(simulated_feed, "600", **faults)
    for second in range(0, 400, 3):
        often.advance(OPENED + second)
    once.advance(OPENED + 399)
    assert often.entries == once.entries
    assert len(once.entries) > 100


def test_higher_head_start_releases_more_killmails(simulated_feed: SimulatedFeed) -> None:
    feed = _feed(simulated_feed, "0", head_start=40)
    feed.advance(OPENED + 9)
    assert len(feed.entries) == 40
    feed.change_faults(feed.faults.with_changes({"head_start": 43}), OPENED + 10)
    feed.advance(OPENED + 11)
    assert [entry.visible_at for entry in feed.entries[39:]] == [OPENED, *[OPENED + 10] * 3]


def test_delay(simulated_feed: SimulatedFeed) -> None:
    feed = _feed(simulated_feed, delay=7.5)
    feed.advance(OPENED + 7)
    assert feed.entries == []
    feed.advance(OPENED + 8)
    assert feed.entries[0].visible_at == OPENED + 7.5


def test_head_lags_by_up_to_51_unless_exact_or_frozen(simulated_feed: SimulatedFeed) -> None:
    feed = _feed(simulated_feed, "1/s")
    heads: list[int] = []
    for second in range(1, 160):
        feed.advance(OPENED + second)
        heads.append(feed.announced_head() - FIRST_SEQUENCE)
    assert sorted(set(heads)) == [0, 52, 104, 156]
    feed.change_faults(feed.faults.with_changes({"exact_head": True}), OPENED + 160)
    assert feed.announced_head() == feed.next_sequence - 1
    feed.change_faults(feed.faults.with_changes({"frozen_head": True}), OPENED + 160)
    assert feed.announced_head() == FIRST_SEQUENCE


def test_reordered_killmails_are_late_but_complete(simulated_feed: SimulatedFeed) -> None:
    feed = _feed(simulated_feed, reorder=0.3, reorder_distance=6)
    feed.advance(OPENED)
    order = [killmail.killmail_id for killmail in simulated_feed.killmails[:300]]
    positions = [order.index(killmail_id) for killmail_id in _ids(feed)]
    assert sorted(positions) == [*range(300)]
    late = sum(position < max(positions[:n], default=0) for n, position in enumerate(positions))
    assert 40 < late < 140
    assert max(n - position for n, position in enumerate(positions)) <= 6


def test_duplicate_has_another_label(simulated_feed: SimulatedFeed) -> None:
    feed = _feed(simulated_feed, duplicates=0.2)
    feed.advance(OPENED)
    ids = _ids(feed)
    duplicates = [
        entry for n, entry in enumerate(feed.entries) if entry.killmail and entry.killmail.killmail_id in ids[:n]
    ]
    assert 30 < len(duplicates) < 90
    assert all(_file(feed, entry)["zkb"]["labels"] == ["pvp", "ganked"] for entry in duplicates)
    assert len(set(ids)) == 300


def test_later_file_names_the_rewritten_one(simulated_feed: SimulatedFeed) -> None:
    feed = _feed(simulated_feed, rewrites=0.1)
    feed.advance(OPENED)
    files = [_file(feed, entry) for entry in feed.entries]
    updated = {file["sequence_updated"] for file in files if "sequence_updated" in file}
    rewritten = [entry for entry in feed.entries if entry.rewritten]
    assert updated
    assert updated <= {entry.sequence for entry in rewritten}
    first = feed.render(rewritten[0], rewritten=False)
    assert "ganked" not in json.loads(first)["zkb"]["labels"]
    assert "ganked" in _file(feed, rewritten[0])["zkb"]["labels"]


def test_temporary_holes_close_and_permanent_ones_stay(simulated_feed: SimulatedFeed) -> None:
    feed = _feed(simulated_feed, holes=0.1, hole_seconds=5.0, permanent_holes=0.1)
    feed.advance(OPENED)
    visible = {entry.sequence for entry in feed.entries if feed.visible_entry(entry.sequence, OPENED)}
    later = {entry.sequence for entry in feed.entries if feed.visible_entry(entry.sequence, OPENED + 5)}
    assert visible < later
    missing = {entry.sequence for entry in feed.entries} - later
    assert 10 < len(missing) < 60
    assert len(later) == 300


def test_placeholders_and_lost_killmails(simulated_feed: SimulatedFeed) -> None:
    feed = _feed(simulated_feed, placeholders=0.1, lost=0.1)
    feed.advance(OPENED)
    placeholders = [_file(feed, entry) for entry in feed.entries if entry.killmail is None]
    assert all((f["killmail_id"], f["hash"]) == (None, None) and f["zkb"]["href"].endswith("///") for f in placeholders)
    assert 10 < len(placeholders) < 60
    assert 240 < len(_ids(feed)) < 290
