"""The feed's order, numbers and faults, as a pure function of the time it is told."""

import json
from math import inf
from typing import Any

import pytest

from battlescope_upstream.content.published_feed import FIRST_SEQUENCE, FeedEntry, PublishedFeed
from battlescope_upstream.content.schedule import InvalidSpeed, make_schedule
from battlescope_upstream.fault_settings import FaultSettings, InvalidFaultSetting
from battlescope_upstream.simulation.feed import SimulatedFeed

OPENED = 1_000_000.0


def _feed(evening: SimulatedFeed, speed: str = "max", **dials: Any) -> PublishedFeed:
    mails = evening.killmails[:300]
    turned = FaultSettings().with_changes(dials)
    return PublishedFeed(
        mails, make_schedule(speed, mails, turned.head_start), OPENED, 1, lambda _: {"labels": ["pvp"]}, turned
    )


def _ids(feed: PublishedFeed) -> list[int]:
    return [entry.killmail.killmail_id for entry in feed.entries if entry.killmail is not None]


def _file(feed: PublishedFeed, entry: FeedEntry) -> dict[str, Any]:
    return json.loads(feed.render(entry, rewritten=entry.rewritten))


def test_all_at_once_in_order_without_gaps(evening: SimulatedFeed) -> None:
    feed = _feed(evening)
    feed.advance(OPENED)
    assert _ids(feed) == [mail.killmail_id for mail in evening.killmails[:300]]
    assert [entry.sequence for entry in feed.entries] == [*range(FIRST_SEQUENCE, FIRST_SEQUENCE + 300)]
    assert feed.finished


def test_a_file_is_the_envelope_around_the_text_of_esi(evening: SimulatedFeed) -> None:
    feed = _feed(evening)
    feed.advance(OPENED + 0.75)
    text = feed.render(feed.entries[3], rewritten=False)
    file = json.loads(text)
    assert list(file) == ["killmail_id", "hash", "esi", "zkb", "uploaded_at", "sequence_id"]
    assert evening.killmails[3].esi in text
    assert (file["uploaded_at"], file["sequence_id"]) == (1_000_000, FIRST_SEQUENCE + 3)


def test_calling_often_or_once_gives_the_same_files(evening: SimulatedFeed) -> None:
    faults = {"reorder": 0.2, "duplicates": 0.1, "rewrites": 0.1, "holes": 0.1, "placeholders": 0.05, "lost": 0.05}
    often, once = _feed(evening, "600", **faults), _feed(evening, "600", **faults)
    for second in range(0, 400, 3):
        often.advance(OPENED + second)
    once.advance(OPENED + 399)
    assert often.entries == once.entries
    assert len(once.entries) > 100


def test_pace(evening: SimulatedFeed) -> None:
    mails = evening.killmails[:300]
    tenfold, rate = make_schedule("10", mails, 0), make_schedule("20/s", mails, 5)
    assert tenfold(50) == (mails[50].killed_at - mails[0].killed_at) / 10
    assert make_schedule("10", mails, 40)(41) == (mails[41].killed_at - mails[39].killed_at) / 10
    assert (rate(5), rate(24)) == (0.05, 1.0)
    assert make_schedule("max", mails, 0)(299) == 0
    assert make_schedule("0", mails, 0)(0) == inf
    for wrong in ("fast", "-1", "inf", "nan", "1/min"):
        with pytest.raises(InvalidSpeed):
            make_schedule(wrong, mails, 0)


def test_head_start_and_release_by_hand(evening: SimulatedFeed) -> None:
    feed = _feed(evening, "0", head_start=40)
    feed.advance(OPENED + 9)
    assert len(feed.entries) == 40
    feed.change_faults(feed.faults.with_changes({"head_start": 43}), OPENED + 10)
    feed.advance(OPENED + 11)
    assert [entry.visible_at for entry in feed.entries[39:]] == [OPENED, *[OPENED + 10] * 3]


def test_delay(evening: SimulatedFeed) -> None:
    feed = _feed(evening, delay=7.5)
    feed.advance(OPENED + 7)
    assert feed.entries == []
    feed.advance(OPENED + 8)
    assert feed.entries[0].visible_at == OPENED + 7.5


def test_the_head_lags_by_up_to_51_unless_exact_or_frozen(evening: SimulatedFeed) -> None:
    feed = _feed(evening, "1/s")
    heads: list[int] = []
    for second in range(1, 160):
        feed.advance(OPENED + second)
        heads.append(feed.announced_head() - FIRST_SEQUENCE)
    assert sorted(set(heads)) == [0, 52, 104, 156]
    feed.change_faults(feed.faults.with_changes({"exact_head": True}), OPENED + 160)
    assert feed.announced_head() == feed.next_sequence - 1
    feed.change_faults(feed.faults.with_changes({"frozen_head": True}), OPENED + 160)
    assert feed.announced_head() == FIRST_SEQUENCE


def test_reordered_mails_all_come_but_later(evening: SimulatedFeed) -> None:
    feed = _feed(evening, reorder=0.3, reorder_distance=6)
    feed.advance(OPENED)
    order = [mail.killmail_id for mail in evening.killmails[:300]]
    places = [order.index(killmail_id) for killmail_id in _ids(feed)]
    assert sorted(places) == [*range(300)]
    late = sum(place < max(places[:n], default=0) for n, place in enumerate(places))
    assert 40 < late < 140
    assert max(n - place for n, place in enumerate(places)) <= 6


def test_duplicates_come_again_with_another_label(evening: SimulatedFeed) -> None:
    feed = _feed(evening, duplicates=0.2)
    feed.advance(OPENED)
    ids = _ids(feed)
    again = [entry for n, entry in enumerate(feed.entries) if entry.killmail and entry.killmail.killmail_id in ids[:n]]
    assert 30 < len(again) < 90
    assert all(_file(feed, entry)["zkb"]["labels"] == ["pvp", "ganked"] for entry in again)
    assert len(set(ids)) == 300


def test_a_rewritten_file_is_told_of_by_a_later_one(evening: SimulatedFeed) -> None:
    feed = _feed(evening, rewrites=0.1)
    feed.advance(OPENED)
    told = {file["sequence_updated"] for file in (_file(feed, e) for e in feed.entries) if "sequence_updated" in file}
    rewritten = [entry for entry in feed.entries if entry.rewritten]
    assert told
    assert told <= {entry.sequence for entry in rewritten}
    first = feed.render(rewritten[0], rewritten=False)
    assert "ganked" not in json.loads(first)["zkb"]["labels"]
    assert "ganked" in _file(feed, rewritten[0])["zkb"]["labels"]


def test_holes_close_and_permanent_ones_do_not(evening: SimulatedFeed) -> None:
    feed = _feed(evening, holes=0.1, hole_seconds=5.0, permanent_holes=0.1)
    feed.advance(OPENED)
    now = {entry.sequence for entry in feed.entries if feed.visible_entry(entry.sequence, OPENED)}
    later = {entry.sequence for entry in feed.entries if feed.visible_entry(entry.sequence, OPENED + 5)}
    assert now < later
    missing = {entry.sequence for entry in feed.entries} - later
    assert 10 < len(missing) < 60
    assert len(later) == 300


def test_placeholders_and_lost_mails(evening: SimulatedFeed) -> None:
    feed = _feed(evening, placeholders=0.1, lost=0.1)
    feed.advance(OPENED)
    empty = [_file(feed, entry) for entry in feed.entries if entry.killmail is None]
    assert all((f["killmail_id"], f["hash"]) == (None, None) and f["zkb"]["href"].endswith("///") for f in empty)
    assert 10 < len(empty) < 60
    assert 240 < len(_ids(feed)) < 290


@pytest.mark.parametrize("wrong", [{"dely": 1}, {"delay": "1"}, {"exact_head": 1}, {"holes": True}, {"reorder": -1}])
def test_dials_that_do_not_exist_or_fit(wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidFaultSetting):
        FaultSettings().with_changes(wrong)
