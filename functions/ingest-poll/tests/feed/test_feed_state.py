from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest_poll.feed.feed_state import (
    EXPIRED_STEP,
    HEAD_LAG,
    MAX_TRIES,
    CoolingDown,
    FeedPosition,
    FeedResponse,
    FileRead,
    Gap,
    Missing,
    PollingSchedule,
    RequestFailed,
    UnusableBody,
    advance,
    advance_backlog,
    after_pass,
    prefetch_size,
    should_request_head,
    split_backlog,
    with_head,
)

NOW = datetime(2026, 10, 3, 12, tzinfo=UTC)
SCHEDULE = PollingSchedule()
CURSOR = 96_000_000

responses: st.SearchStrategy[FeedResponse] = st.one_of(
    st.just(FileRead()),
    st.just(Missing()),
    st.builds(CoolingDown, st.floats(0, 5_400).map(lambda s: NOW + timedelta(seconds=s)), st.just("403")),
    st.builds(RequestFailed, st.just("503")),
    st.builds(UnusableBody, st.just("HTML")),
)
jitters = st.floats(0, 1, exclude_max=True)
positions = st.builds(
    FeedPosition,
    cursor=st.just(CURSOR),
    head=st.none() | st.integers(CURSOR - 100, CURSOR + 20_000),
    skip_at=st.none() | st.integers(-100, 100).map(lambda s: NOW + timedelta(seconds=s)),
    found_at=st.none() | st.integers(0, 200_000).map(lambda s: NOW - timedelta(seconds=s)),
    holes=st.integers(0, 40),
    tries=st.integers(0, MAX_TRIES - 1),
    failures=st.integers(0, 2_000),
)


@given(positions, responses, jitters)
def test_cursor_never_moves_back_and_every_skipped_file_is_in_a_gap(
    position: FeedPosition, response: FeedResponse, jitter: float
) -> None:
    transition = advance(position, response, NOW, SCHEDULE, jitter)
    moved = (transition.position.cursor or 0) - CURSOR
    assert moved >= 0
    if isinstance(response, FileRead):
        assert (moved, transition.gap) == (1, None)
    else:
        skipped = transition.gap.last - transition.gap.first + 1 if transition.gap else 0
        assert moved == skipped
        assert transition.gap is None or transition.gap.first == CURSOR


@given(positions, responses, jitters)
def test_unchanged_cursor_waits_at_most_ninety_minutes(
    position: FeedPosition, response: FeedResponse, jitter: float
) -> None:
    next_position = advance(position, response, NOW, SCHEDULE, jitter).position
    if next_position.cursor == CURSOR:
        assert next_position.quiet_until is not None
        assert 0 <= next_position.wait_seconds(NOW) <= 5_400


@given(positions, jitters)
def test_missing_file_is_requested_again_after_six_seconds(position: FeedPosition, jitter: float) -> None:
    next_position = advance(position, Missing(), NOW, SCHEDULE, jitter).position
    assert next_position.cursor != CURSOR or next_position.wait_seconds(NOW) == 6


@given(positions.filter(lambda p: p.head is None or p.head <= CURSOR), jitters)
def test_no_file_is_skipped_at_the_head(position: FeedPosition, jitter: float) -> None:
    assert advance(position, Missing(), NOW, SCHEDULE, jitter).position.cursor == CURSOR


@given(st.integers(1, HEAD_LAG), jitters)
def test_hole_just_below_the_head_is_skipped_after_twenty_to_sixty_seconds(distance: int, jitter: float) -> None:
    position = FeedPosition(cursor=CURSOR, head=CURSOR + distance, found_at=NOW)
    now, requests = NOW, 0
    while (transition := advance(position, Missing(), now, SCHEDULE, jitter)).gap is None:
        position, requests = transition.position, requests + 1
        now += timedelta(seconds=position.wait_seconds(now))
    assert 20 <= (now - NOW).total_seconds() <= 66  # the first request after the gap timeout
    assert transition.gap == Gap(CURSOR, CURSOR, "hole")
    assert requests <= 10


def test_hole_far_below_the_head_is_skipped_at_once_and_alone() -> None:
    position = FeedPosition(cursor=CURSOR, head=CURSOR + HEAD_LAG + 1, found_at=NOW)
    transition = advance(position, Missing(), NOW, SCHEDULE, 0.9)
    assert (transition.position.cursor, transition.gap) == (CURSOR + 1, Gap(CURSOR, CURSOR, "hole"))
    assert transition.position.wait_seconds(NOW) == 0


def test_cursor_older_than_a_day_jumps_to_the_head_and_leaves_a_gap() -> None:
    position = FeedPosition(cursor=CURSOR, head=CURSOR + 15_000, found_at=NOW - timedelta(hours=25))
    transition = advance(position, Missing(), NOW, SCHEDULE, 0.5)
    assert transition.position.cursor == CURSOR + 15_000
    assert transition.gap == Gap(CURSOR, CURSOR + 14_999, "expired")


def test_consecutive_holes_far_below_the_head_count_as_expired() -> None:
    position, gaps = FeedPosition(cursor=CURSOR, head=CURSOR + 15_000), list[Gap | None]()
    while position.cursor != CURSOR + 15_000:
        transition = advance(position, Missing(), NOW, SCHEDULE, 0.5)
        position = transition.position
        gaps.append(transition.gap)
    assert len(gaps) == 26
    assert gaps[-1] == Gap(CURSOR + 25, CURSOR + 14_999, "expired")


def test_cooldown_of_the_host_delays_the_next_request() -> None:
    until = NOW + timedelta(hours=1)
    position = advance(FeedPosition(CURSOR), CoolingDown(until, "403"), NOW, SCHEDULE, 0.5).position
    assert (position.cursor, position.quiet_until, position.failures) == (CURSOR, until, 1)


def test_failure_delays_have_full_jitter_up_to_a_minute() -> None:
    position, waits = FeedPosition(CURSOR), list[float]()
    for _ in range(8):
        position = advance(position, RequestFailed("503"), NOW, SCHEDULE, 0.5).position
        waits.append(position.wait_seconds(NOW))
    assert waits == [0.5, 1, 2, 4, 8, 16, 30, 30]
    assert advance(position, RequestFailed("503"), NOW, SCHEDULE, 0.0).position.wait_seconds(NOW) == 0


def test_unusable_body_is_retried_and_then_abandoned() -> None:
    position, response = FeedPosition(CURSOR), UnusableBody("HTML", b"<html>")
    for _ in range(MAX_TRIES - 1):
        transition = advance(position, response, NOW, SCHEDULE, 0.5)
        assert transition.position.cursor == CURSOR
        assert transition.abandoned is None
        position = transition.position
    transition = advance(position, response, NOW, SCHEDULE, 0.5)
    assert transition.abandoned == response
    assert transition.gap == Gap(CURSOR, CURSOR, "unusable")
    assert transition.position.cursor == CURSOR + 1


def test_404_resets_failures() -> None:
    assert advance(FeedPosition(CURSOR, failures=4), Missing(), NOW, SCHEDULE, 0.5).position.failures == 0


def test_polling_without_a_cursor_starts_at_the_head() -> None:
    assert should_request_head(FeedPosition(), NOW, SCHEDULE)
    assert with_head(FeedPosition(), 77, NOW) == FeedPosition(cursor=77, head=77, head_asked_at=NOW)


def test_head_is_requested_once_reached_and_at_most_every_thirty_seconds() -> None:
    below_head = FeedPosition(CURSOR, head=CURSOR + 10, head_asked_at=NOW - timedelta(hours=1))
    assert not should_request_head(below_head, NOW, SCHEDULE)
    at_head = replace(below_head, cursor=CURSOR + 10)
    assert should_request_head(at_head, NOW, SCHEDULE)
    assert not should_request_head(replace(at_head, head_asked_at=NOW - timedelta(seconds=29)), NOW, SCHEDULE)


@given(st.integers(-100, 100), st.integers(1, 16))
def test_prefetch_never_passes_the_head(distance: int, maximum: int) -> None:
    size = prefetch_size(FeedPosition(CURSOR, head=CURSOR + distance), maximum)
    assert 1 <= size <= maximum
    assert size == 1 or CURSOR + size - 1 <= CURSOR + distance


@given(positions, st.integers(0, 20_000))
def test_present_and_backlog_together_are_all_files_behind_the_head(position: FeedPosition, max_files: int) -> None:
    present, backlog = split_backlog(position, max_files)
    if backlog is None:
        assert present == position
        assert position.head is None or position.head - CURSOR <= max_files
    else:
        assert (present.cursor, present.head) == (position.head, position.head)
        assert (backlog.first, backlog.position) == (CURSOR, position)
        assert not backlog.is_read


@given(positions, responses, jitters)
def test_cursor_of_a_backlog_ends_at_its_head_and_every_skipped_file_is_in_a_gap(
    position: FeedPosition, response: FeedResponse, jitter: float
) -> None:
    position = replace(position, head=CURSOR + 30)
    transition = advance_backlog(position, response, NOW, SCHEDULE, jitter)
    moved = (transition.position.cursor or 0) - CURSOR
    assert 0 <= moved <= 30
    skipped = transition.gap.last - transition.gap.first + 1 if transition.gap else 0
    assert moved == skipped + isinstance(response, FileRead)


def test_expired_part_of_a_backlog_is_skipped_in_steps_until_a_file_is_there() -> None:
    position = FeedPosition(cursor=CURSOR, head=CURSOR + 20_000, found_at=NOW - timedelta(hours=26))
    transition = advance_backlog(position, Missing(), NOW, SCHEDULE, 0.0)
    assert transition.gap == Gap(CURSOR, CURSOR + EXPIRED_STEP - 1, "expired")
    assert transition.position.wait_seconds(NOW) == 0
    read = advance_backlog(transition.position, FileRead(), NOW, SCHEDULE, 0.0).position
    hole = advance_backlog(read, Missing(), NOW, SCHEDULE, 0.0)  # files are there again: one that is missing is a hole
    assert hole.gap == Gap(CURSOR + EXPIRED_STEP + 1, CURSOR + EXPIRED_STEP + 1, "hole")


@pytest.mark.parametrize(
    ("file_count", "idle_seconds", "expected"),
    [(0, 0.1, 0.1), (1, 0.1, 0.1), (2, 0.1, 0.25), (9, 0.1, 0.25), (2, 0.5, 0.5), (9, 6.0, 6.0)],
)
def test_a_busy_feed_is_asked_later_and_a_calm_one_is_not(
    file_count: int, idle_seconds: float, expected: float
) -> None:
    schedule = PollingSchedule(idle_seconds, linger_seconds=0.25)
    at_head = advance(FeedPosition(cursor=CURSOR, head=CURSOR), Missing(), NOW, schedule, 0.5).position
    assert after_pass(at_head, file_count, NOW, schedule).wait_seconds(NOW) == expected
